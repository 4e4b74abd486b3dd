"""User arenas: memory that a program frees by itself, in chunks that the collector knows as objects.

A chunk is a span with one large object. Freed, it is set to fault, and waits in quarantine until no
pointer into it is left; then it can be used again. Sizes and addresses are in bytes.

Not ported here, of runtime/arena.go: reflection (arena_New and its like, slice's writing of a slice
header), the finalizer that frees a forgotten arena (arenas aren't in the simulated heap), assist
credit, the trigger of a collection (a client decides when to collect), heap profiling, the sanitizers,
tracing, GC programs, the double checks that are switched off, and preemption for signals.
"""

from typing import TYPE_CHECKING

from impl.gcphase import GC_MARK_TERMINATION, GC_OFF
from impl.malloc import ZEROBASE, Type, mallocgc
from impl.mbitmap import heap_bits_for_addr, write_heap_bits_for_addr
from impl.mcache import get_m_cache
from impl.mem import sys_fault
from impl.mgcmark import gcmarknewobject
from impl.proc import acquirem, releasem
from impl.rt import (
    Atomic,
    Plain,
    PlainSlice,
    Struct,
    append,
    lock,
    panic,
    publication_barrier,
    throw,
    unlock,
)
from impl.spanclass import make_span_class
from impl.spanof import span_of
from impl.userarenastate import LiveUserArenaChunk

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


class UserArena(Struct):
    """runtime/arena.go userArena: full chunks, linked by next, and one to allocate from.

    refs keeps the chunks alive, in the order in which they became active: the last is that of
    active, the one before it is that of the first on the full list, and so on. defunct is True after
    free.
    """

    full_list: Plain["Mspan | None"] = None
    active: Plain["Mspan | None"] = None
    refs: Plain[PlainSlice[int]] = PlainSlice()
    defunct: Atomic[bool]

    def new(self, h: "Mheap", typ: Type) -> int:
        """runtime/arena.go userArena.new: address of a new object of the type."""
        return self.alloc(h, typ, -1)

    def slice(self, h: "Mheap", typ: Type, cap: int) -> int:
        """runtime/arena.go userArena.slice: address of an array of cap elements of the type."""
        if cap < 0:
            panic("userArena.slice: negative cap")
        return self.alloc(h, typ, cap)

    def free(self, h: "Mheap") -> None:
        """runtime/arena.go userArena.free: gives all chunks back, once; a second time panics."""
        if self.defunct.load():
            panic("arena double free")
        self.defunct.store(True)

        # References stand in the reverse order of the full list.
        s = self.full_list
        i = len(self.refs) - 2
        while s is not None:
            self.full_list = s.next
            s.next = None
            free_user_arena_chunk(h, s, self.refs[i])
            s = self.full_list
            i -= 1
        if self.full_list is not None or i >= 0:
            throw("full list doesn't match refs list in length")

        # What is left of the active chunk is for another arena.
        s = self.active
        if s is not None:
            state = h.runtime.user_arena_state
            lock(state.lock)
            live = LiveUserArenaChunk(s, self.refs[len(self.refs) - 1])
            state.reuse = append(state.reuse, live)
            unlock(state.lock)
        # So that a use after this shows.
        self.active = None
        self.refs = PlainSlice()

    def alloc(self, h: "Mheap", typ: Type, cap: int) -> int:
        """runtime/arena.go userArena.alloc: address of an object, or of an array if cap >= 0."""
        s: Mspan = self.active  # type: ignore[assignment]  # as in Go, nil faults when used
        while True:
            x = s.user_arena_next_free(h, typ, cap)
            if x is not None:
                break
            s = self.refill(h)
        return x

    def refill(self, h: "Mheap") -> "Mspan":
        """runtime/arena.go userArena.refill: makes another chunk the active one; throws without one.

        The chunk is one that another arena has left, or a new one.
        """
        s = self.active
        if s is not None:
            if s.user_arena_chunk_free.size(h.config) > user_arena_chunk_max_alloc_bytes(h):
                # The largest object would still have found room.
                throw("wasted too much memory in an arena chunk")
            s.next = self.full_list
            self.full_list = s
            self.active = None
            s = None
        x = 0

        state = h.runtime.user_arena_state
        lock(state.lock)
        n = len(state.reuse) - 1
        if n >= 0:
            s, x = state.reuse[n]
            state.reuse = state.reuse.upto(n)
        unlock(state.lock)
        if s is None:
            x, s = new_user_arena_chunk(h)
        self.refs = append(self.refs, x)
        self.active = s
        return s


def new_user_arena(h: "Mheap") -> UserArena:
    """runtime/arena.go newUserArena: an arena with a chunk."""
    a = UserArena()
    a.refill(h)
    return a


def user_arena_chunk_max_alloc_bytes(h: "Mheap") -> int:
    """runtime/arena.go userArenaChunkMaxAllocBytes: larger objects come from the heap."""
    return h.config.user_arena_chunk_bytes // 4


def user_arena_next_free(s: "Mspan", h: "Mheap", typ: Type, cap: int) -> int | None:
    """runtime/arena.go mspan.userArenaNextFree: address of room for an object, None if s has none.

    With cap >= 0, for an array of cap elements.
    """
    config = h.config
    size = typ.size_
    if cap > 0:
        if size > config.uintptr_mask // cap:
            throw("out of memory")
        size *= cap
    if size == 0 or cap == 0:
        return ZEROBASE
    if size > user_arena_chunk_max_alloc_bytes(h):
        return mallocgc(h, size, typ, True)

    mp = acquirem()
    if mp.mallocing != 0:
        throw("malloc deadlock")
    mp.mallocing = 1

    free = s.user_arena_chunk_free
    if typ.ptr_bytes == 0:
        # Objects without pointers come from the end.
        rest, ptr, ok = free.take_from_back(config, size, typ.align_)
    else:
        rest, ptr, ok = free.take_from_front(config, size, typ.align_)
    s.user_arena_chunk_free = rest
    if not ok:
        mp.mallocing = 0
        releasem(mp)
        return None
    if s.needzero != 0:
        throw("arena chunk needs zeroing, but should already be zeroed")
    if typ.ptr_bytes != 0:
        if cap >= 0:
            user_arena_heap_bits_set_slice_type(h, typ, cap, ptr, s.base())
        else:
            user_arena_heap_bits_set_type(h, typ, ptr, s.base())
        c = get_m_cache(h, mp)
        if c is None:
            throw("mallocgc called without a P or outside bootstrapping")
        if cap > 0:
            c.scan_alloc += size - (typ.size_ - typ.ptr_bytes)
        else:
            c.scan_alloc += typ.ptr_bytes

    # The collector must see the bits before it sees a pointer to the object.
    publication_barrier()
    mp.mallocing = 0
    releasem(mp)
    return ptr


def user_arena_heap_bits_set_type(h: "Mheap", typ: Type, ptr: int, base: int) -> None:
    """runtime/arena.go userArenaHeapBitsSetType: writes the pointer bits of an object at ptr.

    base is the address of the chunk, whose bits were cleared.
    """
    ptr_size = h.config.ptr_size
    ptr_bits = 8 * ptr_size
    hb = write_heap_bits_for_addr(h, ptr)

    # The object before this one may have ended with a word of the bitmap, and said that there are
    # no more pointers; to write its last bit again takes that back.
    if ptr % (8 * ptr_size * ptr_size) == 0 and ptr != base:
        _, p = heap_bits_for_addr(h, ptr - ptr_size, ptr_size).next(h)
        b = 0
        if p == ptr - ptr_size:
            b = 1
        hb = write_heap_bits_for_addr(h, ptr - ptr_size)
        hb = hb.write(h, b, 1)

    nb = typ.ptr_bytes // ptr_size
    for i in range(0, nb, ptr_bits):
        k = nb - i
        if k > ptr_bits:
            k = ptr_bits
        hb = hb.write(h, h.config.uintptr(typ.gc_data >> i), k)
    # Zeros for the rest leave but one mark for the next object to take back.
    hb = hb.pad(h, typ.size_ - typ.ptr_bytes)
    hb.flush(h, ptr, typ.size_)


def user_arena_heap_bits_set_slice_type(h: "Mheap", typ: Type, n: int, ptr: int, base: int) -> None:
    """runtime/arena.go userArenaHeapBitsSetSliceType: writes the bits of n objects from ptr on."""
    mem = typ.size_ * n
    if n < 0 or mem > h.config.max_alloc:
        panic("runtime: allocation size out of range")
    for i in range(n):
        user_arena_heap_bits_set_type(h, typ, ptr + i * typ.size_, base)


def new_user_arena_chunk(h: "Mheap") -> "tuple[int, Mspan]":
    """runtime/arena.go newUserArenaChunk: (address, span) of a chunk; throws without memory.

    The address is what keeps the chunk alive.
    """
    if h.runtime.gcphase == GC_MARK_TERMINATION:
        throw("newUserArenaChunk called with gcphase == _GCmarktermination")

    mp = acquirem()
    if mp.mallocing != 0:
        throw("malloc deadlock")
    mp.mallocing = 1

    span = h.alloc_user_arena_chunk()
    if span is None:
        throw("out of memory")
    x = span.base()

    # While the collector marks, what is allocated is marked. There is nothing in it to scan.
    if h.runtime.gcphase != GC_OFF:
        gcmarknewobject(h, span, span.base(), span.elemsize)
    mp.mallocing = 0
    releasem(mp)

    if x % h.config.phys_page_size != 0:
        throw("user arena chunk is not aligned to the physical page size")
    return x, span


def set_user_arena_chunk_to_fault(s: "Mspan", h: "Mheap") -> None:
    """runtime/arena.go mspan.setUserArenaChunkToFault: gives the chunk's memory back to the system.

    The address space stays, in quarantine, and any access faults. The collector is off, and the
    thread can't be preempted.
    """
    chunk_bytes = s.npages * h.config.page_size
    if not s.is_user_arena_chunk:
        throw("invalid span in heapArena for user arena")
    if chunk_bytes != h.config.user_arena_chunk_bytes:
        throw("span on userArena.faultList has invalid size")

    # Pointers into the chunk still have to mark it, but nobody may scan it.
    s.spanclass = make_span_class(0, True)

    sys_fault(h, s.base(), chunk_bytes)

    # It isn't memory any more: neither free nor released.
    h.runtime.gc_controller.heap_in_use.add(-chunk_bytes)

    # The object is freed now, not when it leaves the quarantine, so that no more is counted as
    # allocated than as mapped.
    h.runtime.gc_controller.total_free.add(chunk_bytes)

    stats = h.runtime.memstats.heap_stats.acquire()
    stats.committed.add(-chunk_bytes)
    stats.in_heap.add(-chunk_bytes)
    stats.large_free_count.add(1)
    stats.large_free.add(chunk_bytes)
    h.runtime.memstats.heap_stats.release()

    h.runtime.gc_controller.update(h, -chunk_bytes, 0)

    lock(h.lock)
    h.user_arena.quarantine_list.insert(s)
    unlock(h.lock)


def in_user_arena_chunk(h: "Mheap", p: int) -> bool:
    """runtime/arena.go inUserArenaChunk: p points into a chunk."""
    s = span_of(h, p)
    if s is None:
        return False
    return s.is_user_arena_chunk


def free_user_arena_chunk(h: "Mheap", s: "Mspan", x: int) -> None:
    """runtime/arena.go freeUserArenaChunk: gives the chunk s back; x is a pointer into it.

    It is set to fault at once, and with it those that wait; while the collector runs, it waits.
    """
    if not s.is_user_arena_chunk:
        throw("span is not for a user arena")
    if s.npages * h.config.page_size != h.config.user_arena_chunk_bytes:
        throw("invalid user arena span size")

    mp = acquirem()
    state = h.runtime.user_arena_state
    if h.runtime.gcphase == GC_OFF:
        lock(state.lock)
        fault_list = state.fault
        state.fault = PlainSlice()
        unlock(state.lock)

        s.set_user_arena_chunk_to_fault(h)
        for lc in fault_list:
            lc.mspan.set_user_arena_chunk_to_fault(h)
    else:
        lock(state.lock)
        state.fault = append(state.fault, LiveUserArenaChunk(s, x))
        unlock(state.lock)
    releasem(mp)
