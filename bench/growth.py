"""Queues of grey objects of several lengths: what a put costs must not depend on how many there were.

Each side makes as many puts, into one long queue or into several shorter ones, one after the other.
"""

from functools import partial
from typing import Any

from bench.measure import DifferentWork, Measurement, Pair, Side, TimedWork, speeds

SUBJECT = "growth"
SHORT, LONGER, LONG = 2_000, 8_000, 32_000
LEAST = 0.5
"""What is claimed: with 16 times as many in the queue, puts keep at least so much of their speed."""


def measure(port: Any, scale: float, rounds: int) -> list[Measurement]:
    """The speed of gcWork.put. Raises DifferentWork when a queue doesn't give back what was put."""
    lengths = {f"{n:,} puts": max(1, int(n * scale)) for n in (SHORT, LONGER, LONG)}
    operations = max(lengths.values())
    sides = [Side(name, partial(_puts, port, n, operations)) for name, n in lengths.items()]
    short, longer, long = lengths
    pairs = [Pair(longer, short), Pair(long, short, LEAST)]
    return [speeds(SUBJECT, "gcWork.put", operations, sides, pairs, rounds)]


def _puts(port: Any, length: int, operations: int) -> TimedWork:
    """Queues of the length each, until there are as many puts as operations."""
    module = port.mgcwork
    work = module.Work()
    queues = [(module.GcWork(), n) for n in _pieces(operations, length)]

    def do() -> None:
        for queue, n in queues:
            for obj in range(1, n + 1):
                queue.put(obj)

    def result() -> int:
        for queue, n in queues:
            if [queue.try_get(work) for _ in range(n + 1)] != [*range(n, -1, -1)]:
                raise DifferentWork(f"a queue of {n:,} does not give back what was put, last first")
        return operations

    return TimedWork(do, result)


def _pieces(total: int, length: int) -> list[int]:
    whole, rest = divmod(total, length)
    return [length] * whole + [rest] * (rest > 0)
