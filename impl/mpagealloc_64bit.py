"""The page allocator's own memory on 64-bit platforms: reserved at once, mapped as the heap grows.

The miniature is treated as one of them. Not ported here: the scavenge index's parts of the file,
which are in impl/scavengeindex.py, and the diagnostic lines before a throw.
"""

from typing import TYPE_CHECKING

from impl.chunkindex import addrs_to_summary_range, block_align_summary_range
from impl.config import Config
from impl.mem import sys_map, sys_reserve, sys_used
from impl.mpallocsum import PALLOC_SUM_BYTES
from impl.mranges import AddrRange, make_addr_range
from impl.rt import SparsePlainArray, throw
from impl.stubs import align_down, align_up

if TYPE_CHECKING:
    from impl.mpagealloc import PageAlloc


def sys_init(p: "PageAlloc") -> None:
    """runtime/mpagealloc_64bit.go pageAlloc.sysInit: reserves the memory of every summary level.

    Throws if the system has no room.
    """
    config = p.h.config
    summary = []
    bases = []
    for level in range(config.summary_levels):
        entries = 1 << (config.heap_addr_bits - config.level_shift[level])
        r = sys_reserve(p.h, 0, align_up(config, entries * PALLOC_SUM_BYTES, config.phys_page_size))
        if r == 0:
            throw("failed to reserve page summary memory")
        summary.append(SparsePlainArray(entries, 0))
        bases.append(r)
    p.summary = tuple(summary)
    p.summary_base = tuple(bases)


def _addr_range_to_summary_range(config: Config, level: int, r: AddrRange) -> tuple[int, int]:
    """runtime/mpagealloc_64bit.go pageAlloc.sysGrow: the level's whole blocks that r needs."""
    lo, hi = addrs_to_summary_range(config, level, r.base, r.limit)
    return block_align_summary_range(config, level, lo, hi)


def _summary_range_to_sum_addr_range(p: "PageAlloc", level: int, lo: int, hi: int) -> AddrRange:
    """runtime/mpagealloc_64bit.go pageAlloc.sysGrow: the memory of entries [lo, hi), whole pages."""
    config = p.h.config
    base = p.summary_base[level]
    return AddrRange(
        base + align_down(config, lo * PALLOC_SUM_BYTES, config.phys_page_size),
        base + align_up(config, hi * PALLOC_SUM_BYTES, config.phys_page_size),
    )


def _addr_range_to_sum_addr_range(p: "PageAlloc", level: int, r: AddrRange) -> AddrRange:
    """runtime/mpagealloc_64bit.go pageAlloc.sysGrow: the memory of the entries that r needs."""
    lo, hi = _addr_range_to_summary_range(p.h.config, level, r)
    return _summary_range_to_sum_addr_range(p, level, lo, hi)


def sys_grow(p: "PageAlloc", base: int, limit: int) -> None:
    """runtime/mpagealloc_64bit.go pageAlloc.sysGrow: maps the summaries of [base, limit).

    To be called before p knows of the new memory. Throws unless both are multiples of a chunk.
    """
    config = p.h.config
    if base % config.palloc_chunk_bytes != 0 or limit % config.palloc_chunk_bytes != 0:
        throw("sysGrow bounds not aligned to pallocChunkBytes")

    # Where the new range will go among those in use: its neighbours may share pages with it.
    in_use_index = p.in_use.find_succ(base)
    ranges = p.in_use.ranges
    for level in range(config.summary_levels):
        lo, hi = _addr_range_to_summary_range(config, level, make_addr_range(config, base, limit))
        if hi > p.summary_len[level]:
            p.summary_len[level] = hi

        # Leave out what is mapped already, for a neighbour's sake.
        need = _summary_range_to_sum_addr_range(p, level, lo, hi)
        if in_use_index > 0:
            need = need.subtract(
                config, _addr_range_to_sum_addr_range(p, level, ranges[in_use_index - 1])
            )
        if in_use_index < len(ranges):
            need = need.subtract(
                config, _addr_range_to_sum_addr_range(p, level, ranges[in_use_index])
            )
        size = need.size(config)
        if size == 0:
            continue
        sys_map(p.h, need.base, size, p.sys_stat)
        sys_used(p.h, need.base, size, size)
        p.summary_mapped_ready += size

    p.summary_mapped_ready += p.scav.index.sys_grow(base, limit, p.sys_stat)
