"""Claims about one module of the port while threads use it, beside a history instead of a model.

The module under proof is the real one; stand-ins (harness/stand_ins) take the place of its neighbours.
A history is a `Simulation` (checker/interleaving/observe.py): it sees each step of each thread,
keeps what must be remembered to judge the next ones, and raises Violation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checker.assumption import Assumption
from checker.binding import Binding
from checker.counterexample import Replay, Scalar
from checker.interleaving.narration import Narrator
from checker.interleaving.normalform import normal_form
from checker.interleaving.observe import Simulation
from checker.interleaving.requests import host, rely_on
from checker.interleaving.scenario import Scenario
from checker.interleaving.search import replay
from checker.interleaving.structs import struct_where
from checker.interleaving.verdicts import check_interleavings
from checker.mutation import Mutant
from checker.verdict import Grade, Verdict
from harness.assumptions import ONE_ADDRESS
from harness.explored import EXPLORED, AddressSpace
from harness.stand_ins import STAND_INS
from impl.rt import LockRank

SOME_ADDRESS = 1 << 40

OUTER_RANKS = (LockRank.SCAVENGE, LockRank.SCHED)
"""For locks of a scenario's own: they nest in this order, and the heap's come under them."""


class Generous(AddressSpace):
    """Gives memory to threads as well, all at one address: for code that only asks if there is any."""

    def alloc(self, n: int) -> int:
        if not host().creator:
            return super().alloc(n)
        rely_on(ONE_ADDRESS)
        return SOME_ADDRESS


@dataclass(frozen=True)
class Explored:
    """A scenario of `module`, the history that must be possible, and the recorded number of states.

    `module` is the one under proof, "" if that is none of those for which there is a part. `memory`
    is the system that threads may ask for memory. `words` are fields, as "Class.field", of which the
    explorer is to take a plain store for that of a word.
    """

    scenario: Scenario
    history: Simulation
    describe: Callable[[Any], dict[str, Scalar]]
    states: int | None
    module: str = ""
    memory: type[AddressSpace] = AddressSpace
    words: Mapping[str, Assumption] = field(default_factory=dict)

    def bind(self, variant: Mutant | None) -> Binding:
        """The port on the explored substrate, with the module under proof as it is."""
        others = {name: each for name, each in STAND_INS.items() if name != self.module}
        substrate = EXPLORED | {"AddressSpace": self.memory, "Struct": struct_where(self.words)}
        edits = variant.edits if variant is not None else ()
        return Binding("impl", substrate, edits, normal_form, others)

    @property
    def follower(self) -> Simulation:
        return self.history

    def holds(
        self, *, harness: str, cites: str, why: str, variant: Mutant | None, recorded: bool
    ) -> Verdict:
        return check_interleavings(
            self.scenario,
            self.bind(variant),
            self.history,
            harness=harness,
            cites=cites,
            why=why,
            variant=variant.name if variant is not None else "",
            narrator=Narrator(self.describe),
            states=self.states if recorded else None,
        )


def along(
    explored: Explored, schedule: Sequence[str], *, harness: str, cites: str, why: str
) -> Verdict:
    """REFUTED when one schedule, a thread for each step, goes wrong in the port as it is."""
    try:
        result = replay(explored.scenario, explored.bind(None), schedule, explored.history)
    except ValueError as error:
        return Verdict(Grade.UNKNOWN, reason=f"the port takes other steps now: {error}")
    if result.violation is None:
        return Verdict(Grade.SAMPLED, bound="one schedule")
    choices = [explored.scenario.name, *schedule]
    narrator = Narrator(explored.describe)
    counterexample = narrator.breach(result.violation, cites, why, Replay(harness, choices))
    return Verdict(Grade.REFUTED, counterexample=counterexample)
