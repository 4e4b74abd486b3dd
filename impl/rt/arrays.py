"""Fixed-size arrays embedded in a struct, named by the access class of their elements."""

from typing import Any, Generic, TypeVar

from impl.rt.ranges import Ranges

T = TypeVar("T")

_NOTHING: dict[int, Any] = {}
"""What every sparse array has written that nobody wrote to; it stays empty."""


class _Array(list[T]):
    """n elements, all `initial`. A negative index raises IndexError, as it panics in Go."""

    __slots__ = ()

    def __init__(self, n: int, initial: T) -> None:
        super().__init__([initial] * n)

    def __getitem__(self, index: int) -> T:  # type: ignore[override]  # no slices
        if index < 0:
            raise IndexError(index)
        return super().__getitem__(index)

    def __setitem__(self, index: int, value: T) -> None:  # type: ignore[override]  # no slices
        if index < 0:
            raise IndexError(index)
        super().__setitem__(index, value)


class PlainArray(_Array[T]):
    """Elements are free of races by design."""


class RacyArray(_Array[T]):
    """Elements are read or written without synchronisation on purpose."""


class MixedArray(_Array[T]):
    """Elements are plain words also used through atomic operations."""


class _SparseArray(Generic[T]):
    """n elements, all `initial`, of which only those ever written take memory.

    Elements filled with one value take as much together as one of them.
    """

    __slots__ = ("_fills", "_initial", "_size", "_written")

    def __init__(self, n: int, initial: T) -> None:
        self._size = n
        self._initial = initial
        # Most arrays are never written.
        self._written: dict[int, T] = _NOTHING
        self._fills: Ranges[tuple[T] | None] | None = None

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> T:
        written = self._written
        if index in written:
            return written[index]
        if not 0 <= index < self._size:
            raise IndexError(index)
        filled = None if self._fills is None else self._fills.at(index)
        return self._initial if filled is None else filled[0]

    def __setitem__(self, index: int, value: T) -> None:
        if not 0 <= index < self._size:
            raise IndexError(index)
        if self._written is _NOTHING:
            self._written = {}
        self._written[index] = value

    def fill(self, low: int, high: int, value: T) -> None:
        """Writes value to the elements [low, high)."""
        if low >= high:
            return
        if low < 0 or high > self._size:
            raise IndexError(low)
        written = self._written
        if high - low < len(written):
            for index in range(low, high):
                written.pop(index, None)
        else:
            for index in [each for each in written if low <= each < high]:
                del written[index]
        if self._fills is None:
            self._fills = Ranges(None)
        self._fills.set(low, high, (value,))

    def touched(self) -> list[int]:
        """The indexes ever written, ascending."""
        indexes = set(self._written)
        if self._fills is not None:
            for low, high, filled in self._fills.pieces(0, self._size):
                if filled is not None:
                    indexes.update(range(low, high))
        return sorted(indexes)


class SparsePlainArray(_SparseArray[T]):
    """Elements are free of races by design."""

    __slots__ = ()


class SparseRacyArray(_SparseArray[T]):
    """Elements are read or written without synchronisation on purpose."""

    __slots__ = ()


class SparseMixedArray(_SparseArray[T]):
    """Elements are plain words also used through atomic operations."""

    __slots__ = ()
