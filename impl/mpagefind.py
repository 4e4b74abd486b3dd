"""The search for the first run of free pages, down the tree of summaries.

A method of pageAlloc in a module of its own. Addresses are offsets from config.arena_base_offset
here, so that their order is plain. Not ported here: the diagnostic lines before a throw.
"""

from typing import TYPE_CHECKING

from impl.chunkindex import chunk_base, max_search_addr, off_addr_to_level_index
from impl.mpallocbits import NOT_FOUND
from impl.mpallocsum import palloc_sum_unpack
from impl.rt import assert_lock_held, throw

if TYPE_CHECKING:
    from impl.mpagealloc import PageAlloc


def find(p: "PageAlloc", npages: int) -> tuple[int, int]:
    """runtime/mpagealloc.go pageAlloc.find: the first npages free pages, by the whole tree.

    Returns (their address, a search address as good as can be told). The address is 0 if there
    are none, and then the other says nothing. Relies on search_addr. Throws if the summaries
    contradict each other or the bitmaps.
    """
    assert_lock_held(p.mheap_lock)
    config = p.h.config
    page_size = config.page_size

    # i is the first entry of the block to look at. [first_base, first_bound] is where the first
    # free page of the heap is, as far as known: offsets from arena_base_offset.
    i = 0
    first_base, first_bound = 0, (1 << config.heap_addr_bits) - 1
    for level in range(config.summary_levels):
        # At the root the block is the whole level.
        entries_per_block = 1 << config.level_bits[level]
        log_max_pages = config.level_log_pages[level]
        shift = config.level_shift[level]
        i <<= config.level_bits[level]
        entries = p.summary[level]

        # The search address tells where to begin, if it led here.
        j0 = 0
        search_idx = off_addr_to_level_index(config, level, p.search_addr)
        if search_idx & ~(entries_per_block - 1) == i:
            j0 = search_idx & (entries_per_block - 1)
        n = entries_per_block
        if level == 0:
            # Go goes to the end, but all entries above the last chunk are 0.
            n = (p.end * config.palloc_chunk_bytes - 1 >> shift) + 1

        # A run of size pages free so far begins at page base, counted from the block's start.
        base = size = 0
        descend = False
        for j in range(j0, n):
            total = entries[i + j]
            if total == 0:
                size = 0
                continue
            first_base, first_bound = found_free(
                first_base, first_bound, i + j << shift, 1 << shift
            )
            s, max_, end = palloc_sum_unpack(config, total)
            if size + s >= npages:
                if size == 0:
                    base = j << log_max_pages
                size += s
                break
            if max_ >= npages:
                i += j
                descend = True
                break
            if size == 0 or s < 1 << log_max_pages:
                # A run in progress ends in this entry, and the next may begin.
                size = end
                base = (j + 1 << log_max_pages) - size
                continue
            size += 1 << log_max_pages
        if descend:
            continue
        if size >= npages:
            # The run lies across entries of this level.
            addr = config.uintptr((i << shift) + config.arena_base_offset + base * page_size)
            return addr, _first_mapped(p, first_base)
        if level == 0:
            return 0, max_search_addr(config)
        # The level above promised what isn't there.
        throw("bad summary data")

    # Every level has an entry that is large enough, so i is a chunk with a run inside.
    j, search_idx = p.chunk_of(i).palloc_bits.find(npages, 0)
    if j == NOT_FOUND:
        throw("bad summary data")
    addr = config.uintptr(chunk_base(config, i) + j * page_size)
    chunk_bytes = config.palloc_chunk_bytes
    first_base, first_bound = found_free(
        first_base,
        first_bound,
        i * chunk_bytes + search_idx * page_size,
        chunk_bytes - search_idx * page_size,
    )
    return addr, _first_mapped(p, first_base)


def _first_mapped(p: "PageAlloc", offset: int) -> int:
    """runtime/mpagealloc.go pageAlloc.find: the search address found, from its offset."""
    config = p.h.config
    return p.find_mapped_addr(config.uintptr(offset + config.arena_base_offset))


def found_free(base: int, bound: int, addr: int, size: int) -> tuple[int, int]:
    """runtime/mpagealloc.go pageAlloc.find: foundFree, on offsets from arena_base_offset.

    There is free memory in [addr, addr+size): narrows [base, bound], where the first of it is, if
    that contains the range. Throws if they only overlap.
    """
    last = addr + size - 1
    if base <= addr and last <= bound:
        return addr, last
    if not (last < base or bound < addr):
        throw("range partially overlaps")
    return base, bound
