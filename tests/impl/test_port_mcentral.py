"""A central's sets trade roles each generation; spans come from them before the heap gives more."""

import pytest

from impl.mcentral import SPAN_BUDGET
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE
from impl.rt import U32_MAX, U64_MAX, u32
from tests.impl.port_heap import ONE_PER_PAGE, TWO_PER_PAGE, throws
from tests.impl.port_sweep import content, heap_span, set_marks, without_memory

GENERATIONS = pytest.mark.parametrize("gen", [0, 2, 4, U32_MAX - 1])


def full_unswept(h: Mheap, word: int) -> Mspan:
    s = heap_span(h, TWO_PER_PAGE)
    s.alloc_count = s.freeindex = 2
    set_marks(s, word)
    s.sweepgen = u32(h.sweepgen - 2)
    return s


@GENERATIONS
def test_swept_sets_are_the_unswept_ones_of_the_next_generation(h: Mheap, gen: int) -> None:
    c = h.central[TWO_PER_PAGE]
    after = u32(gen + 2)
    assert c.partial_swept(gen) is c.partial_unswept(after)
    assert c.full_swept(gen) is c.full_unswept(after)
    sets = {c.partial_swept(gen), c.partial_unswept(gen), c.full_swept(gen), c.full_unswept(gen)}
    assert len(sets) == 4


def test_a_swept_partial_span_is_taken_first(h: Mheap) -> None:
    c = h.central[TWO_PER_PAGE]
    s = heap_span(h, TWO_PER_PAGE)
    s.alloc_count = s.freeindex = 1
    c.partial_swept(h.sweepgen).push(s)
    assert c.cache_span(h) is s
    assert s.alloc_cache == U64_MAX >> 1


@GENERATIONS
def test_an_unswept_partial_span_is_swept(h: Mheap, gen: int) -> None:
    h.sweepgen = gen
    c = h.central[TWO_PER_PAGE]
    s = full_unswept(h, 0b01)
    c.partial_unswept(gen).push(s)
    assert c.cache_span(h) is s
    assert (s.sweepgen, s.alloc_count) == (gen, 1)
    assert h.runtime.sweep.active.sweepers() == 0


def test_unswept_full_spans_are_tried_until_one_has_room(h: Mheap) -> None:
    c = h.central[TWO_PER_PAGE]
    still_full, roomy = full_unswept(h, 0b11), full_unswept(h, 0b01)
    c.full_unswept(h.sweepgen).push(still_full)
    c.full_unswept(h.sweepgen).push(roomy)
    assert c.cache_span(h) is roomy
    assert (roomy.freeindex, roomy.alloc_cache) == (1, U64_MAX >> 1)
    assert c.full_swept(h.sweepgen).pop() is still_full
    assert h.runtime.sweep.active.sweepers() == 0


def test_spans_swept_by_others_are_ignored(h: Mheap) -> None:
    c = h.central[TWO_PER_PAGE]
    for unswept in (c.partial_unswept(h.sweepgen), c.full_unswept(h.sweepgen)):
        s = full_unswept(h, 0)
        s.sweepgen = h.sweepgen
        unswept.push(s)
    fresh = c.cache_span(h)
    assert fresh is not None
    assert (fresh.alloc_count, fresh.freeindex) == (0, 0)
    assert fresh.state.get() == M_SPAN_IN_USE


def test_the_budget_limits_how_many_spans_are_swept(h: Mheap) -> None:
    c = h.central[TWO_PER_PAGE]
    for _ in range(SPAN_BUDGET + 5):
        swept = Mspan()
        c.partial_unswept(h.sweepgen).push(swept)
    assert c.cache_span(h) is not None
    assert len(content(c.partial_unswept(h.sweepgen))) == 4


def test_nothing_is_swept_when_all_is_drained(h: Mheap) -> None:
    c = h.central[TWO_PER_PAGE]
    s = full_unswept(h, 0)
    c.full_unswept(h.sweepgen).push(s)
    h.runtime.sweep.active.mark_drained()
    assert c.cache_span(h) is not s


def test_a_new_span_has_its_limit_after_the_last_whole_object(h: Mheap) -> None:
    s = h.central[TWO_PER_PAGE].grow(h)
    assert s is not None
    assert s.limit == s.base() + 2 * 4096


def test_without_memory_there_is_no_span(h: Mheap) -> None:
    without_memory(h)
    assert h.central[TWO_PER_PAGE].cache_span(h) is None


def test_a_full_span_on_a_partial_list_is_an_error(h: Mheap) -> None:
    s = heap_span(h, ONE_PER_PAGE)
    s.alloc_count = 1
    h.central[ONE_PER_PAGE].partial_swept(h.sweepgen).push(s)
    with throws("span has no free objects"):
        h.central[ONE_PER_PAGE].cache_span(h)


@GENERATIONS
@pytest.mark.parametrize("count", [1, 2])
def test_uncaching_puts_a_span_where_it_belongs(h: Mheap, gen: int, count: int) -> None:
    h.sweepgen = gen
    c = h.central[TWO_PER_PAGE]
    s = heap_span(h, TWO_PER_PAGE)
    s.alloc_count, s.sweepgen = count, u32(gen + 3)
    c.uncache_span(h, s)
    assert s.sweepgen == gen
    assert (c.partial_swept(gen) if count == 1 else c.full_swept(gen)).pop() is s


@GENERATIONS
@pytest.mark.parametrize("word", [0, 1])
def test_uncaching_sweeps_a_stale_span(h: Mheap, gen: int, word: int) -> None:
    h.sweepgen = gen
    c = h.central[TWO_PER_PAGE]
    s = full_unswept(h, word)
    s.sweepgen = u32(gen + 1)
    c.uncache_span(h, s)
    assert s.sweepgen == gen
    assert c.partial_swept(gen).pop() is (s if word else None)
    assert (s.state.get() == M_SPAN_DEAD) == (word == 0)


def test_an_empty_span_is_not_uncached(h: Mheap) -> None:
    with throws("uncaching span but s.allocCount == 0"):
        h.central[TWO_PER_PAGE].uncache_span(h, heap_span(h, TWO_PER_PAGE))
