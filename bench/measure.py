"""Measuring several sides by turns, so that a busy machine is busy for all of them."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple


class TimedWork(NamedTuple):
    """The work whose time counts, and what it came to, which must be the same on all sides."""

    do: Callable[[], None]
    result: Callable[[], Any]


class DifferentWork(Exception):
    """Two sides of a comparison did not come to the same result, so it is none."""


class Side(NamedTuple):
    """One of the things compared: `prepare` sets up a fresh start and returns the work.

    What waits for another process is to be measured by time.perf_counter; the rest by the time that
    the processor gives to this one, which tells less of the neighbours.
    """

    name: str
    prepare: Callable[[], TimedWork]
    clock: Callable[[], float] = time.process_time


class Spread(NamedTuple):
    """What was measured, in the middle and at the ends."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Ratio:
    """`of` in terms of `to`: 2 is twice as much. `least` and `most` bound what is claimed, if anything."""

    of: str
    to: str
    value: Spread
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        """The median is within what is claimed."""
        return (self.least is None or self.value.median >= self.least) and (
            self.most is None or self.value.median <= self.most
        )

    @property
    def claim(self) -> str:
        """What is claimed, in words; empty for nothing."""
        if self.least is not None:
            return f"at least {self.least:g}"
        return "" if self.most is None else f"at most {self.most:g}"


@dataclass(frozen=True)
class Measurement:
    """Amounts by side, in `unit`, and their ratios."""

    subject: str
    name: str
    unit: str
    amounts: dict[str, Spread]
    ratios: list[Ratio]
    counts: dict[str, int] = field(default_factory=dict)


class Pair(NamedTuple):
    """A ratio to be taken: the speed of `of` in terms of that of `to`, with what is claimed of it."""

    of: str
    to: str
    least: float | None = None


def spread(values: Sequence[float]) -> Spread:
    """The median with the least and the greatest."""
    return Spread(median(values), min(values), max(values))


def speeds(
    subject: str,
    name: str,
    operations: int,
    sides: Sequence[Side],
    pairs: Sequence[Pair],
    rounds: int,
) -> Measurement:
    """Operations per second of each side, measured by turns; ratios are taken round by round.

    Raises DifferentWork when a side comes to another result than the first.
    """
    rates: dict[str, list[float]] = {side.name: [] for side in sides}
    expected: Any = None
    for turn in range(rounds):
        # Each second round goes backwards, so that nobody always comes after the same neighbour.
        for side in sides if turn % 2 == 0 else reversed(sides):
            work = side.prepare()
            seconds = _time(work.do, side.clock)
            result = work.result()
            if expected is None:
                expected = result
            if result != expected:
                raise DifferentWork(f"{subject}, {name}: {side.name} came to another result")
            rates[side.name].append(operations / seconds)
    return Measurement(
        subject,
        name,
        "operations/s",
        {side: spread(values) for side, values in rates.items()},
        [
            Ratio(pair.of, pair.to, spread(_quotients(rates[pair.of], rates[pair.to])), pair.least)
            for pair in pairs
        ],
        {"operations": operations, "rounds": rounds},
    )


def _quotients(above: Sequence[float], below: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=True)]


def _time(do: Callable[[], None], clock: Callable[[], float]) -> float:
    """The seconds it takes, without Python's own collections in between."""
    gc.collect()
    gc.disable()
    try:
        start = clock()
        do()
        return clock() - start
    finally:
        gc.enable()
