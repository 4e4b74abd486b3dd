"""Domains: what state variables hold, and what indices and parameters range over."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Sort:
    """A set of elements with nothing but identity: threads, locks, blocks."""

    name: str


class Enumeration(IntEnum):
    """Integers that print as their names. Every reading of a machine computes with the integers."""

    def __str__(self) -> str:
        return self.name

    __repr__ = __str__


@dataclass(frozen=True)
class Range:
    """The integers from `low` to `high`, both included; those that `names` has print as names.

    An end may name a constant of the machine, and None leaves it open (allowed for values of
    variables, not for indices and parameters).
    """

    low: int | str | None
    high: int | str | None
    names: type[Enumeration] | None = None


@dataclass(frozen=True)
class Choice:
    """One of the members of an enumeration, which are the integers 0, 1, ..."""

    names: type[Enumeration]

    def __post_init__(self) -> None:
        if [int(member) for member in self.names] != list(range(len(self.names))):
            raise ValueError(f"the members of {self.names.__name__} are not 0, 1, ... in order")


@dataclass(frozen=True)
class Boolean:
    """True or False."""


class _All:
    """Every element of an index."""

    def __repr__(self) -> str:
        return "ALL"


ALL = _All()
BOOL = Boolean()
Domain = Sort | Range | Choice
ValueType = Sort | Range | Choice | Boolean


def named(kind: ValueType, value: Any) -> Any:
    """The value, as a member of the domain's enumeration where it is one."""
    names = kind.names if isinstance(kind, Range | Choice) else None
    return value if names is None else _members(names).get(value, value)


def spell(kind: ValueType, value: Any) -> bool | int | str:
    """A value as a reader sees it: by its name where it has one."""
    value = named(kind, value)
    plain = isinstance(value, bool | int | str) and not isinstance(value, Enumeration)
    return value if plain else str(value)


@cache
def _members(names: type[Enumeration]) -> dict[int, Enumeration]:
    return {int(member): member for member in names}
