"""How counterexamples about the parts are run again."""

from proofs.histories import replay_histories, replay_races
from proofs.parts import bits, sets
from proofs.parts.mutants import BITS, RACES, SETS
from proofs.parts.pages import Pages, RealPages
from proofs.parts.variants import BLOCKS_IN_ORDER
from proofs.replay import register
from proofs.stateful import replay_on

ALL_SETS = {**sets.SCENARIOS, **sets.TOO_MANY}

register("parts/sets", replay_histories(ALL_SETS, [*SETS, BLOCKS_IN_ORDER]))
register("parts/races", replay_races({**ALL_SETS, **bits.SCENARIOS}, RACES))
register("parts/bits", replay_histories(bits.SCENARIOS, BITS))
register("parts/miniature", replay_on(Pages))
register("parts/linux-amd64", replay_on(RealPages))
