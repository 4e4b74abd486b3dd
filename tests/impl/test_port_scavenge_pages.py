"""Which pages are scavenged: candidates in a chunk against a naive search, and whole heaps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impl.config import LINUX_386, LINUX_AMD64, LINUX_ARM64, MINIATURE, Config
from impl.mgcscavenge import (
    fill_aligned,
    gc_pace_scavenger,
    heap_retained,
)
from impl.mheap import Mheap
from impl.mpallocbits import PallocData
from impl.rt import U64_MAX, MemoryState
from impl.stubs import align_down, align_up
from tests.impl.port_heap import throws
from tests.impl.scavenge_heap import first_chunk, give_back, grow, scavenge_heap, take, with_pages

PLATFORMS = [LINUX_AMD64, LINUX_ARM64, LINUX_386, MINIATURE]
ON_EACH = pytest.mark.parametrize("config", PLATFORMS, ids=lambda config: config.name)
SIZES = st.sampled_from([1, 2, 4, 8, 16, 32, 64])


@given(st.integers(0, U64_MAX), st.integers(0, U64_MAX), SIZES)
def test_fill_aligned_fills_groups(x: int, mask: int, m: int) -> None:
    x &= mask & -(1 << 17)  # also words with few bits
    filled = 0
    for i in range(0, 64, m):
        if x >> i & ((1 << m) - 1) != 0:
            filled |= ((1 << m) - 1) << i
    assert fill_aligned(x, m, 64) == filled


@pytest.mark.parametrize("m", [1, 2, 4])
def test_fill_aligned_in_a_small_word(m: int) -> None:
    for x in range(16):
        groups = [x >> i & ((1 << m) - 1) for i in range(0, 4, m)]
        filled = sum(((1 << m) - 1) << i * m for i, group in enumerate(groups) if group)
        assert fill_aligned(x, m, 4) == filled


@pytest.mark.parametrize(("m", "width"), [(0, 64), (3, 64), (128, 64), (8, 4)])
def test_fill_aligned_knows_its_sizes(m: int, width: int) -> None:
    with throws("bad m value"):
        fill_aligned(0, m, width)


def naive_candidate(
    config: Config, usable: list[bool], search_idx: int, min_: int, max_: int
) -> tuple[int, int]:
    """findScavengeCandidate over a list of pages that are free and not scavenged."""
    top = (search_idx // config.word_bits + 1) * config.word_bits
    whole = [all(usable[i // min_ * min_ : i // min_ * min_ + min_]) for i in range(top)]
    end = max((i + 1 for i in range(top) if whole[i]), default=0)
    if end == 0:
        return 0, 0
    bottom = end
    while bottom > 0 and whole[bottom - 1]:
        bottom -= 1
    wanted = align_up(config, max_, min_) if max_ else min_
    start = max(bottom, end - wanted)
    huge = config.phys_huge_page_size // config.page_size
    if huge > 1 and config.phys_huge_page_size > config.phys_page_size:
        below = align_down(config, start, huge)
        # The huge page that the run would break is free in full.
        if bottom <= below and align_up(config, start, huge) <= end:
            start = below
    return start, end - start


RUNS = st.lists(st.tuples(st.integers(0, 511), st.integers(1, 512)), max_size=4)


def palloc_data(config: Config, allocated: Any, scavenged: Any) -> tuple[PallocData, list[bool]]:
    pages = config.palloc_chunk_pages
    data = PallocData()
    data.init(config)
    usable = [True] * pages
    for runs, mark in (
        (allocated, data.palloc_bits.alloc_range),
        (scavenged, data.scavenged.set_range),
    ):
        for i, n in runs:
            i %= pages
            n = min(n, pages - i)
            mark(i, n)
            usable[i : i + n] = [False] * n
    return data, usable


@ON_EACH
@given(RUNS, RUNS, st.integers(0, 511), SIZES, st.integers(0, 600))
def test_candidates_are_those_of_a_naive_search(
    config: Config, allocated: Any, scavenged: Any, search_idx: int, min_: int, max_: int
) -> None:
    search_idx %= config.palloc_chunk_pages
    min_ = min(min_, config.word_bits)
    data, usable = palloc_data(config, allocated, scavenged)
    start, size = data.find_scavenge_candidate(search_idx, min_, max_)
    assert (start, size) == naive_candidate(config, usable, search_idx, min_, max_)
    assert start % min_ == size % min_ == 0
    assert all(usable[start : start + size])


def test_huge_pages_are_not_broken() -> None:
    config = LINUX_AMD64
    free, _ = palloc_data(config, [(258, 254)], [])
    assert free.find_scavenge_candidate(511, 1, 3) == (0, 258)
    partly, _ = palloc_data(config, [(0, 1), (258, 254)], [])
    assert partly.find_scavenge_candidate(511, 1, 3) == (255, 3)
    top, _ = palloc_data(config, [(0, 256)], [])
    assert top.find_scavenge_candidate(511, 1, 1) == (256, 256)
    no_huge_pages, _ = palloc_data(LINUX_386, [(258, 254)], [])
    assert no_huge_pages.find_scavenge_candidate(511, 1, 3) == (255, 3)


@pytest.mark.parametrize(
    ("min_", "text"),
    [
        (0, "min must be a non-zero power of 2"),
        (3, "min must be a non-zero power of 2"),
        (128, "min too large"),
    ],
)
def test_the_least_size_is_a_power_of_two(min_: int, text: str) -> None:
    data, _ = palloc_data(LINUX_AMD64, [], [])
    with throws(text):
        data.find_scavenge_candidate(0, min_, 1)


def heap(config: Config, nchunks: int, test: bool = False) -> tuple[Mheap, int]:
    h = with_pages(scavenge_heap(config), test)
    first = first_chunk(config)
    grow(h, first, nchunks)
    return h, first


def scavenged_pages(h: Mheap, first: int, nchunks: int) -> int:
    return sum(
        h.pages.chunk_of(first + ci).scavenged.get(i)
        for ci in range(nchunks)
        for i in range(h.config.palloc_chunk_pages)
    )


@ON_EACH
def test_memory_the_heap_has_just_grown_by_is_not_scavenged(config: Config) -> None:
    h, _ = heap(config, 2)
    h.pages.scav.index.next_gen()
    assert (
        h.pages.scavenge(h.config.uintptr_mask, None, False)
        == h.pages.scavenge(h.config.uintptr_mask, None, True)
        == 0
    )


@ON_EACH
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 300), st.integers(1, 1 << 22)), max_size=20
    )
)
@settings(max_examples=25)
def test_pages_are_scavenged_only_while_free_and_the_books_agree(
    config: Config, steps: list[tuple[int, int, int]]
) -> None:
    h, first = heap(config, 2)
    pages = 2 * config.palloc_chunk_pages
    page_size = config.page_size
    per_phys_page = max(1, config.phys_page_size // page_size)
    live: list[tuple[int, int]] = []
    for what, n, nbytes in steps:
        n = min(n, pages // 4)
        if what == 0 and sum(size for _, size in live) + n <= pages // 2:
            try:
                base = take(h, n)
            except AssertionError:
                continue  # too fragmented
            h.runtime.mem.write(base, n * page_size)
            live.append((base, n))
        elif what == 1 and live:
            base, n = live.pop(n % len(live))
            give_back(h, base, n)
        elif what == 2:
            h.pages.scav.index.next_gen()
        else:
            before = scavenged_pages(h, first, 2)
            released = h.pages.scavenge(nbytes, None, nbytes % 2 == 0)
            assert released == (scavenged_pages(h, first, 2) - before) * page_size
            assert released % (per_phys_page * page_size) == 0
        for base, size in live:
            h.runtime.mem.read(base, size * page_size)
        scavenged = scavenged_pages(h, first, 2) * page_size
        in_use = sum(size for _, size in live) * page_size
        assert h.runtime.gc_controller.heap_released.load() == scavenged
        assert h.runtime.gc_controller.heap_free.load() == pages * page_size - scavenged - in_use
        assert heap_retained(h) == h.runtime.gc_controller.heap_free.load()
        # No page is lost while it is being scavenged.
        free = [
            not h.pages.chunk_of(first + ci).palloc_bits.get(i)
            for ci in range(2)
            for i in range(config.palloc_chunk_pages)
        ]
        assert sum(free) * page_size == pages * page_size - in_use


@ON_EACH
def test_forced_scavenging_leaves_nothing_free_and_unscavenged(config: Config) -> None:
    h, first = heap(config, 3)
    per_phys_page = max(1, config.phys_page_size // config.page_size)
    total = 3 * config.palloc_chunk_pages
    spans = [take(h, per_phys_page) for _ in range(total // per_phys_page)]
    for base in spans[::2]:
        give_back(h, base, per_phys_page)
    freed = len(spans[::2]) * per_phys_page
    assert h.pages.scavenge(h.config.uintptr_mask, None, True) == freed * config.page_size
    assert scavenged_pages(h, first, 3) == freed
    assert h.runtime.mem.state(spans[0]) == MemoryState.PREPARED
    assert h.runtime.mem.state(spans[1]) == MemoryState.READY
    assert h.pages.scavenge(h.config.uintptr_mask, None, True) == 0


def test_scavenging_goes_from_the_top_down_and_stops_when_told_to() -> None:
    config = LINUX_386
    h, _ = heap(config, 2)
    low, high = take(h, 512), take(h, 512)
    give_back(h, low, 512)
    give_back(h, high, 512)
    page = config.page_size
    assert h.pages.scavenge(1, None, True) == page
    assert h.runtime.mem.state(high + 511 * page) == MemoryState.PREPARED
    assert h.runtime.mem.state(high + 510 * page) == MemoryState.READY
    asked = []

    def should_stop() -> bool:
        asked.append(1)
        return len(asked) == 2

    # The rest of the upper chunk, then half of the lower one would be the third round.
    assert h.pages.scavenge(h.config.uintptr_mask, should_stop, True) == 511 * page
    assert len(asked) == 2


def test_a_page_that_was_given_back_is_found_by_the_next_allocation() -> None:
    h, first = heap(LINUX_AMD64, 1)
    base = take(h, 512)
    give_back(h, base, 512)
    assert h.pages.search_addr == base
    released = h.pages.scavenge_one(first, 511, h.config.uintptr_mask)
    assert released == 512 * h.config.page_size
    assert h.pages.search_addr == base
    assert not h.pages.scav.index.load(first).is_huge_page()


def test_nobody_gets_the_pages_while_they_are_being_scavenged_and_all_can_after_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    h, first = heap(LINUX_AMD64, 1)
    spans = [take(h, 1) for _ in range(512)]
    give_back(h, spans[7], 1)
    give_back(h, spans[200], 1)
    unused = h.runtime.mem.unused
    taken = []

    def another_thread_allocates(v: int, n: int) -> None:
        # The heap's lock is free now. The search address rises above the pages meanwhile.
        taken.append(take(h, 1))
        unused(v, n)

    monkeypatch.setattr(h.runtime.mem, "unused", another_thread_allocates)
    h.pages.scavenge_one(first, 100, h.config.page_size)
    assert taken == [spans[200]]
    assert take(h, 1) == spans[7]
    assert (
        h.runtime.gc_controller.heap_free.load()
        == h.runtime.gc_controller.heap_released.load()
        == 0
    )


def test_in_a_test_the_books_are_left_alone() -> None:
    h, _ = heap(LINUX_AMD64, 1, test=True)
    base = take(h, 8)
    give_back(h, base, 8)
    assert h.pages.scavenge(h.config.uintptr_mask, None, True) == 8 * h.config.page_size
    assert h.runtime.gc_controller.heap_released.load() == 0


def pace(h: Mheap, memory_limit: int, heap_goal: int, last_heap_goal: int) -> tuple[int, int]:
    h.runtime.world_is_stopped = 1
    gc_pace_scavenger(h, memory_limit, heap_goal, last_heap_goal)
    h.runtime.world_is_stopped = 0
    return h.runtime.scavenge.gc_percent_goal.load(), h.runtime.scavenge.memory_limit_goal.load()


MIB = 1 << 20


def test_the_goal_is_ten_percent_above_what_the_heap_will_need() -> None:
    h = scavenge_heap(LINUX_AMD64)
    h.runtime.gc_controller.heap_in_use.add(40 * MIB)
    h.runtime.gc_controller.heap_free.add(60 * MIB)
    h.runtime.memstats.last_heap_in_use = 50 * MIB
    none = U64_MAX
    assert pace(h, (1 << 63) - 1, 8 * MIB, 0) == (none, none)
    # 50 MiB * 80/100, a tenth more, rounded up to a page
    assert pace(h, (1 << 63) - 1, 80 * MIB, 100 * MIB) == (44 * MIB, none)
    assert pace(h, (1 << 63) - 1, 2 * 100 * MIB, 100 * MIB) == (none, none)


def test_within_a_page_of_the_goal_there_is_nothing_to_do() -> None:
    h = scavenge_heap(LINUX_AMD64)
    h.runtime.memstats.last_heap_in_use = 40960
    h.runtime.gc_controller.heap_free.add(45056 + 4095)
    assert pace(h, (1 << 63) - 1, 1, 1)[0] == U64_MAX
    h.runtime.gc_controller.heap_free.add(1)
    assert pace(h, (1 << 63) - 1, 1, 1)[0] == 45056


def test_issue_62449_the_goal_for_the_memory_limit_is_95_times_the_limit() -> None:
    h = scavenge_heap(LINUX_AMD64)
    h.runtime.gc_controller.mapped_ready.store(94 * MIB)
    assert pace(h, MIB, 1, 0)[1] == U64_MAX
    h.runtime.gc_controller.mapped_ready.store(96 * MIB)
    assert pace(h, MIB, 1, 0)[1] == 95 * MIB


def test_the_pace_is_set_with_the_world_stopped_or_the_heap_locked() -> None:
    with throws("no world stop or required lock!"):
        gc_pace_scavenger(scavenge_heap(MINIATURE), 0, 0, 0)
