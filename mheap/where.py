"""Where is what: for each declaration of Go's mheap.go, its counterpart in the port, or why none.

Counterparts come from the docstrings of impl/ (mheap/citations.py). Names are mapped mechanically
(mheap/names.py), so constants and fields need no docstring: a struct's fields are looked for in the
class that cites the struct. What is left needs a line in mheap/artefacts.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from golang.declarations import Declaration
from golang.fingerprint import Cited, Tree
from mheap.artefacts import INSTEAD, MARKER, MARKER_REASON, REASONS
from mheap.citations import PortPlace, places
from mheap.names import port_names, snake

SUBJECT = "runtime/mheap.go"
_KIND = {"func": "function", "type": "class"}


@dataclass(frozen=True, slots=True)
class Row:
    """A Go declaration with its counterparts; without any, the note has to say why."""

    declaration: Declaration
    places: tuple[PortPlace, ...]
    note: str

    @property
    def gap(self) -> bool:
        """Neither a counterpart nor a reason."""
        return not self.places and not self.note


def table(tree: Tree, port: Sequence[PortPlace] | None = None) -> list[Row]:
    """A row for each declaration of mheap.go and each field of its structs, in Go's order."""
    found = places() if port is None else port
    finder = _Finder(tuple(found))
    return [finder.row(each) for each in tree.declarations(SUBJECT).values()]


def gaps(rows: Sequence[Row]) -> list[str]:
    """A line for each declaration without counterpart or reason."""
    return [
        f"{row.declaration.kind} {row.declaration.name} (mheap.go:{row.declaration.start})"
        for row in rows
        if row.gap
    ]


def described(row: Row) -> str:
    """The row as a line."""
    there = ", ".join(map(str, row.places)) or ("nothing" if row.note else "not ported")
    note = f" ({row.note})" if row.note else ""
    return f"{row.declaration.file}:{row.declaration.start} {row.declaration.name}: {there}{note}"


def lookup(tree: Tree, name: str) -> list[Row]:
    """The rows of that Go name, in mheap.go and in the other files that the port cites."""
    rows = [*table(tree), *(row for rows in neighbours(tree).values() for row in rows)]
    return [row for row in rows if row.declaration.name == name]


def neighbours(tree: Tree, port: Sequence[PortPlace] | None = None) -> dict[str, list[Row]]:
    """For each other Go file that the port cites, its functions and types, and what was ported.

    Of its constants, variables and fields there are only those that the port cites.
    """
    finder = _Finder(tuple(places() if port is None else port))
    files = sorted({cited.file for cited in finder.citing} - {SUBJECT})
    return {
        file: [
            Row(each, ported, "")
            for each in tree.declarations(file).values()
            if (ported := finder.cited_places(each)) or each.kind in _KIND
        ]
        for file in files
    }


def unused_entries(tree: Tree, port: Sequence[PortPlace] | None = None) -> list[str]:
    """The lines of mheap/artefacts.py that are wrong, or not needed any more."""
    found = tuple(places() if port is None else port)
    finder = _Finder(found)
    declared = tree.declarations(SUBJECT)
    wrong = []
    for name in sorted(REASONS.keys() | INSTEAD.keys()):
        if name not in declared:
            wrong.append(f"{name} is not in {SUBJECT}")
        elif finder.mechanical(declared[name]):
            wrong.append(f"{name} has a counterpart without its entry")
    for name, (other, _) in sorted(INSTEAD.items()):
        count = len(finder.with_name(other))
        if count != 1:
            wrong.append(f"{name}: impl/ has {count} pieces of the name {other}")
    return wrong


class _Finder:
    """The port's pieces by what they cite and by their names."""

    def __init__(self, port: tuple[PortPlace, ...]) -> None:
        self.port = port
        self.citing: dict[Cited, list[PortPlace]] = {}
        self.constants: dict[str, list[PortPlace]] = {}
        self.classes = {place.name: place for place in port if place.kind == "class"}
        self.members: dict[str, dict[str, PortPlace]] = {}
        for place in port:
            if place.cited is not None:
                self.citing.setdefault(place.cited, []).append(place)
            owner, _, last = place.name.rpartition(".")
            if place.kind == "constant" or owner in ("Config", "Runtime"):
                self.constants.setdefault(last.lstrip("_"), []).append(place)
            if owner:
                self.members.setdefault(owner, {})[last] = place

    def row(self, declaration: Declaration) -> Row:
        """The declaration's row."""
        found = self.mechanical(declaration)
        if found:
            return Row(declaration, found, "")
        if declaration.code[: len(MARKER)] == MARKER:
            return Row(declaration, (), MARKER_REASON)
        name = declaration.name
        if name in INSTEAD:
            other, note = INSTEAD[name]
            instead = self.with_name(other)
            return Row(declaration, instead, note if instead else "")
        return Row(declaration, (), REASONS.get(name, ""))

    def mechanical(self, declaration: Declaration) -> tuple[PortPlace, ...]:
        """The counterparts that need no entry."""
        found = self.cited_places(declaration)
        if not found and declaration.kind in ("const", "var"):
            names = port_names(declaration)
            return tuple(place for name in names for place in self.constants.get(name, ()))
        if not found and declaration.kind == "field":
            return self._field(declaration)
        return found

    def cited_places(self, declaration: Declaration) -> tuple[PortPlace, ...]:
        """The pieces of the port that cite the declaration, if one is of the right kind.

        A constant that cites a function is a part of it, not the function.
        """
        found = tuple(self.citing.get(Cited(declaration.file, declaration.name), ()))
        right = _KIND.get(declaration.kind)
        return found if right is None or any(place.kind == right for place in found) else ()

    def with_name(self, name: str) -> tuple[PortPlace, ...]:
        """The pieces of the port of this name, in whatever module."""
        return tuple(place for place in self.port if place.name == name)

    def _field(self, declaration: Declaration) -> tuple[PortPlace, ...]:
        """The field of that name in a class that cites the struct, or that cites what holds it.

        A field of an unnamed struct may also stand in the class around it: cur_arena_base.
        """
        owner = declaration.name.rpartition(".")[0]
        (name,) = port_names(declaration)
        while owner:
            for place in self.citing.get(Cited(declaration.file, owner), ()):
                found = self._member(place, name)
                if found is not None:
                    return (found,)
            owner, _, outer = owner.rpartition(".")
            name = f"{snake(outer)}_{name}"
        return ()

    def _member(self, place: PortPlace, name: str) -> PortPlace | None:
        """A member of a class, or the base class that is Go's embedded struct of that name."""
        if place.kind != "class":
            return None
        own = self.members.get(place.name, {}).get(name)
        if own is not None:
            return own
        for base in (self.classes[each] for each in place.bases if each in self.classes):
            if base.cited is not None and snake(base.cited.name) == name:
                return base
        return None
