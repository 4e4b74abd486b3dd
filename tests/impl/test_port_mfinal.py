"""The finalizer queue: blocks of so many entries, all of them known, used again."""

from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_386, LINUX_AMD64, MINIATURE
from impl.gcphase import GC_MARK
from impl.mfinal import (
    FIN_BLOCK_SIZE,
    Finblock,
    fin_block_len,
    iterate_finq,
    queuefinalizer,
    runfinq,
)
from impl.mheap import Mheap
from impl.runtime import new_mheap
from tests.impl.port_heap import throws

ENTRIES = fin_block_len(MINIATURE)


def chain(fb: Finblock | None, link: str) -> list[Finblock]:
    found = []
    while fb is not None:
        found.append(fb)
        fb = getattr(fb, link)
    return found


@given(st.lists(st.one_of(st.none(), st.integers(1, 2 * ENTRIES)), max_size=8))
def test_what_is_queued_is_run_once_block_by_block(steps: list[int | None]) -> None:
    h = new_mheap(MINIATURE)
    waiting: list[int] = []
    number = 0
    for step in steps:
        if step is None:
            run: list[int] = []
            count = runfinq(h, lambda fn, arg, run=run: run.append(arg) if fn == 8 else None)  # type: ignore[misc]  # the default binds the list
            assert (count, run) == (len(waiting), waiting[::-1])
            waiting = []
        else:
            for _ in range(step):
                queuefinalizer(h, number, 8, 0, "type", "pointer")
                waiting.append(number)
                number += 1
        seen: list[int] = []
        iterate_finq(h, lambda f, seen=seen: seen.append(f.arg))  # type: ignore[misc]  # as above
        assert sorted(seen) == waiting
        f = h.runtime.finalizers
        known = chain(f.allfin, "alllink")
        queue, cache = chain(f.finq, "next"), chain(f.finc, "next")
        assert sorted(map(id, known)) == sorted(map(id, queue + cache))
        assert all(fb.cnt == 0 for fb in cache)
        assert all(fb.cnt == ENTRIES for fb in queue[1:])


def test_a_finalizer_may_queue_another_one(h: Mheap) -> None:
    queuefinalizer(h, 1, 8, 0, "type", "pointer")
    assert runfinq(h, lambda _fn, _arg: queuefinalizer(h, 2, 8, 0, "type", "pointer")) == 1
    assert runfinq(h, lambda _fn, _arg: None) == 1


def test_nothing_is_queued_while_the_collector_runs(h: Mheap) -> None:
    h.runtime.gcphase = GC_MARK
    with throws("queuefinalizer during GC"):
        queuefinalizer(h, 1, 8, 0, "type", "pointer")


def test_a_finalizer_has_the_type_of_its_parameter(h: Mheap) -> None:
    queuefinalizer(h, 1, 8, 0, None, None)
    with throws("missing type in runfinq"):
        runfinq(h, lambda _fn, _arg: None)


def test_a_block_is_as_large_as_gos(h: Mheap) -> None:
    assert (fin_block_len(LINUX_AMD64), fin_block_len(LINUX_386)) == (101, 204)
    before = h.runtime.memstats.gc_misc_sys.load()
    queuefinalizer(h, 1, 8, 0, "type", "pointer")
    assert h.runtime.memstats.gc_misc_sys.load() - before == FIN_BLOCK_SIZE
