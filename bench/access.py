"""The port in its plain binding against the same code without access classes."""

from typing import Any

from bench import classless
from bench.measure import Measurement, Pair, Side, TimedWork, speeds
from bench.workloads import WORKLOADS, Workload

SUBJECT = "access classes"
PLAIN, CLASSLESS, BARE = "plain binding", "no access classes", "no access classes, no locks"
LEAST = 0.5
"""What is claimed: the plain binding keeps at least so much of the speed."""


def measure(port: Any, scale: float, rounds: int) -> list[Measurement]:
    """Speeds and ratios for each workload. Raises DifferentWork when the heaps differ at the end."""
    ports = {PLAIN: port, CLASSLESS: classless.bind(locks=True), BARE: classless.bind(locks=False)}
    return [
        _measure(ports, name, workload, max(1, int(operations * scale)), rounds)
        for name, (workload, operations) in WORKLOADS.items()
    ]


def _measure(
    ports: dict[str, Any], name: str, workload: Workload, operations: int, rounds: int
) -> Measurement:
    def side(name: str) -> Side:
        def prepare() -> TimedWork:
            return workload(ports[name], operations)

        return Side(name, prepare)

    pairs = [Pair(PLAIN, CLASSLESS, LEAST), Pair(PLAIN, BARE)]
    return speeds(SUBJECT, name, operations, [side(each) for each in ports], pairs, rounds)
