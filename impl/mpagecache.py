"""The page cache of a P: one word's worth of pages, allocated from without the heap's lock.

A word has config.word_bits bits, 64 in Go, and a cache as many pages. Go passes caches by value;
here a new one is returned and `assign` copies it into the P's own.
"""

from typing import TYPE_CHECKING

from impl.chunkindex import chunk_base, chunk_index, chunk_page_index, max_search_addr
from impl.config import Config
from impl.mpallocbits import NOT_FOUND, find_bit_range64
from impl.mranges import off_addr_less_than
from impl.rt import Plain, Struct, assert_lock_held, ones_count64, throw, trailing_zeros
from impl.stubs import align_down

if TYPE_CHECKING:
    from impl.mpagealloc import PageAlloc


class PageCache(Struct):
    """runtime/mpagecache.go pageCache: the free pages (1 in cache) of a run of pages at base.

    scav has 1 for a page that is scavenged.
    """

    base: Plain[int] = 0
    cache: Plain[int] = 0
    scav: Plain[int] = 0

    def assign(self, other: "PageCache") -> None:
        """runtime/mpagecache.go pageCache: the assignment of one to another, by value."""
        self.base = other.base
        self.cache = other.cache
        self.scav = other.scav

    def empty(self) -> bool:
        """runtime/mpagecache.go pageCache.empty: there is no free page."""
        return self.cache == 0

    def alloc(self, config: Config, npages: int) -> tuple[int, int]:
        """runtime/mpagecache.go pageCache.alloc: (base of npages pages, scavenged bytes of them).

        The base is 0 if there is no such run.
        """
        cache = self.cache
        if cache == 0:
            return 0, 0
        if npages == 1:
            i = trailing_zeros(cache, config.word_bits)
            scav = self.scav
            self.cache = cache & ~(1 << i)
            self.scav = scav & ~(1 << i)
            return (
                config.uintptr(self.base + i * config.page_size),
                (scav >> i & 1) * config.page_size,
            )
        return self.alloc_n(config, npages)

    def alloc_n(self, config: Config, npages: int) -> tuple[int, int]:
        """runtime/mpagecache.go pageCache.allocN: alloc for any number of pages."""
        width = config.word_bits
        i = find_bit_range64(self.cache, npages, width)
        if i >= width:
            return 0, 0
        mask = ((1 << npages) - 1) << i
        scav = ones_count64(self.scav & mask)
        self.cache &= ~mask
        self.scav &= ~mask
        return config.uintptr(self.base + i * config.page_size), scav * config.page_size

    def flush(self, p: "PageAlloc") -> None:
        """runtime/mpagecache.go pageCache.flush: gives the free pages back; p's lock is held."""
        assert_lock_held(p.mheap_lock)
        if self.empty():
            return
        config = p.h.config
        base = self.base
        ci = chunk_index(config, base)
        pi = chunk_page_index(config, base)

        # Bit by bit: this is rare.
        for i in range(config.page_cache_pages):
            if self.cache & (1 << i) != 0:
                p.chunk_of(ci).palloc_bits.free1(pi + i)
                p.scav.index.free(ci, pi + i, 1)
            if self.scav & (1 << i) != 0:
                p.chunk_of(ci).scavenged.set_range(pi + i, 1)

        # As after any free, the search must not start above these pages.
        if off_addr_less_than(config, base, p.search_addr):
            p.search_addr = base
        p.update(base, config.page_cache_pages, False, False)
        self.base = 0
        self.cache = 0
        self.scav = 0


def alloc_to_cache(p: "PageAlloc") -> PageCache:
    """runtime/mpagecache.go pageAlloc.allocToCache: a cache of the first word with a free page.

    It owns all free pages of that word; there are none in it if the heap is full. p's lock is held.
    Throws if the summaries promised a page that isn't there.
    """
    assert_lock_held(p.mheap_lock)
    config = p.h.config
    c = PageCache()
    ci = chunk_index(config, p.search_addr)
    if ci >= p.end:
        # The search would start above every chunk.
        return c
    cache_pages = config.page_cache_pages
    if p.summary[config.summary_levels - 1][ci] != 0:
        # There are free pages at or near the search address.
        chunk = p.chunk_of(ci)
        j, _ = chunk.palloc_bits.find(1, chunk_page_index(config, p.search_addr))
        if j == NOT_FOUND:
            throw("bad summary data")
        c.base = config.uintptr(
            chunk_base(config, ci) + align_down(config, j, cache_pages) * config.page_size
        )
    else:
        addr, _ = p.find(1)
        if addr == 0:
            p.search_addr = max_search_addr(config)
            return c
        ci = chunk_index(config, addr)
        chunk = p.chunk_of(ci)
        j = chunk_page_index(config, addr)
        c.base = align_down(config, addr, cache_pages * config.page_size)
    c.cache = ~chunk.palloc_bits.pages64(j) & config.word_mask
    c.scav = chunk.scavenged.block64(j)

    # Take exactly the free pages, and clear the scavenged bits of exactly those.
    cpi = chunk_page_index(config, c.base)
    chunk.palloc_bits.alloc_pages64(cpi, c.cache)
    chunk.scavenged.clear_block64(cpi, c.cache & c.scav)

    p.update(c.base, cache_pages, False, True)
    p.scav.index.alloc(ci, ones_count64(c.cache))

    # Everything up to the end of the word is allocated now. The next search begins at its last page
    # and not after it, because that might not be mapped.
    p.search_addr = config.uintptr(c.base + config.page_size * (cache_pages - 1))
    return c
