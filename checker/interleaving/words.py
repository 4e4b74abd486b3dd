"""Words of the explored machine: typed atomics, mutexes, arrays, and atomic functions on them.

Locks are checked here, on the locks a thread holds, which are part of its local state: taking one
twice, taking two against an order, or giving back one that is not held raises LockError.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Generic, NoReturn, TypeVar

from checker.interleaving.requests import UNCHANGED, Kind, Object, Place, Request, host, identify
from checker.interleaving.values import Unsupported

T = TypeVar("T")
U64_MAX = (1 << 64) - 1


class Cell(Object):
    """One word of memory of its own, or embedded in a struct."""

    __slots__ = ()
    zero: Any = 0

    def __new__(cls) -> Any:
        return identify(cls)

    @property
    def _place(self) -> Place:
        place: Place = self._children.get("place") or Place(self, "value")
        return place

    def _embed(self, place: Place) -> None:
        self._children["place"] = place

    def _initial(self, _field: str | int) -> Any:
        return self.zero

    def _access(self, _field: str | int) -> str:
        return "embedded"


def _swap_if(old: Any, expected: Any, new: Any) -> tuple[Any, bool]:
    return (new, True) if old == expected else (UNCHANGED, False)


def _plus(old: int, delta: int) -> tuple[int, int]:
    return ((old + delta) & U64_MAX,) * 2


def _or(old: int, mask: int) -> tuple[int, None]:
    return old | mask, None


def _and(old: int, mask: int) -> tuple[int, None]:
    return old & mask, None


def _swap(old: Any, new: Any) -> tuple[Any, Any]:
    return new, old


class Atomic(Cell, Generic[T]):
    """A typed atomic variable; its zero value is 0."""

    __slots__ = ()

    def load(self) -> Any:
        return host().ask(Request(Kind.LOAD, self._place))

    def store(self, value: T) -> None:
        host().ask(Request(Kind.STORE, self._place, (value,)))

    def add(self, delta: int) -> Any:
        return host().ask(Request(Kind.RMW, self._place, (delta,), _plus))

    def compare_and_swap(self, old: T, new: T) -> Any:
        return host().ask(Request(Kind.RMW, self._place, (old, new), _swap_if))

    def swap(self, new: T) -> Any:
        return host().ask(Request(Kind.RMW, self._place, (new,), _swap))

    def and_(self, mask: int) -> None:
        host().ask(Request(Kind.RMW, self._place, (mask,), _and))

    def or_(self, mask: int) -> None:
        host().ask(Request(Kind.RMW, self._place, (mask,), _or))


class Tally(Cell):
    """A word of statistics, which is not kept: that nothing depends on it is its promise."""

    __slots__ = ()

    def load(self) -> NoReturn:
        raise Unsupported(f"{self} is read: nothing but reports may, or declare it Atomic")

    def store(self, value: int) -> None:
        pass

    def add(self, _delta: int) -> int:
        """A number so far from both ends that no check for overflow can fail."""
        return 1 << 62


class Mutex(Cell):
    """A mutex; its memory holds the name of the thread that has it, or None."""

    __slots__ = ()
    zero = None

    @property
    def _rank(self) -> int:
        return int(self._constants.get("rank", 0))


class StatMutex(Mutex):
    """A mutex of statistics only: it orders nothing that is kept, so taking it is no step."""

    __slots__ = ()


class LockError(Exception):
    """A breach of the locking rules; the texts are those of Go's lock rank checker."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"{text}: {why}")
        self.text = text


LockOrder = Mapping[int, Collection[int]]
"""For each rank, the ranks that may be held when a mutex of that rank is taken."""


def lock_init(mutex: Mutex, rank: int) -> None:
    """Sets a mutex's rank; it is 0 otherwise."""
    if mutex._constants.setdefault("rank", rank) != rank:
        raise Unsupported(f"{mutex} is given two ranks: {mutex._rank} and {rank}")


def lock(mutex: Mutex) -> None:
    """Takes a mutex, whichever others are held."""
    if isinstance(mutex, StatMutex):
        return
    running = host()
    if mutex in running.held:
        raise LockError("self deadlock", f"{mutex} is taken twice")
    running.ask(Request(Kind.LOCK, mutex._place))
    running.held = (*running.held, mutex)


def lock_in(order: LockOrder) -> Callable[[Mutex], None]:
    """A `lock` that keeps to an order."""

    def lock_in_order(mutex: Mutex) -> None:
        for other in host().held:
            # One that is held already is a deadlock, whatever its rank.
            if other is not mutex and other._rank not in order[mutex._rank]:
                raise LockError("lock ordering problem", f"{mutex} is taken after {other}")
        lock(mutex)

    return lock_in_order


def unlock(mutex: Mutex) -> None:
    if isinstance(mutex, StatMutex):
        return
    running = host()
    if mutex not in running.held:
        raise LockError("unlock of unlocked lock", f"{mutex} is not held by this thread")
    running.ask(Request(Kind.UNLOCK, mutex._place))
    running.held = tuple(each for each in running.held if each is not mutex)


def assert_lock_held(mutex: Mutex) -> None:
    if mutex not in host().held:
        raise LockError("not holding required lock!", f"{mutex} is not held by this thread")


def publication_barrier() -> None:
    host().ask(Request(Kind.FENCE))


def osyield() -> None:
    host().ask(Request(Kind.SPIN))


class _Array(Object):
    """n elements, all `initial`. An index out of range raises IndexError, as it panics in Go."""

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
        """Writes value to the elements [low, high), one after the other."""
        for index in range(low, high):
            self[index] = value

    def __getitem__(self, index: int) -> Any:
        kind = Kind.LOAD if self.access == "racy" else Kind.PLAIN_LOAD
        return host().ask(Request(kind, _element(self, index), atomic=False))

    def __setitem__(self, index: int, value: Any) -> None:
        kind = Kind.STORE if self.access == "racy" else Kind.PLAIN_STORE
        host().ask(Request(kind, _element(self, index), (value,), atomic=False))

    def __iter__(self) -> Iterator[Any]:
        raise Unsupported(f"{self} is iterated inside an operation: index it in a loop")

    def __reversed__(self) -> Iterator[Any]:
        return iter(self)

    def __contains__(self, value: object) -> bool:
        raise Unsupported(f"{self} is searched inside an operation: index it in a loop")


def _element(array: _Array, index: int) -> Place:
    if not isinstance(index, int):
        raise Unsupported(f"{array} is sliced: index it in a loop")
    if not 0 <= index < len(array):
        raise IndexError(index)
    return Place(array, index)


class PlainArray(_Array):
    """Elements are free of races by design."""

    __slots__ = ()
    access = "plain"


class RacyArray(_Array):
    """Elements are read or written without synchronisation on purpose."""

    __slots__ = ()
    access = "racy"


class MixedArray(_Array):
    """Elements are plain words also used through atomic operations."""

    __slots__ = ()
    access = "mixed"


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

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            if (index.start, index.step) != (None, None) or not 0 <= index.stop <= len(self):
                raise IndexError(index)
            return PlainSlice(self._array, index.stop)
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


def _word(owner: Any, field: str | int) -> Place:
    place = _element(owner, field) if isinstance(owner, _Array) else Place(owner, field)  # type: ignore[arg-type]  # an array is indexed by int
    if owner._access(field) != "mixed":
        raise Unsupported(f"{place} is used by an atomic operation: declare it Mixed")
    return place


def _load(owner: Any, field: str | int) -> Any:
    return host().ask(Request(Kind.LOAD, _word(owner, field)))


def _store(owner: Any, field: str | int, value: Any) -> None:
    host().ask(Request(Kind.STORE, _word(owner, field), (value,)))


def _cas(owner: Any, field: str | int, old: Any, new: Any) -> Any:
    return host().ask(Request(Kind.RMW, _word(owner, field), (old, new), _swap_if))


def _xadd(owner: Any, field: str | int, delta: int) -> Any:
    return host().ask(Request(Kind.RMW, _word(owner, field), (delta,), _plus))


def _or_word(owner: Any, index: int, mask: int) -> None:
    host().ask(Request(Kind.RMW, _word(owner, index), (mask,), _or))


def _and_word(owner: Any, index: int, mask: int) -> None:
    host().ask(Request(Kind.RMW, _word(owner, index), (mask,), _and))


atomic = SimpleNamespace(
    load=_load,
    store=_store,
    cas=_cas,
    xadd=_xadd,
    load8=_load,
    loadp=_load,
    storep=_store,
    or8=_or_word,
    and8=_and_word,
    load64=_load,
    store64=_store,
    or64=_or_word,
    and64=_and_word,
)
