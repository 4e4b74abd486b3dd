"""Small pieces of runtime/malloc.go: memory for the heap, and objects out of a cached span.

Not ported here: reserving address space (the hints, the linear allocators of 32-bit systems),
mallocgc with the zeroing and typing of objects.
"""

from impl.heaparena import arena_idx_l1, arena_idx_l2, arena_index, new_arena_l2, new_heap_arena
from impl.mbitmap import next_free_index
from impl.mcache import Mcache
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.rt import throw, trailing_zeros64


def sys_alloc(h: Mheap, v: int, size: int) -> None:
    """runtime/malloc.go mheap.sysAlloc: its end, the metadata of the arenas in [v, v+size) (bytes).

    The caller has chosen v, a multiple of the arena size, and so is size.
    """
    for ri in range(arena_index(h.config, v), arena_index(h.config, v + size - 1) + 1):
        l2 = h.arenas[arena_idx_l1(h.config, ri)]
        if l2 is None:
            l2 = new_arena_l2(h.config)
            h.arenas.entries = {**h.arenas.entries, arena_idx_l1(h.config, ri): l2}
        if l2[arena_idx_l2(h.config, ri)] is not None:
            throw("arena already initialized")
        l2.entries = {**l2.entries, arena_idx_l2(h.config, ri): new_heap_arena(h.config)}
        h.all_arenas = (*h.all_arenas, ri)


def next_free_fast(s: Mspan) -> int:
    """runtime/malloc.go nextFreeFast: address of a free object if the cache shows one, else 0."""
    the_bit = trailing_zeros64(s.alloc_cache)
    if the_bit < 64:
        result = s.free_index + the_bit
        if result < s.nelems:
            freeidx = result + 1
            if freeidx % 64 == 0 and freeidx != s.nelems:
                return 0
            s.alloc_cache >>= the_bit + 1
            s.free_index = freeidx
            s.alloc_count += 1
            return result * s.elemsize + s.base()
    return 0


def next_free(h: Mheap, c: Mcache, spc: int) -> tuple[int, Mspan]:
    """runtime/malloc.go mcache.nextFree: (address, span) of a free object of span class spc."""
    s = c.alloc[spc]
    free_index = next_free_index(s)
    if free_index == s.nelems:
        if s.alloc_count != s.nelems:
            throw("s.allocCount != s.nelems && freeIndex == s.nelems")
        c.refill(h, spc)
        s = c.alloc[spc]
        free_index = next_free_index(s)
    if free_index >= s.nelems:
        throw("freeIndex is not valid")
    v = free_index * s.elemsize + s.base()
    s.alloc_count += 1
    if s.alloc_count > s.nelems:
        throw("s.allocCount > s.nelems")
    return v, s
