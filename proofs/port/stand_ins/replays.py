"""How counterexamples about the parts are run again."""

from harness.histories import replay_histories, replay_races
from harness.replay import register
from harness.stateful import replay_on
from proofs.port.stand_ins import bits, sets
from proofs.port.stand_ins.mutants import BITS, RACES, SETS
from proofs.port.stand_ins.pages import PageAllocExercise, RealPages
from proofs.port.stand_ins.variants import BLOCKS_IN_ORDER

ALL_SETS = {**sets.SCENARIOS, **sets.TOO_MANY}

register("stand_ins/sets", replay_histories(ALL_SETS, [*SETS, BLOCKS_IN_ORDER]))
register("stand_ins/races", replay_races({**ALL_SETS, **bits.SCENARIOS}, RACES))
register("stand_ins/bits", replay_histories(bits.SCENARIOS, BITS))
register("stand_ins/miniature", replay_on(PageAllocExercise))
register("stand_ins/linux-amd64", replay_on(RealPages))
