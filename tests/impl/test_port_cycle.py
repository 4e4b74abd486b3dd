"""Whole collection cycles: what is reachable stays, the rest goes, over the wrap of sweepgen too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import MINIATURE
from impl.gcphase import GC_MARK, GC_OFF
from impl.heaparena import arena_at
from impl.mgc import (
    GC_BACKGROUND_MODE,
    GC_FORCE_BLOCK_MODE,
    gc_mark_done,
    gc_start,
    gc_sweep,
    set_gc_phase,
)
from impl.mgcmark import greyobject, scan_conservative
from impl.mgcsweep import NOTHING_TO_SWEEP, is_sweep_done, sweepone
from impl.mheap import Mheap
from impl.proc import stop_the_world_with_sema
from impl.reclaim import RECLAIM_DONE
from impl.rt import U32_MAX, lock, u32, unlock
from tests.impl.port_heap import (
    ARENA,
    LARGE,
    ONE_PER_PAGE,
    PAGE,
    TWO_PER_PAGE,
    Thread,
    heap_of,
    slice_of,
    throws,
)
from tests.impl.port_sweep import marks


def collect(h: Mheap, t: Thread, roots: list[int]) -> None:
    """One cycle up to the start of the sweep."""
    gc_start(h, (t.cache,))
    assert (h.runtime.gcphase, h.runtime.gc_blacken_enabled) == (GC_MARK, 1)
    for p in roots:
        scan_conservative(h, p)
    gc_mark_done(h, (t.cache,))
    assert (h.runtime.gcphase, h.runtime.gc_blacken_enabled) == (GC_OFF, 0)


def sweep_all(h: Mheap) -> None:
    while sweepone(h) != NOTHING_TO_SWEEP:
        pass
    assert is_sweep_done(h)


STEPS = st.lists(
    st.one_of(
        st.sampled_from([ONE_PER_PAGE, TWO_PER_PAGE]),
        st.sets(st.integers(0, 9)),
        st.just("sweep"),
    ),
    max_size=25,
)


@given(STEPS, st.sampled_from([0, 2, U32_MAX - 3, U32_MAX - 1]))
def test_objects_live_as_long_as_they_are_reachable(steps: list[object], gen: int) -> None:
    h = heap_of(MINIATURE)
    h.sweepgen = gen
    t = Thread(h)
    live: list[int] = []
    for step in steps:
        if step == "sweep":
            sweepone(h)
        elif isinstance(step, int):
            if len(live) < 25:
                p, _ = t.new(step)
                assert p not in live
                live.append(p)
        elif isinstance(step, set):
            live = [p for n, p in enumerate(live) if n not in step]
            collect(h, t, live)
    collect(h, t, live)
    sweep_all(h)
    assert h.pages_in_use.load() == len({p // PAGE for p in live})
    t.cache.release_all(h)


def test_a_marked_object_is_marked_once(h: Mheap) -> None:
    t = Thread(h)
    p, s = t.new(TWO_PER_PAGE)
    assert scan_conservative(h, p + 4095)
    assert not scan_conservative(h, p)
    assert marks(s) == 1
    page_marks = arena_at(h, 1).page_marks
    assert [page_marks[i] for i in range(2)] == [1, 0]


def test_what_is_no_object_is_not_marked(h: Mheap) -> None:
    t = Thread(h)
    p, _ = t.new(TWO_PER_PAGE)
    for val in (0, ARENA - 1, p + 4096, p + PAGE):
        assert not scan_conservative(h, val)


def test_an_object_is_pointer_aligned(h: Mheap) -> None:
    p, s = Thread(h).new(ONE_PER_PAGE)
    with throws("greyobject: obj not pointer-aligned"):
        greyobject(h, p + 1, s, 0)


def test_an_object_the_allocator_has_not_finished_is_not_marked(h: Mheap) -> None:
    """go.dev/issue/54596: freeindex has passed it, free_index_for_scan has not."""
    p, s = Thread(h).new(ONE_PER_PAGE)
    s.free_index_for_scan = 0
    assert not scan_conservative(h, p)


def test_the_next_generation_starts_from_scratch(h: Mheap) -> None:
    h.sweepgen = U32_MAX - 1
    h.pages_swept.store(3)
    h.reclaim_index.store(RECLAIM_DONE)
    h.reclaim_credit.store(4)
    h.runtime.sweep.central_index.update(5)
    h.runtime.sweep.active.mark_drained()
    stop_the_world_with_sema(h)
    gc_sweep(h, GC_BACKGROUND_MODE)
    assert (h.sweepgen, h.pages_swept.load(), h.reclaim_index.load()) == (0, 0, 0)
    assert (h.reclaim_credit.load(), h.runtime.sweep.central_index.load()) == (0, 0)
    assert list(h.sweep_arenas) == list(h.all_arenas) == [1, 2]
    assert not is_sweep_done(h)


def test_the_sweep_starts_after_marking(h: Mheap) -> None:
    with throws("world not stopped"):
        gc_sweep(h, GC_BACKGROUND_MODE)
    stop_the_world_with_sema(h)
    set_gc_phase(h, GC_MARK)
    with throws("gcSweep being done but phase is not GCoff"):
        gc_sweep(h, GC_BACKGROUND_MODE)


def test_a_blocking_sweep_leaves_nothing(h: Mheap) -> None:
    t = Thread(h)
    t.new(ONE_PER_PAGE)
    t.new(ONE_PER_PAGE)
    stop_the_world_with_sema(h)
    gc_sweep(h, GC_FORCE_BLOCK_MODE)
    assert is_sweep_done(h)
    assert h.pages_in_use.load() == h.runtime.sweep.npausesweep == 1


def test_mark_termination_cannot_follow_a_blocking_sweep(h: Mheap) -> None:
    """GODEBUG=gcstoptheworld=2 ends the real 1.21.13 with the same text."""
    h.runtime.debug.gcstoptheworld = 2
    gc_start(h)
    with throws("failed to set sweep barrier"):
        gc_mark_done(h)


def test_a_cycle_needs_flushed_caches(h: Mheap) -> None:
    t = Thread(h)
    t.cache.flush_gen.store(u32(h.sweepgen - 2))
    with throws("p mcache not flushed"):
        gc_start(h, (t.cache,))


def test_reclaim_frees_unmarked_spans_before_allocating(h: Mheap) -> None:
    t = Thread(h)
    objects = [t.new(ONE_PER_PAGE)[0] for _ in range(20)]
    collect(h, t, objects[1::2])
    s = h.alloc(3, LARGE)
    assert s is not None
    # The first chunk of 8 pages has 4 unmarked spans, one more than needed.
    assert (h.pages_in_use.load(), h.reclaim_credit.load()) == (20 - 4 + 3, 1)
    assert h.reclaim_index.load() == 8


def test_reclaim_spends_credit_first(h: Mheap) -> None:
    h.reclaim_credit.store(5)
    h.reclaim(3)
    assert (h.reclaim_credit.load(), h.reclaim_index.load()) == (2, 0)


def test_reclaim_gives_up_at_the_end_of_the_arenas(h: Mheap) -> None:
    stop_the_world_with_sema(h)
    gc_sweep(h, GC_BACKGROUND_MODE)
    h.reclaim(1)
    assert h.reclaim_index.load() == RECLAIM_DONE
    h.reclaim(1)
    assert h.reclaim_index.load() == RECLAIM_DONE
    assert not h.lock.held


def test_reclaim_chunk_needs_the_lock_and_work(h: Mheap) -> None:
    with throws("not holding required lock!"):
        h.reclaim_chunk(slice_of(1), 0, 8)
    h.runtime.sweep.active.mark_drained()
    lock(h.lock)
    assert h.reclaim_chunk(slice_of(1), 0, 8) == 0
    unlock(h.lock)


@pytest.mark.parametrize("page", [0, 7, 8, 15])
def test_reclaim_chunk_looks_at_its_pages_only(h: Mheap, page: int) -> None:
    t = Thread(h)
    objects = [t.new(ONE_PER_PAGE)[0] for _ in range(16)]
    collect(h, t, [p for p in objects if p != ARENA + page * PAGE])
    lock(h.lock)
    freed = [h.reclaim_chunk(slice_of(1, 2), first, 8) for first in (0, 8, 16, 24)]
    unlock(h.lock)
    # The thread's cached span, on the last page, was swept when the cache was flushed.
    expected = [0, 0, 0, 0]
    if page != 15:
        expected[page // 8] = 1
    assert freed == expected
