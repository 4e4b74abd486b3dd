"""Generate the instrumented package runtime from the installed one.

Each wrapped function keeps its body under another name and gets a wrapper of its own name and
pragmas; stores are rewritten within their line, so line numbers survive.  The result is a set
of files for `go build -overlay`: changed copies and our own recorder.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import NamedTuple

from golang import trace_format
from golang.errors import CannotCheck
from golang.events import KINDS, RECORD_BYTES, StoreSite
from golang.hooks import LINES, WRAPS, Line, Wrap
from golang.source import Function, GoEdit, Source
from golang.toolchain import GO_VERSION

TEMPLATES = Path(__file__).parent / "template"
INNER = "tapInner_"


class Store(NamedTuple):
    """A store of the watched variable `variable` at a line (from 0) of a file."""

    file: str
    line: int
    variable: str


@dataclass(frozen=True, slots=True)
class Overlay:
    """`files` to put over package runtime (name -> text) and the stores that they record."""

    files: Mapping[str, str]
    recorded: frozenset[Store]

    @property
    def digest(self) -> str:
        """A content hash, in hex."""
        return hashlib.sha256(json.dumps(dict(self.files), sort_keys=True).encode()).hexdigest()

    def write(self, directory: Path, runtime: Path) -> Path:
        """Write the files and the JSON for `-overlay` into `directory`; return the latter."""
        directory.mkdir(parents=True, exist_ok=True)
        replace = {}
        for name, text in self.files.items():
            (directory / name).write_text(text)
            replace[str(runtime / name)] = str(directory / name)
        index = directory / "overlay.json"
        index.write_text(json.dumps({"Replace": replace}, indent=1))
        return index


def generate(
    source: Source,
    edits: Sequence[GoEdit] = (),
    wraps: Sequence[Wrap] = WRAPS,
    lines: Sequence[Line] = LINES,
) -> Overlay:
    """Instrument `source` after applying `edits` (a mutant).

    Raises CannotCheck when a hook does not find its place in the source as installed; in an
    edited source only the scan can tell whether every store is recorded.
    """
    overlay = _instrument(source, wraps, lines, ())
    return _instrument(source.edited(edits), wraps, lines, edits) if edits else overlay


def _instrument(
    source: Source, wraps: Sequence[Wrap], rules: Sequence[Line], edits: Sequence[GoEdit]
) -> Overlay:
    """Instrument `source`, which has `edits` already."""
    functions = source.functions()
    changed = {edit.file: list(source.files[edit.file]) for edit in edits}
    recorded: set[Store] = set()

    for rule in rules:
        counts: Counter[str] = Counter()
        for file, lines in source.files.items():
            if not re.search(rule.pattern, "\n".join(lines), re.MULTILINE):
                continue
            spans = sorted(
                (f.start, f.end, f.name) for fs in functions.values() for f in fs if f.file == file
            )
            for number, line in enumerate(lines):
                if line.lstrip().startswith("//") or not re.search(rule.pattern, line):
                    continue
                where = next((name for a, b, name in spans if a <= number <= b), "?")
                current = changed.setdefault(file, list(lines))
                current[number] = re.sub(rule.pattern, _replacement(rule, where), current[number])
                counts[where] += 1
                recorded |= {Store(file, number, variable) for variable in rule.covers}
        # A mutant may replace a store, which the scan then sees; it may not lose other hooks.
        if (not edits or not rule.covers) and counts != Counter(rule.functions):
            raise CannotCheck(
                "package runtime",
                f"the hook {rule.pattern!r} fits {dict(counts)}, not {dict(rule.functions)}",
                f"use the unchanged source of {GO_VERSION}",
            )

    wrappers = []
    for wrap in wraps:
        function = _only(functions, wrap.function)
        current = changed.setdefault(function.file, list(source.files[function.file]))
        header = current[function.start]
        current[function.start] = header.replace(f"{function.name}(", f"{INNER}{function.name}(", 1)
        wrappers.append(_wrapper(function, wrap))
        recorded |= {
            Store(function.file, number, variable)
            for variable in wrap.covers
            for number in range(function.start, function.end + 1)
        }

    files = {file: "\n".join(lines) for file, lines in sorted(changed.items())}
    files |= {
        "zz_tap_recorder.go": _recorder(),
        "zz_tap_events.go": (TEMPLATES / "events.go.tmpl").read_text(),
        "zz_tap_pages.go": (TEMPLATES / "pages.go.tmpl").read_text(),
        "zz_tap_wraps.go": "package runtime\n\n" + "\n".join(wrappers),
    }
    return Overlay(MappingProxyType(files), frozenset(recorded))


def _replacement(rule: Line, function: str) -> str:
    if "SITE" not in rule.replacement:
        return rule.replacement
    if function not in StoreSite.__members__:
        raise CannotCheck(
            "package runtime",
            f"{function} stores a generation ({rule.pattern!r}) and has no StoreSite number",
            "add the function to golang.events.StoreSite and say in the monitors what it may store",
        )
    return rule.replacement.replace("SITE", str(int(StoreSite[function])))


def _only(functions: Mapping[str, Sequence[Function]], key: str) -> Function:
    found = functions.get(key, ())
    if len(found) != 1:
        raise CannotCheck(
            "package runtime",
            f"the hooked function {key} is defined {len(found)} times, not once",
            f"use the unchanged source of {GO_VERSION}",
        )
    return found[0]


def _wrapper(function: Function, wrap: Wrap) -> str:
    receiver = f"({function.receiver} {function.receiver_type}) " if function.receiver else ""
    inner = f"{function.receiver}.{INNER}" if function.receiver else INNER
    arguments = ", ".join(p.split()[0] for p in function.parameters.split(",") if p.strip())
    call = f"{inner}{function.name}({arguments})"
    # A result, named or not: its type is the last word.
    types = [each.split()[-1] for each in function.results.strip("()").split(",") if each.strip()]
    result = ""
    if types:
        result = f" ({', '.join(f'r{i} {each}' for i, each in enumerate(types))})"
        call = f"{', '.join(f'r{i}' for i in range(len(types)))} = {call}"
    body = [wrap.before, call, wrap.after, "return" if result else ""]
    return "\n".join(
        [
            *function.pragmas,
            f"func {receiver}{function.name}({function.parameters}){result} {{",
            *(f"\t{statement}" for statement in body if statement),
            "}\n",
        ]
    )


def _recorder() -> str:
    kinds = "\n".join(
        f"\ttapKind{event.__name__} = {number}" for number, event in enumerate(KINDS, start=1)
    )
    return Template((TEMPLATES / "recorder.go.tmpl").read_text()).substitute(
        magic=hex(trace_format.MAGIC),
        format=trace_format.FORMAT,
        header_bytes=trace_format.HEADER_BYTES,
        record_bytes=RECORD_BYTES,
        version_offset=trace_format.VERSION_OFFSET,
        version_bytes=trace_format.VERSION_BYTES,
        kinds=kinds,
    )
