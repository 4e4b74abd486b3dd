"""Sequences of the explored substrate that grow: an array without end, and headers that count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from checker.interleaving.requests import Kind, Object, Place, Request, host, identify
from checker.interleaving.values import Unsupported

T = TypeVar("T")


class SliceArray(Object):
    """The array behind a slice. It has room for any number of elements."""

    __slots__ = ()

    def __new__(cls) -> Any:
        return identify(cls)

    def _initial(self, _field: str | int) -> Any:
        return None

    def _access(self, _field: str | int) -> str:
        return "plain"


@dataclass(frozen=True, slots=True)
class PlainSlice(Generic[T]):
    """A slice's header, a value: an array, and how many of its elements count."""

    _array: Any = None
    _length: int = 0

    def __len__(self) -> int:
        return self._length

    def upto(self, n: int) -> "PlainSlice[T]":
        """The header of the first n elements. Raises IndexError if there are fewer."""
        if not 0 <= n <= self._length:
            raise IndexError(n)
        return PlainSlice(self._array, n)

    def __getitem__(self, index: int) -> Any:
        return host().ask(Request(Kind.PLAIN_LOAD, self._element(index), atomic=False))

    def __setitem__(self, index: int, value: T) -> None:
        host().ask(Request(Kind.PLAIN_STORE, self._element(index), (value,), atomic=False))

    def _element(self, index: int) -> Place:
        if not 0 <= index < self._length:
            raise IndexError(index)
        return Place(self._array, index)

    def __iter__(self) -> Iterator[Any]:
        raise Unsupported("a slice is iterated inside an operation: index it in a loop")

    def __contains__(self, value: object) -> bool:
        raise Unsupported("a slice is searched inside an operation: index it in a loop")


Sequence.register(PlainSlice)


def append(s: PlainSlice[T], value: T) -> PlainSlice[T]:
    """Writes value behind the elements of s, and returns the header that counts it too."""
    array = SliceArray() if s._array is None else s._array
    host().ask(Request(Kind.PLAIN_STORE, Place(array, s._length), (value,), atomic=False))
    return PlainSlice(array, s._length + 1)
