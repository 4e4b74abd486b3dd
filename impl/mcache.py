"""The spans a thread allocates from without a lock, one for each span class.

The tiny allocator's block is kept here, too, and so are counts until the cache meets a central.
Not ported here: stack caches (stackcache, stackfreelist), heap profiling (nextSample), the lists of
gclink, which only stacks use.
"""

from typing import TYPE_CHECKING

from impl.mgcpacesweep import deduct_sweep_credit
from impl.rt import Atomic, Const, M, Plain, PlainArray, Struct, lock, throw, u32, unlock
from impl.spanclass import make_span_class, span_class_sizeclass

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan

TINY_SPAN_CLASS = make_span_class(2, True)
"""runtime/mheap.go tinySpanClass: the span class of blocks for tiny objects."""


class Mcache(Struct):
    """runtime/mcache.go mcache: alloc is indexed by span class; h.runtime.emptymspan where it has none.

    scan_alloc counts bytes of objects with pointers, tiny_allocs tiny objects; tiny is the address
    of the block that tiny objects come from, 0 for none, and tinyoffset the bytes of it in use.
    """

    scan_alloc: Plain[int] = 0
    tiny: Plain[int] = 0
    tinyoffset: Plain[int] = 0
    tiny_allocs: Plain[int] = 0
    alloc: Const[PlainArray["Mspan"]]
    flush_gen: Atomic[int]

    def memclr(self) -> None:
        """runtime/mfixalloc.go fixalloc.alloc: zeroes a cache for its next life."""
        self.scan_alloc = 0
        self.tiny = 0
        self.tinyoffset = 0
        self.tiny_allocs = 0
        self.flush_gen.store(0)

    def next_free(self, h: "Mheap", spc: int) -> "tuple[int, Mspan]":
        """runtime/malloc.go mcache.nextFree: (address, span) of a free object of span class spc.

        Go also says whether the cache had to be refilled, and then looks whether a collection is due.
        """
        s = self.alloc[spc]
        freeindex = s.next_free_index()
        if freeindex == s.nelems:
            if s.alloc_count != s.nelems:
                throw("s.allocCount != s.nelems && freeIndex == s.nelems")
            self.refill(h, spc)
            s = self.alloc[spc]
            freeindex = s.next_free_index()
        if freeindex >= s.nelems:
            throw("freeIndex is not valid")
        v = freeindex * s.elemsize + s.base()
        s.alloc_count += 1
        if s.alloc_count > s.nelems:
            throw("s.allocCount > s.nelems")
        return v, s

    def refill(self, h: "Mheap", spc: int) -> None:
        """runtime/mcache.go mcache.refill: replaces the full span of class spc."""
        s = self.alloc[spc]
        if s.alloc_count != s.nelems:
            throw("refill of span with free space remaining")
        if s is not h.runtime.emptymspan:
            if s.sweepgen != u32(h.sweepgen + 3):
                throw("bad sweepgen in refill")
            h.central[spc].uncache_span(h, s)

            # What was allocated from it can be counted now.
            stats = h.runtime.memstats.heap_stats.acquire()
            slots_used = s.alloc_count - s.alloc_count_before_cache
            stats.small_alloc_count[span_class_sizeclass(spc)].add(slots_used)
            if spc == TINY_SPAN_CLASS:
                stats.tiny_alloc_count.add(self.tiny_allocs)
                self.tiny_allocs = 0
            h.runtime.memstats.heap_stats.release()
            h.runtime.gc_controller.total_alloc.add(slots_used * s.elemsize)

            s.alloc_count_before_cache = 0

        new = h.central[spc].cache_span(h)
        if new is None:
            throw("out of memory")
        if new.alloc_count == new.nelems:
            throw("span has no free space")

        # Cached: the next sweep phase must leave it alone.
        new.sweepgen = u32(h.sweepgen + 3)
        new.alloc_count_before_cache = new.alloc_count

        # heap_live counts the whole span as used until release_all corrects it. An underestimate
        # would let the heap grow: go.dev/issue/53738.
        used_bytes = new.alloc_count * new.elemsize
        h.runtime.gc_controller.update(
            h, new.npages * h.config.page_size - used_bytes, self.scan_alloc
        )
        self.scan_alloc = 0

        self.alloc[spc] = new

    def alloc_large(self, h: "Mheap", size: int, noscan: bool) -> "Mspan":
        """runtime/mcache.go mcache.allocLarge: a span for one object of size bytes.

        The limit is set after the span was published: go.dev/issue/74288.
        """
        if h.config.uintptr(size + h.config.page_size) < size:
            throw("out of memory")
        npages = size >> h.config.page_shift
        if size & (h.config.page_size - 1) != 0:
            npages += 1

        # h.alloc sweeps npages as well, so the debt is paid down to that.
        deduct_sweep_credit(h, npages * h.config.page_size, npages)

        spc = make_span_class(0, noscan)
        s = h.alloc(npages, spc)
        if s is None:
            throw("out of memory")

        stats = h.runtime.memstats.heap_stats.acquire()
        stats.large_alloc.add(npages * h.config.page_size)
        stats.large_alloc_count.add(1)
        h.runtime.memstats.heap_stats.release()
        h.runtime.gc_controller.total_alloc.add(npages * h.config.page_size)
        h.runtime.gc_controller.update(h, s.npages * h.config.page_size, 0)

        # The swept list makes it visible to the background sweeper.
        h.central[spc].full_swept(h.sweepgen).push(s)
        s.limit = s.base() + size
        s.init_heap_bits(h, False)
        return s

    def release_all(self, h: "Mheap") -> None:
        """runtime/mcache.go mcache.releaseAll: gives every span back to its central.

        The tiny block is given up, and what the cache has counted is added to the statistics.
        """
        scan_alloc = self.scan_alloc
        self.scan_alloc = 0

        sg = h.sweepgen
        d_heap_live = 0
        for i in range(len(self.alloc)):
            s = self.alloc[i]
            if s is not h.runtime.emptymspan:
                slots_used = s.alloc_count - s.alloc_count_before_cache
                s.alloc_count_before_cache = 0

                stats = h.runtime.memstats.heap_stats.acquire()
                stats.small_alloc_count[span_class_sizeclass(i)].add(slots_used)
                h.runtime.memstats.heap_stats.release()
                h.runtime.gc_controller.total_alloc.add(slots_used * s.elemsize)

                if s.sweepgen != u32(sg + 1):
                    # refill counted its free slots as live. The heap's live bytes were counted anew
                    # since a stale span was cached, so for those there is nothing to take back.
                    d_heap_live -= (s.nelems - s.alloc_count) * s.elemsize

                h.central[i].uncache_span(h, s)
                self.alloc[i] = h.runtime.emptymspan
        self.tiny = 0
        self.tinyoffset = 0

        stats = h.runtime.memstats.heap_stats.acquire()
        stats.tiny_alloc_count.add(self.tiny_allocs)
        self.tiny_allocs = 0
        h.runtime.memstats.heap_stats.release()

        h.runtime.gc_controller.update(h, d_heap_live, scan_alloc)

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


def allocmcache(h: "Mheap") -> Mcache:
    """runtime/mcache.go allocmcache: a cache without spans, flushed in the present generation."""
    lock(h.lock)
    c: Mcache = h.cachealloc.alloc()
    c.flush_gen.store(h.sweepgen)
    unlock(h.lock)
    c.alloc = PlainArray(h.config.num_span_classes, h.runtime.emptymspan)
    return c


def freemcache(h: "Mheap", c: Mcache) -> None:
    """runtime/mcache.go freemcache: gives the spans of c back, then c itself."""
    c.release_all(h)
    lock(h.lock)
    h.cachealloc.free(c)
    unlock(h.lock)


def get_m_cache(h: "Mheap", mp: M) -> Mcache | None:
    """runtime/mcache.go getMCache: the cache of the thread's P; without one, mcache0 while it lasts.

    The P must not change meanwhile: the caller has pinned mp.
    """
    if mp.p is None:
        return h.runtime.mcache0
    c: Mcache = mp.p.mcache
    return c
