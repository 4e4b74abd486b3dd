"""Harnesses on the port that more than one test needs."""

import types
from collections.abc import Mapping
from typing import Any

from checker.binding import Binding, Edit
from checker.logic import And, If, Implies, Or, Truth
from checker.symbolic import Engine
from checker.symbolic.containers import ByKey
from checker.symbolic.cut import Invariant, LoopCuts
from checker.symbolic.interference import Atomics, Relation, Shared, SharedWord
from impl.config import LINUX_AMD64
from impl.rt import Throw, atomic

PAGE, ARENA = LINUX_AMD64.page_size, LINUX_AMD64.heap_arena_bytes


def interfered(edits: tuple[Edit, ...] = (), cuts: LoopCuts | None = None) -> Any:
    """The port's Mheap over atomics that know of cells, with some loops cut."""
    return Binding(
        "impl",
        machine={"atomic": Atomics(atomic)},
        edits=edits,
        transform=cuts.transform if cuts else None,
    ).mheap.Mheap


def rely(lo: Any, hi: Any) -> Relation:
    """Others only raise the word, and never into the pages [lo, hi) that are ours."""

    def relation(before: Any, after: Any) -> Truth:
        return Or(before == after, And(before < after, Or(after <= lo, after > hi)))

    return relation


def guarantee(lo: Any, hi: Any) -> Relation:
    """We only raise the word, and just to the end of our pages."""

    def relation(before: Any, after: Any) -> Truth:
        return And(before < after, after == hi, lo < hi)

    return relation


def draw_offset(e: Engine, name: str) -> Any:
    """A page-aligned offset in an arena, its end included."""
    return e.integer(name, 0, ARENA // PAGE) * PAGE


def heap_address(e: Engine) -> tuple[Any, Any, Any]:
    """Any page-aligned heap address, the index of its arena, and its offset in the arena.

    It is put together from its parts, which is easier on the solver than taking it apart.
    """
    half = LINUX_AMD64.arena_l2_len // 2
    index, offset = e.integer("arena", 0, 2 * half - 1), draw_offset(e, "page")
    e.assume(offset < ARENA)
    lower = e.choose(2, "lower half") == 1
    e.assume(index >= half if lower else index < half)
    start = index - half if lower else index + (2**64 // ARENA - half)
    return start * ARENA + offset, index, offset


def needs_zero(e: Engine, arenas: int, retries: int | None, mheap: Any) -> None:
    """alloc_needs_zero of any pages in `arenas` neighbouring arenas, at any heap address."""
    base, first, offset = heap_address(e)
    npage = e.integer("npage", 1, arenas * ARENA // PAGE)
    e.assume(offset + npage * PAGE <= arenas * ARENA)
    e.assume(base + npage * PAGE <= 2**64)
    e.assume(first + arenas <= LINUX_AMD64.arena_l2_len)
    cells, parts = [], []
    for k in range(arenas):
        lo, hi = offset - k * ARENA, offset + npage * PAGE - k * ARENA
        lo, hi = If(lo < 0, 0, lo), If(hi > ARENA, ARENA, hi)
        cells.append(
            SharedWord(e, f"zeroed_base{k}", lambda name: draw_offset(e, name), rely(lo, hi),
                 guarantee(lo, hi), retries)
        )  # fmt: skip
        parts.append((lo, hi, And(lo < ARENA, hi > 0)))
    l2 = ByKey((first + k, Shared(zeroed_base=cell)) for k, cell in enumerate(cells))
    h = types.SimpleNamespace(config=LINUX_AMD64, arenas=ByKey([(0, l2)]))
    try:
        result = mheap.alloc_needs_zero(h, base, npage)
    except Throw:
        e.fail("throws although every thread keeps to its own pages")
        return
    used_before: list[Truth] = []
    for k, (cell, (lo, hi, ours)) in enumerate(zip(cells, parts, strict=True)):
        if ours:
            e.check(bool(cell.seen), f"looks at arena {k}")
            e.check(cell.value >= hi, f"zeroed_base of arena {k} covers the pages")
            e.check(Implies(cell.seen[0] > lo, result), f"no used page of arena {k} passes as zero")
            used_before.append(cell.seen[0] > lo)
        else:
            e.check(not cell.seen, f"leaves arena {k} alone")
    e.check(Implies(result, Or(*used_before)), "zeroes only what was used")


class Retrying(Invariant):
    """The local copy is a value the word once had, so others led from it to the word's value."""

    calls = frozenset({"atomic.cas", "atomic.load", "throw"})

    def __init__(self, e: Engine) -> None:
        self.e = e

    def _holds(self, cell: Any, copy: Any) -> Truth:
        return And(cell.rely(cell.seen[0], copy), cell.rely(copy, cell.value))

    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        return self._holds(local_names["ha"].cells["zeroed_base"], local_names["zeroed_base"])

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:
        cell = local_names["ha"].cells["zeroed_base"]
        copy, cell.value = draw_offset(self.e, "copy"), draw_offset(self.e, "word")
        self.e.assume(self._holds(cell, copy))
        return {"zeroed_base": copy}

    def is_kept(self, local_names: Mapping[str, Any]) -> Truth:
        return self.on_entry(local_names)
