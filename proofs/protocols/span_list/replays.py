"""How counterexamples about span lists are run again."""

from harness.conformance import replay_trace
from harness.models import machines, replay_model, replay_step
from harness.replay import register
from harness.stateful import replay_on
from harness.symbolic import replay_theorems
from model import span_list
from proofs.protocols.span_list import symbolic, trace
from proofs.protocols.span_list.mutants import MODEL_MUTANTS
from proofs.protocols.span_list.stateful import SpanLists

MACHINES = machines("span_list", span_list.build, MODEL_MUTANTS)

register("span_list/stateful", replay_on(SpanLists))
register("span_list/model", replay_model(MACHINES))
register("span_list/trace", replay_trace(trace.SpanListsMonitor))
register("span_list/induction", replay_step(MACHINES))
register("span_list/symbolic", replay_theorems(symbolic))
