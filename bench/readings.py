"""Searching a model: by the text emitted from its bodies against by the bodies themselves.

Both visit every state of the same instance, and judge every property in each. The time of emitting
the text counts.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from bench.measure import Measurement, Pair, Side, TimedWork, speeds
from checker.emitted import EmittedInstance
from checker.plain import Instance
from checker.reachability import explore
from checker.spec import Machine
from model import span_list, span_state, sweepgen, zeroed_base

SUBJECT = "readings"
BODIES, TEXT = "the bodies", "emitted text"
LEAST = 5.0
"""What is claimed for instances of thousands of states: so many times the speed."""

INSTANCES: tuple[
    tuple[Callable[[], Machine], Mapping[str, int], Mapping[str, int], float | None], ...
] = (
    (span_list.build, {"Span": 4, "SpanList": 2}, {}, None),
    (span_state.build, {"Span": 3, "Reader": 2}, {}, None),
    (sweepgen.build, {"Span": 2, "Thread": 2, "Cache": 1}, {}, LEAST),
    (zeroed_base.build, {"Arena": 1, "Part": 2}, {"arena_pages": 3}, LEAST),
)
"""Machine, sizes, constants, and what is claimed of the instance."""


def measure(rounds: int) -> list[Measurement]:
    """States per second of each machine. Raises DifferentWork if the two visit different ones."""
    found = []
    for build, sizes, constants, least in INSTANCES:
        machine = build()
        states = explore(EmittedInstance(machine, sizes, constants)).states
        sides = [
            Side(name, partial(_search, kind, machine, sizes, constants))
            for name, kind in ((BODIES, Instance), (TEXT, EmittedInstance))
        ]
        name = f"{machine.name}, {states:,} states"
        found.append(speeds(SUBJECT, name, states, sides, [Pair(TEXT, BODIES, least)], rounds))
    return found


def _search(
    kind: type[Instance], machine: Machine, sizes: Mapping[str, int], constants: Mapping[str, int]
) -> TimedWork:
    visited: list[Any] = []

    def do() -> None:
        visited.append(explore(kind(machine, sizes, constants)))

    def result() -> Any:
        (found,) = visited
        return found.states, found.transitions, found.depth, found.fired, found.broken

    return TimedWork(do, result)
