"""A thread's cache: refilled with spans that the sweep leaves alone, flushed in each generation."""

import pytest

from impl.malloc import next_free_fast
from impl.mcache import TINY_SPAN_CLASS, allocmcache, freemcache
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.mstats import HeapStatsDelta, new_heap_stats_delta
from impl.rt import U32_MAX, U64_MAX, u32
from tests.impl.port_heap import LARGE, ONE_PER_PAGE, PAGE, TWO_PER_PAGE, Thread, throws
from tests.impl.port_sweep import heap_span, set_marks, without_memory

GENERATIONS = pytest.mark.parametrize("gen", [0, 2, 4, U32_MAX - 1])


@GENERATIONS
def test_refill_caches_a_span(h: Mheap, gen: int) -> None:
    h.sweepgen = gen
    t = Thread(h)
    t.cache.refill(h, TWO_PER_PAGE)
    s = t.cache.alloc[TWO_PER_PAGE]
    assert (s.sweepgen, s.alloc_count_before_cache) == (u32(gen + 3), 0)


@GENERATIONS
def test_a_full_span_is_replaced(h: Mheap, gen: int) -> None:
    h.sweepgen = gen
    t = Thread(h)
    first, second, third = t.new(TWO_PER_PAGE), t.new(TWO_PER_PAGE), t.new(TWO_PER_PAGE)
    assert first[1] is second[1] is not third[1]
    assert second[0] == first[0] + 4096
    assert h.central[TWO_PER_PAGE].full_swept(gen).pop() is first[1]
    assert (first[1].sweepgen, first[1].alloc_count_before_cache) == (gen, 0)


def test_a_span_with_room_is_not_replaced(h: Mheap) -> None:
    t = Thread(h)
    t.new(TWO_PER_PAGE)
    with throws("refill of span with free space remaining"):
        t.cache.refill(h, TWO_PER_PAGE)


def test_a_cached_span_must_say_so(h: Mheap) -> None:
    t = Thread(h)
    _, s = t.new(ONE_PER_PAGE)
    s.sweepgen = u32(h.sweepgen + 1)
    with throws("bad sweepgen in refill"):
        t.cache.refill(h, ONE_PER_PAGE)


def test_refill_without_memory(h: Mheap) -> None:
    t = Thread(h)
    without_memory(h)
    with throws("out of memory"):
        t.cache.refill(h, ONE_PER_PAGE)


def test_refill_with_a_full_span(h: Mheap, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Mspan()
    monkeypatch.setattr("impl.mcentral.Mcentral.cache_span", lambda *_: full)
    with throws("span has no free space"):
        Thread(h).cache.refill(h, ONE_PER_PAGE)


@pytest.mark.parametrize(("size", "npages"), [(PAGE, 1), (PAGE + 1, 2), (3 * PAGE - 1, 3)])
@pytest.mark.parametrize("noscan", [False, True])
def test_a_large_object(h: Mheap, size: int, npages: int, noscan: bool) -> None:
    s = Thread(h).cache.alloc_large(h, size, noscan)
    assert (s.npages, s.limit, s.spanclass) == (npages, s.base() + size, int(noscan))
    assert h.central[s.spanclass].full_swept(h.sweepgen).pop() is s


@pytest.mark.parametrize("size", [200 * PAGE, U64_MAX])
def test_a_large_object_that_does_not_fit(h: Mheap, size: int) -> None:
    with throws("out of memory"):
        Thread(h).cache.alloc_large(h, size, False)


@GENERATIONS
def test_a_new_generation_flushes_the_cache_once(h: Mheap, gen: int) -> None:
    h.sweepgen = u32(gen - 2)
    t = Thread(h)
    _, s = t.new(TWO_PER_PAGE)
    set_marks(s, 1)
    h.sweepgen = gen
    t.cache.prepare_for_sweep(h)
    assert t.cache.flush_gen.load() == gen
    assert t.cache.alloc[TWO_PER_PAGE] is h.runtime.emptymspan
    assert (s.sweepgen, s.alloc_count_before_cache) == (gen, 0)
    _, s = t.new(TWO_PER_PAGE)
    t.cache.prepare_for_sweep(h)
    assert t.cache.alloc[TWO_PER_PAGE] is s


@pytest.mark.parametrize("behind", [-2, 1, 4])
def test_a_cache_is_one_generation_behind_at_most(h: Mheap, behind: int) -> None:
    t = Thread(h)
    t.cache.flush_gen.store(u32(h.sweepgen - behind))
    with throws("bad flushGen"):
        t.cache.prepare_for_sweep(h)


def test_next_free_fast_takes_what_the_cache_shows(h: Mheap) -> None:
    t = Thread(h)
    p, s = t.new(TWO_PER_PAGE)
    assert next_free_fast(s) == p + 4096
    assert (s.freeindex, s.alloc_count) == (2, 2)
    assert next_free_fast(s) == 0


def test_next_free_fast_leaves_the_end_of_a_block_to_next_free_index() -> None:
    s = Mspan()
    s.nelems, s.freeindex, s.alloc_cache = 128, 60, 1 << 3
    assert next_free_fast(s) == 0
    s.alloc_cache = 0
    assert next_free_fast(s) == 0


def test_next_free_checks_the_count(h: Mheap) -> None:
    t = Thread(h)
    _, s = t.new(ONE_PER_PAGE)
    s.alloc_count = 0
    with throws("s.allocCount != s.nelems && freeIndex == s.nelems"):
        t.cache.next_free(h, ONE_PER_PAGE)
    s.freeindex, s.alloc_cache, s.alloc_count = 0, U64_MAX, 1
    with throws("s.allocCount > s.nelems"):
        t.cache.next_free(h, ONE_PER_PAGE)


def test_next_free_checks_the_index(h: Mheap, monkeypatch: pytest.MonkeyPatch) -> None:
    t = Thread(h)
    t.new(ONE_PER_PAGE)
    monkeypatch.setattr("impl.mcache.Mcache.refill", lambda *_: None)
    with throws("freeIndex is not valid"):
        t.cache.next_free(h, ONE_PER_PAGE)


def test_a_cached_span_is_not_for_the_sweeper(h: Mheap) -> None:
    s = heap_span(h, LARGE)
    s.sweepgen = u32(h.sweepgen + 3)
    sl = h.runtime.sweep.active.begin(h)
    assert sl.try_acquire(s) is None


def counts(h: Mheap) -> HeapStatsDelta:
    out = new_heap_stats_delta(h.config)
    h.runtime.memstats.heap_stats.read(h, out)
    return out


def test_refill_counts_a_whole_span_as_live_and_release_takes_the_rest_back(h: Mheap) -> None:
    t = Thread(h)
    t.cache.scan_alloc = 100
    t.new(TWO_PER_PAGE)
    live, scan = h.runtime.gc_controller.heap_live, h.runtime.gc_controller.heap_scan
    assert (live.load(), scan.load(), t.cache.scan_alloc) == (PAGE, 100, 0)
    assert counts(h).small_alloc_count[1].load() == 0
    t.cache.scan_alloc = 20
    t.cache.release_all(h)
    assert (live.load(), scan.load(), t.cache.scan_alloc) == (4096, 120, 0)
    assert counts(h).small_alloc_count[1].load() == 1
    assert h.runtime.gc_controller.total_alloc.load() == 4096


def test_what_was_allocated_before_a_span_was_cached_is_counted_once(h: Mheap) -> None:
    t = Thread(h)
    t.new(TWO_PER_PAGE)
    t.cache.release_all(h)
    t.new(TWO_PER_PAGE)
    assert h.runtime.gc_controller.heap_live.load() == PAGE
    t.new(TWO_PER_PAGE)
    assert counts(h).small_alloc_count[1].load() == 2
    assert h.runtime.gc_controller.total_alloc.load() == PAGE
    assert h.runtime.gc_controller.heap_live.load() == 2 * PAGE


def test_a_stale_span_leaves_the_new_count_of_live_bytes_alone(h: Mheap) -> None:
    t = Thread(h)
    _, s = t.new(TWO_PER_PAGE)
    set_marks(s, 1)
    h.sweepgen = u32(h.sweepgen + 2)
    h.runtime.gc_controller.heap_live.store(4096)
    t.cache.prepare_for_sweep(h)
    assert h.runtime.gc_controller.heap_live.load() == 4096
    assert counts(h).small_alloc_count[1].load() == 1


def test_a_large_object_is_counted_by_its_pages(h: Mheap) -> None:
    Thread(h).cache.alloc_large(h, 2 * PAGE + 1, False)
    stats = counts(h)
    assert (stats.large_alloc.load(), stats.large_alloc_count.load()) == (3 * PAGE, 1)
    assert h.runtime.gc_controller.heap_live.load() == 3 * PAGE
    assert h.runtime.gc_controller.total_alloc.load() == 3 * PAGE


def test_tiny_objects_are_counted_with_their_blocks(h: Mheap) -> None:
    t = Thread(h)
    t.new(TINY_SPAN_CLASS)
    t.cache.tiny_allocs = 5
    t.new(TWO_PER_PAGE)
    assert counts(h).tiny_alloc_count.load() == 0
    t.new(TINY_SPAN_CLASS)
    assert (counts(h).tiny_alloc_count.load(), t.cache.tiny_allocs) == (5, 0)
    t.cache.tiny, t.cache.tinyoffset, t.cache.tiny_allocs = 64, 8, 2
    t.cache.release_all(h)
    assert (counts(h).tiny_alloc_count.load(), t.cache.tiny_allocs) == (7, 0)
    assert (t.cache.tiny, t.cache.tinyoffset) == (0, 0)


def test_a_freed_cache_is_the_next_to_be_made(h: Mheap) -> None:
    t = Thread(h)
    _, s = t.new(TWO_PER_PAGE)
    t.cache.tiny = 64
    inuse = h.cachealloc.inuse
    freemcache(h, t.cache)
    assert h.cachealloc.inuse == inuse - h.cachealloc.size
    assert h.central[TWO_PER_PAGE].partial_swept(h.sweepgen).pop() is s
    h.sweepgen = u32(h.sweepgen + 2)
    again = allocmcache(h)
    assert again is t.cache
    assert (again.tiny, again.flush_gen.load()) == (0, h.sweepgen)
    assert again.alloc[TWO_PER_PAGE] is h.runtime.emptymspan


def test_refill_and_large_objects_pay_for_the_sweep(h: Mheap) -> None:
    t = Thread(h)
    for _ in range(8):
        s = heap_span(h, ONE_PER_PAGE)
        s.alloc_count = s.freeindex = 1
        set_marks(s, 1)
        s.sweepgen = u32(h.sweepgen - 2)
        h.central[ONE_PER_PAGE].full_unswept(h.sweepgen).push(s)
    h.sweep_pages_per_byte = 1 / PAGE
    t.new(TWO_PER_PAGE)
    assert h.pages_swept.load() == 1
    # Its own pages are left for reclaim to sweep.
    t.cache.alloc_large(h, 2 * PAGE, False)
    assert h.pages_swept.load() == 1
    t.new(TINY_SPAN_CLASS)
    assert h.pages_swept.load() == 4
