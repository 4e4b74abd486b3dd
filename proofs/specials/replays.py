"""How counterexamples about special records are run again."""

from proofs.cases import replay_cases
from proofs.histories import replay_histories, replay_races
from proofs.replay import register
from proofs.specials.mutants import LISTS, RACES
from proofs.specials.offsets import CLAIMS, NARROW, WIDE
from proofs.specials.scenarios import SCENARIOS

register("specials/interleaving", replay_histories(SCENARIOS, LISTS))
register("specials/races", replay_races(SCENARIOS, RACES))
register("specials/offsets", replay_cases(CLAIMS, [NARROW, WIDE]))
