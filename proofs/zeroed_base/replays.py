"""How counterexamples about zeroedBase are run again."""

from proofs.replay import register
from proofs.stateful import replay_on
from proofs.zeroed_base.stateful import PageRanges

register("zeroed_base/stateful", replay_on(PageRanges))
