"""How counterexamples about the sweep generation protocol are run again."""

from model import sweepgen
from proofs.conformance import replay_trace
from proofs.interleavings import replay_races, replay_schedules
from proofs.models import machines, replay_model, replay_step
from proofs.replay import register
from proofs.stateful import replay_on
from proofs.sweepgen import symbolic, trace
from proofs.sweepgen.mutants import MODEL_MUTANTS
from proofs.sweepgen.races import RACES
from proofs.sweepgen.scenarios import SCENARIOS
from proofs.sweepgen.stateful import SweepGenerations
from proofs.sweepgen.stopped import replay_stopped_runtime, replay_stopped_world
from proofs.sweepgen.words import replay_words
from proofs.symbolic import replay_theorems

MACHINES = machines("sweepgen", sweepgen.build, MODEL_MUTANTS)

register("sweepgen/stateful", replay_on(SweepGenerations))
register("sweepgen/model", replay_model(MACHINES))
register("sweepgen/interleaving", replay_schedules(SCENARIOS, RACES))
register("sweepgen/trace", replay_trace(trace.SweepGenerations))
register("sweepgen/induction", replay_step(MACHINES))
register("sweepgen/races", replay_races(SCENARIOS, RACES))
register("sweepgen/stopped world", replay_stopped_world)
register("sweepgen/stopped runtime", replay_stopped_runtime)
register("sweepgen/symbolic", replay_theorems(symbolic))
register("sweepgen/words", replay_words)
