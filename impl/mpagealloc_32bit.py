"""The page allocator's own memory on 32-bit platforms: so little that all is mapped at once.

Not ported here: the scavenge index's parts of the file, which are in impl/scavengeindex.py, and the
diagnostic lines before a throw.
"""

from typing import TYPE_CHECKING

from impl.chunkindex import addrs_to_summary_range, block_align_summary_range
from impl.mem import sys_map, sys_reserve, sys_used
from impl.mpallocsum import PALLOC_SUM_BYTES
from impl.rt import SparsePlainArray, throw
from impl.stubs import align_up

if TYPE_CHECKING:
    from impl.mpagealloc import PageAlloc


def sys_init(p: "PageAlloc") -> None:
    """runtime/mpagealloc_32bit.go pageAlloc.sysInit: maps the memory of all summary levels.

    Throws if the system has no room.
    """
    config = p.h.config
    total_size = 0
    for level in range(config.summary_levels):
        total_size += (1 << (config.heap_addr_bits - config.level_shift[level])) * PALLOC_SUM_BYTES
    total_size = align_up(config, total_size, config.phys_page_size)

    reservation = sys_reserve(p.h, 0, total_size)
    if reservation == 0:
        throw("failed to reserve page summary memory")
    sys_map(p.h, reservation, total_size, p.sys_stat)
    sys_used(p.h, reservation, total_size, total_size)
    p.summary_mapped_ready += total_size

    # Cut it up into the levels.
    summary = []
    bases = []
    for level in range(config.summary_levels):
        entries = 1 << (config.heap_addr_bits - config.level_shift[level])
        summary.append(SparsePlainArray(entries, 0))
        bases.append(reservation)
        reservation += entries * PALLOC_SUM_BYTES
    p.summary = tuple(summary)
    p.summary_base = tuple(bases)


def sys_grow(p: "PageAlloc", base: int, limit: int) -> None:
    """runtime/mpagealloc_32bit.go pageAlloc.sysGrow: lengthens the summaries for [base, limit).

    Throws unless both are multiples of a chunk.
    """
    config = p.h.config
    if base % config.palloc_chunk_bytes != 0 or limit % config.palloc_chunk_bytes != 0:
        throw("sysGrow bounds not aligned to pallocChunkBytes")
    for level in range(config.summary_levels - 1, -1, -1):
        lo, hi = addrs_to_summary_range(config, level, base, limit)
        # The whole block is needed to merge it into the level above.
        _, hi = block_align_summary_range(config, level, lo, hi)
        if hi > p.summary_len[level]:
            p.summary_len[level] = hi
