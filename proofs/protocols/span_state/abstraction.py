"""How a span's fields show whether it is complete.

The port's fields are compared with what the span must have in this life: `port.extra["lives"]`
gives for each span number the `Life` that its allocator is giving it.
"""

from dataclasses import dataclass
from typing import Any

from checker.refinement import Abstraction
from harness.port import PortView
from impl.spanclass import span_class_sizeclass
from model import span_state as machine


@dataclass(frozen=True)
class Life:
    """What the fields of a span must be: addresses and sizes in bytes."""

    base: int
    npages: int
    elemsize: int
    nelems: int
    limit: int


HISTORY = {
    "looking": "whether a thread is between finding a span and using it",
    "at": "which span that thread found",
}


def abstraction(*, limit_first: bool) -> Abstraction:
    """The abstraction to the machine with `limit` before publication, or to that of go1.21.13."""
    result = Abstraction(machine.build(limit_first=limit_first), history=HISTORY)
    for conjunct in (phase, state, fields, limit):
        result.of(conjunct)
    return result


def phase(port: PortView) -> int:
    """The collector's phase: the numbers are Go's."""
    return int(port.get(port.get(port.heap, "runtime"), "gcphase"))


def state(port: PortView, s: int) -> int:
    """The span's state: the numbers are Go's."""
    return int(port.get(port.get(port.spans[s], "state"), "s"))


def fields(port: PortView, s: int) -> bool:
    """A visible span has the fields of its present life; a dead one has none to speak of."""
    return state(port, s) != machine.DEAD and complete(port, s)


def limit(port: PortView, s: int) -> bool:
    """A visible span's limit is the end of its present life's data."""
    return state(port, s) != machine.DEAD and limit_is_right(port, s)


def complete(port: PortView, s: int) -> bool:
    """Whether every field but limit is what this life says."""
    life: Life | None = port.extra["lives"][s]
    if life is None:
        return False
    span = port.spans[s]
    wanted: dict[str, Any] = {"start_addr": life.base, "npages": life.npages}
    if state(port, s) == machine.IN_USE:
        wanted["nelems"] = life.nelems
        wanted["sweepgen"] = port.get(port.heap, "sweepgen")
        if port.get(span, "alloc_bits") is None or port.get(span, "gcmark_bits") is None:
            return False
        config = port.get(port.heap, "config")
        sizeclass = span_class_sizeclass(port.get(span, "spanclass"))
        large = life.npages * config.page_size
        wanted["elemsize"] = config.class_to_size[sizeclass] if sizeclass else large
        wanted["div_mul"] = config.class_to_divmagic[sizeclass] if sizeclass else 0
        if wanted["elemsize"] != life.elemsize:
            return False
    return all(port.get(span, name) == value for name, value in wanted.items())


def limit_is_right(port: PortView, s: int) -> bool:
    """Whether limit is what this life says."""
    life: Life | None = port.extra["lives"][s]
    return life is not None and port.get(port.spans[s], "limit") == life.limit
