"""How counterexamples about span lists are run again."""

from model import span_list
from proofs.conformance import replay_trace
from proofs.models import machines, replay_model, replay_step
from proofs.replay import register
from proofs.span_list import symbolic, trace
from proofs.span_list.mutants import MODEL_MUTANTS
from proofs.span_list.stateful import SpanLists
from proofs.stateful import replay_on
from proofs.symbolic import replay_theorems

MACHINES = machines("span_list", span_list.build, MODEL_MUTANTS)

register("span_list/stateful", replay_on(SpanLists))
register("span_list/model", replay_model(MACHINES))
register("span_list/trace", replay_trace(trace.SpanLists))
register("span_list/induction", replay_step(MACHINES))
register("span_list/symbolic", replay_theorems(symbolic))
