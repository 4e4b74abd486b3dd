"""How counterexamples about the whole heap are run again."""

from harness.replay import register
from harness.stateful import replay_on
from proofs.port.whole_heap.stateful import AlignedHeap, RealHeap, WholeHeap

for machine in (WholeHeap, RealHeap, AlignedHeap):
    register(f"whole_heap/{machine.harness}", replay_on(machine))
