"""alloc_needs_zero: memory is clean once, above the highest page ever used of its arena."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_AMD64, MINIATURE
from impl.heaparena import HeapArena, arena_at
from impl.mheap import Mheap
from impl.rt import atomic
from tests.impl.port_heap import ARENA, PAGE, heap_of, throws

ALLOCATIONS = st.lists(
    st.integers(0, 47).flatmap(lambda page: st.tuples(st.just(page), st.integers(1, 48 - page)))
)


@given(ALLOCATIONS)
def test_it_follows_the_highest_page_used(allocations: list[tuple[int, int]]) -> None:
    h = heap_of(MINIATURE, arenas=3)
    used = [0, 0, 0]  # pages below these were used, by arena
    for page, npages in allocations:
        pages = range(page, page + npages)
        expected = any(p % 16 < used[p // 16] for p in pages)
        for p in pages:
            used[p // 16] = max(used[p // 16], p % 16 + 1)
        assert h.alloc_needs_zero(ARENA + page * PAGE, npages) == expected
        assert [arena_at(h, ai).zeroed_base for ai in (1, 2, 3)] == [n * PAGE for n in used]


def test_the_shipped_geometry() -> None:
    h = heap_of(LINUX_AMD64)
    assert not h.alloc_needs_zero(LINUX_AMD64.heap_arena_bytes, 8193)
    assert h.alloc_needs_zero(2 * LINUX_AMD64.heap_arena_bytes, 1)
    assert not h.alloc_needs_zero(2 * LINUX_AMD64.heap_arena_bytes + 8192, 1)


def with_another_thread(
    monkeypatch: pytest.MonkeyPatch, h: Mheap, before_cas: list[int]
) -> HeapArena:
    """Another thread raises zeroed_base of arena 1 to each of these pages, before each CAS."""
    cas = atomic.cas

    def late(ha: HeapArena, field: str, old: int, new: int) -> bool:
        if before_cas:
            ha.zeroed_base = before_cas.pop(0) * PAGE
        return cas(ha, field, old, new)

    monkeypatch.setattr(atomic, "cas", late)
    return arena_at(h, 1)


def test_a_lost_race_for_memory_elsewhere_is_retried(
    monkeypatch: pytest.MonkeyPatch, h: Mheap
) -> None:
    ha = with_another_thread(monkeypatch, h, [2, 4])
    assert not h.alloc_needs_zero(ARENA + 4 * PAGE, 2)
    assert ha.zeroed_base == 6 * PAGE


def test_a_thread_above_leaves_nothing_to_do(monkeypatch: pytest.MonkeyPatch, h: Mheap) -> None:
    ha = with_another_thread(monkeypatch, h, [9])
    assert not h.alloc_needs_zero(ARENA + 4 * PAGE, 2)
    assert ha.zeroed_base == 9 * PAGE


@pytest.mark.parametrize("page", [5, 6])
def test_a_thread_in_our_memory_is_caught(
    monkeypatch: pytest.MonkeyPatch, h: Mheap, page: int
) -> None:
    with_another_thread(monkeypatch, h, [page])
    with throws("potentially overlapping in-use allocations detected"):
        h.alloc_needs_zero(ARENA + 4 * PAGE, 2)
