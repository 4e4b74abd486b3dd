"""Heap arenas: the metadata of one aligned region of the address space, and the map to find it.

Not ported here: heapArena.bitmap and noMorePtrs (the heap bitmap, mbitmap.go), pageSpecials
(specials, mheap.go), checkmarks (mcheckmark.go). The arena map is filled before threads run: its
growth beside running readers (mheap.sysAlloc, malloc.go) isn't ported.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from impl.config import Config
from impl.rt import Const, Mixed, MixedArray, RacyArray, Struct, uintptr

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


class HeapArena(Struct):
    """runtime/mheap.go heapArena: metadata of heap_arena_bytes bytes of address space.

    spans has an entry per page; page_in_use and page_marks have a bit per page, in bytes of 8 bits;
    zeroed_base is in bytes from the start of the arena.
    """

    spans: Const[RacyArray["Mspan | None"]]
    page_in_use: Const[MixedArray[int]]
    page_marks: Const[MixedArray[int]]
    zeroed_base: Mixed[int] = 0


def new_heap_arena(config: Config) -> HeapArena:
    """runtime/mheap.go heapArena: one with no page used yet."""
    ha = HeapArena()
    ha.spans = RacyArray(config.pages_per_arena, None)
    ha.page_in_use = MixedArray(config.pages_per_arena // 8, 0)
    ha.page_marks = MixedArray(config.pages_per_arena // 8, 0)
    return ha


class ArenaL2(Struct):
    """runtime/mheap.go mheap.arenas: an L2 map of `size` entries, sparse; an absent one is None."""

    size: Const[int] = 0
    entries: Const[Mapping[int, HeapArena]]

    def __getitem__(self, l2: int) -> HeapArena | None:
        if not 0 <= l2 < self.size:
            raise IndexError(l2)
        return self.entries.get(l2)


class ArenaMap(Struct):
    """runtime/mheap.go mheap.arenas: the L1 map of `size` entries, sparse; an absent one is None."""

    size: Const[int] = 0
    entries: Const[Mapping[int, ArenaL2]]

    def __getitem__(self, l1: int) -> ArenaL2 | None:
        if not 0 <= l1 < self.size:
            raise IndexError(l1)
        return self.entries.get(l1)


def new_arena_l2(config: Config) -> ArenaL2:
    """runtime/mheap.go mheap.arenas: an L2 map without arenas."""
    l2 = ArenaL2()
    l2.size = config.arena_l2_len
    l2.entries = {}
    return l2


def new_arena_map(config: Config) -> ArenaMap:
    """runtime/mheap.go mheap.arenas: without L1 bits there is always the one L2 map."""
    arenas = ArenaMap()
    arenas.size = config.arena_l1_len
    arenas.entries = {0: new_arena_l2(config)} if config.arena_l1_bits == 0 else {}
    return arenas


def arena_index(config: Config, p: int) -> int:
    """runtime/mheap.go arenaIndex: index of the arena of address p.

    If p is outside the range of heap addresses, its L1 or its L2 part is out of bounds. The
    subtraction wraps: that is how sign-extended addresses become small indexes.
    """
    return uintptr(p - config.arena_base_offset) // config.heap_arena_bytes


def arena_base(config: Config, i: int) -> int:
    """runtime/mheap.go arenaBase: the low address of arena i. The sum wraps, as in arena_index."""
    return uintptr(i * config.heap_arena_bytes + config.arena_base_offset)


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
    """runtime/mheap.go h.arenas[ai.l1()][ai.l2()]: the arena of an index known to be allocated."""
    l1 = arena_idx_l1(h.config, ai)
    l2 = arena_idx_l2(h.config, ai)
    return h.arenas[l1][l2]  # type: ignore[index,return-value]  # as in Go, nil faults when used


def page_index_of(h: "Mheap", p: int) -> tuple[HeapArena, int, int]:
    """runtime/mheap.go pageIndexOf: (arena, index, mask) of p in the page bitmaps; p in the heap."""
    arena = arena_at(h, arena_index(h.config, p))
    page_idx = ((p // h.config.page_size) // 8) % (h.config.pages_per_arena // 8)
    page_mask = 1 << ((p // h.config.page_size) % 8)
    return arena, page_idx, page_mask
