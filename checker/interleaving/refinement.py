"""Refinement under concurrency: every interleaving of a scenario is a run of the model."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from checker.interleaving.narration import Narrator
from checker.interleaving.observe import Operation, View, Violation
from checker.interleaving.scenario import Scenario
from checker.interleaving.verdicts import check_interleavings
from checker.plain import Instance, PlainState
from checker.refinement import Abstraction, Diverged, ModelRun
from checker.verdict import Verdict

Follow = Callable[[ModelRun, Operation, View], None]
"""Takes the model steps that one operation of the port stands for."""


@dataclass
class Refinement:
    """A scenario with the model that must be able to follow it: a `Simulation`.

    `start` takes the model to the state of the setup, `follow` takes the steps an operation stands
    for, `port` shows the abstraction what it needs of memory. The model's own invariants are checked
    in every state as well, since a history variable may say what memory does not; `known_broken`
    names those of which a known finding says that they fail. A state of the model in which they hold
    is judged once, however often threads come to it.
    """

    scenario: Scenario
    instance: Instance
    abstraction: Abstraction
    start: Callable[[ModelRun, View], None]
    follow: Follow
    port: Callable[[View], Any]
    states: int | None = None
    known_broken: frozenset[str] = frozenset()
    fired: dict[str, int] = field(default_factory=dict)
    sound: set[PlainState] = field(default_factory=set)

    def initial(self, view: View) -> PlainState:
        run = ModelRun(self.instance, self.abstraction)
        return self._guarded(run, view, lambda: self.start(run, view))

    def advance(
        self, state: PlainState, operations: tuple[Operation, ...], view: View
    ) -> PlainState:
        run = ModelRun(self.instance, self.abstraction)
        run.state = state

        def follow_all() -> None:
            for operation in operations:
                self.follow(run, operation, view)

        return self._guarded(run, view, follow_all)

    def _guarded(self, run: ModelRun, view: View, steps: Callable[[], None]) -> PlainState:
        try:
            steps()
            run.compare(self.port(view))
        except Diverged as error:
            raise Violation(error.invariant, error.why) from None
        if run.state not in self.sound:
            broken = self.instance.broken(run.state, self.known_broken)
            if broken is not None:
                raise Violation(f"{self.instance.machine.name}.{broken[0].name}", broken[0].why)
            self.sound.add(run.state)
        for name, count in run.fired.items():
            self.fired[name] = self.fired.get(name, 0) + count
        return run.state


def check_refinement(
    refinement: Refinement,
    port: Any,
    *,
    harness: str = "",
    why: str = "",
    variant: str = "",
    recorded: bool = True,
) -> Verdict:
    """EXHAUSTED when every interleaving of the scenario is a run of the model.

    With `recorded`, the number of states must be the recorded one. `harness` and `variant` are for
    the replay, as in `check_interleavings`.
    """
    machine = refinement.instance.machine
    verdict = check_interleavings(
        refinement.scenario,
        port,
        refinement,
        harness=harness,
        cites=machine.cites,
        why=why or machine.why,
        variant=variant,
        narrator=Narrator(model=refinement.instance.describe),
        states=refinement.states if recorded else None,
    )
    fired = {f"fired:{name}": count for name, count in refinement.fired.items() if count}
    return verdict.with_counts(**fired)
