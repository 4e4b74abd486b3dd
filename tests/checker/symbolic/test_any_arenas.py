"""Two nested cut loops: alloc_needs_zero over any number of arenas, retries and other threads."""

import types
from collections.abc import Mapping
from typing import Any

import pytest

from checker.binding import Edit
from checker.logic import And, If, Iff, Implies, Not, Or, Truth
from checker.symbolic import Engine, SymbolicOutcome, prove
from checker.symbolic.cut import Invariant, LoopCuts
from checker.symbolic.interference import Shared, SharedWord
from impl.config import LINUX_AMD64
from impl.rt import Throw
from tests.checker.symbolic.harnesses import (
    ARENA,
    PAGE,
    Retrying,
    draw_offset,
    guarantee,
    heap_address,
    interfered,
    rely,
)

ARENAS, RETRY = ("Mheap.alloc_needs_zero", 0), ("Mheap.alloc_needs_zero", 1)


class Arenas:
    """The arenas of pages [base, base + npage): one arbitrary of them is followed throughout."""

    def __init__(self, e: Engine, first: Any, offset: Any, npage: Any) -> None:
        self.e, self.first = e, first
        self.offset, self.end = offset, offset + npage * PAGE
        self.m = e.integer("m", 0)
        e.assume(self.m * ARENA < self.end)
        self.followed = self._cell(self.m, "followed")
        self.last: Any = None
        self.used: Truth = False
        """Whether some arena dealt with so far had used pages of ours."""

    def part(self, k: Any) -> tuple[Any, Any]:
        """Our part of the k-th arena, as offsets in it."""
        lo, hi = self.offset - k * ARENA, self.end - k * ARENA
        return If(lo < 0, 0, lo), If(hi > ARENA, ARENA, hi)

    def get(self, l2: Any) -> Shared:
        k = l2 - self.first
        cell = self.followed if k == self.m else self._cell(k, "other")
        self.last = cell, self.part(k)[0]
        return Shared(zeroed_base=cell)

    __getitem__ = get

    def note_used(self) -> None:
        """Adds the arena that was dealt with last."""
        cell, lo = self.last
        self.used = Or(self.used, cell.seen[0] > lo)

    def _cell(self, k: Any, name: str) -> SharedWord:
        lo, hi = self.part(k)
        draw = lambda name: draw_offset(self.e, name)  # noqa: E731
        return SharedWord(self.e, name, draw, rely(lo, hi), guarantee(lo, hi))


class Walking(Invariant):
    """The first pages are dealt with, up to an arena's end; so is the followed arena if there."""

    calls = frozenset({"arena_at", "arena_index", "atomic.load", "atomic.cas", "throw"})

    def __init__(self, e: Engine, arenas: Arenas, base: Any, npage: Any) -> None:
        self.e, self.arenas, self.base, self.npage = e, arenas, base, npage

    def _holds(self, names: Mapping[str, Any]) -> Truth:
        arenas, done = self.arenas, self.npage - names["npage"]
        lo, hi = arenas.part(arenas.m)
        cell = arenas.followed
        passed = arenas.m * ARENA + hi <= arenas.offset + done * PAGE
        if cell.seen:
            dealt_with = And(
                passed, cell.value >= hi, Implies(cell.seen[0] > lo, names["need_zero"])
            )
        else:
            dealt_with = Not(passed)
        return And(
            done >= 0,
            names["npage"] >= 0,
            names["base"] == self.base + done * PAGE,
            Or(done == 0, names["npage"] == 0, names["base"] % ARENA == 0),
            dealt_with,
            Iff(names["need_zero"], arenas.used),
        )

    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        return self._holds(local_names)

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:
        e, cell = self.e, self.arenas.followed
        passed = e.integer("arenas passed", 1)
        base, npage = (
            (self.base, self.npage),
            (
                self.base - self.arenas.offset + passed * ARENA,
                self.npage - (passed * ARENA - self.arenas.offset) // PAGE,
            ),
            (self.base + self.npage * PAGE, 0),
        )[e.choose(3, "at the start, between arenas, at the end")]
        new = {"base": base, "npage": npage, "need_zero": e.flag("need_zero")}
        self.arenas.used = e.flag("used")
        cell.seen = [draw_offset(e, "first seen")] if e.choose(2, "followed is passed") else []
        cell.value = draw_offset(e, "followed")
        e.assume(self._holds({**local_names, **new}))
        return new

    def is_kept(self, local_names: Mapping[str, Any]) -> Truth:
        self.arenas.note_used()
        return self._holds(local_names)


def any_arenas(edits: tuple[Edit, ...] = ()) -> SymbolicOutcome:
    cuts = LoopCuts(ARENAS, RETRY)
    mheap = interfered(edits, cuts)

    def harness(e: Engine) -> None:
        base, first, offset = heap_address(e)
        npage = e.integer("npage", 1)
        e.assume(base + npage * PAGE <= 2**64)
        arenas = Arenas(e, first, offset, npage)
        e.assume(first * ARENA + arenas.end <= LINUX_AMD64.arena_l2_len * ARENA)
        h = types.SimpleNamespace(config=LINUX_AMD64, arenas=types.SimpleNamespace())
        h.arenas = [arenas]
        invariants = {ARENAS: Walking(e, arenas, base, npage), RETRY: Retrying(e)}
        with cuts.using(e, invariants):
            try:
                result = mheap.alloc_needs_zero(h, base, npage)
            except Throw:
                e.fail("throws although every thread keeps to its own pages")
                return
        lo, hi = arenas.part(arenas.m)
        cell = arenas.followed
        e.check(bool(cell.seen), "looks at every arena")
        e.check(cell.value >= hi, "zeroed_base covers the pages")
        e.check(Implies(cell.seen[0] > lo, result), "no used page passes as zero")
        e.check(Implies(result, arenas.used), "zeroes only what was used")

    kept = [f"loop {n} of Mheap.alloc_needs_zero: invariant kept" for n in (0, 1)]
    return prove(harness, must_reach=[*kept, "zeroes only what was used"])


def test_any_number_of_arenas() -> None:
    outcome = any_arenas()
    assert outcome.status == "proved", outcome.text()


@pytest.mark.parametrize(
    "edit",
    [
        Edit("mheap", "base += arena_limit - arena_base", "base += self.config.heap_arena_bytes"),
        Edit("mheap", "                need_zero = True\n", "                need_zero = ha is None\n"),
        Edit("mheap", "arena_limit > zeroed_base:", "arena_limit - 8192 > zeroed_base:"),
    ],
)  # fmt: skip
def test_planted_bug_is_no_proof(edit: Edit) -> None:
    outcome = any_arenas((edit,))
    assert outcome.status == "unknown", outcome.text()
    assert "induction" in outcome.reason
