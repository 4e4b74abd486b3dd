"""The life of a span: initialised, published, found by address, freed."""

import pytest

from impl.config import MINIATURE, MINIATURE_L1, Config
from impl.heaparena import arena_at
from impl.mheap import Mheap
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE, M_SPAN_MANUAL
from impl.rt import U64_MAX, lock, unlock
from impl.runtime import new_mheap
from impl.spanalloctype import (
    SPAN_ALLOC_HEAP,
    SPAN_ALLOC_STACK,
    SPAN_ALLOC_WORK_BUF,
    span_alloc_type_manual,
)
from impl.spanof import in_heap_or_stack, inheap, span_of, span_of_heap, span_of_unchecked
from tests.impl.port_heap import (
    ARENA,
    LARGE,
    ONE_PER_PAGE,
    PAGE,
    TWO_PER_PAGE,
    heap_of,
    span_at,
    throws,
)


def test_only_heap_allocations_are_not_manual() -> None:
    assert not span_alloc_type_manual(SPAN_ALLOC_HEAP)
    assert span_alloc_type_manual(SPAN_ALLOC_WORK_BUF)


def test_a_small_object_span(h: Mheap) -> None:
    h.sweepgen = 6
    s = span_at(h, 2, 1, TWO_PER_PAGE)
    assert (s.state.get(), s.sweepgen, s.spanclass) == (M_SPAN_IN_USE, 6, TWO_PER_PAGE)
    assert (s.elemsize, s.nelems, s.div_mul) == (4096, 2, 1 << 20)
    assert (s.freeindex, s.free_index_for_scan, s.alloc_cache) == (0, 0, U64_MAX)
    assert s.gcmark_bits.bytep(0) == s.alloc_bits.bytep(0) == 0
    assert s.gcmark_bits != s.alloc_bits
    assert h.pages_in_use.load() == 1


def page_in_use(h: Mheap, arena: int) -> list[int]:
    """The words of the arena's bitmap of pages at which a span in use begins."""
    words = arena_at(h, arena).page_in_use
    return [words[i] for i in range(len(words))]


def test_a_large_object_span(h: Mheap) -> None:
    s = span_at(h, 0, 3, LARGE)
    assert (s.elemsize, s.nelems, s.div_mul) == (3 * PAGE, 1, 0)


def test_a_manual_span(h: Mheap) -> None:
    s = span_at(h, 1, 2, TWO_PER_PAGE, SPAN_ALLOC_STACK)
    assert (s.state.get(), s.spanclass, s.nelems) == (M_SPAN_MANUAL, 0, 0)
    assert s.limit == ARENA + 3 * PAGE
    assert h.pages_in_use.load() == 0
    assert page_in_use(h, 1) == [0, 0]


def test_used_pages_need_zeroing(h: Mheap) -> None:
    assert span_at(h, 4, 1, ONE_PER_PAGE).needzero == 0
    assert span_at(h, 3, 1, ONE_PER_PAGE).needzero == 1


def test_the_limit_of_a_heap_span_is_stale_when_it_is_published(h: Mheap) -> None:
    """go.dev/issue/74288: init_span leaves `limit` as it was in the span's earlier life."""
    s = span_at(h, 0, 1, ONE_PER_PAGE)
    s.limit = ARENA + 8 * PAGE
    h.init_span(s, SPAN_ALLOC_HEAP, ONE_PER_PAGE, ARENA, 1)
    assert (s.state.get(), s.limit) == (M_SPAN_IN_USE, ARENA + 8 * PAGE)


@pytest.mark.parametrize("config", [MINIATURE, MINIATURE_L1])
def test_set_spans_crosses_arenas(config: Config) -> None:
    h = heap_of(config, arenas=4)
    s = span_at(h, 14, 20, LARGE)
    pages = [span_of(h, ARENA + page * PAGE) for page in range(64)]
    assert pages == [None] * 14 + [s] * 20 + [None] * 30
    assert page_in_use(h, 1) == [0, 1 << 6]
    assert page_in_use(h, 2) == [0, 0]


@pytest.mark.parametrize("config", [MINIATURE, MINIATURE_L1])
def test_addresses_outside_every_arena_have_no_span(config: Config) -> None:
    h = heap_of(config)
    for p in (0, ARENA - 1, 3 * ARENA, 7 * ARENA, 8 * ARENA, U64_MAX):
        assert span_of(h, p) is None


def test_before_the_first_growth_only_an_l1_map_can_be_asked() -> None:
    """spanOf looks whether the L2 map is nil only if there is an L1 map."""
    assert span_of(new_mheap(MINIATURE_L1), ARENA) is None
    with pytest.raises(TypeError, match="NoneType"):
        span_of(new_mheap(MINIATURE), ARENA)


def test_span_of_heap_checks_state_and_bounds(h: Mheap) -> None:
    s = span_at(h, 2, 2, ONE_PER_PAGE)
    s.limit = s.base() + PAGE
    assert span_of_heap(h, s.base()) is s
    assert span_of_heap(h, s.limit) is None
    assert span_of(h, s.limit) is span_of_unchecked(h, s.limit) is s
    s.start_addr += 1
    assert span_of_heap(h, s.base() - 1) is None
    s.state.set(M_SPAN_MANUAL)
    assert span_of_heap(h, s.base()) is None
    assert not inheap(h, s.base())


@pytest.mark.parametrize("state", [M_SPAN_DEAD, M_SPAN_IN_USE, M_SPAN_MANUAL])
def test_in_heap_or_stack_takes_both_kinds(h: Mheap, state: int) -> None:
    s = span_at(h, 2, 2, ONE_PER_PAGE)
    s.limit = s.base() + PAGE
    s.state.set(state)
    assert in_heap_or_stack(h, s.base()) == (state != M_SPAN_DEAD)
    assert not in_heap_or_stack(h, s.limit)
    s.start_addr += 1
    assert not in_heap_or_stack(h, s.base() - 1)
    assert not in_heap_or_stack(h, ARENA)


def test_freeing_a_heap_span_undoes_it_all(h: Mheap) -> None:
    s = h.alloc(2, ONE_PER_PAGE)
    assert s is not None
    h.free_span(s)
    assert s.state.get() == M_SPAN_DEAD
    assert h.pages_in_use.load() == 0
    assert page_in_use(h, 1) == [0, 0]
    assert span_of(h, ARENA) is s, "the table keeps pointing to the dead span"
    assert h.alloc(1, ONE_PER_PAGE) is s, "the span structure is reused"
    assert (s.base(), s.needzero) == (ARENA, 1)
    assert (h.allspans.len, h.allspans.at(0)) == (1, s)


def test_a_manual_span_comes_and_goes(h: Mheap) -> None:
    s = h.alloc_manual(2, SPAN_ALLOC_STACK)
    assert s is not None
    assert s.state.get() == M_SPAN_MANUAL
    h.free_manual(s, SPAN_ALLOC_STACK)
    assert (s.state.get(), s.needzero) == (M_SPAN_DEAD, 1)


def test_manual_allocation_is_not_for_the_heap(h: Mheap) -> None:
    with throws("manual span allocation called with non-manually-managed type"):
        h.alloc_manual(1, SPAN_ALLOC_HEAP)


def test_no_memory_no_span(h: Mheap) -> None:
    assert h.alloc(33, LARGE) is None
    assert not h.lock.held


@pytest.mark.parametrize(
    ("state", "field", "value", "text"),
    [
        (M_SPAN_MANUAL, "alloc_count", 1, "mheap.freeSpanLocked - invalid stack free"),
        (M_SPAN_IN_USE, "alloc_count", 1, "mheap.freeSpanLocked - invalid free"),
        (M_SPAN_IN_USE, "sweepgen", 2, "mheap.freeSpanLocked - invalid free"),
        (
            *(M_SPAN_IN_USE, "is_user_arena_chunk", True),
            "mheap.freeSpanLocked - invalid free of user arena chunk",
        ),
        (M_SPAN_DEAD, "alloc_count", 0, "mheap.freeSpanLocked - invalid span state"),
    ],
)
def test_what_must_not_be_freed(h: Mheap, state: int, field: str, value: int, text: str) -> None:
    s = span_at(h, 0, 1, ONE_PER_PAGE)
    s.state.set(state)
    setattr(s, field, value)
    with throws(text):
        h.free_span(s)


def test_freeing_needs_the_lock(h: Mheap) -> None:
    s = span_at(h, 0, 1, ONE_PER_PAGE)
    with throws("not holding required lock!"):
        h.free_span_locked(s, SPAN_ALLOC_HEAP)
    lock(h.lock)
    h.free_span_locked(s, SPAN_ALLOC_HEAP)
    unlock(h.lock)
