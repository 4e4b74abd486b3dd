"""Find every store of a watched variable, and refuse the runtime if one is not recorded.

The Go compiler does the finding: the watched fields are renamed in their declarations, so each
use of one becomes a compile error with its exact place and type; a use that is not plainly a
load counts as a store.  Not seen: copies of whole structs and access through unsafe pointers.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from golang.errors import CannotCheck
from golang.hooks import UNRECORDED, WATCHED, Watched
from golang.overlay import Overlay, Store
from golang.source import Function, Source
from golang.toolchain import GO_VERSION, Toolchain

_HIDDEN = "tapHidden_"
_FIELD_USE = re.compile(
    r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<use>.+) undefined "
    r"\(type \*?(?P<type>\w+) has no field or method (?P<name>\w+)\)$"
)
_VARIABLE_USE = re.compile(
    r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): undefined: (?P<name>\w+)$"
)
_LITERAL_USE = re.compile(
    r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): unknown field (?P<name>\w+) in struct literal"
    r" of type (?P<type>\w+)$"
)
_ASSIGNED = re.compile(r"^[^;{]*?(?:(?<![=!<>:])=(?!=)|:=|<<=|>>=|\+\+|--)")
_ATOMIC_LOAD = re.compile(r"atomic\.Load\w*\(&$")
_LOADING_METHODS = (".Load()", ".get()")
_BOX_METHODS = (*_LOADING_METHODS, ".set(")  # mSpanStateBox.set is watched by its own field


@dataclass(frozen=True, slots=True)
class Use:
    """A use of the watched variable `variable`; `column` (from 0) is where its name starts."""

    file: str
    line: int
    column: int
    variable: str


def check_stores_recorded(go: Toolchain, source: Source, overlay: Overlay) -> int:
    """The number of stores of watched variables in `source`, all of them recorded by `overlay`.

    Raises CannotCheck naming the stores that are not.
    """
    stores = find_stores(go, source)
    missed = unrecorded(source, stores, overlay)
    if missed:
        raise CannotCheck(
            "package runtime",
            "not recorded: "
            + ", ".join(f"{s.file}:{s.line + 1} stores {s.variable}" for s in missed),
            "cover each in golang/hooks.py",
        )
    return len(stores)


def unrecorded(source: Source, stores: Collection[Store], overlay: Overlay) -> list[Store]:
    """The `stores` that `overlay` does not record and UNRECORDED does not excuse, sorted."""
    functions = [each for group in source.functions().values() for each in group]
    return sorted(
        store
        for store in stores
        if store not in overlay.recorded
        and (_function_at(functions, store), store.variable) not in UNRECORDED
    )


def find_stores(go: Toolchain, source: Source) -> set[Store]:
    """Every store of a watched variable that the compiler sees on this platform."""
    return {
        Store(use.file, use.line, variable)
        for use in find_uses(go, source)
        for variable in stored_by(source.files[use.file][use.line], use)
    }


def find_uses(go: Toolchain, source: Source) -> set[Use]:
    """Every use of a watched variable that the compiler sees on this platform."""
    hidden = {file: list(lines) for file, lines in source.files.items()}
    for watched in WATCHED:
        _hide(hidden, watched)
    # An edited file has to replace the installed one even where nothing in it was hidden.
    installed = Source.read(go.runtime_source).files
    files = {file: "\n".join(lines) for file, lines in hidden.items() if lines != installed[file]}
    with tempfile.TemporaryDirectory() as directory:
        index = Overlay(files, frozenset()).write(Path(directory), go.runtime_source)
        answer = go.run(
            ["build", "-gcflags=-e", "-overlay", str(index), "runtime"], Path(directory), 300
        )
    lines = [text for text in answer.stderr.splitlines() if not text.startswith("# ")]
    uses = {use for text in lines for use in _uses(source, text)}
    unseen = {w.name for w in WATCHED} - {use.variable for use in uses}
    if unseen:
        raise CannotCheck(
            "package runtime",
            f"the compiler reported no use of {', '.join(sorted(unseen))}",
            f"use the unchanged source of {GO_VERSION}",
        )
    return uses


def _hide(files: dict[str, list[str]], watched: Watched) -> None:
    hits = []
    for file, lines in files.items():
        inside = not watched.struct
        for number, line in enumerate(lines):
            if line.startswith("type "):
                inside = line == f"type {watched.struct} struct {{"
            elif watched.struct and line == "}":
                inside = False
            if inside and (match := re.match(watched.declaration, line)):
                hits.append((file, number, match.start(1)))
    if len(hits) != 1:
        raise CannotCheck(
            "package runtime",
            f"{watched.name} is declared {len(hits)} times, not once",
            f"use the unchanged source of {GO_VERSION}",
        )
    file, number, column = hits[0]
    line = files[file][number]
    files[file][number] = line[:column] + _HIDDEN + line[column:]


def _uses(source: Source, text: str) -> Iterable[Use]:
    """The uses behind one line of compiler output.

    The compiler reports an expression once per line of source: all its occurrences are taken.
    """
    if match := _FIELD_USE.match(text):
        variable, use = f"{match['type']}.{match['name']}", match["use"]
    elif match := _VARIABLE_USE.match(text):
        variable, use = match["name"], match["name"]
    elif match := _LITERAL_USE.match(text):
        variable, use = f"{match['type']}.{match['name']}", match["name"]
    else:
        raise CannotCheck("go build", f"unexpected output of the scan: {text}", "report it")
    file, line, name = Path(match["file"]).name, int(match["line"]) - 1, match["name"]
    code = _without_strings(source.files[file][line])
    hits = [
        hit.end() - len(name) for hit in re.finditer(rf"(?<![\w.]){re.escape(use)}(?!\w)", code)
    ]
    # The compiler may print an expression otherwise than it is written; its column always holds.
    column = int(match["column"]) - 1
    if code.startswith(name, column):
        hits.append(column)
    if not hits:
        raise CannotCheck("go build", f"the scan cannot place: {text}", "report it")
    for hit in hits:
        yield Use(file, line, hit, variable)


def _without_strings(code: str) -> str:
    """`code` with the contents of string literals blanked, columns kept."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda m: '"' + " " * (len(m[0]) - 2) + '"', code)


def stored_by(code: str, use: Use) -> set[str]:
    """The watched variables that the line `code` may store through `use`."""
    code = _without_strings(code)
    chain = {watched.name: watched.leads_to for watched in WATCHED}
    variable, end = use.variable, use.column
    while True:
        end += len(variable.rpartition(".")[2])
        step = re.match(r"\.(\w+)", code[end:])
        following = f"{chain[variable]}.{step[1]}" if step and chain[variable] else ""
        if following not in chain:
            break
        variable, end = following, end + 1
    rest = code[end:].partition("//")[0]
    before = code[: use.column]
    if rest.startswith(_BOX_METHODS if variable == "mspan.state" else _LOADING_METHODS):
        return set()
    path = re.search(r"[\w.\[\]]*$", before)
    address_of = before[: path.start() if path else 0]
    if _ATOMIC_LOAD.search(address_of):
        return set()
    plain = variable not in _BOXED and not address_of.endswith("&")
    if plain and not _ASSIGNED.match(rest) and not rest.startswith(":"):
        return set()
    return {variable}


_BOXED = frozenset(
    w.name for w in WATCHED if "atomic" in w.declaration or "StateBox" in w.declaration
)


def _function_at(functions: Collection[Function], store: Store) -> str:
    return next(
        (
            function.key
            for function in functions
            if function.file == store.file and function.start <= store.line <= function.end
        ),
        "",
    )
