"""Objects out of cached spans: the small, the tiny and the large.

What a client needs of mallocgc to allocate: a size, and of the type how many of its bytes may hold
pointers. An object asked for as zero is cleared, or, where its memory is taken to be zero already,
checked to be. Not ported here: assists and their credit, starting a collection, heap profiling,
the heap bitmap of an object (heapBitsSetType: objects have no contents), the sanitizers and the
race detector, debug.malloc, preemption while a large object is cleared.
"""

from typing import TYPE_CHECKING, NamedTuple

from impl.gcphase import GC_MARK_TERMINATION, GC_OFF
from impl.mcache import TINY_SPAN_CLASS, get_m_cache
from impl.mgcmark import gcmarknewobject
from impl.proc import acquirem, releasem
from impl.rt import publication_barrier, throw, trailing_zeros64
from impl.sizeclasses import LARGE_SIZE_DIV, SMALL_SIZE_DIV, SMALL_SIZE_MAX
from impl.spanclass import make_span_class
from impl.stubs import align_up, div_round_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan

ZEROBASE = 8
"""runtime/malloc.go zerobase: the address of every object without bytes; no heap reaches it."""


class Type(NamedTuple):
    """runtime/type.go _type: bytes of a value, and those up to its last pointer; alignment in bytes.

    Bit i of gc_data says that word i is a pointer.
    """

    size_: int
    ptr_bytes: int
    align_: int = 8
    gc_data: int = 0


def next_free_fast(s: "Mspan") -> int:
    """runtime/malloc.go nextFreeFast: address of a free object if the cache shows one, else 0."""
    the_bit = trailing_zeros64(s.alloc_cache)
    if the_bit < 64:
        result = s.freeindex + the_bit
        if result < s.nelems:
            freeidx = result + 1
            if freeidx % 64 == 0 and freeidx != s.nelems:
                return 0
            s.alloc_cache >>= the_bit + 1
            s.freeindex = freeidx
            s.alloc_count += 1
            return result * s.elemsize + s.base()
    return 0


def mallocgc(h: "Mheap", size: int, typ: Type | None, needzero: bool) -> int:
    """runtime/malloc.go mallocgc: address of an object of size bytes, of one or more values of typ.

    Without a type, or with one that has no pointers, the collector won't look inside. With needzero
    the object is zero. Throws "out of memory"; raises MemoryFault if the heap hands out memory as
    zero that is not.
    """
    if h.runtime.gcphase == GC_MARK_TERMINATION:
        throw("mallocgc called with gcphase == _GCmarktermination")
    if size == 0:
        return ZEROBASE

    mp = acquirem()
    if mp.mallocing != 0:
        throw("malloc deadlock")
    mp.mallocing = 1

    data_size = size
    c = get_m_cache(h, mp)
    if c is None:
        throw("mallocgc called without a P or outside bootstrapping")
    noscan = typ is None or typ.ptr_bytes == 0
    if size <= h.config.max_small_size:
        if noscan and size < h.config.tiny_size:
            # Several tiny objects share a block, which is free when all of them are.
            off = c.tinyoffset
            if size & 7 == 0:
                off = align_up(h.config, off, 8)
            elif h.config.ptr_size == 4 and size == 12:
                # Its first field may be one of 64 bits: go.dev/issue/37262.
                off = align_up(h.config, off, 8)
            elif size & 3 == 0:
                off = align_up(h.config, off, 4)
            elif size & 1 == 0:
                off = align_up(h.config, off, 2)
            if off + size <= h.config.tiny_size and c.tiny != 0:
                x = c.tiny + off
                c.tinyoffset = off + size
                c.tiny_allocs += 1
                mp.mallocing = 0
                releasem(mp)
                return x
            span = c.alloc[TINY_SPAN_CLASS]
            v = next_free_fast(span)
            if v == 0:
                v, span = c.next_free(h, TINY_SPAN_CLASS)
            x = v
            h.runtime.mem.zero(x, h.config.tiny_size)
            # Keep the block with more room left.
            if size < c.tinyoffset or c.tiny == 0:
                c.tiny = x
                c.tinyoffset = size
            size = h.config.tiny_size
        else:
            if size <= SMALL_SIZE_MAX - 8:
                sizeclass = h.config.size_to_class8[div_round_up(h.config, size, SMALL_SIZE_DIV)]
            else:
                sizeclass = h.config.size_to_class128[
                    div_round_up(h.config, size - SMALL_SIZE_MAX, LARGE_SIZE_DIV)
                ]
            size = h.config.class_to_size[sizeclass]
            spc = make_span_class(sizeclass, noscan)
            span = c.alloc[spc]
            v = next_free_fast(span)
            if v == 0:
                v, span = c.next_free(h, spc)
            x = v
            if needzero:
                _clear(h, span, x, size)
    else:
        span = c.alloc_large(h, size, noscan)
        span.freeindex = 1
        span.alloc_count = 1
        size = span.elemsize
        x = span.base()
        # Go clears a large object without pointers at its end, in chunks.
        if needzero:
            _clear(h, span, x, size)

    if not noscan:
        c.scan_alloc += _scan_size(typ, data_size)

    publication_barrier()
    # Only from here on is it an object to a conservative scan: its memory and bits are ready.
    span.free_index_for_scan = span.freeindex

    # Black at once: it holds no pointers yet.
    if h.runtime.gcphase != GC_OFF:
        gcmarknewobject(h, span, x, size)

    mp.mallocing = 0
    releasem(mp)
    return x


def _clear(h: "Mheap", span: "Mspan", x: int, size: int) -> None:
    """Makes size bytes at x zero, which they are already unless the span needs zeroing."""
    if span.needzero != 0:
        h.runtime.mem.zero(x, size)
    else:
        h.runtime.mem.check_zero(x, size)


def _scan_size(typ: Type | None, data_size: int) -> int:
    """runtime/malloc.go mallocgc scanSize: bytes up to the last pointer of data_size bytes of typ."""
    if typ is None:
        return 0
    if data_size > typ.size_:
        # An array: up to the last pointer of its last element.
        return data_size - typ.size_ + typ.ptr_bytes
    return typ.ptr_bytes
