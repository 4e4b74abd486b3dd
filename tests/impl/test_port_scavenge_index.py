"""The scavenge index: packing, and a search that misses no chunk."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.chunkindex import chunk_base
from impl.config import LINUX_386, LINUX_AMD64, MINIATURE, Config
from impl.mheap import Mheap
from impl.mstats import SysMemStat
from impl.rt import U32_MAX, MemoryFault
from impl.scavchunk import ScavChunkData, scav_chunk_hi_occ_pages, unpack_scav_chunk_data
from impl.scavengeindex import ScavengeIndex
from tests.impl.port_heap import throws
from tests.impl.scavenge_heap import first_chunk, scavenge_heap

PLATFORMS = pytest.mark.parametrize(
    "config", [LINUX_AMD64, LINUX_386, MINIATURE], ids=lambda config: config.name
)
FLAGS = st.integers(0, 63)
SOME_GENERATION = st.one_of(st.integers(0, 3), st.integers(U32_MAX - 3, U32_MAX))


@PLATFORMS
@given(st.data())
def test_what_is_packed_can_be_unpacked(config: Config, data: st.DataObject) -> None:
    pages = st.integers(0, config.palloc_chunk_pages)
    sc = ScavChunkData(data.draw(pages), data.draw(pages), data.draw(SOME_GENERATION), 0)
    # Above the two numbers there is room for flags as far as the generation allows.
    room = 16 - (config.log_palloc_chunk_pages + 1)
    sc.flags = data.draw(FLAGS) & ((1 << room) - 1)
    packed = sc.pack(config)
    assert 0 <= packed < 1 << 64
    assert unpack_scav_chunk_data(config, packed) == sc


def test_a_new_word_is_a_chunk_that_is_scavenged_and_of_huge_pages() -> None:
    sc = unpack_scav_chunk_data(LINUX_AMD64, 0)
    assert sc == ScavChunkData()
    assert sc.is_empty()
    assert sc.is_huge_page()
    assert not sc.should_scavenge(LINUX_AMD64, 0, True)


def test_the_layout_is_gos() -> None:
    assert scav_chunk_hi_occ_pages(LINUX_AMD64) == 496
    sc = ScavChunkData(512, 12, 1918237402, 0b11)
    assert sc.pack(LINUX_AMD64) == 512 | 12 << 16 | 0b11 << 26 | 1918237402 << 32


def test_flags_are_set_and_cleared_each_alone() -> None:
    sc = ScavChunkData()
    sc.set_non_empty()
    sc.set_no_huge_page()
    assert (sc.is_empty(), sc.is_huge_page()) == (False, False)
    sc.set_empty()
    assert (sc.is_empty(), sc.is_huge_page()) == (True, False)
    sc.set_huge_page()
    assert (sc.is_empty(), sc.is_huge_page()) == (True, True)
    sc.set_no_huge_page()
    sc.set_non_empty()
    sc.set_huge_page()
    assert (sc.is_empty(), sc.is_huge_page()) == (False, True)


def test_the_number_of_pages_in_use_stays_within_the_chunk() -> None:
    config = LINUX_AMD64
    full = ScavChunkData()
    full.alloc(config, 512, 0)
    assert full.in_use == 512
    with throws("too many pages allocated in chunk?"):
        full.alloc(config, 1, 0)
    with throws("allocated pages below zero?"):
        ScavChunkData().free(1, 0)
    full.set_non_empty()
    full.alloc(config, 0, 0)
    assert full.is_empty()


@pytest.mark.parametrize(
    ("in_use", "last", "gen", "eligible"),
    [
        (495, 495, 7, True),
        (496, 0, 7, False),
        (0, 496, 7, False),
        (0, 496, 6, True),
        (496, 0, 6, False),
    ],
)
def test_dense_chunks_wait(in_use: int, last: int, gen: int, eligible: bool) -> None:
    sc = ScavChunkData(in_use, last, gen)
    sc.set_non_empty()
    assert sc.should_scavenge(LINUX_AMD64, 7, False) == eligible
    assert sc.should_scavenge(LINUX_AMD64, 7, True)
    sc.set_empty()
    assert not sc.should_scavenge(LINUX_AMD64, 7, True)


def index(config: Config, nchunks: int) -> tuple[Mheap, ScavengeIndex, int]:
    h = scavenge_heap(config)
    stat = SysMemStat()
    s = ScavengeIndex()
    s.init(h, True, stat)
    first = first_chunk(config)
    s.grow(chunk_base(config, first), chunk_base(config, first + nchunks), stat)
    return h, s, first


class NaiveIndex:
    """What the index is to find, without search addresses: pages in use and to scavenge by chunk."""

    def __init__(self, config: Config, nchunks: int) -> None:
        self.config = config
        self.in_use: list[set[int]] = [set() for _ in range(nchunks)]
        self.at_start = [0] * nchunks
        self.to_scavenge: list[set[int]] = [set() for _ in range(nchunks)]
        self.has_free = [False] * nchunks

    def eligible(self, ci: int, force: bool) -> bool:
        dense = int(0.96875 * self.config.palloc_chunk_pages)
        if not self.has_free[ci]:
            return False
        return force or (len(self.in_use[ci]) < dense and self.at_start[ci] < dense)

    def highest(self, force: bool) -> int | None:
        found = [ci for ci in range(len(self.in_use)) if self.eligible(ci, force)]
        return max(found, default=None)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["alloc", "free", "free", "find", "force", "force", "empty", "gen", "gen"]),
        st.integers(0, 5),
        st.integers(0, 511),
        st.sampled_from([1, 2, 15, 496, 511, 512]),
    ),
    max_size=60,
)


@PLATFORMS
@given(STEPS)
def test_the_search_misses_no_chunk(config: Config, steps: list[tuple[str, int, int, int]]) -> None:
    nchunks, pages = 6, config.palloc_chunk_pages
    _, s, first = index(config, nchunks)
    naive = NaiveIndex(config, nchunks)
    fresh = True  # nothing was allocated or freed since the last generation began
    for what, ci, page, n in steps:
        page %= pages
        n = min(n, pages - page)
        run = set(range(page, page + n))
        if what == "alloc" and not run & naive.in_use[ci]:
            s.alloc(first + ci, n)
            naive.in_use[ci] |= run
            naive.to_scavenge[ci] -= run
            if len(naive.in_use[ci]) == pages:
                naive.has_free[ci] = False
            fresh = False
        elif what == "free" and run <= naive.in_use[ci]:
            s.free(first + ci, page, n)
            naive.in_use[ci] -= run
            naive.to_scavenge[ci] |= run
            naive.has_free[ci] = True
            fresh = False
        elif what == "gen":
            s.next_gen()
            naive.at_start = [len(used) for used in naive.in_use]
            fresh = True
        elif what == "empty":
            s.set_empty(first + ci)
            naive.has_free[ci] = False
            naive.to_scavenge[ci] = set()
        elif what in ("find", "force"):
            force = what == "force"
            found, idx = s.find(force)
            if found == 0:
                if force or fresh:
                    assert naive.highest(force) is None
                continue
            assert naive.eligible(found - first, force)
            if force or fresh:
                assert found - first == naive.highest(force)
                # Everything to scavenge in the chunk is at the page or below.
                assert max(naive.to_scavenge[found - first], default=-1) <= idx
        for each in range(nchunks):
            assert s.load(first + each).in_use == len(naive.in_use[each])


@PLATFORMS
def test_an_index_without_anything_freed_finds_nothing(config: Config) -> None:
    _, s, first = index(config, 2)
    assert s.find(True) == s.find(False) == (0, 0)
    s.alloc(first, 1)
    s.next_gen()
    assert s.find(True) == s.find(False) == (0, 0)


@PLATFORMS
def test_the_background_search_waits_for_the_next_generation(config: Config) -> None:
    _, s, first = index(config, 2)
    s.alloc(first + 1, 4)
    s.free(first + 1, 1, 2)
    assert s.find(False) == (0, 0)
    assert s.find(True) == (first + 1, 2)
    s.next_gen()
    assert s.find(False) == (first + 1, 2)
    s.set_empty(first + 1)
    assert s.find(False) == s.find(True) == (0, 0)


def test_a_search_does_not_undo_a_free_that_it_has_not_seen() -> None:
    config = LINUX_AMD64
    _, s, first = index(config, 8)
    for ci in (2, 6):
        s.alloc(first + ci, 8)
        s.free(first + ci, 0, 4)
    # A search that has loaded chunk 6's mark finds chunk 2; meanwhile chunk 7 is freed into.
    seen, marked = s.search_addr_force.load(config)
    assert marked
    s.set_empty(first + 6)
    s.alloc(first + 7, 8)
    s.free(first + 7, 3, 1)
    s.search_addr_force.store_unmark(config, seen, chunk_base(config, first + 2))
    assert s.find(True) == (first + 7, 3)


def test_the_search_address_sinks_to_the_chunk_that_was_found() -> None:
    config = LINUX_AMD64
    _, s, first = index(config, 8)
    for ci in (2, 4, 6):
        s.alloc(first + ci, 8)
        s.free(first + ci, 0, 4)
    # From a marked address, which was never seen before, and from one that is not.
    for lowest_empty, found in ((6, 4), (4, 2)):
        s.set_empty(first + lowest_empty)
        top = chunk_base(config, first + found + 1) - config.page_size
        for _ in range(2):
            assert s.find(True) == (first + found, 511)
            assert s.search_addr_force.load(config) == (top, False)


def test_a_chunk_that_was_dense_when_the_generation_began_is_left_for_the_next() -> None:
    _, s, first = index(LINUX_AMD64, 1)
    s.alloc(first, 500)
    s.free(first, 0, 1)
    s.next_gen()
    assert s.find(False) == (0, 0)
    s.free(first, 1, 99)
    s.next_gen()
    s.alloc(first, 99)
    s.next_gen()
    s.free(first, 1, 99)
    s.search_addr_bg.store_marked(LINUX_AMD64, chunk_base(LINUX_AMD64, first))
    assert s.find(False) == (0, 0)
    s.next_gen()
    assert s.find(False) == (first, 99)


def test_a_dense_chunk_counts_as_huge_pages_again() -> None:
    _, s, first = index(LINUX_AMD64, 1)
    s.set_no_huge_page(first)
    s.set_no_huge_page(first)
    assert not s.load(first).is_huge_page()
    s.alloc(first, 496)
    assert not s.load(first).is_huge_page()
    s.alloc(first, 1)
    assert s.load(first).is_huge_page()


def test_words_of_the_index_are_mapped_as_the_heap_grows() -> None:
    h, s, _ = index(LINUX_AMD64, 1)
    stat = SysMemStat()
    per_page = LINUX_AMD64.phys_page_size // 8
    low, high = s.min.load(), s.max.load()
    assert high - low == per_page
    chunk = LINUX_AMD64.palloc_chunk_bytes
    base = chunk_base(LINUX_AMD64, low)
    assert s.grow(base, base + chunk, stat) == 0
    # The gap up to a higher growth is mapped too.
    far = chunk_base(LINUX_AMD64, high + 3 * per_page)
    assert s.grow(far, far + chunk, stat) == 4 * LINUX_AMD64.phys_page_size
    assert (s.min.load(), s.max.load()) == (low, high + 4 * per_page)
    for ci in (low, high + 4 * per_page - 1):
        h.runtime.mem.check_zero(s.chunks_addr + ci * 8, 8)
    with throws("sysGrow bounds not aligned to pallocChunkBytes"):
        s.sys_grow(base + 1, base + chunk, stat)


def test_on_32_bit_the_index_is_ready_from_the_start() -> None:
    h = scavenge_heap(LINUX_386)
    s, stat = ScavengeIndex(), SysMemStat()
    nbytes = (1 << 32) // LINUX_386.palloc_chunk_bytes * 8
    assert s.init(h, True, stat) == nbytes == stat.load()
    assert (s.min.load(), s.max.load()) == (1, nbytes // 8)
    assert s.grow(1 << 22, 1 << 23, stat) == 0
    not_a_test = ScavengeIndex()
    assert not_a_test.init(h, False, stat) == 0


LOW_ADDRESSES = replace(LINUX_AMD64, name="addresses from 0", arena_base_offset=0)


def test_issue_63385_the_index_of_a_low_heap_is_mapped_twice() -> None:
    # 0 is the bound of the index here, and is taken for an unset one.
    h = scavenge_heap(LOW_ADDRESSES)
    s, stat = ScavengeIndex(), SysMemStat()
    s.init(h, True, stat)
    chunk = LOW_ADDRESSES.palloc_chunk_bytes

    def grow_to(ci: int) -> None:
        s.grow((ci - 1) * chunk, ci * chunk, stat)

    grow_to(496)
    assert (s.min.load(), s.max.load()) == (0, 512)
    s.alloc(495, 3)
    grow_to(592)
    assert (s.min.load(), s.max.load()) == (512, 1024)
    with pytest.raises(MemoryFault, match="READY, it should be RESERVED"):
        grow_to(352)
