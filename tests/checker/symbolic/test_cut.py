"""Loops of any number of rounds: a list of any length, any number of failed swaps."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from checker.binding import Binding, Edit
from checker.logic import And, Truth
from checker.symbolic import Engine, SymbolicOutcome, prove, sample
from checker.symbolic.cut import Invariant, LoopCuts
from checker.symbolic.lazy import Seq, check_list
from checker.terms import OutsideSubset
from tests.checker.symbolic.claims import SYSTEMS, Retrying, claims, interfered

TAKE_ALL = ("Chain.take_all", 0)


class Reparented(Invariant):
    """`node` stands at position c of the other list; just those before it have a new owner."""

    writes = frozenset({"list"})

    def __init__(self, e: Engine, a: Seq, b: Seq) -> None:
        self.e, self.a, self.b = e, a, b
        self.c: Any = None

    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        return local_names["node"] is self.b.node(0)

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        self.c = c = self.e.integer("c", 0)
        self.e.assume(c <= self.b.length)
        self.b.forget("list")
        self.b.owner_at = lambda i: self.a.head if i < c else self.b.head
        return {"node": self.b.node(c)}

    def is_kept(self, local_names: Mapping[str, Any]) -> Truth:
        if local_names["node"] is not self.b.node(self.c + 1):
            return False
        p = self.e.integer("p", 0)
        self.e.assume(p < self.b.length)
        owner = self.a.head if p <= self.c else self.b.head
        return self.b.node(p).list is owner


def take_all(edits: tuple[Edit, ...] = ()) -> SymbolicOutcome:
    cuts = LoopCuts(TAKE_ALL)
    linked = Binding(SYSTEMS, edits=edits, transform=cuts.transform).linked

    def harness(e: Engine) -> None:
        a, b = (Seq(e, name, linked.Node, linked.Chain) for name in "ab")
        with cuts.using(e, {TAKE_ALL: Reparented(e, a, b)}):
            a.head.take_all(b.head)
        e.check(b.head.first is None and b.head.last is None, "other empty")
        n = b.length
        check_list(e, a.head, a.length + n, lambda i: b.node(i) if i < n else a.node(i - n), "a")

    return prove(harness, must_reach=["loop 0 of Chain.take_all: invariant kept", "a: owner"])


def test_take_all_of_lists_of_any_length() -> None:
    outcome = take_all()
    assert outcome.status == "proved", outcome.text()


@pytest.mark.parametrize(
    "edit",
    [
        Edit("linked", "            node.list = self\n", ""),
        Edit("linked", "            node = node.next\n", "            node = node.next.next\n"),
        Edit("linked", "self.first.prev = other.last", "pass"),
        Edit("linked", "node = other.first\n", "node = other.first.next\n"),
    ],
)
def test_planted_bug_in_a_cut_loop_is_no_proof_and_no_refutation(edit: Edit) -> None:
    outcome = take_all((edit,))
    assert outcome.status == "unknown", outcome.text()


RETRY = ("claim", 1)


def retrying(boxes: int, edits: tuple[Edit, ...] = ()) -> SymbolicOutcome:
    cuts = LoopCuts(RETRY)
    marks = interfered(edits, cuts)

    def harness(e: Engine) -> None:
        with cuts.using(e, {RETRY: Retrying(e)}):
            claims(e, boxes, None, marks)

    return prove(harness, must_reach=["loop 1 of claim: invariant kept"])


@pytest.mark.parametrize("boxes", [1, 2])
def test_any_number_of_retries(boxes: int) -> None:
    outcome = retrying(boxes)
    assert outcome.status == "proved", outcome.text()


def test_planted_bug_in_the_retry_loop_is_no_proof() -> None:
    outcome = retrying(1, (Edit("marks", "mark > low:", "mark >= low:"),))
    assert outcome.status == "unknown"
    assert "induction" in outcome.reason
    assert outcome.failure is not None


COUNT = """
def count(n, box):
    i = 0
    while i < n:
        i += 1
        box.total = i
    return i
"""


class Counting(Invariant):
    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        return And(local_names["i"] >= 0, local_names["i"] <= local_names["n"])

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        return {}

    is_kept = on_entry


def compiled(source: str, cuts: LoopCuts, path: str = "?") -> Any:
    names: dict[str, Any] = {}
    exec(compile(cuts.transform(ast.parse(source)), path, "exec"), names)
    return names["count"]


def test_undeclared_effect_is_refused() -> None:
    cuts = LoopCuts(("count", 0))
    compiled(COUNT, cuts)
    outcome = prove(lambda e: cuts.using(e, {("count", 0): Counting()}).__enter__())
    assert outcome.status == "unknown"
    assert "'total'" in outcome.reason


def test_name_the_invariant_leaves_out_is_refused(tmp_path: Path) -> None:
    cuts = LoopCuts(("count", 0))
    file = tmp_path / "count.py"
    file.write_text(COUNT.replace("box.total = i", "pass"), encoding="utf-8")
    count = compiled(file.read_text(encoding="utf-8"), cuts, str(file))

    def harness(e: Engine) -> None:
        n = e.integer("n", 0)
        with cuts.using(e, {("count", 0): Counting()}):
            e.check(count(n, None) == n, "counted")

    outcome = prove(harness)
    assert outcome.status == "unknown"
    assert "assigns ['i']" in outcome.reason


def test_loop_that_does_not_exist_is_refused() -> None:
    cuts = LoopCuts(("count", 1))
    compiled(COUNT, cuts)
    outcome = prove(lambda e: cuts.using(e, {("count", 1): Counting()}).__enter__())
    assert outcome.status == "refuted"
    assert outcome.failure is not None
    assert "loops found []" in outcome.failure.label


def test_cut_loop_outside_its_invariants_is_refused() -> None:
    cuts = LoopCuts(("count", 0))
    count = compiled(COUNT, cuts)
    with pytest.raises(OutsideSubset, match=r"outside LoopCuts\.using"):
        count(3, None)


def test_only_plain_while_loops_are_cut() -> None:
    cuts = LoopCuts(("count", 0))
    for bad in ("while i < n:\n        i += 1\n    else:", "for i in range(n):"):
        with pytest.raises(OutsideSubset, match="plain `while`"):
            compiled(f"def count(n):\n    i = 0\n    {bad}\n        i += 1\n", cuts)


def test_cut_loop_is_not_sampled() -> None:
    with pytest.raises(OutsideSubset, match="no runs to sample"):
        sample(lambda e: e.havoc())
