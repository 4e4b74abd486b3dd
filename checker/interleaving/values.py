"""Values as small integers: what threads exchange through memory, compared exactly.

Python calls 1, True and an IntEnum's member equal, but code that tests `is` or the type tells them
apart. Everything the explorer stores or hashes is therefore interned under its canonical form,
which carries the type. A value without one (a list, say) could change behind the explorer's back.
"""

import dataclasses
import enum
import types
from collections.abc import Hashable, Iterator
from typing import Any


class Unsupported(Exception):
    """The port does something the explorer cannot follow; the message says where and what to do.

    Never an outcome of the program: it ends the exploration without a result.
    """


class Thing:
    """An object with an identity that is the same in every replay: structs, mutexes, arrays..."""

    __slots__ = ()


class PrivateRecord:
    """A dataclass that only the run that made it, its `_owner`, can reach: it may change freely.

    What its fields hold is part of the local state of the thread.
    """

    __slots__ = ("_owner",)
    _owner: Any


class PrivateRecords:
    """The records that the state of a run leads to, numbered as they are met.

    Two states with equal forms lead to equal records, and where one leads twice to the same record
    so does the other.
    """

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._numbers: dict[int, int] = {}

    def form(self, record: PrivateRecord) -> Hashable:
        """A record's form: what it holds the first time, its number alone after that."""
        kind: Any = type(record)
        if record._owner is not self._owner:
            raise Unsupported(f"a {kind.__name__} was made by another thread, or in the setup")
        number = self._numbers.get(id(record))
        if number is not None:
            return (PrivateRecord, number)
        number = self._numbers[id(record)] = len(self._numbers)
        return (PrivateRecord, number, kind, *_fields(record, self))


_BY_IDENTITY = (
    Thing,
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.ModuleType,
    types.MappingProxyType,  # only ever a frozen constant: see `frozen`
)


def canonical(value: Any, records: PrivateRecords | None = None) -> Hashable:
    """A hashable form of an immutable value, equal for two values iff no program can tell them apart.

    With `records` also of a thread's own ones. Raises Unsupported for anything else.
    """
    kind = type(value)
    if value is None or kind is int or kind is str:
        return value  # type: ignore[no-any-return]  # narrowed by kind, which mypy cannot see
    if kind in (bool, bytes, range) or isinstance(value, enum.Enum):
        return (kind, value)
    if kind is float:
        return (kind, value.hex())
    if isinstance(value, tuple):
        return (kind, *(canonical(each, records) for each in value))
    if isinstance(value, _BY_IDENTITY):
        itself: Any = value
        return (object, id(value)) if kind is types.MappingProxyType else itself
    if isinstance(value, types.MethodType):
        return (kind, canonical(value.__self__, records), value.__func__)
    if kind is frozenset:
        return (kind, frozenset(map(canonical, value)))
    if isinstance(value, PrivateRecord):
        if records is not None:
            return records.form(value)
        raise Unsupported(f"a {kind.__name__} is a thread's own, and others could get hold of it")
    if dataclasses.is_dataclass(value) and _is_frozen(kind):
        return (kind, *_fields(value, records))
    raise Unsupported(
        f"a value of type {kind.__name__} cannot be told from a changed copy of itself: "
        "use an int, a str, a Struct, a tuple or a frozen dataclass"
    )


def _fields(value: Any, records: PrivateRecords | None) -> Iterator[Hashable]:
    return (canonical(getattr(value, each.name), records) for each in dataclasses.fields(value))


def _is_frozen(kind: type) -> bool:
    return bool(getattr(kind, "__dataclass_params__").frozen)  # noqa: B009  # not in typeshed


def frozen(value: Any) -> Any:
    """A constant's value made immutable, so that a thread that changes it fails loudly.

    Raises Unsupported for a mutable object that cannot be: its changes would go unseen.
    """
    if isinstance(value, list):
        return tuple(map(frozen, value))
    if isinstance(value, dict):
        return types.MappingProxyType({key: frozen(each) for key, each in value.items()})
    if isinstance(value, set):
        return frozenset(value)
    canonical(value)
    return value


class Values:
    """A table of values; equal canonical forms have the same number."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._values: list[Any] = []

    def number(self, value: Any) -> int:
        form = canonical(value)
        number = self._numbers.get(form)
        if number is None:
            number = self._numbers[form] = len(self._values)
            self._values.append(value)
        return number

    def __getitem__(self, number: int) -> Any:
        return self._values[number]
