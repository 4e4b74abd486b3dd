"""Struct: a class whose annotated fields become slots, as fast as hand-written slots.

Fields start as Go's zero values do: the default written in the class body, or a fresh instance
for a struct, mutex or atomic embedded by value. A Struct is compared by identity, as a Go pointer.
"""

from collections.abc import Callable
from typing import Any

from impl.rt.access import Access, access_of, embedded_type


class StructMeta(type):
    """Turns a class body of annotated fields into slots and a constructor without arguments."""

    def __new__(
        meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any]
    ) -> "StructMeta":
        annotations: dict[str, Any] = namespace.get("__annotations__", {})
        defaults: list[tuple[str, Any]] = []
        embedded: list[tuple[str, Callable[[], Any]]] = []
        for field, annotation in annotations.items():
            if access_of(annotation) is Access.EMBEDDED:
                embedded.append((field, embedded_type(annotation)))
            else:
                defaults.append((field, namespace.pop(field, None)))
        namespace["__slots__"] = tuple(annotations)

        def init(self: Any) -> None:
            for field, value in defaults:
                setattr(self, field, value)
            for field, make in embedded:
                setattr(self, field, make())

        namespace.setdefault("__init__", init)
        return super().__new__(meta, name, bases, namespace)


class Struct(metaclass=StructMeta):
    """Base of the Go structs in the port, but for those that are values (tuples) or Local."""


class Local:
    """Base of a Go struct on a thread's stack, whose methods change it: no other thread reaches it.

    Its subclasses are dataclasses with slots, all of whose fields are Plain. To the explorer what they
    hold is part of the thread's local state.
    """

    __slots__ = ()
