"""How counterexamples about span states are run again."""

from proofs.replay import register
from proofs.span_state.stateful import SpanLives
from proofs.stateful import replay_on

register("span_state/stateful", replay_on(SpanLives))
