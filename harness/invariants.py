"""The invariants of Go's mheap.go, by number: what its source states, and where that is checked.

The list is `invariants.toml`, whose first lines say what each key means. Here it is read; whether the
checks that it names exist only a test can say, which knows the proofs.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_name("invariants.toml")


class StatedBy(StrEnum):
    """What of Go's source says so."""

    COMMENT = "comment"
    THROW = "throw"
    ASSERTION = "assertion"
    CODE = "code"
    """It is so, and nothing says that it must be."""


@dataclass(frozen=True, slots=True)
class GoInvariant:
    """One entry of the list."""

    number: int
    section: str
    text: str
    cites: Mapping[StatedBy, tuple[str, ...]]
    checked: tuple[str, ...]
    tested: tuple[str, ...] = ()
    note: str = ""


class WrongEntry(ValueError):
    """An entry of the list can't be read; the message says which, and what is wrong with it."""


@cache
def invariants() -> tuple[GoInvariant, ...]:
    """The list, by number."""
    return parse(LIST.read_text())


def parse(text: str) -> tuple[GoInvariant, ...]:
    """The entries of a list, by number. Raises WrongEntry."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WrongEntry(f"the list is not TOML: {error}") from error
    found = [
        _entry(entry, _text(section, "title", f"section {i}"))
        for i, section in enumerate(_tables(document, "section", "the list"), 1)
        for entry in _tables(section, "invariant", f"section {i}")
    ]
    found.sort(key=lambda each: each.number)
    for number, each in enumerate(found, 1):
        if each.number != number:
            wrong = "there twice" if each.number < number else "missing"
            raise WrongEntry(f"invariant {min(each.number, number)} is {wrong}")
    return tuple(found)


def _entry(entry: Mapping[str, Any], section: str) -> GoInvariant:
    number = entry.get("number")
    if type(number) is not int:
        raise WrongEntry(f"an entry of {section!r} has no number: {entry.get('text', entry)!r}")
    where = f"invariant {number}"
    _known(entry, ("number", "text", "cites", "checked", "tested", "note"), where)
    cites = entry.get("cites")
    if not isinstance(cites, dict) or not cites:
        raise WrongEntry(f"{where}: cites says nothing")
    _known(cites, tuple(StatedBy), f"{where}: cites")
    return GoInvariant(
        number,
        section,
        _text(entry, "text", where),
        {place: _texts(cites, place, where) for place in StatedBy if place in cites},
        _texts(entry, "checked", where),
        _texts(entry, "tested", where) if "tested" in entry else (),
        _text(entry, "note", where) if "note" in entry else "",
    )


def _tables(table: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    tables = table.get(key)
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise WrongEntry(f"{where} has no tables [[{key}]]")
    return tables


def _known(table: Mapping[str, Any], keys: Collection[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise WrongEntry(f"{where}: {key!r} is none of {', '.join(keys)}")


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise WrongEntry(f"{where}: {key} must be a text")
    return value


def _texts(table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise WrongEntry(f"{where}: {key} must be a list of texts")
    return tuple(value)
