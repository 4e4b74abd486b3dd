"""Slices: sequences that grow, named by the access class of their elements.

A slice is a header, an immutable value: an array and how many of its elements count. Whoever copies
the header keeps its length, while others append; the elements are shared, as in Go.

    self.objects = append(self.objects, obj)      # in amortised constant time
    h.sweep_arenas = h.all_arenas                 # a snapshot
    state.reuse = state.reuse.upto(n)             # without the last one

An array has room for any number of elements: only append to an empty slice without one makes a new
array. Where Go moves a full array elsewhere, slices of the old one go on sharing here.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class PlainSlice(Generic[T]):
    """Elements are free of races by design. `PlainSlice()` is Go's nil: of length 0, without array."""

    __slots__ = ("_array", "_length")
    _array: list[T] | None
    _length: int

    def __init__(self) -> None:
        self._array = None
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> T:
        """An element; out of range it raises IndexError."""
        if not 0 <= index < self._length:
            raise IndexError(index)
        return self._array[index]  # type: ignore[index]  # there is an array if there are elements

    def __setitem__(self, index: int, value: T) -> None:
        if not 0 <= index < self._length:
            raise IndexError(index)
        self._array[index] = value  # type: ignore[index]  # there is an array if there are elements

    def upto(self, n: int) -> "PlainSlice[T]":
        """The header of the first n elements, Go's s[:n]. Raises IndexError if there are fewer."""
        if not 0 <= n <= self._length:
            raise IndexError(n)
        return _header(self._array, n)

    def __iter__(self) -> Iterator[T]:
        return islice(self._array or (), self._length)

    def __repr__(self) -> str:
        return repr(list(self))


def append(s: PlainSlice[T], value: T) -> PlainSlice[T]:
    """Writes value behind the elements of s, and returns the header that counts it too."""
    array, n = s._array, s._length
    if array is None:
        array = [value]
    elif n == len(array):
        array.append(value)
    else:
        array[n] = value
    return _header(array, n + 1)


def _header(array: list[T] | None, length: int) -> PlainSlice[T]:
    made: PlainSlice[T] = PlainSlice()
    made._array, made._length = array, length
    return made
