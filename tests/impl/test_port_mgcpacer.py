"""The collector's pace, as far as the heap has to do with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import MINIATURE
from impl.mgcpacer import MAX_INT64, gc_controller_commit, set_gc_percent, set_memory_limit
from impl.mheap import Mheap
from impl.rt import U64_MAX, lock, unlock
from tests.impl.port_heap import throws
from tests.impl.scavenge_heap import scavenge_heap

MIB = 1 << 20
BYTES = st.integers(0, 1 << 40)


@pytest.fixture
def heap() -> Mheap:
    return scavenge_heap(MINIATURE)


def commit(h: Mheap, is_sweep_done: bool = True) -> None:
    lock(h.lock)
    h.runtime.gc_controller.commit(h, is_sweep_done)
    unlock(h.lock)


def test_the_first_goal_is_four_mebibytes(heap: Mheap) -> None:
    assert heap.runtime.gc_controller.trigger() == (4 * MIB * 61 // 64, 4 * MIB)


def test_the_heap_may_double(heap: Mheap) -> None:
    c = heap.runtime.gc_controller
    c.reset_live(64 * MIB)
    commit(heap)
    trigger, goal = c.trigger()
    assert goal == c.heap_goal() == 128 * MIB
    assert trigger == 128 * MIB - 64 * MIB * 3 // 64 or trigger == 128 * MIB - 4 * MIB
    # Stacks and globals count as well.
    c.globals_scan.store(MIB)
    commit(heap)
    assert c.heap_goal() == 129 * MIB


def test_a_sweep_under_way_puts_the_goal_forward(heap: Mheap) -> None:
    c = heap.runtime.gc_controller
    c.heap_live.store(10 * MIB)
    commit(heap, False)
    assert c.heap_goal() == 11 * MIB
    commit(heap, True)
    assert c.heap_goal() == 4 * MIB


def test_a_cycle_that_starts_late_has_some_way_to_go(heap: Mheap) -> None:
    c = heap.runtime.gc_controller
    c.heap_live.store(4 * MIB)
    c.start_cycle()
    assert c.heap_goal() == 4 * MIB + (64 << 10)
    c.end_cycle()
    assert c.last_heap_goal == 4 * MIB + (64 << 10)
    c.reset_live(MIB)
    assert (c.heap_live.load(), c.heap_goal()) == (MIB, 4 * MIB)


def test_without_collection_only_the_limit_counts(heap: Mheap) -> None:
    assert set_gc_percent(heap, -1) == 100
    assert heap.runtime.gc_controller.heap_goal() > 1 << 62
    assert set_gc_percent(heap, 200) == -1
    assert heap.runtime.gc_controller.heap_goal() == 8 * MIB


def test_the_goal_leaves_room_below_the_limit(heap: Mheap) -> None:
    c = heap.runtime.gc_controller
    set_gc_percent(heap, -1)
    c.mapped_ready.store(60 * MIB)
    c.total_alloc.store(40 * MIB)
    c.heap_free.add(10 * MIB)
    assert set_memory_limit(heap, 110 * MIB) == MAX_INT64
    # 110 MiB less 10 MiB that aren't the heap's, less 3 %.
    assert c.heap_goal() == 100 * MIB - MIB * 100 // 100 * 3
    assert set_memory_limit(heap, -1) == 110 * MIB
    # Beyond the limit: nothing but the marked heap.
    c.reset_live(7 * MIB)
    set_memory_limit(heap, 5 * MIB)
    assert c.heap_goal() == 7 * MIB
    # Slightly over the limit counts twice.
    set_memory_limit(heap, 50 * MIB)
    assert c.heap_goal() == 30 * MIB - 1 * MIB


def test_the_same_limit_again_commits_nothing(heap: Mheap) -> None:
    heap.runtime.gc_controller.reset_live(64 * MIB)
    set_memory_limit(heap, MAX_INT64)
    assert heap.runtime.gc_controller.heap_goal() == 4 * MIB
    set_memory_limit(heap, MAX_INT64 - 1)
    assert heap.runtime.gc_controller.heap_goal() == 128 * MIB


@given(st.integers(-1, 400), st.integers(0, 1 << 41), BYTES, BYTES, BYTES, BYTES, st.booleans())
def test_the_trigger_lies_between_the_marked_heap_and_the_goal(
    percent: int, limit: int, marked: int, live: int, alloc: int, rest: int, swept: bool
) -> None:
    h = scavenge_heap(MINIATURE)
    c = h.runtime.gc_controller
    c.heap_marked = marked
    c.heap_live.store(marked + live)
    c.total_alloc.store(alloc)
    c.mapped_ready.store(alloc + rest)
    set_gc_percent(h, percent)
    set_memory_limit(h, limit)
    commit(h, swept)
    trigger, goal = c.trigger()
    assert trigger <= goal
    if marked < goal:
        assert trigger >= marked


def test_changes_of_the_live_heap(heap: Mheap) -> None:
    c = heap.runtime.gc_controller
    c.update(heap, 100, 50)
    c.update(heap, -30, 0)
    assert (c.heap_live.load(), c.heap_scan.load()) == (70, 50)
    heap.runtime.gc_blacken_enabled = 1
    c.update(heap, 1, 1)
    assert (c.heap_live.load(), c.heap_scan.load()) == (71, 50)


def test_books_that_never_add_up_end_the_wait(heap: Mheap) -> None:
    heap.runtime.gc_controller.heap_free.add(1)
    with throws("osyield with no other thread to wait for"):
        heap.runtime.gc_controller.heap_goal()


def test_the_pace_is_committed_with_the_heap_locked(heap: Mheap) -> None:
    with throws("no world stop or required lock!"):
        gc_controller_commit(heap)
    with throws("no world stop or required lock!"):
        heap.runtime.gc_controller.commit(heap, True)
    with throws("no world stop or required lock!"):
        heap.runtime.gc_controller.set_gc_percent(heap, 1)
    with throws("no world stop or required lock!"):
        heap.runtime.gc_controller.set_memory_limit(heap, 1)
    lock(heap.lock)
    gc_controller_commit(heap)
    unlock(heap.lock)
    assert heap.runtime.scavenge.memory_limit_goal.load() == U64_MAX
    assert heap.sweep_pages_per_byte == 0.0
