"""What the interleaving proofs of all subjects share: the explored port, and the model beside it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checker.binding import Binding
from checker.interleaving.judge import check_interleavings, check_races
from checker.interleaving.normalform import normal_form
from checker.interleaving.observe import Operation, View, Violation
from checker.interleaving.races import find_races
from checker.interleaving.scenario import Scenario
from checker.interleaving.search import replay
from checker.mutation import Mutant
from checker.plain import Instance, State
from checker.refinement import Abstraction, Diverged, ModelRun
from checker.verdict import Verdict
from harness.explored import EXPLORED
from harness.port import PortView
from harness.replay import CannotReplay, Replayer, ReplayResult
from harness.stand_ins import STAND_INS

Follow = Callable[[ModelRun, Operation, View], None]
"""Takes the model steps that one operation of the port stands for."""


@dataclass
class Refinement:
    """A scenario with the model that must be able to follow it.

    `start` takes the model to the state of the setup, `follow` takes the steps an operation stands
    for, `port` shows the abstraction what it needs. The model's own invariants are checked in every
    state as well, since a history variable may say what memory does not; `known_broken` names those
    of which a known finding says that they fail.
    """

    scenario: Scenario
    instance: Instance
    abstraction: Abstraction
    start: Callable[[ModelRun, View], None]
    follow: Follow
    port: Callable[[View], PortView]
    states: int | None = None
    known_broken: frozenset[str] = frozenset()
    fired: dict[str, int] = field(default_factory=dict)

    def initial(self, view: View) -> State:
        run = ModelRun(self.instance, self.abstraction)
        return self._guarded(run, view, lambda: self.start(run, view))

    def advance(self, state: State, operations: tuple[Operation, ...], view: View) -> State:
        run = ModelRun(self.instance, self.abstraction)
        run.state = state

        def follow_all() -> None:
            for operation in operations:
                self.follow(run, operation, view)

        return self._guarded(run, view, follow_all)

    def _guarded(self, run: ModelRun, view: View, steps: Callable[[], None]) -> State:
        try:
            steps()
            run.compare(self.port(view))
        except Diverged as error:
            raise Violation(error.invariant, error.why) from None
        broken = self.instance.broken(run.state, self.known_broken)
        if broken is not None:
            raise Violation(f"{self.instance.machine.name}.{broken[0].name}", broken[0].why)
        for name, count in run.fired.items():
            self.fired[name] = self.fired.get(name, 0) + count
        return run.state


def explored(variant: Mutant | None = None) -> Binding:
    """The port on the explored machine, over stand-ins, with the edits of a mutant or a fix."""
    edits = variant.edits if variant is not None else ()
    return Binding("impl", EXPLORED, edits, normal_form, STAND_INS)


def refines(
    refinement: Refinement, *, why: str, variant: Mutant | None = None, recorded: bool = True
) -> Verdict:
    """EXHAUSTED when every interleaving of the scenario is a run of the model.

    With `recorded`, the number of states must be the recorded one.
    """
    machine = refinement.instance.machine
    verdict = check_interleavings(
        refinement.scenario,
        explored(variant),
        refinement,
        harness=f"{machine.name}/interleaving",
        citation=machine.cites,
        why=why,
        variant=variant.name if variant is not None else "",
        describe=refinement.instance.describe,
        states=refinement.states if recorded else None,
    )
    fired = {f"fired:{name}": count for name, count in refinement.fired.items() if count}
    return verdict.with_counts(**fired)


def race_free(refinement: Refinement, *, why: str, variant: Mutant | None = None) -> Verdict:
    """EXHAUSTED when no trace of the scenario has a race on a plain field."""
    machine = refinement.instance.machine
    return check_races(
        refinement.scenario,
        explored(variant),
        harness=f"{machine.name}/races",
        citation=machine.cites,
        why=why,
        variant=variant.name if variant is not None else "",
    )


def replay_races(
    refinements: Mapping[str, Callable[[], Refinement]], variants: Iterable[Mutant]
) -> Replayer:
    """The replay harness of a subject's races: choices are the scenario's name and the place."""
    by_name = {each.name: each for each in variants}

    def run(choices: Sequence[Any], variant: str) -> ReplayResult:
        name, place = choices
        port = explored(by_name[variant] if variant else None)
        found = find_races(refinements[name]().scenario, port)
        racing = [each for each in found.races if each.place == place]
        lines = [f"{each.place}: {each.first} | {each.second}" for each in racing]
        return ReplayResult(bool(racing), "\n".join(lines) or f"nothing races on {place}")

    return run


def replay_schedules(
    refinements: Mapping[str, Callable[[], Refinement]], variants: Iterable[Mutant]
) -> Replayer:
    """The replay harness of a subject: choices are the scenario's name and the schedule."""
    by_name = {each.name: each for each in variants}

    def run(choices: Sequence[Any], variant: str) -> ReplayResult:
        name, *schedule = choices
        remedy = "was the file written by another version? run the proofs again"
        if name not in refinements or (variant and variant not in by_name):
            raise CannotReplay(f"there is no scenario {name!r} or variant {variant!r}", remedy)
        refinement = refinements[name]()
        port = explored(by_name[variant] if variant else None)
        result = replay(refinement.scenario, port, schedule, refinement)
        if result.violation is None:
            return ReplayResult(False, "the schedule runs, and the model can follow it")
        return ReplayResult(True, str(result.violation))

    return run
