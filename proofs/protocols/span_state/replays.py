"""How counterexamples about span states are run again."""

from functools import partial

from harness.conformance import replay_trace
from harness.interleavings import replay_races, replay_schedules
from harness.models import machines, replay_model, replay_step
from harness.replay import register
from harness.stateful import replay_on
from harness.symbolic import replay_theorems
from model import span_state
from proofs.protocols.span_state import symbolic, trace
from proofs.protocols.span_state.contracts import CONTRACTS
from proofs.protocols.span_state.mutants import MODEL_MUTANTS
from proofs.protocols.span_state.races import RACES
from proofs.protocols.span_state.scenarios import SCENARIOS
from proofs.protocols.span_state.stateful import SpanLives, StrictSpanLives
from proofs.protocols.span_state.variants import LIMIT_BEFORE_STATE

SHIPPED = "as shipped"
MACHINES = {
    **machines("span_state", span_state.build, MODEL_MUTANTS),
    SHIPPED: partial(span_state.build, limit_first=False),
}

register("span_state/stateful", replay_on(SpanLives))
register("span_state/stateful-limits", replay_on(StrictSpanLives))
register("span_state/model", replay_model(MACHINES))
register("span_state/interleaving", replay_schedules(SCENARIOS, [*RACES, LIMIT_BEFORE_STATE]))
register("span_state/trace", replay_trace(trace.SpanStatesMonitor))
register("span_state/limits", replay_trace(trace.ForeignLimits))
register("span_state/induction", replay_step(MACHINES))
register("span_state/contracts", CONTRACTS.replay)
register("span_state/races", replay_races(SCENARIOS, [*RACES, LIMIT_BEFORE_STATE]))
register("span_state/symbolic", replay_theorems(symbolic))
