"""Atomics of the plain binding: single-threaded, so each is an ordinary read or write.

Two shapes, as in Go: `Atomic` is a typed atomic (`atomic.Uint32` and friends), and the functions
work on a `Mixed` field or on an element of an array (`atomic.Load(&s.sweepgen)` becomes
`atomic.load(s, "sweepgen")`, `atomic.Or8(&a[i], m)` becomes `atomic.or8(a, i, m)`).
Values wrap at 64 bits, except where the caller masks them first.
"""

from typing import Any, Generic, TypeVar

from impl.rt.integers import U64_MAX, u64

T = TypeVar("T")


class Atomic(Generic[T]):
    """A typed atomic variable. Its zero value is 0, as Go's."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = 0

    def load(self) -> T:
        value: T = self.value
        return value

    def store(self, value: T) -> None:
        self.value = value

    def add(self, delta: int) -> int:
        """Adds delta modulo 2**64 and returns the new value."""
        value = u64(self.value + delta)
        self.value = value
        return value

    def compare_and_swap(self, old: T, new: T) -> bool:
        if self.value == old:
            self.value = new
            return True
        return False

    def swap(self, new: T) -> T:
        """Stores new and returns the old value."""
        old: T = self.value
        self.value = new
        return old

    def and_(self, mask: int) -> None:
        self.value &= mask

    def or_(self, mask: int) -> None:
        self.value |= mask


class Tally:
    """An atomic word of statistics: threads add to it, and only reports read it.

    That no decision depends on it is a promise, which the explored substrate holds it to: it keeps no
    tallies, so that counting multiplies no states.
    """

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0

    def load(self) -> int:
        return self.value

    def store(self, value: int) -> None:
        self.value = value

    def add(self, delta: int) -> None:
        """Adds delta modulo 2**64; nobody is told the sum."""
        self.value = (self.value + delta) & U64_MAX


def load(obj: Any, field: str) -> Any:
    return getattr(obj, field)


def store(obj: Any, field: str, value: Any) -> None:
    setattr(obj, field, value)


def cas(obj: Any, field: str, old: Any, new: Any) -> bool:
    if getattr(obj, field) == old:
        setattr(obj, field, new)
        return True
    return False


def xadd(obj: Any, field: str, delta: int) -> Any:
    """Adds delta modulo 2**64 and returns the new value."""
    value = u64(getattr(obj, field) + delta)
    setattr(obj, field, value)
    return value


def load8(array: Any, index: int) -> Any:
    return array[index]


def or8(array: Any, index: int, mask: int) -> None:
    array[index] |= mask


def and8(array: Any, index: int, mask: int) -> None:
    array[index] &= mask


def or64(array: Any, index: int, mask: int) -> None:
    array[index] |= mask


def and64(array: Any, index: int, mask: int) -> None:
    array[index] &= mask


def loadp(array: Any, index: int) -> Any:
    """Loads a pointer from an array of them."""
    return array[index]


def storep(array: Any, index: int, value: Any) -> None:
    """Stores a pointer into an array of them."""
    array[index] = value


def load64(array: Any, index: int) -> Any:
    """Loads a word from an array of typed atomics."""
    return array[index]


def store64(array: Any, index: int, value: Any) -> None:
    """Stores a word into an array of typed atomics."""
    array[index] = value
