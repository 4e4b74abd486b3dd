"""How counterexamples about zeroedBase are run again."""

from harness.conformance import replay_trace
from harness.interleavings import replay_schedules
from harness.models import machines, replay_model, replay_step
from harness.replay import register
from harness.stateful import replay_on
from harness.symbolic import replay_theorems
from model import zeroed_base
from proofs.protocols.zeroed_base import symbolic, trace
from proofs.protocols.zeroed_base.contracts import CONTRACTS
from proofs.protocols.zeroed_base.mutants import MODEL_MUTANTS, RACE_MUTANTS
from proofs.protocols.zeroed_base.scenarios import SCENARIOS
from proofs.protocols.zeroed_base.stateful import PageRanges

MACHINES = machines("zeroed_base", zeroed_base.build, MODEL_MUTANTS)

register("zeroed_base/stateful", replay_on(PageRanges))
register("zeroed_base/model", replay_model(MACHINES))
register("zeroed_base/interleaving", replay_schedules(SCENARIOS, RACE_MUTANTS))
register("zeroed_base/trace", replay_trace(trace.ZeroedBasesMonitor))
register("zeroed_base/induction", replay_step(MACHINES))
register("zeroed_base/contracts", CONTRACTS.replay)
register("zeroed_base/symbolic", replay_theorems(symbolic))
register("zeroed_base/rely/induction", replay_step(symbolic.RELYING))
