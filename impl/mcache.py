"""The spans a thread allocates from without a lock, one for each span class.

Not ported here: the tiny allocator, stack caches, heap profiling, statistics and heapLive (with
scanAlloc), deductSweepCredit, initHeapBits, freemcache.
"""

from typing import TYPE_CHECKING

from impl.mspan import Mspan
from impl.rt import Atomic, Const, PlainArray, Struct, lock, throw, u32, uintptr, unlock
from impl.spanclass import make_span_class

if TYPE_CHECKING:
    from impl.mheap import Mheap


class Mcache(Struct):
    """runtime/mcache.go mcache: alloc is indexed by span class; h.emptymspan where it has none."""

    alloc: Const[PlainArray[Mspan]]
    flush_gen: Atomic[int]

    def refill(self, h: "Mheap", spc: int) -> None:
        """runtime/mcache.go mcache.refill: replaces the full span of class spc."""
        s = self.alloc[spc]
        if s.alloc_count != s.nelems:
            throw("refill of span with free space remaining")
        if s is not h.emptymspan:
            if s.sweepgen != u32(h.sweepgen + 3):
                throw("bad sweepgen in refill")
            h.central[spc].uncache_span(h, s)
            s.alloc_count_before_cache = 0

        new = h.central[spc].cache_span(h)
        if new is None:
            throw("out of memory")
        if new.alloc_count == new.nelems:
            throw("span has no free space")

        # Cached: the next sweep phase must leave it alone.
        new.sweepgen = u32(h.sweepgen + 3)
        new.alloc_count_before_cache = new.alloc_count
        self.alloc[spc] = new

    def alloc_large(self, h: "Mheap", size: int, noscan: bool) -> Mspan:
        """runtime/mcache.go mcache.allocLarge: a span for one object of size bytes.

        The limit is set after the span was published: go.dev/issue/74288.
        """
        if uintptr(size + h.config.page_size) < size:
            throw("out of memory")
        npages = size >> h.config.page_shift
        if size & (h.config.page_size - 1) != 0:
            npages += 1
        spc = make_span_class(0, noscan)
        s = h.alloc(npages, spc)
        if s is None:
            throw("out of memory")
        # The swept list makes it visible to the background sweeper.
        h.central[spc].full_swept(h.sweepgen).push(s)
        s.limit = s.base() + size
        return s

    def release_all(self, h: "Mheap") -> None:
        """runtime/mcache.go mcache.releaseAll: gives every span back to its central."""
        for i in range(len(self.alloc)):
            s = self.alloc[i]
            if s is not h.emptymspan:
                s.alloc_count_before_cache = 0
                h.central[i].uncache_span(h, s)
                self.alloc[i] = h.emptymspan

    def prepare_for_sweep(self, h: "Mheap") -> None:
        """runtime/mcache.go mcache.prepareForSweep: flushes it once in each sweep phase.

        To be called between the start of the phase and the first allocation.
        """
        sg = h.sweepgen
        flush_gen = self.flush_gen.load()
        if flush_gen == sg:
            return
        if flush_gen != u32(sg - 2):
            throw("bad flushGen")
        self.release_all(h)
        self.flush_gen.store(h.sweepgen)


def alloc_mcache(h: "Mheap") -> Mcache:
    """runtime/mcache.go allocmcache: a cache without spans, flushed in the present generation."""
    c = Mcache()
    lock(h.lock)
    c.flush_gen.store(h.sweepgen)
    unlock(h.lock)
    c.alloc = PlainArray(h.config.num_span_classes, h.emptymspan)
    return c
