"""How counterexamples about span lists are run again."""

from proofs.replay import register
from proofs.span_list.stateful import SpanLists
from proofs.stateful import replay_on

register("span_list/stateful", replay_on(SpanLists))
