"""Where mark and allocation bits come from: chunks of memory that live for a collection cycle or two.

A bitmap is a view of a piece of an arena of bits. Arenas change their list with each cycle: new
bitmaps come from `next`; `current` holds the bits that are marked in the cycle, `previous` those in
use until their spans are swept; after that the arenas are `free`. Bits are kept in words of 64, the
unit in which Go allocates them and counts them; a pointer to a byte of Go becomes the word and a mask.
Not ported here: the alignment of a new arena's first bitmap, since the header of two words is a
multiple of 8 bytes everywhere.
"""

from typing import TYPE_CHECKING, NamedTuple, Optional

from impl.mem import sys_alloc
from impl.rt import (
    Const,
    LockRank,
    Mixed,
    MixedArray,
    Mutex,
    Plain,
    Struct,
    atomic,
    lock,
    lock_init,
    throw,
    unlock,
)

if TYPE_CHECKING:
    from impl.config import Config
    from impl.mheap import Mheap


def gc_bits_header_bytes(config: "Config") -> int:
    """runtime/mheap.go gcBitsHeaderBytes: bytes of gcBitsHeader, the words free and next."""
    return 2 * config.ptr_size


class GcBits(NamedTuple):
    """runtime/mheap.go gcBits: a bitmap, the bytes of an arena from `start`, a multiple of 8.

    Two are equal if they are the same pointer in Go. As there, the end of a bitmap isn't checked.
    """

    arena: "GcBitsArena"
    start: int

    def bytep(self, n: int) -> int:
        """runtime/mheap.go gcBits.bytep: the n'th byte."""
        return (self.word(n) >> (8 * (n % 8))) & 0xFF

    def bitp(self, n: int) -> tuple[MixedArray[int], int, int]:
        """runtime/mheap.go gcBits.bitp: bit n as (words, index of its word, mask in the word)."""
        return self.arena.bits, self.start // 8 + n // 64, 1 << (n % 64)

    def word(self, n: int) -> int:
        """runtime/mheap.go gcBits.bytep: the 8 aligned bytes around byte n, as Go reads them."""
        return self.arena.bits[self.start // 8 + n // 8]


class GcBitsArena(Struct):
    """runtime/mheap.go gcBitsArena: bits from which bitmaps are allocated; free is in bytes.

    Its first two fields are those of gcBitsHeader.
    """

    free: Mixed[int] = 0
    next: Plain[Optional["GcBitsArena"]] = None
    bits: Const[MixedArray[int]]


class GcBitsArenas(Struct):
    """runtime/mheap.go gcBitsArenas: the arenas by age; the lock guards all but the reads of next."""

    lock: Mutex
    free: Plain[GcBitsArena | None] = None
    next: Mixed[GcBitsArena | None] = None
    current: Plain[GcBitsArena | None] = None
    previous: Plain[GcBitsArena | None] = None

    def init(self) -> None:
        """runtime/proc.go schedinit: ranks the lock (gcBitsArenas.lock)."""
        lock_init(self.lock, LockRank.GC_BITS_ARENAS)


def try_alloc(b: GcBitsArena | None, nbytes: int) -> GcBits | None:
    """runtime/mheap.go gcBitsArena.tryAlloc: nbytes bytes of b, or None without b or enough room.

    Threads may call it at the same time. One that finds too little room after all leaves `free`
    beyond the end. Raises IndexError for 0 bytes of an arena that is full.
    """
    if b is None:
        return None
    size = 8 * len(b.bits)
    if atomic.load(b, "free") + nbytes > size:
        return None
    end: int = atomic.xadd(b, "free", nbytes)
    if end > size:
        return None
    start = end - nbytes
    if start >= size:
        # No bits at all, and nothing left: Go takes the address of an element that isn't there.
        raise IndexError(start)
    return GcBits(b, start)


def new_mark_bits(h: "Mheap", nelems: int) -> GcBits:
    """runtime/mheap.go newMarkBits: zeroed bits for nelems objects, in whole 64-bit blocks.

    Throws if they are more than an arena has.
    """
    arenas = h.runtime.gc_bits_arenas
    bytes_needed = (nelems + 63) // 64 * 8

    # Without the lock, from the newest arena.
    head: GcBitsArena | None = atomic.load(arenas, "next")
    p = try_alloc(head, bytes_needed)
    if p is not None:
        return p

    lock(arenas.lock)
    # There may be another arena by now. With the lock held it stays, though its free index moves.
    p = try_alloc(arenas.next, bytes_needed)
    if p is not None:
        unlock(arenas.lock)
        return p

    fresh = new_arena_may_unlock(h)
    # If the lock was given up, another thread may have put its fresh arena on the list.
    p = try_alloc(arenas.next, bytes_needed)
    if p is not None:
        fresh.next = arenas.free
        arenas.free = fresh
        unlock(arenas.lock)
        return p

    # Nobody else knows the fresh arena yet.
    p = try_alloc(fresh, bytes_needed)
    if p is None:
        throw("markBits overflow")
    fresh.next = arenas.next
    atomic.store(arenas, "next", fresh)
    unlock(arenas.lock)
    return p


def new_alloc_bits(h: "Mheap", nelems: int) -> GcBits:
    """runtime/mheap.go newAllocBits: bits for a span being initialised; later ones come by sweep."""
    return new_mark_bits(h, nelems)


def next_mark_bit_arena_epoch(h: "Mheap") -> None:
    """runtime/mheap.go nextMarkBitArenaEpoch: moves the arenas on by a cycle.

    All spans are swept: none refers to a previous arena any more.
    """
    arenas = h.runtime.gc_bits_arenas
    lock(arenas.lock)
    if arenas.previous is not None:
        if arenas.free is None:
            arenas.free = arenas.previous
        else:
            last = arenas.previous
            while last.next is not None:
                last = last.next
            last.next = arenas.free
            arenas.free = arenas.previous
    arenas.previous = arenas.current
    arenas.current = arenas.next
    atomic.store(arenas, "next", None)
    unlock(arenas.lock)


def new_arena_may_unlock(h: "Mheap") -> GcBitsArena:
    """runtime/mheap.go newArenaMayUnlock: a zeroed arena on no list; throws without memory.

    The lock of the arenas is held, and perhaps given up for a while.
    """
    arenas = h.runtime.gc_bits_arenas
    result = arenas.free
    if result is None:
        unlock(arenas.lock)
        chunk = h.config.gc_bits_chunk_bytes
        if sys_alloc(h, chunk, h.runtime.memstats.gc_misc_sys) == 0:
            throw("runtime: cannot allocate memory")
        result = GcBitsArena()
        result.bits = MixedArray((chunk - gc_bits_header_bytes(h.config)) // 8, 0)
        lock(arenas.lock)
    else:
        arenas.free = result.next
        for i in range(len(result.bits)):
            result.bits[i] = 0
    result.next = None
    result.free = 0
    return result
