"""One thread among any number of others, which raise the same marks."""

import pytest

from checker.binding import Edit
from checker.logic import And, Or
from checker.symbolic import Engine, SymbolicOutcome, prove, sample
from checker.symbolic.interference import check_preorder
from tests.checker.symbolic.claims import claims, guarantee, interfered, rely
from tests.checker.symbolic.systems.marks import SIZE


def explored(boxes: int, retries: int, edits: tuple[Edit, ...] = ()) -> SymbolicOutcome:
    marks = interfered(edits)
    return prove(
        lambda e: claims(e, boxes, retries, marks),
        must_reach=[f"mark {boxes - 1} covers the units"],
    )


@pytest.mark.parametrize(("boxes", "retries"), [(1, 0), (2, 0), (3, 0), (1, 2), (2, 1)])
def test_claiming_any_units(boxes: int, retries: int) -> None:
    outcome = explored(boxes, retries)
    assert outcome.status == "proved", outcome.text()


def test_the_same_harness_is_sampled() -> None:
    marks = interfered()
    assert sample(lambda e: claims(e, 2, 1, marks), 100).status == "sampled"


@pytest.mark.parametrize("name", ["preorder", "guarantee implies rely"])
def test_lemmas_of_rely_guarantee(name: str) -> None:
    def harness(e: Engine) -> None:
        lo, hi = e.integer("lo", 0, SIZE), e.integer("hi", 0, SIZE)
        e.assume(lo < hi)
        if name == "preorder":
            check_preorder(e, lambda name: e.integer(name, 0, SIZE), rely(lo, hi))
            return
        lo2, hi2 = e.integer("lo2", 0, SIZE), e.integer("hi2", 0, SIZE)
        e.assume(And(lo2 < hi2, Or(hi <= lo2, hi2 <= lo)))
        before, after = e.integer("before", 0, SIZE), e.integer("after", 0, SIZE)
        e.assume(guarantee(lo, hi)(before, after))
        e.check(rely(lo2, hi2)(before, after), name)

    outcome = prove(harness)
    assert outcome.status == "proved", outcome.text()


def test_rely_that_is_not_transitive_is_caught() -> None:
    def harness(e: Engine) -> None:
        check_preorder(e, lambda name: e.integer(name, 0, 9), lambda a, b: Or(a == b, a + 1 == b))

    outcome = prove(harness)
    assert outcome.status == "refuted"
    assert outcome.failure is not None
    assert outcome.failure.label == "the rely is transitive"


SWAP = 'atomic.compare_and_swap(box, "mark", mark, high)'
MUTANTS = {
    "plain store": (1, 1, Edit("marks", f"if {SWAP}:", "box.mark = high\n            if True:")),
    "overlap test": (1, 1, Edit("marks", "mark > low:", "mark >= low:")),
    "off by one": (1, 0, Edit("marks", "if low < mark:", "if low + 1 < mark:")),
    "one box": (2, 0, Edit("marks", "start += high - low", "return used")),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_planted_bug_is_refuted_with_plain_inputs(name: str) -> None:
    boxes, retries, edit = MUTANTS[name]
    outcome = explored(boxes, retries, (edit,))
    assert outcome.status == "refuted", outcome.text()
