"""Telling what an exploration found: a breach or a race as a trace, step by step.

A step of a thread is one access that others can see the order of, with the plain accesses after it.
The trace shows the first and what all of them changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from checker.counterexample import Counterexample, Replay, Scalar, Step, changed, place
from checker.interleaving.observe import Operation, TraceStep
from checker.interleaving.races import Race
from checker.interleaving.requests import Kind
from checker.interleaving.search import Breach

PLAIN_ACCESSES = (Kind.PLAIN_LOAD, Kind.PLAIN_STORE)


def spelled(operation: Operation) -> str:
    """An operation as the substrate sees it: "load lock.owner -> 1", "store lock.owner 1 -> 2"."""
    if operation.field is None:
        return operation.kind.value + ("" if operation.value is None else f" {operation.value!r}")
    if operation.kind is Kind.LOAD:
        return f"{operation.kind.value} {operation.place} -> {operation.old!r}"
    failed = " fails" if operation.answer is False else ""
    return (
        f"{operation.kind.value} {operation.place} {operation.old!r} -> {operation.new!r}{failed}"
    )


def shown(value: Any) -> Scalar:
    """A value as it stands in a trace."""
    return value if isinstance(value, bool | int | str) else repr(value)


@dataclass(frozen=True)
class Narrator:
    """How a domain spells what happened.

    `model` gives a model's state as flat names and values; without it the model is left out.
    """

    model: Callable[[Any], Mapping[str, Scalar]] | None = None
    operation: Callable[[Operation], str] = spelled
    value: Callable[[Any], Scalar] = shown

    def breach(self, breach: Breach, cites: str, why: str, replay: Replay | None) -> Counterexample:
        """A breach as a trace, each step with the operations it took."""
        error = breach.error
        return Counterexample(
            invariant=error.name if error is not None else breach.kind,
            citation=cites,
            why=why,
            steps=[self._step(each) for each in breach.trace],
            initial_abstract=self._first_model(breach),
            diverging=breach.message,
            replay=replay,
        )

    def race(self, race: Race, cites: str, why: str, replay: Replay | None) -> Counterexample:
        """The two accesses of a race; which of them comes first is what nothing says."""
        return Counterexample(
            invariant=f"no data race on {race.place}",
            citation=cites,
            why=why,
            steps=[self._access(each) for each in (race.first, race.second)],
            diverging="nothing orders these two accesses",
            replay=replay,
        )

    def _first_model(self, breach: Breach) -> Mapping[str, Scalar]:
        if self.model is None or not breach.trace or breach.trace[0].model[0] is None:
            return {}
        return self.model(breach.trace[0].model[0])

    def _step(self, step: TraceStep) -> Step:
        visible = [each for each in step.operations if each.kind not in PLAIN_ACCESSES]
        site = (visible or list(step.operations))[0].site
        abstract: Mapping[str, Scalar] = {}
        before, after = step.model
        if self.model is not None and before is not None and after is not None:
            abstract = changed(self.model(before), self.model(after))
        return Step(
            thread=step.thread,
            action="; ".join(map(self.operation, visible)) or "reads its own data",
            function=site.function if site else "",
            where=place(site.file, site.line) if site else "",
            concrete={at: self.value(new) for at, (_, new) in step.changes.items()},
            abstract=abstract,
        )

    def _access(self, operation: Operation) -> Step:
        site = operation.site
        return Step(
            thread=operation.thread,
            action=self.operation(operation),
            function=site.function if site else "",
            where=place(site.file, site.line) if site else "",
        )


AS_THE_SUBSTRATE_SEES_IT = Narrator()
