"""Scenarios of the port in every interleaving: what follows them, and how they are run again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from checker.binding import Binding
from checker.interleaving.normalform import normal_form
from checker.interleaving.observe import Simulation
from checker.interleaving.races import find_races
from checker.interleaving.refinement import Refinement, check_refinement
from checker.interleaving.scenario import Scenario
from checker.interleaving.search import replay
from checker.interleaving.verdicts import check_races
from checker.mutation import Mutant
from checker.verdict import Verdict
from harness.explored import EXPLORED
from harness.replay import OTHER_VERSION, CannotReplay, Replayer, ReplayResult
from harness.stand_ins import STAND_INS


class Explorable(Protocol):
    """A scenario of the port, and what must be able to follow each of its interleavings."""

    @property
    def scenario(self) -> Scenario: ...

    @property
    def follower(self) -> Simulation: ...

    def bind(self, variant: Mutant | None) -> Binding:
        """The port on the explored substrate, with the edits of a mutant or a remedy."""

    def holds(
        self, *, harness: str, cites: str, why: str, variant: Mutant | None, recorded: bool
    ) -> Verdict:
        """EXHAUSTED when the follower can follow every interleaving.

        With `recorded`, the number of states must be the recorded one.
        """


Explorables = Mapping[str, Callable[[], Explorable]]
"""Scenarios by name, made anew for each exploration."""


def explored(variant: Mutant | None = None) -> Binding:
    """The port on the explored substrate, over stand-ins, with the edits of a mutant or a remedy."""
    edits = variant.edits if variant is not None else ()
    return Binding("impl", EXPLORED, edits, normal_form, STAND_INS)


@dataclass(frozen=True)
class BesideModel:
    """A scenario that is followed by a model; what a violation cites is the model's."""

    refinement: Refinement

    @property
    def scenario(self) -> Scenario:
        return self.refinement.scenario

    @property
    def follower(self) -> Simulation:
        return self.refinement

    def bind(self, variant: Mutant | None) -> Binding:
        return explored(variant)

    def holds(
        self, *, harness: str, cites: str, why: str, variant: Mutant | None, recorded: bool
    ) -> Verdict:
        del cites
        return check_refinement(
            self.refinement,
            self.bind(variant),
            harness=harness,
            why=why,
            variant=variant.name if variant is not None else "",
            recorded=recorded,
        )


def race_free(
    explorable: Explorable, *, harness: str, cites: str, why: str, variant: Mutant | None = None
) -> Verdict:
    """EXHAUSTED when no trace of the scenario has a race on a plain field."""
    return check_races(
        explorable.scenario,
        explorable.bind(variant),
        harness=harness,
        cites=cites,
        why=why,
        variant=variant.name if variant is not None else "",
    )


def replay_schedules(explorables: Explorables, variants: Iterable[Mutant]) -> Replayer:
    """The replay harness of schedules: choices are the scenario's name and the schedule."""
    by_name = {each.name: each for each in variants}

    def run(choices: Sequence[Any], variant: str) -> ReplayResult:
        name, *schedule = choices
        explorable, port = _find(explorables, by_name, name, variant)
        result = replay(explorable.scenario, port, schedule, explorable.follower)
        if result.violation is None:
            return ReplayResult(False, "the schedule runs, and what must follow it can")
        return ReplayResult(True, str(result.violation))

    return run


def replay_races(explorables: Explorables, variants: Iterable[Mutant]) -> Replayer:
    """The replay harness of races: choices are the scenario's name and the place."""
    by_name = {each.name: each for each in variants}

    def run(choices: Sequence[Any], variant: str) -> ReplayResult:
        name, place = choices
        explorable, port = _find(explorables, by_name, name, variant)
        found = find_races(explorable.scenario, port)
        racing = [each for each in found.races if each.place == place]
        lines = [f"{each.place}: {each.first} | {each.second}" for each in racing]
        return ReplayResult(bool(racing), "\n".join(lines) or f"nothing races on {place}")

    return run


def _find(
    explorables: Explorables, variants: Mapping[str, Mutant], name: str, variant: str
) -> tuple[Explorable, Binding]:
    if name not in explorables or (variant and variant not in variants):
        raise CannotReplay(f"there is no scenario {name!r} or variant {variant!r}", OTHER_VERSION)
    explorable = explorables[name]()
    return explorable, explorable.bind(variants[variant] if variant else None)
