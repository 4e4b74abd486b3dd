"""How counterexamples about the sweep generation protocol are run again."""

from model import sweepgen
from proofs.interleavings import replay_schedules
from proofs.models import replay_model
from proofs.replay import register
from proofs.stateful import replay_on
from proofs.sweepgen.mutants import MODEL_MUTANTS
from proofs.sweepgen.races import RACES
from proofs.sweepgen.scenarios import SCENARIOS
from proofs.sweepgen.stateful import SweepGenerations

register("sweepgen/stateful", replay_on(SweepGenerations))
register("sweepgen/model", replay_model("sweepgen", sweepgen.build, MODEL_MUTANTS))
register("sweepgen/interleaving", replay_schedules(SCENARIOS, RACES))
