"""Summaries of the page allocator: how much is free at the start, at the end and at most.

A pallocSum packs the three numbers (pages) into one word, of config.log_max_packed_value bits each.
Only an entry that is wholly free needs one bit more, and is bit 63 alone.
"""

from collections.abc import Sequence

from impl.config import Config
from impl.rt import PlainArray, SparsePlainArray

PALLOC_SUM_BYTES = 8
"""runtime/mpagealloc.go pallocSumBytes: bytes of a summary."""

ALL_FREE = 1 << 63
"""The summary that stands for max_packed_value three times."""

Summaries = Sequence[int] | PlainArray[int] | SparsePlainArray[int]
"""Where summaries are kept, by index."""


def free_chunk_sum(config: Config) -> int:
    """runtime/mpagealloc.go freeChunkSum: the summary of a chunk that is wholly free."""
    pages = config.palloc_chunk_pages
    log = config.log_max_packed_value
    return pages | pages << log | pages << 2 * log


def pack_palloc_sum(config: Config, start: int, max_: int, end: int) -> int:
    """runtime/mpagealloc.go packPallocSum: the summary of the three numbers (pages)."""
    if max_ == config.max_packed_value:
        return ALL_FREE
    log = config.log_max_packed_value
    mask = config.max_packed_value - 1
    return start & mask | (max_ & mask) << log | (end & mask) << 2 * log


def palloc_sum_start(config: Config, p: int) -> int:
    """runtime/mpagealloc.go pallocSum.start: free pages at the start."""
    if p & ALL_FREE != 0:
        return config.max_packed_value
    return p & (config.max_packed_value - 1)


def palloc_sum_max(config: Config, p: int) -> int:
    """runtime/mpagealloc.go pallocSum.max: the largest number of free pages in a row."""
    if p & ALL_FREE != 0:
        return config.max_packed_value
    return p >> config.log_max_packed_value & (config.max_packed_value - 1)


def palloc_sum_end(config: Config, p: int) -> int:
    """runtime/mpagealloc.go pallocSum.end: free pages at the end."""
    if p & ALL_FREE != 0:
        return config.max_packed_value
    return p >> 2 * config.log_max_packed_value & (config.max_packed_value - 1)


def palloc_sum_unpack(config: Config, p: int) -> tuple[int, int, int]:
    """runtime/mpagealloc.go pallocSum.unpack: (start, max, end) in pages."""
    if p & ALL_FREE != 0:
        return config.max_packed_value, config.max_packed_value, config.max_packed_value
    log = config.log_max_packed_value
    mask = config.max_packed_value - 1
    return p & mask, p >> log & mask, p >> 2 * log & mask


def merge_summaries(
    config: Config, sums: Summaries, first: int, n: int, log_max_pages_per_sum: int
) -> int:
    """runtime/mpagealloc.go mergeSummaries: one summary for the n entries sums[first:first+n].

    Each of them stands for at most 1 << log_max_pages_per_sum pages.
    """
    log = config.log_max_packed_value
    mask = config.max_packed_value - 1
    whole = 1 << log_max_pages_per_sum
    start, max_, end = palloc_sum_unpack(config, sums[first])
    for i in range(1, n):
        p = sums[first + i]
        if p == 0:
            # Nothing is free here, which only ends the run at the end of the earlier ones.
            end = 0
            continue
        if p & ALL_FREE != 0:
            si = mi = ei = mask + 1
        else:
            si, mi, ei = p & mask, p >> log & mask, p >> 2 * log & mask

        # Only while everything so far is free does the start go on.
        if start == i << log_max_pages_per_sum:
            start += si

        # The largest run may cross the boundary.
        if end + si > max_:
            max_ = end + si
        if mi > max_:
            max_ = mi

        if ei == whole:
            end += whole
        else:
            end = ei
    return pack_palloc_sum(config, start, max_, end)
