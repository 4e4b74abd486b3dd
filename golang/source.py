"""Package runtime as text: its files, its functions, and exact edits of them.

Only one-line function headers are understood; that is what gofmt makes of all the functions we
hook, and a hook whose function is not found is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from golang.errors import CannotCheck
from golang.toolchain import GO_VERSION

_HEADER = re.compile(r"^func (?:\((\w+) (\*?\w+)\) )?(\w+)\(([^()]*)\)( .*)? \{$")


@dataclass(frozen=True, slots=True)
class GoEdit:
    """Replace `old`, part of a line that occurs just once in `function` of `file`, by `new`."""

    file: str
    function: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function of package runtime; lines `start` (the header) to `end` of `file`, from 0."""

    file: str
    start: int
    end: int
    receiver: str
    receiver_type: str
    name: str
    parameters: str
    results: str
    pragmas: tuple[str, ...]

    @property
    def key(self) -> str:
        """The name that hooks use: Type.method, or the function's alone."""
        owner = self.receiver_type.lstrip("*")
        return f"{owner}.{self.name}" if owner else self.name


@dataclass(frozen=True, slots=True)
class Source:
    """The Go files of package runtime, tests excluded: file name -> lines."""

    files: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, directory: Path) -> Source:
        """Read the installed package; CannotCheck if it is not there."""
        paths = sorted(p for p in directory.glob("*.go") if not p.name.endswith("_test.go"))
        if not paths:
            raise CannotCheck(
                directory,
                "the source of package runtime is not there",
                f"install the whole of {GO_VERSION} with: pip install '.[go]'",
            )
        return cls({path.name: path.read_text().split("\n") for path in paths})

    def functions(self) -> dict[str, list[Function]]:
        """All functions by key; build tags can give one key several functions."""
        found: dict[str, list[Function]] = {}
        for file, lines in self.files.items():
            for number, line in enumerate(lines):
                if line.startswith("func ") and (match := _HEADER.match(line)):
                    function = _function(file, lines, number, match)
                    found.setdefault(function.key, []).append(function)
        return found

    def edited(self, edits: Sequence[GoEdit]) -> Source:
        """A copy with `edits` applied; CannotCheck unless each anchor occurs exactly once."""
        files = {file: list(lines) for file, lines in self.files.items()}
        functions = self.functions()
        for edit in edits:
            places = [f for f in functions.get(edit.function, []) if f.file == edit.file]
            lines = files[edit.file]
            hits = [
                number
                for function in places
                for number in range(function.start, function.end + 1)
                if edit.old in lines[number]
            ]
            if len(hits) != 1 or lines[hits[0]].count(edit.old) != 1:
                raise CannotCheck(
                    edit.file,
                    f"{edit.old!r} occurs {len(hits)} times in {edit.function}, not once",
                    f"the edit was written for {GO_VERSION}: use its source, unchanged",
                )
            lines[hits[0]] = lines[hits[0]].replace(edit.old, edit.new)
        # What an edit puts in place of a line may be several.
        return Source({file: "\n".join(lines).split("\n") for file, lines in files.items()})


def _function(file: str, lines: Sequence[str], start: int, match: re.Match[str]) -> Function:
    receiver, receiver_type, name, parameters, results = match.groups(default="")
    end = next(n for n in range(start, len(lines)) if lines[n] == "}")
    first = start
    while first and lines[first - 1].startswith("//"):
        first -= 1
    pragmas = tuple(line for line in lines[first:start] if line.startswith("//go:"))
    return Function(
        file, start, end, receiver, receiver_type, name, parameters, results.strip(), pragmas
    )
