"""The whole state of a heap, in a form that does not depend on how its fields are kept."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from impl.rt import AddressSpace, Atomic, Mutex, PlainSlice, Tally

LEFT_OUT = {"config", "nanotime"}
"""What is the same by construction."""

SEQUENCES = (list, tuple, PlainSlice)


def snapshot(root: Any) -> tuple[Any, ...]:
    """Everything that can be reached from root, each object by its number in order of discovery."""
    numbers: dict[int, int] = {}
    waiting: deque[Any] = deque()
    # An object that was made only to be looked at must live as long as its number does.
    alive: list[Any] = []

    def token(value: Any) -> Any:
        if value is None or isinstance(value, int | float | str):
            return value
        if isinstance(value, Atomic | Tally):
            return token(value.value)
        if isinstance(value, Mutex):
            return "mutex"
        if callable(value):
            return value.__qualname__
        if id(value) not in numbers:
            numbers[id(value)] = len(numbers)
            alive.append(value)
            waiting.append(value)
        return "object", numbers[id(value)]

    token(root)
    found = []
    while waiting:
        each = waiting.popleft()
        found.append((_kind(each), *((name, token(value)) for name, value in _parts(each))))
    return tuple(found)


def _kind(value: Any) -> str:
    # What is a list on one side is an array on the other, and a list of counters a tuple.
    if hasattr(value, "touched"):
        return "sparse"
    return "sequence" if isinstance(value, SEQUENCES) else type(value).__name__


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """The names and values of what an object consists of."""
    if isinstance(value, AddressSpace):
        yield "reserved", value.reserved
        yield "states", tuple(value._states.pieces(0, value.top))
        yield "dirty", tuple(value._dirty.pieces(0, value.top))
    elif hasattr(value, "touched"):
        for index in value.touched():
            yield index, value[index]
    elif isinstance(value, SEQUENCES):
        yield from enumerate(value)
    else:
        for cls in type(value).__mro__:
            for name in getattr(cls, "__slots__", ()):
                if name not in LEFT_OUT:
                    yield name, getattr(value, name)
