"""Fixed-size arrays embedded in a struct, named by the access class of their elements."""

from typing import TypeVar

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
