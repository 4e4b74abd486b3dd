"""One thread among any number of others, on the port's own alloc_needs_zero."""

import pytest

from checker.binding import Edit
from checker.logic import And, Or
from checker.symbolic import Engine, SymbolicOutcome, prove, sample
from checker.symbolic.interference import check_preorder
from tests.checker.symbolic.harnesses import ARENA, guarantee, interfered, needs_zero, rely


def explored(arenas: int, retries: int, edits: tuple[Edit, ...] = ()) -> SymbolicOutcome:
    mheap = interfered(edits)
    return prove(
        lambda e: needs_zero(e, arenas, retries, mheap),
        must_reach=[f"zeroed_base of arena {arenas - 1} covers the pages"],
    )


@pytest.mark.parametrize(("arenas", "retries"), [(1, 0), (2, 0), (3, 0), (1, 2), (2, 1)])
def test_alloc_needs_zero_at_every_address(arenas: int, retries: int) -> None:
    outcome = explored(arenas, retries)
    assert outcome.status == "proved", outcome.text()


def test_the_same_harness_is_sampled() -> None:
    mheap = interfered()
    assert sample(lambda e: needs_zero(e, 2, 1, mheap), 100).status == "sampled"


@pytest.mark.parametrize("name", ["preorder", "guarantee implies rely"])
def test_lemmas_of_rely_guarantee(name: str) -> None:
    def harness(e: Engine) -> None:
        lo, hi = e.integer("lo", 0, ARENA), e.integer("hi", 0, ARENA)
        e.assume(lo < hi)
        if name == "preorder":
            check_preorder(e, lambda name: e.integer(name, 0, ARENA), rely(lo, hi))
            return
        lo2, hi2 = e.integer("lo2", 0, ARENA), e.integer("hi2", 0, ARENA)
        e.assume(And(lo2 < hi2, Or(hi <= lo2, hi2 <= lo)))
        before, after = e.integer("before", 0, ARENA), e.integer("after", 0, ARENA)
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


CAS = 'atomic.cas(ha, "zeroed_base", zeroed_base, arena_limit)'
MUTANTS = {
    "plain store": (1, 1, Edit("mheap", f"if {CAS}:", "ha.zeroed_base = arena_limit\n                if True:")),
    "throw test": (1, 1, Edit("mheap", "zeroed_base > arena_base:", "zeroed_base >= arena_base:")),
    "off by a page": (1, 0, Edit("mheap", "if arena_base < zeroed_base:", "if arena_base + 8192 < zeroed_base:")),
    "one arena": (2, 0, Edit("mheap", "base += arena_limit - arena_base", "return need_zero")),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_planted_bug_is_refuted_with_plain_inputs(name: str) -> None:
    arenas, retries, edit = MUTANTS[name]
    outcome = explored(arenas, retries, (edit,))
    assert outcome.status == "refuted", outcome.text()
