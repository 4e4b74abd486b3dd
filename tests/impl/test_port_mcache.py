"""A thread's cache: refilled with spans that the sweep leaves alone, flushed in each generation."""

import pytest
from port_heap import LARGE, ONE_PER_PAGE, PAGE, TWO_PER_PAGE, Thread, span_at, throws

from impl.malloc import next_free, next_free_fast
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.rt import U32_MAX, U64_MAX, u32

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
    h.pages.alloc_range(h.config.heap_arena_bytes, 32)
    with throws("out of memory"):
        Thread(h).cache.refill(h, ONE_PER_PAGE)


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


@pytest.mark.parametrize("size", [33 * PAGE, U64_MAX])
def test_a_large_object_that_does_not_fit(h: Mheap, size: int) -> None:
    with throws("out of memory"):
        Thread(h).cache.alloc_large(h, size, False)


@GENERATIONS
def test_a_new_generation_flushes_the_cache_once(h: Mheap, gen: int) -> None:
    h.sweepgen = u32(gen - 2)
    t = Thread(h)
    _, s = t.new(TWO_PER_PAGE)
    s.gcmark_bits.words[0] = 1
    h.sweepgen = gen
    t.cache.prepare_for_sweep(h)
    assert t.cache.flush_gen.load() == gen
    assert t.cache.alloc[TWO_PER_PAGE] is h.emptymspan
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
    assert (s.free_index, s.alloc_count) == (2, 2)
    assert next_free_fast(s) == 0


def test_next_free_fast_leaves_the_end_of_a_block_to_next_free_index() -> None:
    s = Mspan()
    s.nelems, s.free_index, s.alloc_cache = 128, 60, 1 << 3
    assert next_free_fast(s) == 0
    s.alloc_cache = 0
    assert next_free_fast(s) == 0


def test_next_free_checks_the_count(h: Mheap) -> None:
    t = Thread(h)
    _, s = t.new(ONE_PER_PAGE)
    s.alloc_count = 0
    with throws("s.allocCount != s.nelems && freeIndex == s.nelems"):
        next_free(h, t.cache, ONE_PER_PAGE)
    s.free_index, s.alloc_cache, s.alloc_count = 0, U64_MAX, 1
    with throws("s.allocCount > s.nelems"):
        next_free(h, t.cache, ONE_PER_PAGE)


def test_next_free_checks_the_index(h: Mheap, monkeypatch: pytest.MonkeyPatch) -> None:
    t = Thread(h)
    t.new(ONE_PER_PAGE)
    monkeypatch.setattr("impl.mcache.Mcache.refill", lambda *_: None)
    with throws("freeIndex is not valid"):
        next_free(h, t.cache, ONE_PER_PAGE)


def test_a_cached_span_is_not_for_the_sweeper(h: Mheap) -> None:
    s = span_at(h, 0, 1, LARGE)
    s.sweepgen = u32(h.sweepgen + 3)
    sl = h.sweep.active.begin(h)
    assert sl.try_acquire(s) is None
