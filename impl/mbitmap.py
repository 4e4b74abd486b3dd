"""Mark and allocation bits of a span, and the bitmap that says which words of the heap are pointers.

The first have a bit per object, are set by the collector and read by the sweep. The heap bitmap has
a bit per word of an arena; where an object has no more pointers, a bit of no_more_ptrs says so for
the bitmap word, so that readers can stop. Not ported here, of runtime/mbitmap.go: the bitmaps of
types (heapBitsSetType, the GC programs), since the port has no types; heapBits.nextFast, which is
heapBits.next made short; findObject, which is in mgcmark.py; markBitsForAddr and markBitsForSpan, which
serve code outside the page heap; the write barriers in bulk; reflection and debugging.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from impl.config import Config
from impl.gcbits import GcBits
from impl.heaparena import HeapArena, arena_at, arena_index
from impl.rt import Local, Plain, atomic, ones_count64, throw, trailing_zeros64, u8, u64
from impl.spanclass import span_class_noscan
from impl.stubs import div_round_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


@dataclass(slots=True)
class MarkBits(Local):
    """runtime/mbitmap.go markBits: the bit of object n in a bitmap."""

    bits: Plain[GcBits]
    n: Plain[int]

    def is_marked(self) -> bool:
        """runtime/mbitmap.go markBits.isMarked: the bit is set; a plain read."""
        return self.bits.bytep(self.n // 8) & (1 << (self.n % 8)) != 0

    def set_marked(self) -> None:
        """runtime/mbitmap.go markBits.setMarked: sets the bit, atomically."""
        words, i, mask = self.bits.bitp(self.n)
        atomic.or64(words, i, mask)

    def set_marked_non_atomic(self) -> None:
        """runtime/mbitmap.go markBits.setMarkedNonAtomic: sets the bit by a plain store."""
        words, i, mask = self.bits.bitp(self.n)
        words[i] |= mask

    def advance(self) -> None:
        """runtime/mbitmap.go markBits.advance: goes on to the bit of the next object."""
        self.n += 1


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
    sfreeindex = s.freeindex
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
            s.freeindex = snelems
            return snelems
        s.refill_alloc_cache(sfreeindex // 8)
        bit_index = trailing_zeros64(s.alloc_cache)
    result = sfreeindex + bit_index
    if result >= snelems:
        s.freeindex = snelems
        return snelems

    s.alloc_cache >>= bit_index + 1
    sfreeindex = result + 1
    if sfreeindex % 64 == 0 and sfreeindex != snelems:
        # All 64 bits were used and shifted out: the cache must match the new freeindex.
        s.refill_alloc_cache(sfreeindex // 8)
    s.freeindex = sfreeindex
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


def obj_index(s: "Mspan", config: Config, p: int) -> int:
    """runtime/mbitmap.go mspan.objIndex: index of the object that contains address p."""
    return s.divide_by_elem_size(config.uintptr(p - s.base()))


def count_alloc(s: "Mspan", config: Config) -> int:
    """runtime/mbitmap.go mspan.countAlloc: number of marked objects, which the sweep will keep."""
    count = 0
    n = div_round_up(config, s.nelems, 8)
    i = 0
    while i < n:
        count += ones_count64(s.gcmark_bits.word(i))
        i += 8
    return count


class HeapBits(NamedTuple):
    """runtime/mbitmap.go heapBits: the pointers in [addr, addr+size), of which some bits are at hand.

    The lowest of the `valid` bits of mask is the word at addr; pointers that were returned are 0.
    """

    addr: int
    size: int
    mask: int
    valid: int

    def next(self, h: "Mheap") -> tuple["HeapBits", int]:
        """runtime/mbitmap.go heapBits.next: (the rest, address of the next pointer, or 0)."""
        ptr_size = h.config.ptr_size
        hb = self
        while True:
            addr, size, mask, valid = hb
            if mask != 0:
                i = trailing_zeros64(mask)
                return HeapBits(addr, size, mask ^ (1 << i), valid), addr + i * ptr_size
            # These words are done.
            addr += valid * ptr_size
            size -= valid * ptr_size
            if size == 0:
                return HeapBits(addr, size, mask, valid), 0
            hb = heap_bits_for_addr(h, addr, size)


def heap_bits_for_addr(h: "Mheap", addr: int, size: int) -> HeapBits:
    """runtime/mbitmap.go heapBitsForAddr: the bits of [addr, addr+size), within an object (bytes)."""
    config = h.config
    ptr_size = config.ptr_size
    ptr_bits = 8 * ptr_size
    ha, idx = _bitmap_word(h, addr)
    off = addr // ptr_size % ptr_bits
    mask = ha.bitmap[idx] >> off
    valid = ptr_bits - off

    nptr = size // ptr_size
    if nptr < valid:
        # The rest of the word belongs to other objects.
        mask &= (1 << nptr) - 1
        valid = nptr
    elif nptr > valid and (ha.no_more_ptrs[idx // 8] >> (idx % 8)) & 1 != 0:
        # The object goes on, but has no pointers there.
        size = valid * ptr_size
    return HeapBits(addr, size, mask, valid)


def _bitmap_word(h: "Mheap", addr: int) -> tuple[HeapArena, int]:
    """The arena and the index of the bitmap word in which the bit of the word at addr is."""
    ptr_size = h.config.ptr_size
    idx = addr // (8 * ptr_size * ptr_size) % h.config.heap_arena_bitmap_words
    return arena_at(h, arena_index(h.config, addr)), idx


class WriteHeapBits(NamedTuple):
    """runtime/mbitmap.go writeHeapBits: bits on their way into the heap bitmap.

    mask has `valid` bits for the words from addr on, which starts a word of the bitmap; the lowest
    `low` of them are not ours to write. The methods return what has still to be written.
    """

    addr: int
    mask: int
    valid: int
    low: int

    def write(self, h: "Mheap", bits: int, valid: int) -> "WriteHeapBits":
        """runtime/mbitmap.go writeHeapBits.write: appends the lowest `valid` of bits; 1 is a pointer."""
        config = h.config
        ptr_bits = 8 * config.ptr_size
        addr, mask, have, low = self
        if have + valid <= ptr_bits:
            return WriteHeapBits(addr, mask | config.uintptr(bits << have), have + valid, low)

        # More than fit: this word goes to memory.
        data = mask | config.uintptr(bits << have)
        rest = bits >> (ptr_bits - have)
        have += valid - ptr_bits
        ha, idx = _bitmap_word(h, addr)
        m = (1 << low) - 1
        # Nobody else writes these entries: they are those of a page that the allocator owns.
        ha.bitmap[idx] = (ha.bitmap[idx] & m) | data
        # There may be pointers in the words that follow.
        ha.no_more_ptrs[idx // 8] &= u8(~(1 << (idx % 8)))
        return WriteHeapBits(addr + ptr_bits * config.ptr_size, rest, have, 0)

    def pad(self, h: "Mheap", size: int) -> "WriteHeapBits":
        """runtime/mbitmap.go writeHeapBits.pad: appends size bytes without pointers."""
        if size == 0:
            return self
        ptr_bits = 8 * h.config.ptr_size
        words = size // h.config.ptr_size
        hb = self
        while words > ptr_bits:
            hb = hb.write(h, 0, ptr_bits)
            words -= ptr_bits
        return hb.write(h, 0, words)

    def flush(self, h: "Mheap", addr: int, size: int) -> None:
        """runtime/mbitmap.go writeHeapBits.flush: writes what is left, and zeros to addr+size (bytes)."""
        config = h.config
        ptr_size = config.ptr_size
        ptr_bits = 8 * ptr_size
        start, mask, valid, low = self
        # Bits that are missing to cover [addr, addr+size).
        zeros = (addr + size - start) // ptr_size - valid
        if zeros > 0:
            z = ptr_bits - valid
            if z > zeros:
                z = zeros
            valid += z
            zeros -= z

        ha, idx = _bitmap_word(h, start)
        if valid != low:
            # What is below low or above valid stays.
            m = ((1 << low) - 1) | config.uintptr(~((1 << valid) - 1))
            ha.bitmap[idx] = (ha.bitmap[idx] & m) | mask
        if zeros == 0:
            return

        # From here on there are no pointers. Readers that start within the object rely on zeros.
        ha.no_more_ptrs[idx // 8] |= 1 << (idx % 8)
        while True:
            start += ptr_bits * ptr_size
            idx += 1
            if idx == config.heap_arena_bitmap_words:
                ha, idx = _bitmap_word(h, start)
            if zeros < ptr_bits:
                ha.bitmap[idx] &= config.uintptr(~((1 << zeros) - 1))
                break
            ha.bitmap[idx] = 0
            if zeros == ptr_bits:
                break
            zeros -= ptr_bits
            ha.no_more_ptrs[idx // 8] |= 1 << (idx % 8)


def write_heap_bits_for_addr(h: "Mheap", addr: int) -> WriteHeapBits:
    """runtime/mbitmap.go writeHeapBitsForAddr: to write the bits of the words from addr on."""
    ptr_size = h.config.ptr_size
    low = addr // ptr_size % (8 * ptr_size)
    return WriteHeapBits(addr - low * ptr_size, 0, low, low)


def init_heap_bits(s: "Mspan", h: "Mheap", force_clear: bool) -> None:
    """runtime/mbitmap.go mspan.initHeapBits: the heap bitmap of a new span.

    Of a span without pointers, or with force_clear, all bits are cleared; of one whose objects are
    single pointers all are set; others are set with their objects.
    """
    config = h.config
    base = s.base()
    size = s.npages * config.page_size
    if force_clear or span_class_noscan(s.spanclass):
        write_heap_bits_for_addr(h, base).flush(h, base, size)
        return
    is_ptrs = config.ptr_size == 8 and s.elemsize == config.ptr_size
    if not is_ptrs:
        return
    hb = write_heap_bits_for_addr(h, base)
    ptr_bits = 8 * config.ptr_size
    for _ in range(0, size // config.ptr_size, ptr_bits):
        hb = hb.write(h, config.uintptr_mask, ptr_bits)
    hb.flush(h, base, size)
