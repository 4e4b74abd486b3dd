"""The scan: it tells stores from loads, and refuses a runtime with a store left over."""

from __future__ import annotations

import pytest

from golang.errors import CannotCheck
from golang.hooks import LINES, WATCHED, WRAPS, Wrap
from golang.overlay import Store, generate
from golang.scan import Use, check_stores_recorded, find_stores, stored_by, unrecorded
from golang.source import Edit, Source
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
    edits = [Edit("mheap.go", "mheap.freeManual", "s.needzero = 1", new)]
    with pytest.raises(CannotCheck, match=rf"not recorded: mheap.go:\d+ stores {missed};"):
        check_stores_recorded(go, source.edited(edits), generate(source, edits))
