"""Looking at a port's memory, whichever binding it lives in.

Abstraction functions read the port through `get(object, field)`, so that the same function serves
objects of the plain binding and of the explored one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from impl.rt import Atomic

Get = Callable[[Any, str], Any]


def plain_get(obj: Any, name: str) -> Any:
    """A field of an object of the plain binding; of a typed atomic, its value."""
    value = getattr(obj, name)
    return value.value if isinstance(value, Atomic) else value


@dataclass
class PortView:
    """The objects of a port that stand for the model's elements, and how to read their fields."""

    get: Get = plain_get
    heap: Any = None
    spans: Sequence[Any] = ()
    lists: Sequence[Any] = ()
    arenas: Sequence[Any] = ()
    caches: Sequence[Any] = ()
    extra: dict[str, Any] = field(default_factory=dict)
