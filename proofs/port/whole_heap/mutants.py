"""Deliberate bugs in the port, each of which breaks a claim about the whole heap."""

from checker.binding import Edit
from checker.mutation import Mutant

SEQUENTIAL_MUTANTS = [
    Mutant(
        "cache-not-flushed",
        "a P that is destroyed keeps the pages of its cache",
        (
            Edit(
                "runtime2",
                "        lock(h.lock)\n        self.pcache.flush(h.pages)\n        unlock(h.lock)\n",
                "        self.pcache.base = self.pcache.cache = self.pcache.scav = 0\n",
            ),
        ),
    ),
    Mutant(
        "cache-takes-a-copy",
        "the pages of a page cache stay free for others",
        (Edit("mpagecache", "    chunk.palloc_bits.alloc_pages64(cpi, c.cache)\n", ""),),
    ),
    Mutant(
        "structure-leaked",
        "a span structure that the P's cache has no room for is forgotten",
        (Edit("allocspan", "    self.spanalloc.free(s)\n", "    return\n"),),
    ),
    Mutant(
        "structures-kept-by-a-dead-p",
        "a P that is destroyed gives its span structures back and keeps them",
        (Edit("runtime2", "        self.mspancache.len = 0\n", ""),),
    ),
    Mutant(
        "aligned-run-too-short",
        "a span of several pages gets one page less than it covers",
        (
            Edit(
                "allocspan",
                "            base, scav = self.pages.alloc(npages)\n            if base == 0:\n"
                "                growth",
                "            base, scav = self.pages.alloc(npages - (npages > 4))\n"
                "            if base == 0:\n                growth",
            ),
        ),
    ),
    Mutant(
        "sweep-keeps-old-bits",
        "the sweep leaves the allocation bits as they were before the mark phase",
        (Edit("mgcsweep", "        s.alloc_bits = s.gcmark_bits\n", ""),),
    ),
    Mutant(
        "new-objects-are-white",
        "what is allocated while the collector marks is not marked",
        (
            Edit(
                "malloc",
                "    if h.runtime.gcphase != GC_OFF:\n        gcmarknewobject(h, span, x, size)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "scavenged-not-counted",
        "background and forced scavenging leaves heapFree as it was",
        (
            Edit(
                "mgcscavenge",
                "                h.runtime.gc_controller.heap_free.add(-nbytes)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "manual-spans-in-heap",
        "stacks are counted as heap in use when they are freed",
        (
            Edit(
                "mheap",
                "        self.runtime.gc_controller.heap_free.add(nbytes)\n"
                "        if typ == SPAN_ALLOC_HEAP:\n",
                "        self.runtime.gc_controller.heap_free.add(nbytes)\n"
                "        if typ != SPAN_ALLOC_STACK:\n",
            ),
        ),
    ),
    Mutant(
        "committed-not-counted",
        "the consistent statistics miss what a span commits",
        (Edit("allocspan", "    stats.committed.add(scav)\n", ""),),
    ),
    Mutant(
        "drained-too-early",
        "the sweep ends without the full spans",
        (
            Edit(
                "mgcsweep",
                "        s = c.full_unswept(sg).pop() if full else c.partial_unswept(sg).pop()\n",
                "        s = None if full else c.partial_unswept(sg).pop()\n",
            ),
        ),
    ),
    Mutant(
        "cached-not-marked-as-such",
        "a span in a cache looks like one that is in none",
        (
            Edit(
                "mcache",
                "        new.sweepgen = u32(h.sweepgen + 3)\n",
                "        new.sweepgen = h.sweepgen\n",
            ),
        ),
    ),
    Mutant(
        "lock-kept",
        "the lock of the pools of records is not given back",
        (
            Edit(
                "pinner",
                "        rec = h.special_pin_counter_alloc.alloc()\n        unlock(h.speciallock)\n",
                "        rec = h.special_pin_counter_alloc.alloc()\n",
            ),
        ),
    ),
    Mutant(
        "locks-in-the-wrong-order",
        "the lock of a span's records is taken with that of their pools held",
        (
            Edit(
                "addspecial",
                "    unlock(h.speciallock)\n    s.special.kind = KIND_SPECIAL_PROFILE\n    s.b = b\n"
                '    if not addspecial(h, p, s.special):\n        throw("setprofilebucket: profile'
                ' already set")',
                "    s.special.kind = KIND_SPECIAL_PROFILE\n    s.b = b\n"
                "    ok = addspecial(h, p, s.special)\n    unlock(h.speciallock)\n"
                '    if not ok:\n        throw("setprofilebucket: profile already set")',
            ),
        ),
    ),
    Mutant(
        "inner-pages-not-mapped",
        "only the first page of a span leads to it",
        (Edit("mheap", "        for n in range(npage):\n", "        for n in range(1):\n"),),
    ),
    Mutant(
        "freed-page-still-in-use",
        "a freed span keeps its bit in pageInUse",
        (
            Edit(
                "mheap",
                "            atomic.and8(arena.page_in_use, page_idx, u8(~page_mask))\n",
                "",
            ),
        ),
    ),
    Mutant(
        "records-not-announced",
        "the arena is not told that a span has pin counters",
        (Edit("pinner", "        span_has_specials(h, span)\n", ""),),
    ),
    Mutant(
        "finalizer-forgotten",
        "an object with a finalizer is freed when the finalizer is queued",
        (Edit("mgcsweep", "                    mbits.set_marked_non_atomic()\n", ""),),
    ),
    Mutant(
        "bits-recycled-too-early",
        "the bits in use become free for others a cycle too early",
        (
            Edit(
                "gcbits",
                "    arenas.previous = arenas.current\n    arenas.current = arenas.next\n",
                "    arenas.previous = arenas.next\n    arenas.current = None\n",
            ),
        ),
    ),
    Mutant(
        "summary-not-updated",
        "the summaries miss pages that a cache takes",
        (Edit("mpagecache", "    p.update(c.base, cache_pages, False, True)\n", ""),),
    ),
    Mutant(
        "search-starts-too-high",
        "a free does not lower the search address",
        (
            Edit(
                "mpagealloc",
                "        if off_addr_less_than(config, base, self.search_addr):\n"
                "            self.search_addr = base\n        index = self.scav.index\n",
                "        index = self.scav.index\n",
            ),
        ),
    ),
    Mutant(
        "scavenged-used-as-it-is",
        "scavenged pages are handed out without being made ready",
        (Edit("allocspan", "        sys_used(self, base, nbytes, scav)\n", ""),),
    ),
    Mutant(
        "zeroed-base-ignored",
        "memory that was used before is taken to be zero",
        (Edit("mheap", "                need_zero = True\n", "                pass\n"),),
    ),
    Mutant(
        "needzero-not-kept",
        "the free objects of a span that was swept are taken to be zero",
        (
            Edit(
                "mgcsweep",
                "                s.needzero = 1\n                stats",
                "                stats",
            ),
        ),
    ),
    Mutant(
        "scavenged-bit-survives",
        "pages stay marked as scavenged when a cache takes them",
        (Edit("mpagecache", "    chunk.scavenged.clear_block64(cpi, c.cache & c.scav)\n", ""),),
    ),
    Mutant(
        "index-misses-caches",
        "the scavenger's index takes the pages of caches for free",
        (Edit("mpagecache", "    p.scav.index.alloc(ci, ones_count64(c.cache))\n", ""),),
    ),
    Mutant(
        "chunk-ready-too-early",
        "a chunk at fault is used again although something points into it",
        (Edit("mgcsweep", "            if nalloc > 0:\n", "            if nalloc > 1:\n"),),
    ),
    Mutant(
        "failed-growth-keeps-the-lock",
        "where the heap can't grow, the lock is not given back",
        (
            Edit(
                "allocspan",
                "                growth, ok = self.grow(npages)\n                if not ok:\n"
                "                    unlock(self.lock)\n",
                "                growth, ok = self.grow(npages)\n                if not ok:\n",
            ),
        ),
    ),
    Mutant(
        "a-page-too-many",
        "a heap span of two pages says that it has three",
        (
            Edit(
                "mheap",
                "        s.init(base, npages)\n",
                "        s.init(base, npages + (npages == 2 and typ == SPAN_ALLOC_HEAP))\n",
            ),
        ),
    ),
    Mutant(
        "scavenged-not-released",
        "pages are called scavenged that the system was not told of",
        (Edit("mgcscavenge", "                sys_unused(h, addr, nbytes)\n", ""),),
    ),
    Mutant(
        "zeroed-base-not-raised",
        "an allocation does not raise zeroedBase",
        (
            Edit(
                "mheap",
                '                if atomic.cas(ha, "zeroed_base", zeroed_base, arena_limit):\n'
                "                    break\n",
                "                break\n",
            ),
        ),
    ),
    Mutant(
        "all-objects-free",
        "a span whose objects are partly in use is allocated from as if none were",
        (Edit("mbitmap", "u64(~s.alloc_bits.word(which_byte))", "u64(~0)"),),
    ),
    Mutant(
        "pages-lost-without-a-structure",
        "pages out of the cache are lost when no span structure is at hand",
        (
            Edit(
                "allocspan",
                "            s = self.try_alloc_m_span()\n",
                "            s = self.try_alloc_m_span()\n"
                "            if s is None:\n                base = 0\n",
            ),
        ),
    ),
]
"""Bugs that random programs find."""

PORT_MUTANTS = {each.name: each for each in SEQUENTIAL_MUTANTS}
BREAKS = {
    "cache-not-flushed": "page_partition",
    "structure-leaked": "mspan_partition",
    "a-page-too-many": "no_overlap",
    "all-objects-free": "not_handed_out_twice",
    "scavenged-not-counted": "heap_statistics",
    "committed-not-counted": "system_statistics",
    "drained-too-early": "swept_when_done",
    "cached-not-marked-as-such": "sweepgen_meanings",
    "lock-kept": "locks_given_back",
    "inner-pages-not-mapped": "table_agrees",
    "records-not-announced": "specials_listed",
    "bits-recycled-too-early": "bitmaps_not_reused",
    "summary-not-updated": "summaries",
    "search-starts-too-high": "search_address",
    "scavenged-not-released": "memory_states",
    "zeroed-base-not-raised": "zeroed_base",
    "scavenged-bit-survives": "scavenged_is_free",
    "index-misses-caches": "scavenge_index",
}
"""For each claim a mutant that it refutes by itself, while no other claim is checked."""
"""There is no model."""
