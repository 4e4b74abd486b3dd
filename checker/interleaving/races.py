"""Data races on plain accesses, by vector clocks over every trace.

Two accesses race if they conflict, at least one is plain, and nothing synchronises them: an atomic
write with the atomic read that sees it, an unlock with the next lock. Accesses declared Racy race
on purpose and synchronise nothing. So this finds what the search cannot: accesses kept apart only
by a Racy field, which weak memory would let overlap.

A race is a reason to declare the field Racy, or to fix the code: while there is none, plain
accesses need no interleaving.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from checker.assumption import Assumption
from checker.interleaving.dpor import Clock, Dpor, ExecutionEvent, Executions
from checker.interleaving.memory import ThreadStep
from checker.interleaving.observe import Operation
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Scenario
from checker.interleaving.search import Exploration


@dataclass(frozen=True)
class Race:
    """Two conflicting accesses that nothing orders; `schedule` reproduces them: see `replay`."""

    place: str
    first: Operation
    second: Operation
    schedule: tuple[str, ...]


@dataclass(frozen=True)
class Races:
    """The races found, one for each place and pair of program points.

    None found means race-free only if `executions.exhausted`.
    """

    races: tuple[Race, ...]
    executions: Executions
    assumptions: frozenset[Assumption]


def find_races(scenario: Scenario, port: Any, *, limit: int = 1_000_000) -> Races:
    """Looks for races in every trace of a scenario, up to `limit` traces."""
    exploration = Exploration(scenario, port)
    detector = _Detector(exploration)
    executions = Dpor(exploration, detector.visit).run(limit)
    relied_on = frozenset(exploration.automata.relied_on)
    return Races(tuple(detector.races.values()), executions, relied_on)


class _Detector:
    """Keeps a synchronisation clock per event of the current execution.

    Within a thread the step of event k has time k, the plain accesses after it time k + 1: what a
    thread released by event k does not cover them.
    """

    def __init__(self, exploration: Exploration) -> None:
        self.exploration = exploration
        self.clocks: list[Clock] = []
        self.races: dict[Any, Race] = {}
        self.starts = exploration.start_steps()
        for thread, step in enumerate(self.starts):
            for earlier, other in enumerate(self.starts[:thread]):
                self.compare((earlier, 1, other), step, (0,) * len(self.starts), ())

    def visit(self, events: Sequence[ExecutionEvent]) -> None:
        """Called with the events of the execution after each new one."""
        del self.clocks[len(events) - 1 :]
        event = events[-1]
        clock = [0] * len(self.starts)
        for other, past in zip(events[:-1], self.clocks, strict=True):
            if other.thread == event.thread:
                clock = list(past)
        if event.kind in (Kind.LOAD, Kind.RMW, Kind.LOCK) and self.is_atomic(event):
            for other, past in zip(reversed(events[:-1]), reversed(self.clocks), strict=True):
                if other.place == event.place and other.write:
                    clock = [max(pair) for pair in zip(clock, past, strict=True)]
                    break
        clock[event.thread] = event.number
        self.clocks.append(tuple(clock))
        self.check(events, tuple(clock))

    def is_atomic(self, event: ExecutionEvent) -> bool:
        return self.exploration.nodes[event.state[event.thread]].request.atomic

    def check(self, events: Sequence[ExecutionEvent], clock: Clock) -> None:
        event = events[-1]
        assert event.step is not None
        names = self.exploration.automata.threads
        schedule = tuple(names[each.thread] for each in events)
        for thread, step in enumerate(self.starts):
            if thread != event.thread:
                self.compare((thread, 1, step), event.step, clock, schedule)
        for other in events[:-1]:
            if other.thread != event.thread and other.step is not None:
                first = (other.thread, other.number + 1, other.step)
                self.compare(first, event.step, clock, schedule)

    def compare(
        self,
        first: tuple[int, int, ThreadStep],
        second: ThreadStep,
        clock: Clock,
        schedule: tuple[str, ...],
    ) -> None:
        """Reports conflicts of a step with an earlier one whose plain accesses have a given time."""
        thread, time, step = first
        mask = 0
        if clock[thread] < time:
            mask = step.plain_writes & (second.reads | second.writes)
            mask |= step.plain_reads & second.writes
        if clock[thread] < time - 1:
            mask |= step.writes & (second.plain_reads | second.plain_writes)
            mask |= step.reads & second.plain_writes
        while mask:
            place = (mask & -mask).bit_length() - 1
            mask &= mask - 1
            self.report(place, step, second, schedule)

    def report(
        self, place: int, step: ThreadStep, other: ThreadStep, schedule: tuple[str, ...]
    ) -> None:
        first = self.access(place, step)
        second = self.access(place, other)
        key = (first.place, first.site, second.site)
        self.races.setdefault(key, Race(first.place, first, second, schedule))

    def access(self, place: int, step: ThreadStep) -> Operation:
        """The access of a step to a place: a write if there is one."""
        done = self.exploration.describe(step)
        at = str(self.exploration.automata.places[place])
        accesses = [each for each in done if each.place == at]
        writes = [each for each in accesses if each.writes]
        return (writes or accesses)[0]
