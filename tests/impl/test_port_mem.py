"""Transitions of memory keep the books, and refuse what Go's system would."""

import pytest

from impl.config import LINUX_AMD64, MINIATURE
from impl.mem import (
    sys_alloc,
    sys_fault,
    sys_free,
    sys_huge_page,
    sys_map,
    sys_no_huge_page,
    sys_reserve,
    sys_unused,
    sys_used,
)
from impl.mheap import Mheap
from impl.mstats import SysMemStat
from impl.rt import MemoryFault, MemoryState
from impl.rt.memory import HugePages
from tests.impl.port_heap import throws
from tests.impl.scavenge_heap import scavenge_heap

PAGE = MINIATURE.phys_page_size


@pytest.fixture
def heap() -> Mheap:
    return scavenge_heap(MINIATURE)


@pytest.fixture
def stat() -> SysMemStat:
    return SysMemStat()


def ready(h: Mheap) -> int:
    return h.runtime.gc_controller.mapped_ready.load()


def test_the_life_of_memory(heap: Mheap, stat: SysMemStat) -> None:
    v = sys_reserve(heap, 0, 4 * PAGE)
    assert (heap.runtime.mem.state(v), ready(heap), stat.load()) == (MemoryState.RESERVED, 0, 0)
    sys_map(heap, v, 4 * PAGE, stat)
    assert (heap.runtime.mem.state(v), ready(heap), stat.load()) == (
        MemoryState.PREPARED,
        0,
        4 * PAGE,
    )
    sys_used(heap, v, 4 * PAGE, 4 * PAGE)
    assert (heap.runtime.mem.state(v), ready(heap)) == (MemoryState.READY, 4 * PAGE)
    sys_unused(heap, v, 2 * PAGE)
    assert (heap.runtime.mem.state(v), ready(heap)) == (MemoryState.PREPARED, 2 * PAGE)
    sys_used(heap, v, 4 * PAGE, 2 * PAGE)
    assert (heap.runtime.mem.state(v), ready(heap)) == (MemoryState.READY, 4 * PAGE)
    sys_fault(heap, v, 4 * PAGE)
    assert (heap.runtime.mem.state(v), ready(heap), stat.load()) == (
        MemoryState.RESERVED,
        0,
        4 * PAGE,
    )
    with pytest.raises(MemoryFault):
        heap.runtime.mem.read(v, 1)


def test_sys_alloc_and_sys_free(heap: Mheap, stat: SysMemStat) -> None:
    v = sys_alloc(heap, PAGE, stat)
    heap.runtime.mem.check_zero(v, PAGE)
    assert (ready(heap), stat.load()) == (PAGE, PAGE)
    sys_free(heap, v, PAGE, stat)
    assert (heap.runtime.mem.state(v), ready(heap), stat.load()) == (MemoryState.NONE, 0, 0)


def test_without_memory_sys_alloc_counts_all_the_same(heap: Mheap, stat: SysMemStat) -> None:
    heap.runtime.mem.limit = 0
    assert sys_alloc(heap, PAGE, stat) == 0
    assert (ready(heap), stat.load()) == (PAGE, PAGE)
    assert sys_reserve(heap, 0, PAGE) == 0


@pytest.mark.parametrize(("v", "n"), [(1, 0), (0, 1)])
def test_only_whole_pages_can_be_unused(heap: Mheap, stat: SysMemStat, v: int, n: int) -> None:
    base = sys_alloc(heap, 2 * PAGE, stat)
    with throws("unaligned sysUnused"):
        sys_unused(heap, base + v, PAGE + n)


def test_mapped_memory_is_not_mapped_again(heap: Mheap, stat: SysMemStat) -> None:
    v = sys_reserve(heap, 0, PAGE)
    sys_map(heap, v, PAGE, stat)
    with pytest.raises(MemoryFault):
        sys_map(heap, v, PAGE, stat)


def test_huge_pages_are_advised_within_the_range() -> None:
    h = scavenge_heap(LINUX_AMD64)
    huge = LINUX_AMD64.phys_huge_page_size
    v = sys_reserve(h, huge, 3 * huge)
    page = LINUX_AMD64.phys_page_size
    sys_huge_page(h, v + page, 2 * huge)
    assert h.runtime.mem.advice(v + page) == HugePages.NO_ADVICE
    assert (
        h.runtime.mem.advice(v + huge) == h.runtime.mem.advice(v + 2 * huge - 1) == HugePages.WANTED
    )
    assert h.runtime.mem.advice(v + 2 * huge) == HugePages.NO_ADVICE
    sys_no_huge_page(h, v + huge, page)
    assert h.runtime.mem.advice(v + huge) == HugePages.UNWANTED
    with throws("unaligned sysNoHugePageOS"):
        sys_no_huge_page(h, v + 1, page)


def test_without_huge_pages_there_is_no_advice_to_use_them(heap: Mheap) -> None:
    v = sys_reserve(heap, 0, 4 * PAGE)
    sys_huge_page(heap, v, 4 * PAGE)
    assert heap.runtime.mem.advice(v) == HugePages.NO_ADVICE
