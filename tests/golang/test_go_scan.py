"""The scan: it tells stores from loads, and refuses a runtime with a store left over."""

from __future__ import annotations

from pathlib import Path

import pytest

from golang import build
from golang.errors import CannotCheck
from golang.hooks import LINES, WATCHED, WRAPS, Wrap
from golang.mutants import GoMutant
from golang.overlay import Store, generate
from golang.scan import Use, check_stores_recorded, find_stores, stored_by, unrecorded
from golang.source import Function, GoEdit, Source
from golang.toolchain import Toolchain


@pytest.mark.parametrize(
    ("code", "variable", "expected"),
    [
        ("s.sweepgen = sg", "mspan.sweepgen", {"mspan.sweepgen"}),
        ("s.sweepgen += 2", "mspan.sweepgen", {"mspan.sweepgen"}),
        ("s.sweepgen++", "mspan.sweepgen", {"mspan.sweepgen"}),
        ("s.sweepgen, x = 1, 2", "mspan.sweepgen", {"mspan.sweepgen"}),
        ("atomic.Store(&s.sweepgen, sg)", "mspan.sweepgen", {"mspan.sweepgen"}),
        ("p := &s.sweepgen", "mspan.sweepgen", {"mspan.sweepgen"}),
        ("x := mspan{sweepgen: 3}", "mspan.sweepgen", {"mspan.sweepgen"}),
        ("if atomic.Load(&s.sweepgen) == sg {", "mspan.sweepgen", set()),
        ("if s.sweepgen == sg || s.sweepgen <= sg {", "mspan.sweepgen", set()),
        ('print(" s.x=", s.sweepgen, " y=", y)', "mspan.sweepgen", set()),
        ("x := s.sweepgen // s.sweepgen = x", "mspan.sweepgen", set()),
        ("span.next.prev = x", "mspan.next", {"mspan.prev"}),
        ("list.first.prev = x", "mSpanList.first", {"mspan.prev"}),
        ("s.list.first = x", "mspan.list", {"mSpanList.first"}),
        ("s.next.npages = x", "mspan.next", {"mspan.next"}),
        ("for s := l.first; s != nil; s = x {", "mSpanList.first", set()),
        ("b.s.Store(uint8(s))", "mSpanStateBox.s", {"mSpanStateBox.s"}),
        ("return b.s.Load()", "mSpanStateBox.s", set()),
        ("s.state.set(mSpanDead)", "mspan.state", set()),
        ("s.state.get() == x", "mspan.state", set()),
        ("s.state = t.state", "mspan.state", {"mspan.state"}),
        ("p := &s.state", "mspan.state", {"mspan.state"}),
        ("f(c.flushGen)", "mcache.flushGen", {"mcache.flushGen"}),
        ("gcphase = x", "gcphase", {"gcphase"}),
        ("if gcphase != x {", "gcphase", set()),
    ],
)
def test_stores_and_loads(code: str, variable: str, expected: set[str]) -> None:
    column = code.index(variable.rpartition(".")[2])
    if variable == "mSpanStateBox.s":
        column = code.index(".s.") + 1
    assert stored_by(code, Use("f.go", 0, column, variable)) == expected


@pytest.fixture(scope="module")
def stores(go: Toolchain, source: Source) -> set[Store]:
    return find_stores(go, source)


def test_the_installed_runtime_is_covered(source: Source, stores: set[Store]) -> None:
    assert len(stores) == 55
    assert {store.variable for store in stores} == {w.name for w in WATCHED} - {"mspan.state"}
    assert unrecorded(source, stores, generate(source)) == []


@pytest.mark.parametrize(
    ("pattern", "missed"),
    [
        ("Casuintptr", {"heapArena.zeroedBase"}),
        ("sweepgen = ", {"mspan.sweepgen"}),
        ("Cas", {"mspan.sweepgen", "heapArena.zeroedBase"}),
        ("flushGen", {"mcache.flushGen"}),
        ("mheap_", {"mheap.sweepgen"}),
    ],
)
def test_a_removed_line_rule_is_noticed(
    source: Source, stores: set[Store], pattern: str, missed: set[str]
) -> None:
    rules = [rule for rule in LINES if pattern not in rule.pattern]
    left = unrecorded(source, stores, generate(source, lines=rules))
    assert {store.variable for store in left} == missed


@pytest.mark.parametrize("wrap", [w for w in WRAPS if w.covers], ids=lambda w: w.function)
def test_a_removed_wrap_is_noticed(source: Source, stores: set[Store], wrap: Wrap) -> None:
    left = unrecorded(source, stores, generate(source, wraps=[w for w in WRAPS if w != wrap]))
    assert {store.variable for store in left} <= wrap.covers
    assert left


@pytest.mark.parametrize(
    ("new", "missed"),
    [
        ("s.needzero = 1; x := &s.sweepgen; *x = 0", "mspan.sweepgen"),
        ("s.needzero = 1; h.sweepgen++", "mheap.sweepgen"),
        ("s.needzero = 1; s.next.prev = nil", "mspan.prev"),
        ("s.needzero = 1; s.state = mSpanStateBox{}", "mspan.state"),
        ("s.needzero = 1; gcphase = 0", "gcphase"),
    ],
)
def test_an_added_store_is_noticed(go: Toolchain, source: Source, new: str, missed: str) -> None:
    edits = [GoEdit("mheap.go", "mheap.freeManual", "s.needzero = 1", new)]
    with pytest.raises(CannotCheck, match=rf"not recorded: mheap.go:\d+ stores {missed};"):
        check_stores_recorded(go, source.edited(edits), generate(source, edits))


POINTER = "planted := &mheap_.sweepgen; *planted = 0"


@pytest.fixture(scope="module")
def heads(go: Toolchain, source: Source) -> list[Function]:
    """One function of each file that is compiled here and has functions that can be edited."""
    answer = go.run(["list", "-f", "{{range .GoFiles}}{{.}} {{end}}", "runtime"], Path(), 60)
    found = [each for functions in source.functions().values() for each in functions]
    first = {each.file: each for each in sorted(found, key=lambda each: -each.start)}
    return [first[file] for file in answer.stdout.split() if file in first]


def begun_with(source: Source, functions: list[Function], line: str) -> list[GoEdit]:
    """Edits that make `line` the first one of each function."""
    headers = [(each, source.files[each.file][each.start]) for each in functions]
    return [GoEdit(f.file, f.key, header, f"{header}\n\t{line}") for f, header in headers]


def test_an_added_store_is_noticed_in_every_file(
    go: Toolchain, source: Source, heads: list[Function]
) -> None:
    assert len(heads) > 120
    assert {"mcentral.go", "mgc.go", "proc.go"} <= {head.file for head in heads}
    edits = begun_with(source, heads, POINTER)
    edited = source.edited(edits)
    missed = unrecorded(edited, find_stores(go, edited), generate(source, edits))
    assert missed == sorted(Store(f.file, f.start + 1, "mheap.sweepgen") for f in heads)


def test_lines_may_move_in_every_file(
    go: Toolchain, source: Source, stores: set[Store], heads: list[Function]
) -> None:
    edits = begun_with(source, heads, "// moved")
    edited = source.edited(edits)
    assert check_stores_recorded(go, edited, generate(source, edits)) == len(stores)
    start = {head.file: head.start for head in heads}
    moved = {each._replace(line=each.line + (each.line > start[each.file])) for each in stores}
    assert find_stores(go, edited) == moved


def test_a_file_without_watched_variables_is_scanned_as_edited(
    go: Toolchain, source: Source
) -> None:
    edit = GoEdit(
        "mcentral.go", "mcentral.init", "c.spanclass = spc", "c.spanclass = spc; " + POINTER
    )
    with pytest.raises(CannotCheck, match=r"not recorded: mcentral.go:\d+ stores mheap.sweepgen"):
        check_stores_recorded(go, source.edited([edit]), generate(source, [edit]))


def test_a_runtime_with_an_edit_in_every_file_builds(
    go: Toolchain, source: Source, build_cache: Path, heads: list[Function]
) -> None:
    edits = tuple(begun_with(source, heads, "// moved"))
    program = build.build(
        go, build_cache, GoMutant("moved", "sweepgen", "each file has one more comment", edits)
    )
    assert build.run(program, build_cache / "moved.trace", rounds=1).status == 0
