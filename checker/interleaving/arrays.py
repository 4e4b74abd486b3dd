"""Arrays of the explored substrate: elements are places in the explorer's memory."""

from collections.abc import Iterator
from typing import Any

from checker.interleaving.requests import Kind, Object, Place, Request, host, identify
from checker.interleaving.values import Unsupported


class Array(Object):
    """n elements, all `initial`. An index out of range raises IndexError."""

    __slots__ = ()
    access = ""

    def _initial(self, _field: str | int) -> Any:
        return self._shape[1]

    def _access(self, _field: str | int) -> str:
        return self.access

    def __new__(cls, n: int, initial: Any) -> Any:
        return identify(cls, n, initial)

    def __class_getitem__(cls, _item: Any) -> Any:
        return cls

    def __len__(self) -> int:
        return int(self._shape[0])

    def fill(self, low: int, high: int, value: Any) -> None:
        """Writes value to the elements [low, high), one after the other; in the setup only.

        A thread would be suspended in here, where its state does not show how much is left to do.
        """
        if host().creator:
            raise Unsupported(f"{self} is filled inside an operation: index it in a loop")
        for index in range(low, high):
            self[index] = value

    def __getitem__(self, index: int) -> Any:
        kind = Kind.LOAD if self.access == "racy" else Kind.PLAIN_LOAD
        return host().ask(Request(kind, element(self, index), atomic=False))

    def __setitem__(self, index: int, value: Any) -> None:
        kind = Kind.STORE if self.access == "racy" else Kind.PLAIN_STORE
        host().ask(Request(kind, element(self, index), (value,), atomic=False))

    def __iter__(self) -> Iterator[Any]:
        raise Unsupported(f"{self} is iterated inside an operation: index it in a loop")

    def __reversed__(self) -> Iterator[Any]:
        return iter(self)

    def __contains__(self, value: object) -> bool:
        raise Unsupported(f"{self} is searched inside an operation: index it in a loop")


def element(array: Array, index: int) -> Place:
    """The place of an element. Raises IndexError outside the array."""
    if not isinstance(index, int):
        raise Unsupported(f"{array} is sliced: index it in a loop")
    if not 0 <= index < len(array):
        raise IndexError(index)
    return Place(array, index)


class PlainArray(Array):
    """Elements are free of races by design."""

    __slots__ = ()
    access = "plain"


class RacyArray(Array):
    """Elements are read or written without synchronisation on purpose."""

    __slots__ = ()
    access = "racy"


class MixedArray(Array):
    """Elements are plain words also used through atomic operations."""

    __slots__ = ()
    access = "mixed"
