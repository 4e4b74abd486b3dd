"""How counterexamples about the whole heap are run again."""

from proofs.replay import register
from proofs.stateful import replay_on
from proofs.whole_heap.stateful import AlignedHeap, RealHeap, WholeHeap

for machine in (WholeHeap, RealHeap, AlignedHeap):
    register(f"whole_heap/{machine.harness}", replay_on(machine))
