"""The oracle's operations, their arguments and what they answer.

An address or an amount of memory is in bytes unless it is called pages. `-> x, y` are the words
answered; true is 1. A span, an arena of mark bits, a block of a span set and a chunk of a fixalloc
are numbers in the order in which they were first seen; NOTHING stands for nil.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum, auto

NOTHING = (1 << 64) - 1


class Op(IntEnum):
    """One request. The Go side has the same numbers, generated from these."""

    # Constants and tables of the compiled runtime.
    CONSTANTS = auto()  # -> the values of golang.oracle.tables.CONSTANTS
    TABLE = auto()  # number -> the entries of that table of golang.oracle.tables.TABLES
    PLATFORM_PHYS_PAGE = auto()  # bytes ->; makes that physPageSize
    PLATFORM_HUGE_PAGE = auto()  # bytes ->; makes that physHugePageSize (0: there are none)

    # One pallocData. `which` is 0 for the allocation bits, 1 for the scavenged bits.
    BITS_LOAD = auto()  # 8 allocation words, 8 scavenged words ->
    BITS_GET = auto()  # which, i -> bit
    BITS_BLOCK64 = auto()  # which, i -> word
    BITS_SET = auto()  # which, i ->
    BITS_SET_RANGE = auto()  # which, i, n ->
    BITS_SET_ALL = auto()  # which ->
    BITS_SET_BLOCK64 = auto()  # which, i, word ->
    BITS_CLEAR = auto()  # which, i ->
    BITS_CLEAR_RANGE = auto()  # which, i, n ->
    BITS_CLEAR_ALL = auto()  # which ->
    BITS_CLEAR_BLOCK64 = auto()  # which, i, word ->
    BITS_POPCNT_RANGE = auto()  # which, i, n -> count
    BITS_FIND = auto()  # pages, search index -> index, new search index
    BITS_FIND1 = auto()  # search index -> index
    BITS_FIND_SMALL_N = auto()  # pages, search index -> index, new search index
    BITS_FIND_LARGE_N = auto()  # pages, search index -> index, new search index
    BITS_SUMMARIZE = auto()  # -> packed sum
    BITS_ALLOC_RANGE = auto()  # i, n ->; of pallocBits: scavenged bits stay
    BITS_ALLOC_ALL = auto()  # ->
    BITS_FREE1 = auto()  # i ->
    BITS_FREE = auto()  # i, n ->
    BITS_FREE_ALL = auto()  # ->
    BITS_PAGES64 = auto()  # i -> word
    BITS_ALLOC_PAGES64 = auto()  # i, word ->
    DATA_ALLOC_RANGE = auto()  # i, n ->; of pallocData: clears scavenged bits
    DATA_ALLOC_ALL = auto()  # ->
    DATA_FIND_SCAVENGE_CANDIDATE = auto()  # search index, least pages, most pages -> index, pages
    FIND_BIT_RANGE64 = auto()  # word, n -> index
    FILL_ALIGNED = auto()  # word, m -> word

    # Packed summaries; no state.
    SUM_PACK = auto()  # start, max, end -> packed sum
    SUM_UNPACK = auto()  # packed sum -> start, max, end by the accessors, the same by unpack
    SUM_MERGE = auto()  # log of the most pages in a sum, packed sums -> packed sum

    # A page allocator of its own, in test mode: it never touches the memory it hands out.
    PAGES_RESET = auto()  # ->
    PAGES_GROW = auto()  # base, size ->
    PAGES_ALLOC = auto()  # pages -> address, scavenged bytes
    PAGES_FREE = auto()  # address, pages ->
    PAGES_ALLOC_RANGE = auto()  # address, pages -> scavenged bytes
    PAGES_FIND = auto()  # pages -> address, new search address
    PAGES_FIND_MAPPED_ADDR = auto()  # address -> address
    PAGES_ALLOC_TO_CACHE = auto()  # cache -> base, free word, scavenged word
    PAGES_CACHE_ALLOC = auto()  # cache, pages -> address, scavenged bytes
    PAGES_CACHE_FLUSH = auto()  # cache ->
    PAGES_SCAVENGE = auto()  # bytes, force -> bytes
    PAGES_SCAVENGE_ONE = auto()  # chunk, page index, most bytes -> bytes
    PAGES_SCAV_FIND = auto()  # force -> chunk, page index
    PAGES_NEXT_GEN = auto()  # ->
    PAGES_ENABLE_HUGE = auto()  # ->
    PAGES_TRY_CHUNK_OF = auto()  # chunk -> whether there is one

    # One addrRanges, and values of addrRange and offAddr.
    RANGES_RESET = auto()  # ->
    RANGES_ADD = auto()  # base, limit ->
    RANGES_REMOVE_GREATER_EQUAL = auto()  # address ->
    RANGES_REMOVE_LAST = auto()  # bytes -> base, limit
    RANGES_FIND_SUCC = auto()  # address -> index
    RANGES_FIND_ADDR_GREATER_EQUAL = auto()  # address -> address, found
    RANGES_CONTAINS = auto()  # address -> whether
    RANGES_CLONE_INTO = auto()  # -> total bytes of the clone, then base, limit of each range
    RANGE_MAKE = auto()  # base, limit -> base, limit
    RANGE_SIZE = auto()  # base, limit -> bytes
    RANGE_CONTAINS = auto()  # base, limit, address -> whether
    RANGE_SUBTRACT = auto()  # base, limit, other base, other limit -> base, limit
    RANGE_REMOVE_GREATER_EQUAL = auto()  # base, limit, address -> base, limit
    RANGE_TAKE_FROM_FRONT = auto()  # base, limit, bytes, alignment -> address, taken, base, limit
    RANGE_TAKE_FROM_BACK = auto()  # base, limit, bytes, alignment -> address, taken, base, limit
    OFF_ADD = auto()  # address, bytes -> address
    OFF_SUB = auto()  # address, bytes -> address
    OFF_DIFF = auto()  # address, address -> bytes
    OFF_LESS_THAN = auto()  # address, address -> whether
    OFF_LESS_EQUAL = auto()  # address, address -> whether
    OFF_EQUAL = auto()  # address, address -> whether
    OFF_LEVEL_INDEX = auto()  # level, address -> index
    LEVEL_INDEX_OFF = auto()  # level, index -> address
    ADDRS_TO_SUMMARY_RANGE = auto()  # level, base, limit -> low, high
    BLOCK_ALIGN_SUMMARY_RANGE = auto()  # level, low, high -> low, high
    CHUNK_INDEX = auto()  # address -> chunk, its base, page index of the address
    ATOMIC_OFF_CLEAR = auto()  # ->
    ATOMIC_OFF_STORE_MIN = auto()  # address ->
    ATOMIC_OFF_STORE_UNMARK = auto()  # marked address, new address ->
    ATOMIC_OFF_STORE_MARKED = auto()  # address ->
    ATOMIC_OFF_LOAD = auto()  # -> address, marked

    # One spanSet of made-up spans 0 to 65535, with a pool of blocks of its own.
    SET_INIT = auto()  # ->; an empty set with an empty pool
    SET_PUSH = auto()  # span ->
    SET_POP = auto()  # -> span
    SET_RESET = auto()  # ->; spanSet.reset

    # One fixalloc. `first` says whether the function for new objects was called.
    FIX_INIT = auto()  # size, zero ->
    FIX_ALLOC = (
        auto()
    )  # -> chunk, offset in it, first, bytes after its first word that are not zero
    FIX_FREE = auto()  # chunk, offset ->
    FIX_FILL = auto()  # chunk, offset ->; makes no byte of the object zero

    # Four mSpanLists of 16 made-up spans.
    LIST_RESET = auto()  # ->
    LIST_INSERT = auto()  # list, span ->
    LIST_INSERT_BACK = auto()  # list, span ->
    LIST_REMOVE = auto()  # list, span ->
    LIST_TAKE_ALL = auto()  # list, other list ->
    LIST_IS_EMPTY = auto()  # list -> whether
    LIST_IN_LIST = auto()  # span -> whether

    # The arenas of mark bits, as if the program had none of its own.
    GCBITS_RESET = auto()  # ->
    GCBITS_NEW = auto()  # objects -> arena, offset in its bits
    GCBITS_EPOCH = auto()  # ->

    # A second mheap, once a process. `vp` is one of up to eight virtual Ps.
    HEAP_INIT = auto()  # number of virtual Ps, then address, down of each hint ->
    HEAP_ALLOC = auto()  # vp, pages, type, span class -> span, base,
    # needzero, then arena, offset of its mark bits and of its allocation bits
    HEAP_FREE = auto()  # vp, span, type ->; freeSpanLocked
    HEAP_FREE_MANUAL = auto()  # vp, span, type ->
    HEAP_SET_ALLOC_COUNT = auto()  # span, count ->
    HEAP_SET_LIMIT = auto()  # span, bytes from its base ->; what callers of alloc do afterwards
    HEAP_SET_SWEEPGEN = auto()  # span, generation relative to the heap's ->
    HEAP_FLUSH = auto()  # vp ->; of its page cache
    HEAP_DESTROY_P = auto()  # vp ->; gives back its cached spans and pages
    HEAP_GROW = auto()  # pages -> bytes, done
    HEAP_SCAVENGE = auto()  # bytes, force -> bytes
    HEAP_SCAVENGE_ALL = auto()  # ->
    HEAP_NEXT_GEN = auto()  # ->; of the scavenge index
    HEAP_NEXT_SWEEPGEN = auto()  # ->; the heap's, and that of all spans in use
    HEAP_ENABLE_HUGE = auto()  # ->
    HEAP_LIMITS = auto()  # memory limit, goal of the GC percentage: beyond the baseline; NOTHING
    HEAP_NEEDS_ZERO = auto()  # base, pages -> needzero
    HEAP_ZEROED_BASE = auto()  # address -> zeroedBase of its arena
    HEAP_SPAN_OF = auto()  # address -> spanOf, spanOfHeap, inheap, inHeapOrStack
    HEAP_SPAN_RUNS = auto()  # address -> first page, span of each run of its arena's span map
    HEAP_ADD_SPECIAL = auto()  # span, offset, kind -> added
    HEAP_REMOVE_SPECIAL = auto()  # span, offset, kind -> removed
    HEAP_BLOCK = (
        auto()
    )  # address, bytes -> address; reserves it, so that the heap cannot grow there


def camel(op: Op) -> str:
    """BITS_SET_RANGE is BitsSetRange in Go."""
    return re.sub(r"_?([A-Z])([A-Z0-9]*)", lambda m: m[1] + m[2].lower(), op.name)


def go_constants() -> str:
    """The numbers of the operations, as Go declares constants."""
    return "\n".join(f"\toracleOp{camel(op)} = {int(op)}" for op in Op)


def spelled(request: Sequence[int]) -> str:
    """A request as a reader writes it, with large numbers in hex."""
    op, *arguments = request
    name = Op(op).name if op in Op.__members__.values() else f"operation {op}"
    shown = (hex(each) if each > 0xFFFF else str(each) for each in arguments)
    return f"{name}({', '.join(shown)})"
