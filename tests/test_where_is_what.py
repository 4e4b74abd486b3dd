"""The table of where is what: nothing of Go's mheap.go is forgotten, and the page says what it says."""

from pathlib import Path

import pytest

from golang.errors import CannotCheck
from golang.fingerprint import Cited, Tree
from mheap import drift
from mheap.citations import PortPlace, citation, places
from mheap.cli import main
from mheap.where import SUBJECT, gaps, neighbours, table, unused_entries
from mheap.wherepage import PAGE, page

DECLARED = {"const": 20, "type": 19, "func": 65, "var": 3}


@pytest.fixture(scope="module")
def go() -> Tree:
    try:
        return drift.ported_go()
    except CannotCheck as error:
        pytest.skip(f"not run: {error}")


def test_the_table_has_each_declaration_of_mheap_go(go: Tree) -> None:
    kinds = [row.declaration.kind for row in table(go)]
    assert {kind: kinds.count(kind) for kind in DECLARED} == DECLARED
    assert sum(DECLARED.values()) == 107
    assert kinds.count("field") > 100


def test_each_declaration_has_a_counterpart_or_a_reason(go: Tree) -> None:
    missing = gaps(table(go))
    assert not missing, "\n".join([f"{len(missing)} are missing:", *missing])


def test_each_entry_written_by_hand_is_right_and_needed(go: Tree) -> None:
    assert unused_entries(go) == []


def test_the_page_is_up_to_date(go: Tree) -> None:
    assert PAGE.read_text() == page(go), "write it anew with: mheap where --write"


def port_without(name: str) -> list[PortPlace]:
    return [place for place in places() if place.name != name]


@pytest.mark.parametrize(
    ("lost", "missing"),
    [
        ("Mheap.init_span", "func mheap.initSpan (mheap.go:1381)"),
        ("HeapArena", "type heapArena (mheap.go:237)"),
        ("Mspan.alloc_cache", "field mspan.allocCache (mheap.go:447)"),
        ("SPAN_ALLOC_STACK", "const spanAllocStack (mheap.go:941)"),
        ("make_span_class", "type spanClass (mheap.go:570)"),
    ],
)
def test_what_the_port_loses_is_missed(go: Tree, lost: str, missing: str) -> None:
    assert missing not in gaps(table(go))
    assert missing in gaps(table(go, port_without(lost)))


def test_a_constant_that_cites_a_function_is_not_the_function(go: Tree) -> None:
    cited = Cited(SUBJECT, "mheap.initSpan")
    port = [*port_without("Mheap.init_span"), PortPlace("impl/mheap.py", "X", "constant", cited)]
    assert "func mheap.initSpan (mheap.go:1381)" in gaps(table(go, port))


def test_an_entry_for_what_is_not_in_the_port_is_reported(go: Tree) -> None:
    wrong = unused_entries(go, port_without("make_span_class"))
    assert "spanClass: impl/ has 0 pieces of the name make_span_class" in wrong


def test_an_entry_for_what_has_a_counterpart_is_reported(go: Tree) -> None:
    port = [*places(), PortPlace("impl/x.py", "Header", "class", Cited(SUBJECT, "gcBitsHeader"))]
    assert "gcBitsHeader has a counterpart without its entry" in unused_entries(go, port)


def test_fields_of_a_struct_inside_a_struct_may_stand_in_the_class_around_it(go: Tree) -> None:
    held = PortPlace("impl/mheap.py", "Mheap.cur_arena_base", "field", None)
    missing = gaps(table(go, [*port_without("CurArena.base"), held]))
    assert not [line for line in missing if line.startswith("field mheap.curArena.base ")]


def test_an_embedded_struct_may_be_a_base_class(go: Tree) -> None:
    others = [each for each in places() if not each.name.startswith("Special")]
    base = PortPlace("impl/s.py", "Special", "class", Cited(SUBJECT, "special"))
    derived = PortPlace("impl/s.py", "P", "class", Cited(SUBJECT, "specialprofile"), ("Special",))
    missing = gaps(table(go, [*others, base, derived]))
    assert "field specialprofile.b (mheap.go:1995)" in missing
    assert "field specialprofile.special (mheap.go:1994)" not in missing


def test_the_neighbours_name_what_is_not_ported(go: Tree) -> None:
    sweep = {row.declaration.name: row for row in neighbours(go)["runtime/mgcsweep.go"]}
    assert sweep["sweepone"].places
    assert any(not row.places for rows in neighbours(go).values() for row in rows)


PORT = '''
LIMIT = 1
"""runtime/mheap.go limit: the limit."""

class Iter(Base):
    """runtime/mheap.go iter: goes on."""

    __slots__ = ("pprev", "s")
    at: int = 0

    def next(self):
        """runtime/mheap.go iter.next: goes on."""
        local = 1
'''


def test_the_pieces_of_a_module(tmp_path: Path) -> None:
    (tmp_path / "port").mkdir()
    (tmp_path / "port" / "iter.py").write_text(PORT)
    path = "port/iter.py"
    assert places(tmp_path / "port") == (
        PortPlace(path, "LIMIT", "constant", Cited(SUBJECT, "limit")),
        PortPlace(path, "Iter", "class", Cited(SUBJECT, "iter"), ("Base",)),
        PortPlace(path, "Iter.pprev", "field", None),
        PortPlace(path, "Iter.s", "field", None),
        PortPlace(path, "Iter.at", "field", None),
        PortPlace(path, "Iter.next", "function", Cited(SUBJECT, "iter.next")),
    )


@pytest.mark.parametrize(
    ("docstring", "cited"),
    [
        ("runtime/mheap.go mheap.grow: adds pages.", Cited("runtime/mheap.go", "mheap.grow")),
        ("runtime/mheap.go len(mheap.arenas): entries.", Cited("runtime/mheap.go", "mheap.arenas")),
        ("runtime/internal/sys/consts.go X: x.", Cited("runtime/internal/sys/consts.go", "X")),
        ("As runtime/mheap.go mheap.grow: no.", None),
        ("runtime/mheap.go", None),
        (None, None),
    ],
)
def test_citations(docstring: str | None, cited: Cited | None) -> None:
    assert citation(docstring) == cited


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("mheap.unused", 0, "mheap.go:230 mheap.unused: nothing (never set"),
        ("mheap.initSpan", 0, "mheap.initSpan: impl/mheap.py Mheap.init_span"),
        ("sweepone", 0, "runtime/mgcsweep.go:356 sweepone: impl/mgcsweep.py sweepone"),
        ("mheap.noSuchThing", 2, ""),
    ],
)
@pytest.mark.usefixtures("go")
def test_the_command(capsys: pytest.CaptureFixture[str], name: str, code: int, said: str) -> None:
    assert main(["where", name]) == code
    assert said in capsys.readouterr().out


def test_the_command_without_a_name_fails_as_long_as_something_is_missing(go: Tree) -> None:
    assert main(["where"]) == (1 if gaps(table(go)) else 0)
