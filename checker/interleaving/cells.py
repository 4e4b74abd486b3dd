"""Words of the explored substrate: typed atomics, and atomic functions on fields and elements."""

from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from checker.interleaving.arrays import Array, element
from checker.interleaving.requests import (
    UNCHANGED,
    Host,
    Kind,
    Object,
    Place,
    Request,
    host,
    identify,
)
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


def fence() -> None:
    """Orders earlier stores before later ones."""
    host().ask(Request(Kind.FENCE))


def spin() -> None:
    """A thread that waits for another gives way; not a step, since it changes nothing."""
    running = host()
    refuse_to_wait(running)
    running.ask(Request(Kind.SPIN))


def refuse_to_wait(running: Host) -> None:
    """A thread that waits may hold no mutex that excludes nobody here: others might wait for it."""
    for mutex in running.held:
        if not mutex.excludes:
            raise Unsupported(f"{mutex} is held by a thread that waits: have it exclude others")


def _word(owner: Any, field: str | int) -> Place:
    place = element(owner, field) if isinstance(owner, Array) else Place(owner, field)  # type: ignore[arg-type]  # an array is indexed by int
    if owner._access(field) != "mixed":
        raise Unsupported(f"{place} is used by an atomic operation: declare it Mixed")
    return place


def _load(owner: Any, field: str | int) -> Any:
    return host().ask(Request(Kind.LOAD, _word(owner, field)))


def _store(owner: Any, field: str | int, value: Any) -> None:
    host().ask(Request(Kind.STORE, _word(owner, field), (value,)))


def _compare_and_swap(owner: Any, field: str | int, old: Any, new: Any) -> Any:
    return host().ask(Request(Kind.RMW, _word(owner, field), (old, new), _swap_if))


def _add(owner: Any, field: str | int, delta: int) -> Any:
    return host().ask(Request(Kind.RMW, _word(owner, field), (delta,), _plus))


def _or_word(owner: Any, index: int, mask: int) -> None:
    host().ask(Request(Kind.RMW, _word(owner, index), (mask,), _or))


def _and_word(owner: Any, index: int, mask: int) -> None:
    host().ask(Request(Kind.RMW, _word(owner, index), (mask,), _and))


atomic = SimpleNamespace(
    load=_load,
    store=_store,
    compare_and_swap=_compare_and_swap,
    add=_add,
    or_=_or_word,
    and_=_and_word,
)
"""Atomic functions on (object, name of a field) and on (array, index)."""
