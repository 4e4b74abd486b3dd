"""Heap arenas: the metadata of one aligned region of the address space, and the map to find it.

The arrays of an arena keep only the elements ever written, so a heap costs what is used of it.
"""

from typing import TYPE_CHECKING

from impl.config import Config
from impl.rt import (
    Const,
    Mixed,
    Plain,
    SparseMixedArray,
    SparsePlainArray,
    SparseRacyArray,
    Struct,
)

if TYPE_CHECKING:
    from impl.mcheckmark import CheckmarksMap
    from impl.mheap import Mheap
    from impl.mspan import Mspan


class HeapArena(Struct):
    """runtime/mheap.go heapArena: metadata of heap_arena_bytes bytes of address space.

    bitmap has a bit per word of memory, set for pointers, in words; a bit of no_more_ptrs, in bytes
    of 8 bits, says of a word of bitmap that no pointer of the object follows behind it. spans has an
    entry per page; page_in_use, page_marks and page_specials have a bit per page, in bytes of 8
    bits. checkmarks is None unless debug.gccheckmark is on. zeroed_base is in bytes from the start
    of the arena.
    """

    bitmap: Const[SparsePlainArray[int]]
    no_more_ptrs: Const[SparsePlainArray[int]]
    spans: Const[SparseRacyArray["Mspan | None"]]
    page_in_use: Const[SparseMixedArray[int]]
    page_marks: Const[SparseMixedArray[int]]
    page_specials: Const[SparseMixedArray[int]]
    checkmarks: Plain["CheckmarksMap | None"] = None
    zeroed_base: Mixed[int] = 0


def new_heap_arena(config: Config) -> HeapArena:
    """runtime/mheap.go heapArena: one with no page used yet."""
    ha = HeapArena()
    ha.bitmap = SparsePlainArray(config.heap_arena_bitmap_words, 0)
    ha.no_more_ptrs = SparsePlainArray(config.heap_arena_bitmap_words // 8, 0)
    ha.spans = SparseRacyArray(config.pages_per_arena, None)
    ha.page_in_use = SparseMixedArray(config.pages_per_arena // 8, 0)
    ha.page_marks = SparseMixedArray(config.pages_per_arena // 8, 0)
    ha.page_specials = SparseMixedArray(config.pages_per_arena // 8, 0)
    return ha


class ArenaHint(Struct):
    """runtime/mheap.go arenaHint: where to try to grow the heap, upwards or down from addr."""

    addr: Plain[int] = 0
    down: Plain[bool] = False
    next: Plain["ArenaHint | None"] = None

    def memclr(self) -> None:
        """runtime/mheap.go arenaHint: zeroes it, as its pool does before it is used again."""
        self.addr = 0
        self.down = False
        self.next = None


class ArenaHintList(Struct):
    """runtime/mheap.go mheap.arenaHints: the hints in the order in which they are tried.

    The list's head is an object, so that it can be handed to sysAlloc, where Go passes its address.
    """

    first: Plain[ArenaHint | None] = None


class CurArena(Struct):
    """runtime/mheap.go mheap.curArena: reserved memory that the heap grows into, [base, end)."""

    base: Plain[int] = 0
    end: Plain[int] = 0


class ArenaL2(Struct):
    """runtime/mheap.go mheap.arenas: an L2 map, whose entries are None until an arena is mapped.

    addr is the address of its memory. Entries are stored atomically and never go back to None.
    """

    addr: Const[int] = 0
    entries: Const[SparseMixedArray[HeapArena | None]]

    def __getitem__(self, l2: int) -> HeapArena | None:
        return self.entries[l2]


def new_arena_l2(config: Config, addr: int) -> ArenaL2:
    """runtime/mheap.go mheap.arenas: an L2 map without arenas, in memory at addr."""
    l2 = ArenaL2()
    l2.addr = addr
    l2.entries = SparseMixedArray(config.arena_l2_len, None)
    return l2


def arena_index(config: Config, p: int) -> int:
    """runtime/mheap.go arenaIndex: index of the arena of address p.

    If p is outside the range of heap addresses, its L1 or its L2 part is out of bounds. The
    subtraction wraps: that is how sign-extended addresses become small indexes.
    """
    return config.uintptr(p - config.arena_base_offset) // config.heap_arena_bytes


def arena_base(config: Config, i: int) -> int:
    """runtime/mheap.go arenaBase: the low address of arena i. The sum wraps, as in arena_index."""
    return config.uintptr(i * config.heap_arena_bytes + config.arena_base_offset)


def arena_idx_l1(config: Config, i: int) -> int:
    """runtime/mheap.go arenaIdx.l1: the L1 part of an arena index."""
    if config.arena_l1_bits == 0:
        return 0
    return i >> config.arena_l1_shift


def arena_idx_l2(config: Config, i: int) -> int:
    """runtime/mheap.go arenaIdx.l2: the L2 part of an arena index."""
    if config.arena_l1_bits == 0:
        return i
    return i & ((1 << config.arena_l2_bits) - 1)


def arena_at(h: "Mheap", ai: int) -> HeapArena:
    """runtime/mheap.go mheap.arenas: the arena of an index known to be allocated."""
    l1 = arena_idx_l1(h.config, ai)
    l2 = arena_idx_l2(h.config, ai)
    return h.arenas[l1][l2]  # type: ignore[index,return-value]  # as in Go, nil faults when used


def page_index_of(h: "Mheap", p: int) -> tuple[HeapArena, int, int]:
    """runtime/mheap.go pageIndexOf: (arena, index, mask) of p in the page bitmaps; p in the heap."""
    arena = arena_at(h, arena_index(h.config, p))
    page_idx = ((p // h.config.page_size) // 8) % (h.config.pages_per_arena // 8)
    page_mask = 1 << ((p // h.config.page_size) % 8)
    return arena, page_idx, page_mask
