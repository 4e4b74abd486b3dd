"""Mark and allocation bits of a span: one bit per object, set by the collector, read by the sweep.

Bits are kept in 64-bit words, the unit in which Go allocates them and caches them. A pointer to a
byte of Go becomes the byte's value. Not ported here: the heap bitmap (heapBits, writeHeapBits), the
arenas and epochs of the bits (gcBitsArena, newArenaMayUnlock, nextMarkBitArenaEpoch, mheap.go), and
markBits.advance, which only diagnostics use.
"""

from typing import TYPE_CHECKING, NamedTuple

from impl.rt import (
    Const,
    MixedArray,
    Struct,
    atomic,
    ones_count64,
    throw,
    trailing_zeros64,
    u64,
    uintptr,
)
from impl.stubs import div_round_up

if TYPE_CHECKING:
    from impl.mspan import Mspan


class GcBits(Struct):
    """runtime/mheap.go gcBits: an allocation or mark bitmap, in words of 64 bits."""

    words: Const[MixedArray[int]]

    def bytep(self, n: int) -> int:
        """runtime/mheap.go gcBits.bytep: the n'th byte."""
        return (self.word(n) >> (8 * (n % 8))) & 0xFF

    def word(self, n: int) -> int:
        """runtime/mheap.go gcBits.bytep: the 8 aligned bytes around byte n, as Go reads them."""
        return self.words[n // 8]


def new_mark_bits(nelems: int) -> GcBits:
    """runtime/mheap.go newMarkBits: zeroed bits for nelems objects, in whole 64-bit blocks."""
    bits = GcBits()
    bits.words = MixedArray((nelems + 63) // 64, 0)
    return bits


def new_alloc_bits(nelems: int) -> GcBits:
    """runtime/mheap.go newAllocBits: bits for a span being initialised; later ones come by sweep."""
    return new_mark_bits(nelems)


class MarkBits(NamedTuple):
    """runtime/mbitmap.go markBits: the bit of object n in a bitmap."""

    bits: GcBits
    n: int

    def is_marked(self) -> bool:
        """runtime/mbitmap.go markBits.isMarked: the bit is set; a plain read."""
        return self.bits.bytep(self.n // 8) & (1 << (self.n % 8)) != 0

    def set_marked(self) -> None:
        """runtime/mbitmap.go markBits.setMarked: sets the bit, atomically."""
        atomic.or64(self.bits.words, self.n // 64, 1 << (self.n % 64))

    def set_marked_non_atomic(self) -> None:
        """runtime/mbitmap.go markBits.setMarkedNonAtomic: sets the bit by a plain store."""
        self.bits.words[self.n // 64] |= 1 << (self.n % 64)

    def clear_marked(self) -> None:
        """runtime/mbitmap.go markBits.clearMarked: clears the bit, atomically."""
        atomic.and64(self.bits.words, self.n // 64, u64(~(1 << (self.n % 64))))


def alloc_bits_for_index(s: "Mspan", alloc_bit_index: int) -> MarkBits:
    """runtime/mbitmap.go mspan.allocBitsForIndex: the allocation bit of an object."""
    return MarkBits(s.alloc_bits, alloc_bit_index)


def mark_bits_for_index(s: "Mspan", obj_index: int) -> MarkBits:
    """runtime/mbitmap.go mspan.markBitsForIndex: the mark bit of an object."""
    return MarkBits(s.gcmark_bits, obj_index)


def mark_bits_for_base(s: "Mspan") -> MarkBits:
    """runtime/mbitmap.go mspan.markBitsForBase: the mark bit of the first object."""
    return MarkBits(s.gcmark_bits, 0)


def refill_alloc_cache(s: "Mspan", which_byte: int) -> None:
    """runtime/mbitmap.go mspan.refillAllocCache: caches 8 bytes of alloc_bits, complemented.

    which_byte is a multiple of 8.
    """
    s.alloc_cache = u64(~s.alloc_bits.word(which_byte))


def next_free_index(s: "Mspan") -> int:
    """runtime/mbitmap.go mspan.nextFreeIndex: index of the next free object, or nelems."""
    sfreeindex = s.free_index
    snelems = s.nelems
    if sfreeindex == snelems:
        return sfreeindex
    if sfreeindex > snelems:
        throw("s.freeindex > s.nelems")

    bit_index = trailing_zeros64(s.alloc_cache)
    while bit_index == 64:
        # Go on with the next cached bits.
        sfreeindex = (sfreeindex + 64) // 64 * 64
        if sfreeindex >= snelems:
            s.free_index = snelems
            return snelems
        refill_alloc_cache(s, sfreeindex // 8)
        bit_index = trailing_zeros64(s.alloc_cache)
    result = sfreeindex + bit_index
    if result >= snelems:
        s.free_index = snelems
        return snelems

    s.alloc_cache >>= bit_index + 1
    sfreeindex = result + 1
    if sfreeindex % 64 == 0 and sfreeindex != snelems:
        # All 64 bits were used and shifted out: the cache must match the new free_index.
        refill_alloc_cache(s, sfreeindex // 8)
    s.free_index = sfreeindex
    return result


def is_free(s: "Mspan", index: int) -> bool:
    """runtime/mbitmap.go mspan.isFree: object `index` is unallocated, as the collector sees it.

    The caller has seen the span in use, and the collector's phase cannot have changed since.
    """
    if index < s.free_index_for_scan:
        return False
    return s.alloc_bits.bytep(index // 8) & (1 << (index % 8)) == 0


def divide_by_elem_size(s: "Mspan", n: int) -> int:
    """runtime/mbitmap.go mspan.divideByElemSize: n (bytes within the span) / elemsize."""
    return u64(n * s.div_mul) >> 32


def obj_index(s: "Mspan", p: int) -> int:
    """runtime/mbitmap.go mspan.objIndex: index of the object that contains address p."""
    return divide_by_elem_size(s, uintptr(p - s.base()))


def count_alloc(s: "Mspan") -> int:
    """runtime/mbitmap.go mspan.countAlloc: number of marked objects, which the sweep will keep."""
    count = 0
    n = div_round_up(s.nelems, 8)
    i = 0
    while i < n:
        count += ones_count64(s.gcmark_bits.word(i))
        i += 8
    return count
