"""The page heap: it turns runs of pages into spans, publishes them, and takes them back.

Whatever is a global in Go (mheap_, sweep, gcphase, emptymspan) is reached from an explicit Mheap,
`h`. Not ported here: growing the heap (mheap.grow; pages come in by h.pages.grow), the page cache
and scavenging in allocSpan, its physical page alignment, fixalloc (a list of dead spans stands for
it and for mspancache), statistics, page tracing, the sanitizers, specials, user arena allocation,
scavengeAll, systemstack and preemption.
"""

from impl.config import Config
from impl.heaparena import (
    ArenaMap,
    arena_at,
    arena_idx_l1,
    arena_idx_l2,
    arena_index,
    new_arena_map,
    page_index_of,
)
from impl.mbitmap import new_alloc_bits, new_mark_bits
from impl.mcentral import Mcentral
from impl.mgcsweep import SweepData, is_sweep_done
from impl.mpagealloc import PageAlloc
from impl.mspan import M_SPAN_DEAD, M_SPAN_IN_USE, M_SPAN_MANUAL, Mspan
from impl.mspanlist import MSpanList
from impl.rt import (
    U64_MAX,
    Atomic,
    Const,
    LockRank,
    Mixed,
    Mutex,
    Plain,
    Struct,
    assert_lock_held,
    atomic,
    lock,
    lock_init,
    publication_barrier,
    throw,
    u8,
    uintptr,
    unlock,
)
from impl.spanclass import span_class_sizeclass

SPAN_ALLOC_HEAP = 0
SPAN_ALLOC_STACK = 1
SPAN_ALLOC_PTR_SCALAR_BITS = 2
SPAN_ALLOC_WORK_BUF = 3

RECLAIM_DONE = 1 << 63
"""A reclaim_index from here on says that the page reclaimer has scanned everything."""


def span_alloc_type_manual(typ: int) -> bool:
    """runtime/mheap.go spanAllocType.manual: the allocation is managed by hand, not by the GC."""
    return typ != SPAN_ALLOC_HEAP


class UserArena(Struct):
    """runtime/mheap.go mheap.userArena: lists of user arena chunks; guarded by h.lock."""

    quarantine_list: MSpanList
    ready_list: MSpanList


class Mheap(Struct):
    """runtime/mheap.go mheap: the page heap, with the sweep's and the collector's shared state.

    pages_in_use, pages_swept and reclaim_credit are in pages; reclaim_index is a page index in the
    order of sweep_arenas. free_mspans holds dead span structures, last freed first reused.
    """

    config: Const[Config]
    lock: Mutex
    pages: PageAlloc
    sweepgen: Plain[int] = 0  # written with the world stopped
    allspans: Plain[tuple[Mspan, ...]] = ()
    pages_in_use: Atomic[int]
    pages_swept: Atomic[int]
    reclaim_index: Atomic[int]
    reclaim_credit: Atomic[int]
    arenas: Const[ArenaMap]
    all_arenas: Plain[tuple[int, ...]] = ()
    sweep_arenas: Plain[tuple[int, ...]] = ()
    central: Const[tuple[Mcentral, ...]]
    free_mspans: Plain[tuple[Mspan, ...]] = ()
    user_arena: UserArena
    sweep: SweepData
    gcphase: Mixed[int] = 0
    emptymspan: Const[Mspan]

    def init(self, config: Config) -> None:
        """runtime/mheap.go mheap.init: readies the heap; it has no pages yet."""
        self.config = config
        lock_init(self.lock, LockRank.MHEAP)
        self.arenas = new_arena_map(config)
        self.emptymspan = Mspan()
        self.central = tuple(Mcentral() for _ in range(config.num_span_classes))
        for spc in range(config.num_span_classes):
            self.central[spc].init(spc)
        self.pages.init(config.page_size)

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

    def alloc_span(self, npages: int, typ: int, spanclass: int) -> Mspan | None:
        """runtime/mheap.go mheap.allocSpan: its path without page cache and without growth."""
        lock(self.lock)
        base = self.pages.alloc(npages)
        if base == 0:
            unlock(self.lock)
            return None
        s = self.alloc_mspan_locked()
        unlock(self.lock)
        self.init_span(s, typ, spanclass, base, npages)
        return s

    def alloc_mspan_locked(self) -> Mspan:
        """runtime/mheap.go mheap.allocMSpanLocked: a dead span, not cleared since its last life."""
        assert_lock_held(self.lock)
        n = len(self.free_mspans)
        if n == 0:
            s = Mspan()
            self.allspans = (*self.allspans, s)
            return s
        s = self.free_mspans[n - 1]
        self.free_mspans = self.free_mspans[: n - 1]
        return s

    def free_mspan_locked(self, s: Mspan) -> None:
        """runtime/mheap.go mheap.freeMSpanLocked: makes a dead span available for its next life."""
        assert_lock_held(self.lock)
        self.free_mspans = (*self.free_mspans, s)

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

            s.free_index = 0
            s.free_index_for_scan = 0
            s.alloc_cache = U64_MAX  # all free
            s.gcmark_bits = new_mark_bits(s.nelems)
            s.alloc_bits = new_alloc_bits(s.nelems)

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

    def free_span_locked(self, s: Mspan, typ: int) -> None:  # noqa: ARG002  # for statistics
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
        self.pages.free(s.base(), s.npages)
        s.state.set(M_SPAN_DEAD)
        self.free_mspan_locked(s)

    def reclaim(self, npage: int) -> None:
        """runtime/mheap.go mheap.reclaim: sweeps and frees whole spans, npage pages at least.

        It gives up when everything was scanned. h.lock is not held.
        """
        if self.reclaim_index.load() >= RECLAIM_DONE:
            return
        chunk = self.config.pages_per_reclaimer_chunk
        arenas = self.sweep_arenas
        locked = False
        while npage > 0:
            # Spend what others freed beyond their need.
            credit = self.reclaim_credit.load()
            if credit > 0:
                take = credit
                if take > npage:
                    take = npage
                if self.reclaim_credit.compare_and_swap(credit, credit - take):
                    npage -= take
                continue

            # Claim a chunk of work.
            idx = uintptr(self.reclaim_index.add(chunk) - chunk)
            if idx // self.config.pages_per_arena >= len(arenas):
                self.reclaim_index.store(RECLAIM_DONE)
                break

            if not locked:
                lock(self.lock)
                locked = True
            nfound = self.reclaim_chunk(arenas, idx, chunk)
            if nfound <= npage:
                npage -= nfound
            else:
                self.reclaim_credit.add(nfound - npage)
                npage = 0
        if locked:
            unlock(self.lock)

    def reclaim_chunk(self, arenas: tuple[int, ...], page_idx: int, n: int) -> int:
        """runtime/mheap.go mheap.reclaimChunk: sweeps unmarked spans starting in n pages.

        Returns the number of pages freed. h.lock is held, and given up during each sweep: without
        it the span table might show spans that were freed meanwhile.
        """
        assert_lock_held(self.lock)
        n_freed = 0
        sl = self.sweep.active.begin(self)
        if not sl.valid:
            return 0
        while n > 0:
            ha = arena_at(self, arenas[page_idx // self.config.pages_per_arena])
            arena_page = page_idx % self.config.pages_per_arena
            first = arena_page // 8
            nbytes = len(ha.page_in_use) - first
            if nbytes > n // 8:
                nbytes = n // 8

            # Look for spans in use without a marked object.
            for i in range(nbytes):
                marked = ha.page_marks[first + i]
                in_use_unmarked = atomic.load8(ha.page_in_use, first + i) & u8(~marked)
                if in_use_unmarked == 0:
                    continue
                for j in range(8):
                    if in_use_unmarked & (1 << j) != 0:
                        span = ha.spans[arena_page + i * 8 + j]
                        s = sl.try_acquire(span)  # type: ignore[arg-type]  # in use: not nil
                        if s is not None:
                            npages = s.mspan.npages
                            unlock(self.lock)
                            if s.sweep(self, False):
                                n_freed += npages
                            lock(self.lock)
                            # Spans nearby may have been freed without the lock.
                            marked = ha.page_marks[first + i]
                            in_use_unmarked = atomic.load8(ha.page_in_use, first + i) & u8(~marked)

            page_idx += nbytes * 8
            n -= nbytes * 8
        self.sweep.active.end(self, sl)
        assert_lock_held(self.lock)
        return n_freed


def new_mheap(config: Config) -> Mheap:
    """runtime/malloc.go mallocinit: a fresh heap of the given geometry, without memory."""
    h = Mheap()
    h.init(config)
    return h


def inheap(h: Mheap, b: int) -> bool:
    """runtime/mheap.go inheap: b points into a heap object, perhaps a dead one."""
    return span_of_heap(h, b) is not None


def in_heap_or_stack(h: Mheap, b: int) -> bool:
    """runtime/mheap.go inHeapOrStack: b points into any allocated span."""
    s = span_of(h, b)
    if s is None or b < s.base():
        return False
    state = s.state.get()
    if state in (M_SPAN_IN_USE, M_SPAN_MANUAL):
        return b < s.limit
    return False


def span_of(h: Mheap, p: int) -> Mspan | None:
    """runtime/mheap.go spanOf: the span table's entry for p, or None outside every arena.

    If p isn't in allocated memory the span may be one that doesn't contain p.
    """
    ri = arena_index(h.config, p)
    if h.config.arena_l1_bits == 0:
        # Without an L1 map only the L2 part can be out of bounds.
        if arena_idx_l2(h.config, ri) >= h.config.arena_l2_len:
            return None
    else:
        # With one, only the L1 part can.
        if arena_idx_l1(h.config, ri) >= h.config.arena_l1_len:
            return None
    l2 = h.arenas[arena_idx_l1(h.config, ri)]
    if l2 is None:
        return None
    ha = l2[arena_idx_l2(h.config, ri)]
    if ha is None:
        return None
    return ha.spans[(p // h.config.page_size) % h.config.pages_per_arena]


def span_of_unchecked(h: Mheap, p: int) -> Mspan | None:
    """runtime/mheap.go spanOfUnchecked: span_of for p known to lie in an allocated arena."""
    ha = arena_at(h, arena_index(h.config, p))
    return ha.spans[(p // h.config.page_size) % h.config.pages_per_arena]


def span_of_heap(h: Mheap, p: int) -> Mspan | None:
    """runtime/mheap.go spanOfHeap: the heap span that contains p, or None."""
    s = span_of(h, p)
    # The pointer isn't trusted: the state is loaded first, to synchronise with initialisation, and
    # the bounds are checked, since the span may be one that no longer owns p.
    if s is None or s.state.get() != M_SPAN_IN_USE or p < s.base() or p >= s.limit:
        return None
    return s
