"""How counterexamples about span states are run again."""

from model import span_state
from proofs.interleavings import replay_schedules
from proofs.models import replay_model
from proofs.replay import register
from proofs.span_state.mutants import MODEL_MUTANTS
from proofs.span_state.races import RACES
from proofs.span_state.scenarios import SCENARIOS
from proofs.span_state.stateful import SpanLives
from proofs.span_state.variants import LIMIT_BEFORE_STATE
from proofs.stateful import replay_on

register("span_state/stateful", replay_on(SpanLives))
register("span_state/model", replay_model("span_state", span_state.build, MODEL_MUTANTS))
register("span_state/interleaving", replay_schedules(SCENARIOS, [*RACES, LIMIT_BEFORE_STATE]))
