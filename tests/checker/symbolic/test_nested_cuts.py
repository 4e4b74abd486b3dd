"""Two nested cut loops: units claimed in any number of boxes, after any number of failed swaps."""

import types
from collections.abc import Mapping
from typing import Any

import pytest

from checker.binding import Edit
from checker.logic import And, If, Iff, Implies, Not, Or, Truth
from checker.symbolic import Engine, SymbolicOutcome, prove
from checker.symbolic.cut import Invariant, LoopCuts
from checker.symbolic.interference import Shared, SharedWord
from tests.checker.symbolic.claims import Retrying, draw_mark, guarantee, interfered, rely
from tests.checker.symbolic.systems.marks import SIZE

BOXES, RETRY = ("claim", 0), ("claim", 1)


class Boxes:
    """The boxes of the units: one arbitrary of them is followed throughout."""

    def __init__(self, e: Engine, first: Any, offset: Any, n: Any) -> None:
        self.e, self.first = e, first
        self.offset, self.end = offset, offset + n
        self.m = e.integer("m", 0)
        e.assume(self.m * SIZE < self.end)
        self.followed = self._cell(self.m, "followed")
        self.last: Any = None
        self.used: Truth = False
        """Whether some box dealt with so far had used units of ours."""

    def part(self, k: Any) -> tuple[Any, Any]:
        """Our part of the k-th box, as units in it."""
        lo, hi = self.offset - k * SIZE, self.end - k * SIZE
        return If(lo < 0, 0, lo), If(hi > SIZE, SIZE, hi)

    def __getitem__(self, number: Any) -> Shared:
        k = number - self.first
        cell = self.followed if k == self.m else self._cell(k, "other")
        self.last = cell, self.part(k)[0]
        return Shared(mark=cell)

    def note_used(self) -> None:
        """Adds the box that was dealt with last."""
        cell, lo = self.last
        self.used = Or(self.used, cell.seen[0] > lo)

    def _cell(self, k: Any, name: str) -> SharedWord:
        lo, hi = self.part(k)
        draw = lambda name: draw_mark(self.e, name)  # noqa: E731
        return SharedWord(self.e, name, draw, rely(lo, hi), guarantee(lo, hi))


class Walking(Invariant):
    """The first units are dealt with, up to a box's end; so is the followed box if there."""

    calls = frozenset({"atomic.load", "atomic.compare_and_swap"})

    def __init__(self, e: Engine, boxes: Boxes, start: Any, n: Any) -> None:
        self.e, self.boxes, self.start, self.n = e, boxes, start, n

    def _holds(self, names: Mapping[str, Any]) -> Truth:
        boxes, done = self.boxes, self.n - names["n"]
        lo, hi = boxes.part(boxes.m)
        cell = boxes.followed
        passed = boxes.m * SIZE + hi <= boxes.offset + done
        if cell.seen:
            dealt_with = And(passed, cell.value >= hi, Implies(cell.seen[0] > lo, names["used"]))
        else:
            dealt_with = Not(passed)
        return And(
            done >= 0,
            names["n"] >= 0,
            names["start"] == self.start + done,
            Or(done == 0, names["n"] == 0, names["start"] % SIZE == 0),
            dealt_with,
            Iff(names["used"], boxes.used),
        )

    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        return self._holds(local_names)

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:
        e, cell = self.e, self.boxes.followed
        walked = e.integer("boxes walked", 1) * SIZE - self.boxes.offset
        done = (0, walked, self.n)[e.choose(3, "at the start, between boxes, at the end")]
        new = {"start": self.start + done, "n": self.n - done, "used": e.flag("used")}
        self.boxes.used = e.flag("some were used")
        cell.seen = [draw_mark(e, "first seen")] if e.choose(2, "followed is passed") else []
        cell.value = draw_mark(e, "followed")
        e.assume(self._holds({**local_names, **new}))
        return new

    def is_kept(self, local_names: Mapping[str, Any]) -> Truth:
        self.boxes.note_used()
        return self._holds(local_names)


def any_boxes(edits: tuple[Edit, ...] = ()) -> SymbolicOutcome:
    cuts = LoopCuts(BOXES, RETRY)
    marks = interfered(edits, cuts)

    def harness(e: Engine) -> None:
        first, offset = e.integer("box", 0), e.integer("offset", 0, SIZE - 1)
        n = e.integer("n", 1)
        boxes = Boxes(e, first, offset, n)
        start = first * SIZE + offset
        invariants = {BOXES: Walking(e, boxes, start, n), RETRY: Retrying(e)}
        with cuts.using(e, invariants):
            try:
                result = marks.claim(types.SimpleNamespace(boxes=boxes), start, n)
            except marks.Overlap:
                e.fail("refuses although every thread keeps to its own units")
                return
        lo, hi = boxes.part(boxes.m)
        cell = boxes.followed
        e.check(bool(cell.seen), "looks at every box")
        e.check(cell.value >= hi, "the mark covers the units")
        e.check(Implies(cell.seen[0] > lo, result), "no used unit passes as new")
        e.check(Implies(result, boxes.used), "calls used only what was")

    kept = [f"loop {n} of claim: invariant kept" for n in (0, 1)]
    return prove(harness, must_reach=[*kept, "calls used only what was"])


def test_any_number_of_boxes() -> None:
    outcome = any_boxes()
    assert outcome.status == "proved", outcome.text()


@pytest.mark.parametrize(
    "edit",
    [
        Edit("marks", "start += high - low", "start += SIZE"),
        Edit("marks", "            used = True\n", "            used = box is None\n"),
        Edit("marks", "while high > mark:", "while high - 1 > mark:"),
    ],
)
def test_planted_bug_is_no_proof(edit: Edit) -> None:
    outcome = any_boxes((edit,))
    assert outcome.status == "unknown", outcome.text()
    assert "induction" in outcome.reason
