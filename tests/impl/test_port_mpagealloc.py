"""The page allocator against a set of free pages searched page by page, on every platform."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impl.chunkindex import (
    addrs_to_summary_range,
    block_align_summary_range,
    chunk_base,
    chunk_idx_l1,
    chunk_idx_l2,
    chunk_index,
    chunk_page_index,
    level_index_to_off_addr,
    max_search_addr,
    off_addr_to_level_index,
)
from impl.config import LINUX_386, LINUX_AMD64, MINIATURE, Config
from impl.mpagealloc import PageAlloc
from impl.mpagecache import PageCache
from impl.mpagefind import found_free
from impl.mpallocsum import pack_palloc_sum
from impl.rt import lock, unlock
from impl.rt.thread import start_anew
from tests.impl.page_heap import HALF, PLATFORMS, Pages, bare_heap, first_chunk, name
from tests.impl.port_heap import throws

CONFIGS = pytest.mark.parametrize("config", PLATFORMS, ids=name)
FEW = settings(HALF, max_examples=25)


def sizes(config: Config) -> st.SearchStrategy[int]:
    """Numbers of pages: mostly few, some around a word and around a chunk, some more."""
    word, chunk = config.word_bits, config.palloc_chunk_pages
    near = st.sampled_from([word, chunk]).flatmap(lambda n: st.integers(n - 1, n + 1))
    return st.one_of(st.integers(1, 3), st.integers(1, word), near, st.integers(1, 3 * chunk))


@CONFIGS
def test_indexes_and_addresses_are_inverse(config: Config) -> None:
    ci = first_chunk(config)
    base = chunk_base(config, ci)
    last = base + config.palloc_chunk_bytes - 1
    assert chunk_index(config, base) == chunk_index(config, last) == ci
    assert chunk_page_index(config, base) == 0
    assert chunk_page_index(config, last) == config.palloc_chunk_pages - 1
    assert chunk_idx_l1(config, ci) << config.palloc_chunks_l2_bits | chunk_idx_l2(config, ci) == ci
    for level in range(config.summary_levels):
        i = off_addr_to_level_index(config, level, base)
        assert (
            off_addr_to_level_index(config, level, level_index_to_off_addr(config, level, i)) == i
        )
        lo, hi = addrs_to_summary_range(config, level, base, base + 1)
        assert (lo, hi) == (i, i + 1)
        block = 1 << config.level_bits[level]
        lo, hi = block_align_summary_range(config, level, lo, hi)
        assert (lo % block, hi - lo) == (0, block)
        assert lo <= i < hi
    assert addrs_to_summary_range(config, config.summary_levels - 1, base, last + 1) == (ci, ci + 1)


def test_indexes_at_the_ends_of_the_address_space() -> None:
    assert chunk_index(LINUX_AMD64, 0xFFFF_8000_0000_0000) == 0
    assert chunk_index(LINUX_AMD64, max_search_addr(LINUX_AMD64)) == (1 << 26) - 1
    assert chunk_base(LINUX_AMD64, 1 << 25) == 0
    # The limit of the last chunk of a 32-bit address space is 0.
    assert addrs_to_summary_range(LINUX_386, 3, 0xFFC0_0000, 0) == (1023, 1024)


@CONFIGS
@FEW
@given(st.data())
def test_pages_are_allocated_first_fit_and_summaries_agree(
    config: Config, data: st.DataObject
) -> None:
    pages = Pages(config)
    try:
        run(pages, data)
    finally:
        start_anew()


def run(pages: Pages, data: st.DataObject) -> None:
    """A few operations in the allocator and in the model."""
    config = pages.config
    gap = st.integers(0, 1 if config is MINIATURE else 20)
    chunk = data.draw(gap)
    for _ in range(data.draw(st.integers(1, 3))):
        # A miniature heap has no more than 8 chunks.
        n = data.draw(st.integers(1, 1 if config is MINIATURE else 2))
        pages.grow(chunk, n)
        chunk += n + data.draw(gap)
    # Lower memory may come last.
    if data.draw(st.booleans()) and 0 not in pages.chunks:
        pages.grow(0, 1)
    held: list[tuple[int, int]] = []
    caches: list[PageCache] = []
    for _ in range(data.draw(st.integers(1, 30))):
        what = data.draw(st.sampled_from(["alloc", "alloc", "alloc", "free", "cache", "flush"]))
        if what == "alloc":
            n = data.draw(sizes(config))
            page = pages.alloc(n)
            if page is not None:
                held.append((page, n))
        elif what == "free" and held:
            page, n = held.pop(data.draw(st.integers(0, len(held) - 1)))
            # Part of it may stay.
            cut = data.draw(st.integers(1, n))
            pages.give_back(page, cut)
            if cut < n:
                held.append((page + cut, n - cut))
        elif what == "cache":
            caches.append(to_cache(pages))
        elif what == "flush" and caches:
            c = caches.pop()
            base = pages.page(c.base)
            for i in range(config.page_cache_pages):
                if c.cache >> i & 1:
                    pages.free.add(base + i)
                if c.scav >> i & 1:
                    pages.scavenged.add(base + i)
            c.flush(pages.p)
            assert (c.base, c.cache, c.scav) == (0, 0, 0)
        pages.check()


def to_cache(pages: Pages) -> PageCache:
    """Moves the first word with a free page to a cache, in both, and compares."""
    c = pages.p.alloc_to_cache()
    if not pages.free:
        assert (c.base, c.cache, c.scav) == (0, 0, 0)
        return c
    width = pages.config.page_cache_pages
    first = min(pages.free) // width * width
    word = range(first, first + width)
    assert c.base == pages.addr(first)
    assert c.cache == sum(1 << i for i, page in enumerate(word) if page in pages.free)
    # Scavenged bits of pages that aren't free don't exist.
    assert c.scav == sum(1 << i for i, page in enumerate(word) if page in pages.scavenged)
    pages.take(set(word) & pages.free)
    return c


@CONFIGS
def test_a_run_across_the_boundary_of_every_level_is_found(config: Config) -> None:
    for level in range(config.summary_levels):
        pages = Pages(config)
        # Two chunks on either side of where two entries of this level meet.
        per_entry = 1 << (config.level_log_pages[level] - config.log_palloc_chunk_pages)
        pages.first = (pages.first // per_entry + 1) * per_entry - 1
        pages.grow(0, 2)
        full = config.palloc_chunk_pages
        assert pages.alloc(full - 1) == 0
        assert pages.alloc(1) == full - 1
        pages.give_back(full - 1, 1)
        assert pages.alloc(full + 1) == full - 1
        pages.check()
        assert pages.alloc(1) is None
        assert pages.p.search_addr == max_search_addr(config)
        pages.give_back(full - 1, 2)
        assert pages.alloc(2) == full - 1
        pages.check()
        start_anew()


@pytest.mark.parametrize(("config", "level"), [(LINUX_AMD64, 0), (LINUX_AMD64, 2), (LINUX_386, 1)])
def test_a_search_address_is_always_mapped(config: Config, level: int) -> None:
    # go.dev/issue/40191: the first page of an entry with free pages need not be mapped.
    pages = Pages(config)
    full = config.palloc_chunk_pages
    pages.grow(0, 1)
    assert pages.alloc(full) == 0
    # The run lies across two entries, so the search looks no closer at the first of them. The
    # full chunk is in an entry before.
    per_entry = 1 << (config.level_log_pages[level] - config.log_palloc_chunk_pages)
    last = 2 * per_entry - 1 - pages.first % per_entry
    pages.grow(last, 2)
    assert pages.alloc(2 * full) == last * full
    assert pages.p.search_addr == pages.addr(last * full)
    pages.check()


@CONFIGS
def test_whole_chunks_are_allocated_and_freed_at_once(config: Config) -> None:
    pages = Pages(config)
    full = config.palloc_chunk_pages
    pages.grow(0, 5)
    assert pages.alloc(4 * full + 2) == 0
    pages.check()
    pages.give_back(1, 4 * full)
    pages.check()
    assert pages.alloc(4 * full) == 1
    pages.check()


def test_nothing_is_lost_when_a_request_is_too_large() -> None:
    pages = Pages(MINIATURE)
    pages.grow(0, 1)
    before = pages.p.search_addr
    assert pages.alloc(17) is None
    assert pages.p.search_addr == before
    assert pages.alloc(16) == 0
    assert pages.alloc(1) is None
    assert pages.p.search_addr == max_search_addr(MINIATURE)
    assert pages.p.alloc(1) == (0, 0)
    assert pages.p.alloc_to_cache().empty()


def test_a_heap_without_memory() -> None:
    p = Pages(LINUX_AMD64).p
    assert p.alloc(1) == (0, 0)
    assert p.find(1)[0] == 0
    assert p.alloc_to_cache().empty()
    assert p.try_chunk_of(1 << 25) is None


@CONFIGS
def test_memory_of_the_summaries_is_mapped_once_and_counted(config: Config) -> None:
    pages = Pages(config)
    p, stat = pages.p, pages.h.runtime.memstats.gc_misc_sys
    for chunk, n in ((1, 1), (3, 1), (0, 1), (2, 1)):
        pages.grow(chunk, n)
    l2_size = (1 << config.palloc_chunks_l2_bits) * 2 * config.palloc_chunk_pages // 8
    ranges = 2 * config.ptr_size * 16
    assert p.summary_mapped_ready == stat.load() - l2_size - ranges
    for level in range(config.summary_levels):
        base = p.summary_base[level]
        lo, hi = addrs_to_summary_range(config, level, pages.addr(0), pages.addr(0) + 1)
        lo, hi = block_align_summary_range(config, level, lo, hi)
        pages.h.runtime.mem.write(base + 8 * lo, 8 * (hi - lo))
        assert p.summary_len[level] >= hi
    assert list(p.in_use.ranges) == [(pages.addr(0), pages.addr(4 * config.palloc_chunk_pages))]
    assert (p.start, p.end) == (pages.first, pages.first + 4)


def test_memory_is_in_proportion_to_use() -> None:
    pages = Pages(LINUX_AMD64)
    pages.grow(0, 1)
    pages.grow(120_000, 1)
    assert pages.alloc(512) == 0
    assert pages.alloc(1) == 120_000 * 512
    assert sum(len(level.touched()) for level in pages.p.summary) < 20
    pages.check()


@CONFIGS
def test_growth_must_be_of_whole_chunks(config: Config) -> None:
    p = Pages(config).p
    base = chunk_base(config, first_chunk(config))
    with throws("sysGrow bounds not aligned to pallocChunkBytes"):
        p.sys_grow(base + 1, base + config.palloc_chunk_bytes)


def test_summaries_that_promise_too_much_are_noticed() -> None:
    config = MINIATURE
    pages = Pages(config)
    pages.grow(0, 2)
    leaves = pages.p.summary[config.summary_levels - 1]
    promise = leaves[pages.first]
    for n in (16, 16):
        pages.alloc(n)
    pages.p.search_addr = pages.addr(0)
    leaves[pages.first] = promise
    for n in (1, 16):
        with throws("bad summary data"):
            pages.p.alloc(n)
    with throws("bad summary data"):
        pages.p.alloc_to_cache()
    # A root that promises what the leaves don't have, and leaves that the bitmap doesn't.
    inside = pack_palloc_sum(config, 0, 6, 0)
    pages.p.summary[0][pages.first // 4] = inside
    for leaf in (0, inside):
        leaves[pages.first] = leaf
        with throws("bad summary data"):
            pages.p.find(6)


def test_a_range_that_cuts_the_window_of_the_first_free_page() -> None:
    assert found_free(0, 99, 10, 20) == (10, 29)
    assert found_free(10, 29, 30, 5) == (10, 29)
    with throws("range partially overlaps"):
        found_free(10, 29, 20, 20)


def test_pages_beyond_the_summaries_are_noticed() -> None:
    pages = Pages(MINIATURE)
    pages.grow(0, 1)
    with pytest.raises(IndexError):
        pages.p.update(chunk_base(MINIATURE, 100), 1, True, False)


@pytest.mark.parametrize(
    "call",
    [
        lambda p: p.grow(0, 0),
        lambda p: p.alloc(1),
        lambda p: p.free(0, 1),
        lambda p: p.alloc_range(0, 1),
        lambda p: p.find(1),
        lambda p: p.find_mapped_addr(0),
        lambda p: p.update(0, 1, True, True),
        lambda p: p.alloc_to_cache(),
        lambda p: PageCache().flush(p),
    ],
)
def test_the_lock_must_be_held(call: Any) -> None:
    pages = Pages(MINIATURE)
    unlock(pages.h.lock)
    with throws("not holding required lock!"):
        call(pages.p)


def test_without_memory_for_a_bitmap() -> None:
    pages = Pages(LINUX_AMD64)
    pages.h.runtime.mem.limit = pages.h.runtime.mem.reserved
    with throws("pageAlloc: out of memory"):
        pages.grow(0, 1)


@pytest.mark.parametrize("config", [LINUX_AMD64, LINUX_386], ids=name)
def test_without_memory_for_the_summaries(config: Config) -> None:
    h = bare_heap(config)
    p = PageAlloc()
    h.runtime.mem.refuses = lambda _v, _n: True
    with throws("failed to reserve page summary memory"):
        p.init(h, h.lock, h.runtime.memstats.gc_misc_sys, True)


def test_huge_pages_of_the_bitmaps(monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(LINUX_AMD64, phys_huge_page_size=64 << 10)
    h = bare_heap(config)
    huge: list[int] = []
    small: list[int] = []
    monkeypatch.setattr(h.runtime.mem, "huge_page", lambda v, _n: huge.append(v))
    monkeypatch.setattr(h.runtime.mem, "no_huge_page", lambda v, _n: small.append(v))
    p = PageAlloc()
    p.init(h, h.lock, h.runtime.memstats.gc_misc_sys, False)
    arrays = 1 << 13
    lock(h.lock)
    p.grow(chunk_base(config, (1 << 25) + arrays - 1), 2 * config.palloc_chunk_bytes)
    unlock(h.lock)
    assert small == [p.chunks[i].addr for i in ((1 << 12), (1 << 12) + 1)]  # type: ignore[union-attr]
    assert huge == []
    p.enable_chunk_huge_pages()
    # Go 1.21.13 leaves out the last array of each range.
    assert len(huge) == 1
    assert 0 <= huge[0] - small[0] < 64 << 10
    p.enable_chunk_huge_pages()
    assert len(huge) == 1
    lock(h.lock)
    p.grow(chunk_base(config, (1 << 25) + 5 * arrays), config.palloc_chunk_bytes)
    assert (len(huge), len(small)) == (2, 2)
