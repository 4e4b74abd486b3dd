"""A little port, fixed for ever: what the explorer's counts are compared with does not move.

Fragments of the page heap with the geometry of the counts: arenas of 8 pages, 16 bytes of mark bits
in an arena of bits.
"""

from typing import Any

from tests.checker.interleaving.miniheap.rt import (
    Atomic,
    Const,
    Mixed,
    MixedArray,
    Mutex,
    Plain,
    PlainArray,
    Racy,
    RacyArray,
    Struct,
    atomic,
    fence,
    lock,
    spin,
    throw,
    unlock,
)

PAGE = 8192
ARENA_PAGES = 8
ARENA = ARENA_PAGES * PAGE
DEAD, IN_USE = 0, 1
DRAINED = 1 << 31


class Span(Struct):
    start: Racy[int] = 0
    npages: Plain[int] = 0
    limit: Racy[int] = 0
    elemsize: Plain[int] = 0
    nelems: Plain[int] = 0
    spanclass: Plain[int] = 0
    freeindex: Plain[int] = 0
    alloc_cache: Plain[int] = 0
    alloc_bits: Racy[str | None] = None
    mark_bits: Plain[str | None] = None
    needzero: Plain[int] = 0
    specials: Plain[Any] = None
    speciallock: Mutex
    state: Atomic[int]
    sweepgen: Mixed[int] = 0

    def base(self) -> int:
        return self.start

    def init(self, base: int, npages: int) -> None:
        self.start = base
        self.npages = npages
        self.spanclass = 0
        self.elemsize = 0
        self.specials = None
        self.needzero = 0
        self.freeindex = 0
        self.alloc_bits = None
        self.mark_bits = None
        self.state.store(DEAD)


class Arena(Struct):
    spans: Const[RacyArray[Span | None]]
    page_in_use: Const[MixedArray[int]]
    page_marks: Const[PlainArray[int]]
    zeroed_base: Mixed[int] = 0


class ActiveSweep(Struct):
    state: Atomic[int]


class BitsArena(Struct):
    free: Mixed[int] = 0
    next: Plain[Any] = None
    nbytes: Plain[int] = 16


class BitsArenas(Struct):
    lock: Mutex
    free: Plain[Any] = None
    next: Mixed[Any] = None


class Heap(Struct):
    lock: Mutex
    sweepgen: Plain[int] = 4
    arenas: Const[list[Arena]]
    pages_in_use: Atomic[int]
    active_sweep: ActiveSweep
    bits: BitsArenas
    nfreed: Plain[int] = 0


def new_heap(arenas: int = 1) -> Heap:
    h = Heap()
    h.arenas = []
    for _ in range(arenas):
        arena = Arena()
        arena.spans = RacyArray(ARENA_PAGES, None)
        arena.page_in_use = MixedArray(1, 0)
        arena.page_marks = PlainArray(1, 0)
        h.arenas.append(arena)
    return h


def new_span(h: Heap, page: int, sweepgen: int) -> Span:
    s = Span()
    s.init(page * PAGE, 1)
    s.limit = (page + 1) * PAGE
    s.elemsize = 8
    s.nelems = 1024
    atomic.store(s, "sweepgen", sweepgen)
    s.state.store(IN_USE)
    h.arenas[0].spans[page] = s
    return s


def alloc_needs_zero(h: Heap, base: int, npage: int) -> bool:
    need_zero = False
    while npage > 0:
        ha = h.arenas[base // ARENA]
        zeroed_base = atomic.load(ha, "zeroed_base")
        arena_base = base % ARENA
        if arena_base < zeroed_base:
            need_zero = True
        arena_limit = min(arena_base + npage * PAGE, ARENA)
        while arena_limit > zeroed_base:
            if atomic.compare_and_swap(ha, "zeroed_base", zeroed_base, arena_limit):
                break
            zeroed_base = atomic.load(ha, "zeroed_base")
            if zeroed_base <= arena_limit and zeroed_base > arena_base:
                throw("potentially overlapping in-use allocations detected")
        base += arena_limit - arena_base
        npage -= (arena_limit - arena_base) // PAGE
    return need_zero


def alloc_in_two_arenas(h: Heap, page: int) -> tuple[bool, bool]:
    return alloc_needs_zero(h, page * PAGE, 1), alloc_needs_zero(h, ARENA + page * PAGE, 1)


# Sweeping


def begin(h: Heap) -> tuple[int, bool]:
    a = h.active_sweep
    while True:
        state = a.state.load()
        if state & DRAINED != 0:
            return h.sweepgen, False
        if a.state.compare_and_swap(state, state + 1):
            return h.sweepgen, True


def end(h: Heap) -> None:
    a = h.active_sweep
    while True:
        state = a.state.load()
        if (state & ~DRAINED) - 1 >= DRAINED:
            throw("mismatched begin/end of activeSweep")
        if a.state.compare_and_swap(state, state - 1):
            return


def try_acquire(s: Span, sweepgen: int) -> bool:
    if atomic.load(s, "sweepgen") != sweepgen - 2:
        return False
    return bool(atomic.compare_and_swap(s, "sweepgen", sweepgen - 2, sweepgen - 1))


def sweep(h: Heap, s: Span) -> None:
    sweepgen = h.sweepgen
    if s.state.load() != IN_USE or s.sweepgen != sweepgen - 1:
        throw("mspan.sweep: bad span state")
    s.freeindex = 0
    s.nelems = s.nelems
    if s.specials is not None:
        s.specials = None
    atomic.store(s, "sweepgen", sweepgen)


def sweep_all(h: Heap, spans: tuple[Span, ...], registered: bool) -> int:
    swept = 0
    for s in spans:
        sweepgen, valid = begin(h) if registered else (4, True)
        if valid and try_acquire(s, sweepgen):
            sweep(h, s)
            swept += 1
        if registered and valid:
            end(h)
    return swept


def sweep_one(h: Heap, s: Span) -> None:
    sweepgen, valid = begin(h)
    if valid:
        if try_acquire(s, sweepgen):
            sweep(h, s)
        end(h)


def ensure_swept(h: Heap, s: Span) -> None:
    sweepgen, valid = begin(h)
    if valid:
        if try_acquire(s, sweepgen):
            sweep(h, s)
            end(h)
            return
        end(h)
    while True:
        spangen = atomic.load(s, "sweepgen")
        if spangen == sweepgen or spangen == sweepgen + 3:
            break
        spin()


def add_special(h: Heap, page: int, special: str) -> None:
    s = span_of_heap(h, page * PAGE + 8)
    if s is None:
        throw("addspecial on invalid pointer")
    ensure_swept(h, s)
    lock(s.speciallock)
    s.specials = (special, s.specials)
    unlock(s.speciallock)


def reclaim_chunk(h: Heap) -> int:
    lock(h.lock)
    nfreed = 0
    sweepgen, valid = begin(h)
    if valid:
        ha = h.arenas[0]
        unmarked = atomic.load(ha.page_in_use, 0) & ~ha.page_marks[0]
        for j in range(8):
            if unmarked & (1 << j):
                s = ha.spans[j]
                assert s
                if try_acquire(s, sweepgen):
                    npages = s.npages
                    unlock(h.lock)
                    sweep(h, s)
                    lock(h.lock)
                    free_span_locked(h, s)
                    nfreed += npages
                    unmarked = atomic.load(ha.page_in_use, 0) & ~ha.page_marks[0]
        end(h)
    unlock(h.lock)
    return nfreed


def free_span_locked(h: Heap, s: Span) -> None:
    if s.state.load() != IN_USE or s.sweepgen != h.sweepgen:
        throw("mheap.freeSpanLocked - invalid free")
    h.pages_in_use.add(-s.npages)
    page = s.base() // PAGE
    atomic.and_(h.arenas[page // ARENA_PAGES].page_in_use, 0, ~(1 << page % 8))
    s.state.store(DEAD)
    h.nfreed = h.nfreed + 1


# Publication


def grow(h: Heap, s: Span, spanclass: int, elemsize: int, page: int) -> None:
    s.init(page * PAGE, 1)
    if alloc_needs_zero(h, page * PAGE, 1):
        s.needzero = 1
    s.spanclass = spanclass
    s.elemsize = elemsize
    s.nelems = PAGE // elemsize
    s.freeindex = 0
    s.alloc_cache = (1 << 64) - 1
    s.mark_bits = "mark"
    s.alloc_bits = "alloc"
    atomic.store(s, "sweepgen", h.sweepgen)
    s.state.store(IN_USE)
    h.arenas[0].spans[page] = s
    atomic.or_(h.arenas[0].page_in_use, 0, 1 << page)
    h.pages_in_use.add(1)
    fence()
    s.limit = s.base() + elemsize * s.nelems


def span_of_heap(h: Heap, p: int) -> Span | None:
    s = h.arenas[p // ARENA].spans[p // PAGE % ARENA_PAGES]
    if s is None or s.state.load() != IN_USE or p < s.base() or p >= s.limit:
        return None
    return s


def conservative(h: Heap, p: int) -> Any:
    s = span_of_heap(h, p)
    return None if s is None else ("span", s.alloc_bits is not None)


# Mark bits


def try_alloc(b: BitsArena | None, nbytes: int) -> tuple[BitsArena, int] | None:
    if b is None or atomic.load(b, "free") + nbytes > b.nbytes:
        return None
    last = atomic.add(b, "free", nbytes)
    if last > b.nbytes:
        return None
    return b, last - nbytes


def new_mark_bits(h: Heap, nbytes: int) -> tuple[BitsArena, int]:
    g = h.bits
    head = atomic.load(g, "next")
    p = try_alloc(head, nbytes)
    if p is not None:
        return p
    lock(g.lock)
    p = try_alloc(g.next, nbytes)
    if p is not None:
        unlock(g.lock)
        return p
    fresh = new_bits_arena_may_unlock(h)
    p = try_alloc(g.next, nbytes)
    if p is not None:
        fresh.next = g.free
        g.free = fresh
        unlock(g.lock)
        return p
    p = try_alloc(fresh, nbytes)
    if p is None:
        throw("markBits overflow")
    fresh.next = g.next
    atomic.store(g, "next", fresh)
    unlock(g.lock)
    return p


def new_bits_arena_may_unlock(h: Heap) -> BitsArena:
    g = h.bits
    if g.free is None:
        unlock(g.lock)
        result = BitsArena()
        lock(g.lock)
    else:
        result = g.free
        g.free = g.free.next
    result.next = None
    result.free = 0
    return result
