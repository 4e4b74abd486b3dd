"""How counterexamples about span lists are run again."""

from model import span_list
from proofs.models import replay_model
from proofs.replay import register
from proofs.span_list.mutants import MODEL_MUTANTS
from proofs.span_list.stateful import SpanLists
from proofs.stateful import replay_on

register("span_list/stateful", replay_on(SpanLists))
register("span_list/model", replay_model("span_list", span_list.build, MODEL_MUTANTS))
