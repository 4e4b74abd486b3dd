"""How counterexamples about span states are run again."""

from functools import partial

from model import span_state
from proofs.conformance import replay_trace
from proofs.interleavings import replay_races, replay_schedules
from proofs.models import machines, replay_model, replay_step
from proofs.replay import register
from proofs.span_state import symbolic, trace
from proofs.span_state.contracts import CONTRACTS
from proofs.span_state.mutants import MODEL_MUTANTS
from proofs.span_state.races import RACES
from proofs.span_state.scenarios import SCENARIOS
from proofs.span_state.stateful import SpanLives, StrictSpanLives
from proofs.span_state.variants import LIMIT_BEFORE_STATE
from proofs.stateful import replay_on
from proofs.symbolic import replay_theorems

SHIPPED = "as shipped"
MACHINES = {
    **machines("span_state", span_state.build, MODEL_MUTANTS),
    SHIPPED: partial(span_state.build, limit_first=False),
}

register("span_state/stateful", replay_on(SpanLives))
register("span_state/stateful-limits", replay_on(StrictSpanLives))
register("span_state/model", replay_model(MACHINES))
register("span_state/interleaving", replay_schedules(SCENARIOS, [*RACES, LIMIT_BEFORE_STATE]))
register("span_state/trace", replay_trace(trace.SpanStates))
register("span_state/limits", replay_trace(trace.ForeignLimits))
register("span_state/induction", replay_step(MACHINES))
register("span_state/contracts", CONTRACTS.replay)
register("span_state/races", replay_races(SCENARIOS, [*RACES, LIMIT_BEFORE_STATE]))
register("span_state/symbolic", replay_theorems(symbolic))
