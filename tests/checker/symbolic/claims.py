"""What is claimed of the marks, by more than one test."""

import types
from collections.abc import Mapping
from typing import Any

import checker.shared
from checker.binding import Binding, Edit
from checker.logic import And, If, Implies, Or, Truth
from checker.symbolic import Engine
from checker.symbolic.containers import ByKey
from checker.symbolic.cut import Invariant, LoopCuts
from checker.symbolic.interference import Atomics, Relation, Shared, SharedWord
from tests.checker.symbolic.systems.marks import SIZE

SYSTEMS = "tests.checker.symbolic.systems"


def interfered(edits: tuple[Edit, ...] = (), cuts: LoopCuts | None = None) -> Any:
    """The marks over atomics that know of cells, with some loops cut."""
    return Binding(
        SYSTEMS,
        substrate={"atomic": Atomics(checker.shared.atomic)},
        edits=edits,
        transform=cuts.transform if cuts else None,
        replaces="checker.shared",
    ).marks


def rely(lo: Any, hi: Any) -> Relation:
    """Others only raise the mark, and never into the units [lo, hi) that are ours."""

    def relation(before: Any, after: Any) -> Truth:
        return Or(before == after, And(before < after, Or(after <= lo, after > hi)))

    return relation


def guarantee(lo: Any, hi: Any) -> Relation:
    """We only raise the mark, and just to the end of our units."""

    def relation(before: Any, after: Any) -> Truth:
        return And(before < after, after == hi, lo < hi)

    return relation


def draw_mark(e: Engine, name: str) -> Any:
    """What a mark may be at all."""
    return e.integer(name, 0, SIZE)


def claims(e: Engine, boxes: int, retries: int | None, marks: Any) -> None:
    """Claiming any units of `boxes` neighbouring boxes."""
    first, offset = e.integer("box", 0), e.integer("offset", 0, SIZE - 1)
    n = e.integer("n", 1, boxes * SIZE)
    e.assume(offset + n <= boxes * SIZE)
    cells, parts = [], []
    for k in range(boxes):
        lo, hi = offset - k * SIZE, offset + n - k * SIZE
        lo, hi = If(lo < 0, 0, lo), If(hi > SIZE, SIZE, hi)
        cells.append(
            SharedWord(e, f"mark{k}", lambda name: draw_mark(e, name), rely(lo, hi), guarantee(lo, hi),
                 retries)
        )  # fmt: skip
        parts.append((lo, hi, And(lo < SIZE, hi > 0)))
    h = types.SimpleNamespace(
        boxes=ByKey((first + k, Shared(mark=cell)) for k, cell in enumerate(cells))
    )
    try:
        result = marks.claim(h, first * SIZE + offset, n)
    except marks.Overlap:
        e.fail("refuses although every thread keeps to its own units")
        return
    used_before: list[Truth] = []
    for k, (cell, (lo, hi, ours)) in enumerate(zip(cells, parts, strict=True)):
        if ours:
            e.check(bool(cell.seen), f"looks at box {k}")
            e.check(cell.value >= hi, f"mark {k} covers the units")
            e.check(Implies(cell.seen[0] > lo, result), f"no used unit of box {k} passes as new")
            used_before.append(cell.seen[0] > lo)
        else:
            e.check(not cell.seen, f"leaves box {k} alone")
    e.check(Implies(result, Or(*used_before)), "calls used only what was")


class Retrying(Invariant):
    """The local copy is a value the mark once had, so others led from it to the mark's value."""

    calls = frozenset({"atomic.compare_and_swap", "atomic.load"})

    def __init__(self, e: Engine) -> None:
        self.e = e

    def _holds(self, cell: Any, copy: Any) -> Truth:
        return And(cell.rely(cell.seen[0], copy), cell.rely(copy, cell.value))

    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        return self._holds(local_names["box"].cells["mark"], local_names["mark"])

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:
        cell = local_names["box"].cells["mark"]
        copy, cell.value = draw_mark(self.e, "copy"), draw_mark(self.e, "word")
        self.e.assume(self._holds(cell, copy))
        return {"mark": copy}

    def is_kept(self, local_names: Mapping[str, Any]) -> Truth:
        return self.on_entry(local_names)
