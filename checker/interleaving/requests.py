"""Requests, hosts and objects: what the explored substrate is made of.

A thread's shared access is a `Request` to the `Host` that runs it. Objects hold no fields: an
object is an identity, equal in every replay, and its fields are places in the explorer's memory.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from checker.assumption import Assumption
from checker.context import CONTEXT, acting
from checker.interleaving.values import PrivateRecord, Thing, Unsupported


class Kind(Enum):
    """What a thread asks of the substrate."""

    LOAD = "load"
    STORE = "store"
    RMW = "read-modify-write"
    LOCK = "lock"
    UNLOCK = "unlock"
    FENCE = "fence"
    SPIN = "spin"
    PLAIN_LOAD = "plain load"
    PLAIN_STORE = "plain store"
    RETURN = "return"
    THROW = "throw"
    DONE = "done"


class Place(NamedTuple):
    """A location of memory: a field of an object, or an element of an array."""

    owner: Any
    field: str | int

    def __str__(self) -> str:
        return f"{self.owner}" + (
            f"[{self.field}]" if isinstance(self.field, int) else f".{self.field}"
        )


Update = Callable[..., tuple[Any, Any]]
"""Of an old value and the operands: (new value, or UNCHANGED; answer)."""


UNCHANGED = object()


@dataclass(frozen=True, slots=True)
class Request:
    """One step a thread wants to take. `operands` is the value to store, return or throw."""

    kind: Kind
    place: Place | None = None
    operands: tuple[Any, ...] = ()
    update: Update | None = None
    atomic: bool = True


class Host(ABC):
    """Answers requests and gives objects their identity: a scenario's setup, or one thread."""

    creator = ""

    def __init__(
        self, things: dict[tuple[Any, ...], Any], relied_on: set[Assumption] | None = None
    ) -> None:
        """`relied_on` collects the assumptions; a setup's do not count, it is one plain run."""
        self.things = things
        self.relied_on = set[Assumption]() if relied_on is None else relied_on
        self.created = 0
        self.held: tuple[Any, ...] = ()
        self.building: tuple[Any, ...] = ()

    @abstractmethod
    def ask(self, request: Request) -> Any:
        """The answer to a request; suspends the thread until there is one."""


def hosted(running: Host) -> AbstractContextManager[None]:
    """`running` answers the requests that are made within the block."""
    return acting("host", running)


def host() -> Host:
    """Who answers. Raises Unsupported when nobody does."""
    if CONTEXT.host is None:
        raise Unsupported(
            "explored objects exist only while a scenario's setup or one of its threads runs"
        )
    return CONTEXT.host


def rely_on(assumption: Assumption) -> None:
    """Called by a substrate where it does less than what it stands for: the bound will say so."""
    host().relied_on.add(assumption)


class Object(Thing):
    """A thing with one name: its own, or that of the place which holds it.

    Names derive from the holder's, so a holder that gets another name passes it on.
    """

    __slots__ = ("_children", "_constants", "_creator", "_held_at", "_label", "_shape")
    _creator: str
    _label: str
    _held_at: Place | None
    _shape: tuple[Any, ...]
    _children: dict[str, Any]
    _constants: dict[str, Any]

    def __repr__(self) -> str:
        return self._label or str(self._held_at)

    def _embed(self, _place: Place) -> None:
        """Called when the object is held by value at a place."""

    def _initial(self, _field: str | int) -> Any:
        """What a field or element holds before anything is written there."""
        raise NotImplementedError

    def _access(self, _field: str | int) -> str:
        """The access class of a field: "plain", "racy", "mixed", "const" or "embedded"."""
        raise NotImplementedError


class Local(PrivateRecord):
    """Base of what a thread keeps on its stack: it makes records of its own, as dataclasses."""

    __slots__ = ()

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Any:
        made = super().__new__(cls)
        made._owner = host()
        return made


def identify(cls: Any, *shape: Any) -> Any:
    """The next object of the running thread: the same one whenever this history is replayed."""
    running = host()
    running.created += 1
    number = f"{running.creator}:{running.created}" if running.creator else f"{running.created}"
    key = (running.creator, running.created, cls)
    return interned(running, key, f"{cls.__name__}#{number}", cls, shape)


def interned(running: Host, key: tuple[Any, ...], label: str, cls: Any, shape: Any) -> Any:
    """The object of a key, made if it is new. `shape` is what it is besides its fields."""
    if not issubclass(cls, Object):
        raise Unsupported(f"{label}: {cls.__name__} is not a class of the explored substrate")
    thing = running.things.get(key)
    if thing is None:
        thing = running.things[key] = object.__new__(cls)
        thing._creator, thing._label, thing._shape = running.creator, label, shape
        thing._held_at = None
        thing._children, thing._constants = {}, {}
    elif thing._shape != shape:
        raise Unsupported(f"{thing} has another size on another path: give it one size")
    return thing


def name_after(thing: Object, place: Place) -> None:
    """Has a thing called by the place that holds it, unless it is the place's or has one already.

    Without the first condition a pointer back to the whole would name the whole after its part.
    """
    holder = place.owner
    while holder is not thing and holder._held_at is not None:
        holder = holder._held_at.owner
    if holder is not thing and thing._held_at is None:
        thing._label, thing._held_at = "", place


def rename(thing: Object, label: str) -> None:
    """Gives an object a name of its own for people; what is named after its places follows."""
    thing._label = label
