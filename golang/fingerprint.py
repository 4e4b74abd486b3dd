"""Fingerprints of Go declarations, and what became of them in another version of Go.

A fingerprint is a hash of a declaration's tokens: comments, pragmas and formatting do not change
it. It does not follow names: a function keeps its fingerprint when only a function it calls has
changed, and a constant when only a constant it is computed from has. Which declarations matter is
the caller's to say, by the file and name that a citation has: "runtime/mheap.go mheap.grow".
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from golang.declarations import Declaration, declarations
from golang.errors import CannotCheck
from golang.toolchain import GO_VERSION

RECORD = Path(__file__).with_name("fingerprints.json")
_ROOMS = ("runtime", "internal")
_LIKELY = ("runtime/", "internal/runtime/")
_HASH_LENGTH = 16


class Cited(NamedTuple):
    """A declaration by its file, below GOROOT/src, and its name."""

    file: str
    name: str

    def __str__(self) -> str:
        return f"{self.file} {self.name}"


@dataclass(frozen=True, slots=True)
class Tree:
    """The Go files of runtime and internal of one version, tests excluded: file -> text."""

    version: str
    files: Mapping[str, str] = field(repr=False)
    _parsed: dict[str, dict[str, Declaration]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def read(cls, goroot: Path) -> Tree:
        """Read the source of an installation; CannotCheck if it is not one."""
        source = goroot / "src"
        paths = [path for room in _ROOMS for path in sorted((source / room).rglob("*.go"))]
        files = {
            name: path.read_text(encoding="utf-8")
            for path in paths
            if is_source(name := path.relative_to(source).as_posix())
        }
        try:
            version = (goroot / "VERSION").read_text().split()[0]
        except (OSError, IndexError) as error:
            raise CannotCheck(
                goroot, "there is no VERSION file", "name a version, or the root of a Go"
            ) from error
        if "runtime/mheap.go" not in files:
            raise CannotCheck(
                goroot, "the source of package runtime is not there", "install Go with its source"
            )
        return cls(version, files)

    def declarations(self, file: str) -> Mapping[str, Declaration]:
        """The declarations of a file by name; none if there is no such file."""
        if file not in self._parsed:
            try:
                self._parsed[file] = declarations(self.files.get(file, ""), file)
            except ValueError as error:
                raise CannotCheck(
                    f"{file} of {self.version}", str(error), "report it: our reader of Go is wrong"
                ) from error
        return self._parsed[file]

    def find(self, cited: Cited) -> Declaration | None:
        """The declaration with this file and name."""
        return self.declarations(cited.file).get(cited.name)

    def elsewhere(self, cited: Cited) -> list[Declaration]:
        """The declarations with this name in other files."""
        last = re.compile(rf"\b{re.escape(cited.name.rpartition('.')[2])}\b")
        found = []
        for file, text in self.files.items():
            if file != cited.file and last.search(text):
                declaration = self.find(Cited(file, cited.name))
                if declaration is not None:
                    found.append(declaration)
        return found

    def constraint(self, file: str) -> str:
        """The build constraint of a file, empty without one: not every build has what is in it."""
        found = re.search(r"^//go:build .*$", self.files[file], re.MULTILINE)
        return found[0] if found else ""

    def text(self, declaration: Declaration) -> list[str]:
        """The lines of a declaration, with the comment above it."""
        lines = self.files[declaration.file].splitlines()
        start = declaration.start - 1
        while start and lines[start - 1].lstrip().startswith("//"):
            start -= 1
        return lines[start : declaration.end]


def is_source(name: str) -> bool:
    """Whether the file, named from GOROOT/src, is one that a Tree has."""
    return (
        name.startswith(tuple(f"{room}/" for room in _ROOMS))
        and name.endswith(".go")
        and not name.endswith("_test.go")
        and "/testdata/" not in name
    )


def fingerprint(declaration: Declaration) -> str:
    """The hash of the declaration's tokens."""
    text = "\n".join(declaration.code)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def fingerprints(tree: Tree, names: Iterable[Cited]) -> dict[Cited, str]:
    """The fingerprints of the named declarations, sorted; CannotCheck if some are not there."""
    found = {cited: tree.find(cited) for cited in sorted(set(names))}
    missing = [str(cited) for cited, declaration in found.items() if declaration is None]
    if missing:
        raise CannotCheck(
            f"the source of {tree.version}",
            f"it does not declare {', '.join(missing)}",
            "correct the docstrings of impl/ that cite them",
        )
    return {cited: fingerprint(each) for cited, each in found.items() if each is not None}


def write_record(prints: Mapping[Cited, str], path: Path = RECORD) -> None:
    """Write the fingerprints of 1.21.13, a line each."""
    document = {"version": GO_VERSION, "fingerprints": {str(c): prints[c] for c in sorted(prints)}}
    path.write_text(json.dumps(document, indent=1) + "\n")


def read_record(path: Path = RECORD) -> dict[Cited, str]:
    """The recorded fingerprints of 1.21.13."""
    try:
        document = json.loads(path.read_text())
        pairs = document["fingerprints"].items()
        return {Cited(*name.split(" ", 1)): value for name, value in pairs}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CannotCheck(
            path, f"not a record of fingerprints ({type(error).__name__}: {error})", _RECORD_ANEW
        ) from error


def current_record(names: Iterable[Cited], path: Path = RECORD) -> dict[Cited, str]:
    """The record, if it is of just these declarations; CannotCheck otherwise."""
    recorded = read_record(path)
    differing = sorted(set(names) ^ recorded.keys())
    if differing:
        some = ", ".join(map(str, differing[:3])) + (", ..." if len(differing) > 3 else "")
        raise CannotCheck(
            path, f"{len(differing)} ported declarations more or fewer ({some})", _RECORD_ANEW
        )
    return recorded


_RECORD_ANEW = "record anew with: mheap drift --record"


class Fate(Enum):
    """What became of a declaration."""

    SAME = "same"
    CHANGED = "changed"
    MOVED = "moved"
    MOVED_AND_CHANGED = "moved and changed"
    VANISHED = "vanished"


class Drift(NamedTuple):
    """What became of a ported declaration; `file` is where it is now, empty if nowhere."""

    cited: Cited
    fate: Fate
    file: str


def drift(recorded: Mapping[Cited, str], tree: Tree) -> list[Drift]:
    """What became of each recorded declaration in another version."""
    return [_drift(cited, recorded[cited], tree) for cited in sorted(recorded)]


def _drift(cited: Cited, before: str, tree: Tree) -> Drift:
    here = tree.find(cited)
    if here is not None:
        fate = Fate.SAME if fingerprint(here) == before else Fate.CHANGED
        return Drift(cited, fate, cited.file)
    others = tree.elsewhere(cited)
    for other in others:
        if fingerprint(other) == before:
            return Drift(cited, Fate.MOVED, other.file)
    # Short names are common in other packages, where they mean something else.
    likely = [other for other in others if other.file.startswith(_LIKELY)]
    if likely:
        return Drift(cited, Fate.MOVED_AND_CHANGED, likely[0].file)
    return Drift(cited, Fate.VANISHED, "")


def unified_diff(old: Tree, new: Tree, change: Drift) -> str:
    """The declaration then and now, comments included, as a unified diff."""
    sides = []
    for tree, file in ((old, change.cited.file), (new, change.file)):
        declaration = tree.find(Cited(file, change.cited.name))
        label = f"{tree.version}/{file}:{declaration.start}" if declaration else "nowhere"
        sides.append((label, tree.text(declaration) if declaration else []))
    (before, old_lines), (after, new_lines) = sides
    lines = difflib.unified_diff(old_lines, new_lines, before, after, n=3, lineterm="")
    return "\n".join(lines)
