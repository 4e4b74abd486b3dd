"""The page heap: it turns runs of pages into spans, publishes them, and takes them back.

The other globals of Go's runtime are reached from it as h.runtime. Methods of mheap with a subject of
their own are in modules of their own: allocspan, heapgrow, reclaim, sysalloc, and bound here.

Not ported here: tracing, the sanitizers, cache-line padding of central, mheap.unused (it is for
DWARF only), systemstack (a plain call), the diagnostic lines before a throw, printScavTrace.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from impl.allocspan import alloc_m_span_locked, alloc_span, free_m_span_locked, try_alloc_m_span
from impl.config import Config
from impl.gcbits import new_alloc_bits, new_mark_bits
from impl.heaparena import (
    ArenaHint,
    ArenaHintList,
    ArenaL2,
    CurArena,
    arena_at,
    arena_index,
    page_index_of,
)
from impl.heapgrow import AllSpans, grow, recordspan
from impl.linearalloc import LinearAlloc
from impl.mcache import Mcache
from impl.mcentral import Mcentral
from impl.mfixalloc import Fixalloc
from impl.mgcsweep import is_sweep_done, next_span_for_sweep
from impl.mpagealloc import PageAlloc
from impl.mspan import Mspan
from impl.mspanlist import MSpanList
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE, M_SPAN_MANUAL
from impl.reclaim import reclaim, reclaim_chunk
from impl.rt import (
    U64_MAX,
    Atomic,
    Const,
    LockRank,
    Mutex,
    Plain,
    PlainSlice,
    Racy,
    SparseMixedArray,
    Struct,
    assert_lock_held,
    atomic,
    getm,
    lock,
    lock_init,
    publication_barrier,
    throw,
    u8,
    unlock,
)
from impl.sizeof import (
    arena_hint_size,
    mcache_size,
    mspan_size,
    special_pin_counter_size,
    special_reachable_size,
    specialfinalizer_size,
    specialprofile_size,
)
from impl.spanalloctype import (
    SPAN_ALLOC_HEAP,
    SPAN_ALLOC_PTR_SCALAR_BITS,
    SPAN_ALLOC_STACK,
    SPAN_ALLOC_WORK_BUF,
    span_alloc_type_manual,
)
from impl.spanclass import span_class_sizeclass
from impl.special import (
    Specialfinalizer,
    SpecialPinCounter,
    Specialprofile,
    SpecialReachable,
    new_special_pin_counter,
    new_special_reachable,
    new_specialfinalizer,
    new_specialprofile,
)
from impl.sysalloc import enable_metadata_huge_pages, sys_alloc
from impl.userarenachunk import alloc_user_arena_chunk

if TYPE_CHECKING:
    from impl.runtime import Runtime


class MheapUserArena(Struct):
    """runtime/mheap.go mheap.userArena: hints and lists of user arena chunks; guarded by h.lock."""

    arena_hints: ArenaHintList
    quarantine_list: MSpanList
    ready_list: MSpanList


class Mheap(Struct):
    """runtime/mheap.go mheap: the page heap.

    pages_in_use, pages_swept and reclaim_credit are in pages; reclaim_index is a page index in the
    order of sweep_arenas; all_arenas_cap is the capacity of the slice all_arenas. sweepgen and the
    slices of arena indexes are written under the lock or with the world stopped. config has the
    constants of the platform, runtime the other globals.
    """

    config: Const[Config]
    runtime: Const["Runtime"]

    lock: Mutex
    pages: PageAlloc
    sweepgen: Plain[int] = 0  # written with the world stopped
    allspans: AllSpans
    pages_in_use: Atomic[int]
    pages_swept: Atomic[int]
    pages_swept_basis: Atomic[int]
    sweep_heap_live_basis: Racy[int] = 0  # written with the lock, read without
    sweep_pages_per_byte: Racy[float] = 0.0  # written with the lock, read without
    reclaim_index: Atomic[int]
    reclaim_credit: Atomic[int]
    arenas: Const[SparseMixedArray[ArenaL2 | None]]
    arenas_huge_pages: Plain[bool] = False
    heap_arena_alloc: LinearAlloc
    arena_hints: ArenaHintList
    arena: LinearAlloc
    all_arenas: Plain[PlainSlice[int]] = PlainSlice()
    all_arenas_cap: Plain[int] = 0
    sweep_arenas: Plain[PlainSlice[int]] = PlainSlice()
    mark_arenas: Plain[PlainSlice[int]] = PlainSlice()
    cur_arena: CurArena
    central: Const[tuple[Mcentral, ...]]
    spanalloc: Fixalloc[Mspan]
    cachealloc: Fixalloc[Mcache]
    specialfinalizeralloc: Fixalloc[Specialfinalizer]
    specialprofilealloc: Fixalloc[Specialprofile]
    special_reachable_alloc: Fixalloc[SpecialReachable]
    special_pin_counter_alloc: Fixalloc[SpecialPinCounter]
    speciallock: Mutex
    arena_hint_alloc: Fixalloc[ArenaHint]
    user_arena: MheapUserArena

    alloc_span = alloc_span
    try_alloc_m_span = try_alloc_m_span
    alloc_m_span_locked = alloc_m_span_locked
    free_m_span_locked = free_m_span_locked
    grow = grow
    next_span_for_sweep = next_span_for_sweep
    alloc_user_arena_chunk = alloc_user_arena_chunk
    reclaim = reclaim
    reclaim_chunk = reclaim_chunk
    sys_alloc = sys_alloc
    enable_metadata_huge_pages = enable_metadata_huge_pages

    def init(self) -> None:
        """runtime/mheap.go mheap.init: readies the heap; it has no pages yet."""
        lock_init(self.lock, LockRank.MHEAP)
        lock_init(self.speciallock, LockRank.MHEAP_SPECIAL)

        c, m = self.config, self.runtime.memstats
        other = m.other_sys
        self.spanalloc.init(self, mspan_size(c), Mspan, recordspan, self, m.mspan_sys)
        self.cachealloc.init(self, mcache_size(c), Mcache, None, None, m.mcache_sys)
        self.specialfinalizeralloc.init(
            self, specialfinalizer_size(c), new_specialfinalizer, None, None, other
        )
        self.specialprofilealloc.init(
            self, specialprofile_size(c), new_specialprofile, None, None, other
        )
        self.special_reachable_alloc.init(
            self, special_reachable_size(c), new_special_reachable, None, None, other
        )
        self.special_pin_counter_alloc.init(
            self, special_pin_counter_size(c), new_special_pin_counter, None, None, other
        )
        self.arena_hint_alloc.init(self, arena_hint_size(c), ArenaHint, None, None, other)

        # A sweeper may look at a span that is being allocated: its sweepgen must survive, or the
        # sweeper could take it, by its compare-and-swap, for one that needs sweeping.
        self.spanalloc.zero = False

        self.central = tuple(Mcentral() for _ in range(c.num_span_classes))
        for spc in range(c.num_span_classes):
            self.central[spc].init(self, spc)

        self.pages.init(self, self.lock, m.gc_misc_sys, False)

    def alloc(self, npages: int, spanclass: int) -> Mspan | None:
        """runtime/mheap.go mheap.alloc: a new heap span of npages pages; None without memory."""
        # Before the heap may lose npages pages to allocation, reclaim as many.
        if not is_sweep_done(self):
            self.reclaim(npages)
        return self.alloc_span(npages, SPAN_ALLOC_HEAP, spanclass)

    def alloc_manual(self, npages: int, typ: int) -> Mspan | None:
        """runtime/mheap.go mheap.allocManual: a span of npages pages that the GC doesn't manage."""
        if not span_alloc_type_manual(typ):
            throw("manual span allocation called with non-manually-managed type")
        return self.alloc_span(npages, typ, 0)

    def init_span(self, s: Mspan, typ: int, spanclass: int, base: int, npages: int) -> None:
        """runtime/mheap.go mheap.initSpan: makes s the span of npages pages at base and publishes it.

        It doesn't set the limit of a heap span; mcentral.grow and mcache.allocLarge do that later.
        """
        s.init(base, npages)
        if self.alloc_needs_zero(base, npages):
            s.needzero = 1
        nbytes = npages * self.config.page_size
        if span_alloc_type_manual(typ):
            s.manual_free_list = 0
            s.nelems = 0
            s.limit = s.base() + s.npages * self.config.page_size
            s.state.set(M_SPAN_MANUAL)
        else:
            # The lock isn't held, so every property is set before the span is published.
            s.spanclass = spanclass
            sizeclass = span_class_sizeclass(spanclass)
            if sizeclass == 0:
                s.elemsize = nbytes
                s.nelems = 1
                s.div_mul = 0
            else:
                s.elemsize = self.config.class_to_size[sizeclass]
                s.nelems = nbytes // s.elemsize
                s.div_mul = self.config.class_to_divmagic[sizeclass]

            s.freeindex = 0
            s.free_index_for_scan = 0
            s.alloc_cache = U64_MAX  # all free
            s.gcmark_bits = new_mark_bits(self, s.nelems)
            s.alloc_bits = new_alloc_bits(self, s.nelems)

            # h.sweepgen changes only with the world stopped, which this thread holds up.
            atomic.store(s, "sweepgen", self.sweepgen)

            # Publishes the fields above to whoever finds the span by a suspect pointer and loads
            # the state first.
            s.state.set(M_SPAN_IN_USE)

        # No lock: nobody else uses these entries until a pointer into the span or its page_in_use
        # bit is published.
        self.set_spans(s.base(), npages, s)

        if not span_alloc_type_manual(typ):
            # This publishes the span to the page sweeper.
            arena, page_idx, page_mask = page_index_of(self, s.base())
            atomic.or8(arena.page_in_use, page_idx, page_mask)
            self.pages_in_use.add(npages)

        # The collector must see the span before it sees a pointer into it.
        publication_barrier()

    def set_spans(self, base: int, npage: int, s: Mspan) -> None:
        """runtime/mheap.go mheap.setSpans: maps npage pages at base (bytes) to s."""
        p = base // self.config.page_size
        ha = arena_at(self, arena_index(self.config, base))
        for n in range(npage):
            i = (p + n) % self.config.pages_per_arena
            if i == 0:
                ha = arena_at(self, arena_index(self.config, base + n * self.config.page_size))
            ha.spans[i] = s

    def alloc_needs_zero(self, base: int, npage: int) -> bool:
        """runtime/mheap.go mheap.allocNeedsZero: whether npage pages at base must be zeroed.

        To be called for each allocation of pages, since it raises zeroed_base of their arenas.
        """
        need_zero = False
        while npage > 0:
            ha = arena_at(self, arena_index(self.config, base))
            zeroed_base = atomic.load(ha, "zeroed_base")
            arena_base = base % self.config.heap_arena_bytes
            if arena_base < zeroed_base:
                # Part of it was used before. zeroed_base only grows, so this can't be undone.
                need_zero = True
            # arena_base > zeroed_base happens while another thread, which got the memory in
            # between, is still on its way to the CAS below.

            arena_limit = arena_base + npage * self.config.page_size
            if arena_limit > self.config.heap_arena_bytes:
                arena_limit = self.config.heap_arena_bytes
            # Raise zeroed_base to arena_limit at least, racing with other allocations.
            while arena_limit > zeroed_base:
                if atomic.cas(ha, "zeroed_base", zeroed_base, arena_limit):
                    break
                zeroed_base = atomic.load(ha, "zeroed_base")
                if zeroed_base <= arena_limit and zeroed_base > arena_base:
                    # Someone else claimed memory that is ours.
                    throw("potentially overlapping in-use allocations detected")

            base += arena_limit - arena_base
            npage -= (arena_limit - arena_base) // self.config.page_size
        return need_zero

    def free_span(self, s: Mspan) -> None:
        """runtime/mheap.go mheap.freeSpan: gives a heap span back; h.lock not held."""
        lock(self.lock)
        self.free_span_locked(s, SPAN_ALLOC_HEAP)
        unlock(self.lock)

    def free_manual(self, s: Mspan, typ: int) -> None:
        """runtime/mheap.go mheap.freeManual: gives back a span of alloc_manual; gcphase is off."""
        s.needzero = 1
        lock(self.lock)
        self.free_span_locked(s, typ)
        unlock(self.lock)

    def free_span_locked(self, s: Mspan, typ: int) -> None:
        """runtime/mheap.go mheap.freeSpanLocked: returns the pages, then the span structure."""
        assert_lock_held(self.lock)
        state = s.state.get()
        if state == M_SPAN_MANUAL:
            if s.alloc_count != 0:
                throw("mheap.freeSpanLocked - invalid stack free")
        elif state == M_SPAN_IN_USE:
            if s.is_user_arena_chunk:
                throw("mheap.freeSpanLocked - invalid free of user arena chunk")
            if s.alloc_count != 0 or s.sweepgen != self.sweepgen:
                throw("mheap.freeSpanLocked - invalid free")
            self.pages_in_use.add(-s.npages)
            arena, page_idx, page_mask = page_index_of(self, s.base())
            atomic.and8(arena.page_in_use, page_idx, u8(~page_mask))
        else:
            throw("mheap.freeSpanLocked - invalid span state")

        # The mirror image of alloc_span.
        nbytes = s.npages * self.config.page_size
        self.runtime.gc_controller.heap_free.add(nbytes)
        if typ == SPAN_ALLOC_HEAP:
            self.runtime.gc_controller.heap_in_use.add(-nbytes)
        stats = self.runtime.memstats.heap_stats.acquire()
        if typ == SPAN_ALLOC_HEAP:
            stats.in_heap.add(-nbytes)
        elif typ == SPAN_ALLOC_STACK:
            stats.in_stacks.add(-nbytes)
        elif typ == SPAN_ALLOC_PTR_SCALAR_BITS:
            stats.in_ptr_scalar_bits.add(-nbytes)
        elif typ == SPAN_ALLOC_WORK_BUF:
            stats.in_work_bufs.add(-nbytes)
        self.runtime.memstats.heap_stats.release()

        self.pages.free(s.base(), s.npages)
        s.state.set(M_SPAN_DEAD)
        self.free_m_span_locked(s)

    def scavenge_all(self) -> None:
        """runtime/mheap.go mheap.scavengeAll: gives every free page back to the system.

        h.lock is not held.
        """
        mp = getm()
        # Nothing may be allocated meanwhile: this is a way into the heap beside mallocgc.
        mp.mallocing += 1
        self.pages.scavenge(self.config.uintptr_mask, None, True)
        mp.mallocing -= 1


def runtime_debug_free_os_memory(h: Mheap, gc: Callable[[], None]) -> None:
    """runtime/mheap.go runtime_debug_freeOSMemory: a collection, then scavenge_all.

    gc is the client's way of running a whole collection, Go's GC().
    """
    gc()
    h.scavenge_all()
