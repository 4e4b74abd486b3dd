"""Fixed-size arrays embedded in a struct, named by the access class of their elements."""

from typing import Generic, TypeVar

T = TypeVar("T")


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
    """n elements, all `initial`, of which only those ever written take memory."""

    __slots__ = ("_initial", "_size", "_written")

    def __init__(self, n: int, initial: T) -> None:
        self._size = n
        self._initial = initial
        self._written: dict[int, T] = {}

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> T:
        try:
            return self._written[index]
        except KeyError:
            if 0 <= index < self._size:
                return self._initial
            raise IndexError(index) from None

    def __setitem__(self, index: int, value: T) -> None:
        if not 0 <= index < self._size:
            raise IndexError(index)
        self._written[index] = value

    def touched(self) -> list[int]:
        """The indexes ever written, ascending."""
        return sorted(self._written)


class SparsePlainArray(_SparseArray[T]):
    """Elements are free of races by design."""

    __slots__ = ()


class SparseRacyArray(_SparseArray[T]):
    """Elements are read or written without synchronisation on purpose."""

    __slots__ = ()


class SparseMixedArray(_SparseArray[T]):
    """Elements are plain words also used through atomic operations."""

    __slots__ = ()
