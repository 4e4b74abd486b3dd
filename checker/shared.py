"""Shared memory: what the threads of a program under proof keep in common.

    class TicketLock(Struct):
        next: Atomic[int]            # an atomic variable, held by value
        owner: Mixed[int] = 0        # a plain word that is also used through atomic operations
        data: Plain[int] = 0         # never touched by two threads at once: that is checked

This is the plain binding: with a single thread each operation acts at once, so the program is
ordinary Python. For the explorer the same source is bound to `checker.interleaving.substrate`, where
each access that another thread could observe is a step.
"""

from dataclasses import dataclass
from enum import Enum
from types import SimpleNamespace
from typing import Annotated, Any, Generic, NoReturn, TypeVar, get_origin

__all__ = [
    "Access",
    "Atomic",
    "Const",
    "Local",
    "Mixed",
    "MixedArray",
    "Mutex",
    "Plain",
    "PlainArray",
    "PlainSlice",
    "Racy",
    "RacyArray",
    "Struct",
    "Throw",
    "append",
    "assert_held",
    "atomic",
    "fence",
    "lock",
    "set_rank",
    "spin",
    "throw",
    "unlock",
]

T = TypeVar("T")
U64_MAX = (1 << 64) - 1


class Throw(Exception):
    """What a program raises where it finds itself misused, or wrong: it goes on no further."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def throw(text: str) -> NoReturn:
    raise Throw(text)


class Access(Enum):
    """What a field's annotation promises about concurrent access to it."""

    CONST = "const"
    """Written only while the object is built; reading it is never a step."""
    PLAIN = "plain"
    """Free of races by design; the explorer and the race detector check the claim."""
    RACY = "racy"
    """Read or written without synchronisation on purpose."""
    MIXED = "mixed"
    """A plain word that is also used through atomic operations."""


Const = Annotated[T, Access.CONST]
Plain = Annotated[T, Access.PLAIN]
Racy = Annotated[T, Access.RACY]
Mixed = Annotated[T, Access.MIXED]


class _FieldsToSlots(type):
    """Turns annotated fields into slots, so that a misspelt one is an error."""

    def __new__(meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        annotations = namespace.get("__annotations__", {})
        fields = []
        for field, annotation in annotations.items():
            made = get_origin(annotation) or annotation
            marked = any(isinstance(m, Access) for m in getattr(annotation, "__metadata__", ()))
            if not marked and not isinstance(made, type):
                raise TypeError(f"{name}.{field} has no access class: {annotation!r}")
            fields.append((field, None if marked else made, namespace.pop(field, None)))
        namespace["__slots__"], namespace["__fields__"] = tuple(annotations), tuple(fields)
        return super().__new__(meta, name, bases, namespace)


class Struct(metaclass=_FieldsToSlots):
    """Base of objects that threads share. Each field is annotated with an access class.

    A field starts as the default in the class body, or None. A bare class (a struct, a mutex, a
    typed atomic) is held by value.
    """

    def __init__(self) -> None:
        for cls in reversed(type(self).__mro__):
            for field, make, default in vars(cls).get("__fields__", ()):
                setattr(self, field, default if make is None else make())


class Local:
    """Base of a dataclass whose objects no thread shows to another: it changes them freely."""

    __slots__ = ()


class Atomic(Generic[T]):
    """An atomic variable; it starts as 0. Sums are modulo 2**64."""

    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value: Any = 0

    def load(self) -> Any:
        return self._value

    def store(self, value: T) -> None:
        self._value = value

    def add(self, delta: int) -> Any:
        """Adds and returns the new value."""
        self._value = (self._value + delta) & U64_MAX
        return self._value

    def compare_and_swap(self, old: T, new: T) -> bool:
        """Stores `new` if the value is `old`; says whether it was."""
        if self._value != old:
            return False
        self._value = new
        return True

    def swap(self, new: T) -> Any:
        """Stores `new` and returns the old value."""
        old, self._value = self._value, new
        return old

    def and_(self, mask: int) -> None:
        self._value &= mask

    def or_(self, mask: int) -> None:
        self._value |= mask


class Mutex:
    """A mutex, held by value. It is taken by `lock`, and not twice."""

    __slots__ = ("held", "rank")

    def __init__(self) -> None:
        self.held = False
        self.rank = 0


def set_rank(mutex: Mutex, rank: int) -> None:
    """Gives a mutex its place in an order, if the explorer is told one; it is 0 otherwise."""
    mutex.rank = rank


def lock(mutex: Mutex) -> None:
    if mutex.held:
        raise RuntimeError("a mutex is taken twice: nobody is there to give it back")
    mutex.held = True


def unlock(mutex: Mutex) -> None:
    assert_held(mutex)
    mutex.held = False


def assert_held(mutex: Mutex) -> None:
    if not mutex.held:
        raise RuntimeError("a mutex is not held")


def fence() -> None:
    """Orders earlier stores before later ones."""


def spin() -> None:
    """A thread that waits for another gives way: here it is the only one, so it waits for ever."""
    raise RuntimeError("there is no other thread to wait for")


class _Array(list[T]):
    """n elements, all `initial`. An index outside [0, n) raises IndexError."""

    def __init__(self, n: int, initial: T) -> None:
        super().__init__([initial] * n)

    def __getitem__(self, index: int) -> T:  # type: ignore[override]  # no slices
        if not 0 <= index < len(self):
            raise IndexError(index)
        return super().__getitem__(index)

    def __setitem__(self, index: int, value: T) -> None:  # type: ignore[override]  # no slices
        if not 0 <= index < len(self):
            raise IndexError(index)
        super().__setitem__(index, value)


class PlainArray(_Array[T]):
    """Elements are free of races by design."""


class RacyArray(_Array[T]):
    """Elements are read or written without synchronisation on purpose."""


class MixedArray(_Array[T]):
    """Elements are plain words also used through atomic operations."""


@dataclass(frozen=True, slots=True)
class PlainSlice(Generic[T]):
    """A sequence that grows: how many elements of an array count. Elements are free of races.

    The header is a value: whoever copies it keeps its length, while others append to the array.
    """

    _array: list[Any] | None = None
    _length: int = 0

    def __len__(self) -> int:
        return self._length

    def upto(self, n: int) -> "PlainSlice[T]":
        """The header of the first n elements. Raises IndexError if there are fewer."""
        if not 0 <= n <= self._length:
            raise IndexError(n)
        return PlainSlice(self._array, n)

    def __getitem__(self, index: int) -> Any:
        """An element; out of range it raises IndexError."""
        return self._elements(index)[index]

    def __setitem__(self, index: int, value: T) -> None:
        self._elements(index)[index] = value

    def _elements(self, index: int) -> list[Any]:
        if self._array is None or not 0 <= index < self._length:
            raise IndexError(index)
        return self._array


def append(s: PlainSlice[T], value: T) -> PlainSlice[T]:
    """Writes value behind the elements of s, and returns the header that counts it too."""
    array = [] if s._array is None else s._array
    array[s._length : s._length + 1] = [value]
    return PlainSlice(array, s._length + 1)


def _load(owner: Any, field: str | int) -> Any:
    return owner[field] if isinstance(field, int) else getattr(owner, field)


def _store(owner: Any, field: str | int, value: Any) -> None:
    if isinstance(field, int):
        owner[field] = value
    else:
        setattr(owner, field, value)


def _compare_and_swap(owner: Any, field: str | int, old: Any, new: Any) -> bool:
    if _load(owner, field) != old:
        return False
    _store(owner, field, new)
    return True


def _add(owner: Any, field: str | int, delta: int) -> Any:
    _store(owner, field, (_load(owner, field) + delta) & U64_MAX)
    return _load(owner, field)


def _or(owner: Any, field: str | int, mask: int) -> None:
    _store(owner, field, _load(owner, field) | mask)


def _and(owner: Any, field: str | int, mask: int) -> None:
    _store(owner, field, _load(owner, field) & mask)


atomic = SimpleNamespace(
    load=_load, store=_store, compare_and_swap=_compare_and_swap, add=_add, or_=_or, and_=_and
)
"""Atomic functions on (object, name of a Mixed field) and on (array, index)."""
