"""How counterexamples about the sweep generation protocol are run again."""

from harness.conformance import replay_trace
from harness.interleavings import replay_races, replay_schedules
from harness.models import machines, replay_model, replay_step
from harness.replay import register
from harness.stateful import replay_on
from harness.symbolic import replay_theorems
from model import sweepgen
from proofs.protocols.sweepgen import symbolic, trace
from proofs.protocols.sweepgen.mutants import MODEL_MUTANTS
from proofs.protocols.sweepgen.races import RACES
from proofs.protocols.sweepgen.scenarios import SCENARIOS
from proofs.protocols.sweepgen.stateful import SweepGenerations
from proofs.protocols.sweepgen.stopped import replay_stopped_runtime, replay_stopped_world
from proofs.protocols.sweepgen.words import replay_words

MACHINES = machines("sweepgen", sweepgen.build, MODEL_MUTANTS)

register("sweepgen/stateful", replay_on(SweepGenerations))
register("sweepgen/model", replay_model(MACHINES))
register("sweepgen/interleaving", replay_schedules(SCENARIOS, RACES))
register("sweepgen/trace", replay_trace(trace.SweepGenerationsMonitor))
register("sweepgen/induction", replay_step(MACHINES))
register("sweepgen/races", replay_races(SCENARIOS, RACES))
register("sweepgen/stopped world", replay_stopped_world)
register("sweepgen/stopped runtime", replay_stopped_runtime)
register("sweepgen/symbolic", replay_theorems(symbolic))
register("sweepgen/words", replay_words)
