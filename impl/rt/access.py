"""Access classes: how concurrent code may touch a field, stated in its annotation.

Go has no such annotation; the page heap states the same facts in comments ("read atomically and
written with an atomic CAS", "protected by h.lock"). Stating them in the type lets one source be
bound several ways: the plain binding ignores them, the explorer turns the shared ones into steps.

    class Mspan(Struct):
        limit: Racy[int] = 0        # read by spanOfHeap before the span is published
        npages: Plain[int] = 0      # owned by one thread at a time
        sweepgen: Mixed[int] = 0    # a plain word also used through atomic.load and atomic.cas
        state: MSpanStateBox        # a struct embedded by value
"""

from enum import Enum
from typing import Annotated, Any, TypeVar, get_origin


class Access(Enum):
    """What a field's annotation promises about concurrent access to it."""

    CONST = "const"
    """Written only while the object is built; reading it is never a step."""
    PLAIN = "plain"
    """Free of races by design; the race detector checks the claim."""
    RACY = "racy"
    """Read or written without synchronisation on purpose."""
    MIXED = "mixed"
    """A plain word that is also used through atomic operations."""
    EMBEDDED = "embedded"
    """A struct, mutex or typed atomic held by value; its own fields carry the access classes."""


T = TypeVar("T")
Const = Annotated[T, Access.CONST]
Plain = Annotated[T, Access.PLAIN]
Racy = Annotated[T, Access.RACY]
Mixed = Annotated[T, Access.MIXED]


def access_of(annotation: Any) -> Access:
    """The access class an evaluated annotation declares; a bare class is embedded by value.

    Raises TypeError when the annotation names neither, so that no field goes unclassified.
    """
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, Access):
            return mark
    if isinstance(embedded_type(annotation), type):
        return Access.EMBEDDED
    raise TypeError(f"{annotation!r} has no access class: use Const, Plain, Racy or Mixed")


def embedded_type(annotation: Any) -> Any:
    """The class to instantiate for an embedded field: `Atomic` for `Atomic[int]`."""
    return get_origin(annotation) or annotation
