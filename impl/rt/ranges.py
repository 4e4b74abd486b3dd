"""Functions of numbers that change at few places, kept as ranges."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Ranges(Generic[T]):
    """A value for each number from 0 on; to begin with, one for all of them.

    It takes memory for the places where the value changes.
    """

    __slots__ = ("_starts", "_values")

    def __init__(self, value: T) -> None:
        self._starts = [0]
        self._values = [value]

    def set(self, low: int, high: int, value: T) -> None:
        """Gives all of [low, high) the value."""
        if low >= high:
            return
        first = bisect_left(self._starts, low)
        last = bisect_right(self._starts, high) - 1
        after = self._values[last]
        starts, values = [], []
        if first == 0 or self._values[first - 1] != value:
            starts, values = [low], [value]
        if after != value:
            starts.append(high)
            values.append(after)
        end = last + 1
        if end < len(self._starts) and after == value and self._values[end] == value:
            end += 1
        self._starts[first:end] = starts
        self._values[first:end] = values

    def at(self, index: int) -> T:
        """The value at index."""
        return self._values[bisect_right(self._starts, index) - 1]

    def pieces(self, low: int, high: int) -> Iterator[tuple[int, int, T]]:
        """The (low, high, value) pieces of [low, high), in order."""
        i = bisect_right(self._starts, low) - 1
        while low < high:
            end = self._starts[i + 1] if i + 1 < len(self._starts) else high
            yield low, min(end, high), self._values[i]
            low = end
            i += 1

    def __len__(self) -> int:
        return len(self._starts)
