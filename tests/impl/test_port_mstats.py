"""Statistics: a counter that notices overflow, shards that add up, books that agree."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_AMD64, MINIATURE
from impl.memstats import read_mem_stats, readmemstats_m
from impl.mheap import Mheap
from impl.mstats import SysMemStat, new_heap_stats_delta
from impl.rt import U64_MAX, Atomic, M, PlainSlice, i64, run_on
from tests.impl.port_heap import slice_of, throws
from tests.impl.scavenge_heap import first_chunk, give_back, grow, scavenge_heap, take, with_pages


@given(st.lists(st.integers(-(1 << 62), 1 << 62), max_size=20))
def test_a_counter_throws_exactly_when_it_leaves_the_numbers_of_an_int64(deltas: list[int]) -> None:
    stat, total = SysMemStat(), 0
    for n in deltas:
        total += n
        if 0 <= total < 1 << 63:
            stat.add(n)
            assert stat.load() == total
        else:
            with throws("sysMemStat overflow"):
                stat.add(n)
            return


def ps(n: int) -> PlainSlice[Any]:
    return slice_of(
        *(SimpleNamespace(stats_seq=Atomic(), mcache=None, status=0, m=None) for _ in range(n))
    )


def thread(p: Any) -> M:
    m = M()
    m.p = p
    return m


@given(
    st.lists(st.tuples(st.sampled_from([None, 0, 1, "read"]), st.integers(-99, 99)), max_size=40)
)
def test_a_reader_sees_all_that_was_counted_before(steps: list[tuple[Any, int]]) -> None:
    h = scavenge_heap(MINIATURE)
    h.runtime.allp = ps(2)
    threads = {None: thread(None), 0: thread(h.runtime.allp[0]), 1: thread(h.runtime.allp[1])}
    total = count = 0
    out = new_heap_stats_delta(h.config)
    for who, n in steps:
        if who == "read":
            h.runtime.memstats.heap_stats.read(h, out)
            assert i64(out.committed.load()) == total
            assert out.small_alloc_count[1].load() == count
            continue
        with run_on(threads[who]):
            stats = h.runtime.memstats.heap_stats.acquire()
            stats.committed.add(n)
            stats.small_alloc_count[1].add(1)
            h.runtime.memstats.heap_stats.release()
        total += n
        count += 1
    h.runtime.world_is_stopped = 1
    out.clear()
    h.runtime.memstats.heap_stats.unsafe_read(h, out)
    assert i64(out.committed.load()) == total


def test_statistics_are_read_unsafely_only_with_the_world_stopped() -> None:
    h = scavenge_heap(MINIATURE)
    with throws("world not stopped"):
        h.runtime.memstats.heap_stats.unsafe_read(h, new_heap_stats_delta(h.config))


def test_a_thread_must_not_acquire_twice() -> None:
    h = scavenge_heap(MINIATURE)
    h.runtime.allp = ps(1)
    with run_on(thread(h.runtime.allp[0])):
        h.runtime.memstats.heap_stats.acquire()
        with throws("bad sequence number"):
            h.runtime.memstats.heap_stats.acquire()
        with throws("bad sequence number"):
            h.runtime.memstats.heap_stats.release()


def test_a_reader_waits_for_a_writer() -> None:
    h = scavenge_heap(MINIATURE)
    h.runtime.allp = ps(1)
    with run_on(thread(h.runtime.allp[0])):
        h.runtime.memstats.heap_stats.acquire()
    with throws("osyield with no other thread to wait for"):
        h.runtime.memstats.heap_stats.read(h, new_heap_stats_delta(h.config))


def used_heap() -> Mheap:
    h = with_pages(scavenge_heap(LINUX_AMD64), False)
    grow(h, first_chunk(h.config), 2)
    spans = [take(h, n) for n in (3, 100, 7)]
    give_back(h, spans[1], 100)
    h.pages.scavenge(8192 * 20, None, True)
    return h


def test_the_books_agree_after_allocating_freeing_and_scavenging() -> None:
    h = used_heap()
    stats = read_mem_stats(h)
    page = h.config.page_size
    assert stats.stack_inuse == 10 * page
    assert stats.heap_sys == 2 * h.config.palloc_chunk_bytes - 10 * page
    assert stats.heap_idle == stats.heap_sys
    assert 0 < stats.heap_released < stats.heap_sys
    assert stats.sys >= stats.heap_sys + stats.stack_inuse
    assert h.runtime.world_is_stopped == 0


def add(counter: Any, n: int = 8192) -> None:
    counter.add(n)


WRONG_BOOKS = [
    (
        "heapInUse and consistent stats are not equal",
        lambda h: add(h.runtime.gc_controller.heap_in_use),
    ),
    (
        "heapReleased and consistent stats are not equal",
        lambda h: add(h.runtime.gc_controller.heap_released),
    ),
    (
        "measures of the retained heap are not equal",
        lambda h: add(h.runtime.gc_controller.heap_free),
    ),
    (
        "totalAlloc and consistent stats are not equal",
        lambda h: add(h.runtime.gc_controller.total_alloc),
    ),
    (
        "totalFree and consistent stats are not equal",
        lambda h: add(h.runtime.gc_controller.total_free),
    ),
    (
        "mappedReady and other memstats are not equal",
        lambda h: add(h.runtime.gc_controller.mapped_ready, -8192),
    ),
    ("mappedReady and other memstats are not equal", lambda h: add(h.runtime.memstats.mspan_sys)),
]


@pytest.mark.parametrize(("text", "spoil"), WRONG_BOOKS)
def test_books_that_differ_throw(text: str, spoil: Any) -> None:
    h = used_heap()
    spoil(h)
    h.runtime.world_is_stopped = 1
    with throws(text):
        readmemstats_m(h, True)
    readmemstats_m(h, False)


def test_objects_are_counted_by_size_class() -> None:
    h = used_heap()
    stats = h.runtime.memstats.heap_stats.acquire()
    stats.small_alloc_count[1].add(5)
    stats.small_free_count[1].add(2)
    stats.large_alloc.add(40000)
    stats.large_alloc_count.add(1)
    stats.tiny_alloc_count.add(7)
    h.runtime.memstats.heap_stats.release()
    size = h.config.class_to_size[1]
    h.runtime.gc_controller.total_alloc.add(5 * size + 40000)
    h.runtime.gc_controller.total_free.add(2 * size)
    said = read_mem_stats(h)
    assert (said.mallocs, said.frees, said.heap_objects) == (5 + 1 + 7, 2 + 7, 4)
    assert said.heap_alloc == said.alloc == 3 * size + 40000
    assert (said.by_size[1].mallocs, said.by_size[1].frees) == (5, 2)
    assert said.next_gc < U64_MAX
