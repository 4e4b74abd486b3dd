"""How counterexamples about special records are run again."""

from harness.cases import replay_cases
from harness.histories import replay_histories, replay_races
from harness.replay import register
from proofs.port.specials.mutants import LISTS, RACES
from proofs.port.specials.offsets import CLAIMS, NARROW, WIDE
from proofs.port.specials.scenarios import SCENARIOS

register("specials/interleaving", replay_histories(SCENARIOS, LISTS))
register("specials/races", replay_races(SCENARIOS, RACES))
register("specials/offsets", replay_cases(CLAIMS, [NARROW, WIDE]))
