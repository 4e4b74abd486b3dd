"""How counterexamples about zeroedBase are run again."""

from model import zeroed_base
from proofs.interleavings import replay_schedules
from proofs.models import replay_model
from proofs.replay import register
from proofs.stateful import replay_on
from proofs.zeroed_base.mutants import MODEL_MUTANTS, RACE_MUTANTS
from proofs.zeroed_base.scenarios import SCENARIOS
from proofs.zeroed_base.stateful import PageRanges

register("zeroed_base/stateful", replay_on(PageRanges))
register("zeroed_base/model", replay_model("zeroed_base", zeroed_base.build, MODEL_MUTANTS))
register("zeroed_base/interleaving", replay_schedules(SCENARIOS, RACE_MUTANTS))
