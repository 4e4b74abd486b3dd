"""Chunks of the address space and entries of the summary levels: indexes and addresses.

Addresses become indexes after subtracting config.arena_base_offset, modulo the word: that is how
sign-extended addresses become small indexes.
"""

from impl.config import Config
from impl.mranges import max_off_addr
from impl.stubs import align_down, align_up


def max_search_addr(config: Config) -> int:
    """runtime/mpagealloc.go maxSearchAddr: the search address of a heap without a free page."""
    return max_off_addr(config)


def chunk_index(config: Config, p: int) -> int:
    """runtime/mpagealloc.go chunkIndex: index of the chunk that contains address p."""
    offset = p - config.arena_base_offset & config.uintptr_mask
    return offset >> config.log_palloc_chunk_bytes


def chunk_base(config: Config, ci: int) -> int:
    """runtime/mpagealloc.go chunkBase: the low address of chunk ci."""
    return config.uintptr(ci * config.palloc_chunk_bytes + config.arena_base_offset)


def chunk_page_index(config: Config, p: int) -> int:
    """runtime/mpagealloc.go chunkPageIndex: index, within its chunk, of the page of address p."""
    return p % config.palloc_chunk_bytes // config.page_size


def chunk_idx_l1(config: Config, ci: int) -> int:
    """runtime/mpagealloc.go chunkIdx.l1: the part of a chunk index for the first level of chunks."""
    if config.palloc_chunks_l1_bits == 0:
        return 0
    return ci >> config.palloc_chunks_l1_shift


def chunk_idx_l2(config: Config, ci: int) -> int:
    """runtime/mpagealloc.go chunkIdx.l2: the part of a chunk index for the second level of chunks."""
    if config.palloc_chunks_l1_bits == 0:
        return ci
    return ci & ((1 << config.palloc_chunks_l2_bits) - 1)


def off_addr_to_level_index(config: Config, level: int, addr: int) -> int:
    """runtime/mpagealloc.go offAddrToLevelIndex: index of the level's entry that covers addr."""
    return config.uintptr(addr - config.arena_base_offset) >> config.level_shift[level]


def level_index_to_off_addr(config: Config, level: int, idx: int) -> int:
    """runtime/mpagealloc.go levelIndexToOffAddr: the low address that the level's entry covers."""
    return config.uintptr((idx << config.level_shift[level]) + config.arena_base_offset)


def addrs_to_summary_range(config: Config, level: int, base: int, limit: int) -> tuple[int, int]:
    """runtime/mpagealloc.go addrsToSummaryRange: the level's entries [lo, hi) for [base, limit)."""
    # The limit may lie within an entry or at its edge, so count from the last address.
    shift = config.level_shift[level]
    lo = config.uintptr(base - config.arena_base_offset) >> shift
    hi = (config.uintptr(limit - 1 - config.arena_base_offset) >> shift) + 1
    return lo, hi


def block_align_summary_range(config: Config, level: int, lo: int, hi: int) -> tuple[int, int]:
    """runtime/mpagealloc.go blockAlignSummaryRange: entries [lo, hi) widened to whole blocks."""
    e = 1 << config.level_bits[level]
    return align_down(config, lo, e), align_up(config, hi, e)
