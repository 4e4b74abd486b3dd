"""Sweeping: after each mark phase, every span is swept once, by whoever gets to it first.

Ownership is a compare-and-swap of the span's sweepgen from h.sweepgen-2 to h.sweepgen-1. sweepgen
is a uint32 that wraps, and so does the arithmetic on it. Pacing is in mgcpacesweep. Not ported here,
of runtime/mgcsweep.go: tracing and the debug modes that print (allocfreetrace, gcpacertrace,
scavtrace), the sanitizers, the work buffers that bgsweep frees, the diagnostic lines before a throw.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from impl.freedobjects import check_zombies, clobber_freed
from impl.gcbits import new_mark_bits, next_mark_bit_arena_epoch
from impl.mem import sys_fault
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE
from impl.proc import assert_world_stopped, can_be_preempted
from impl.rt import (
    U32_MAX,
    U64_MAX,
    Atomic,
    Local,
    Mutex,
    Plain,
    Struct,
    atomic,
    getm,
    lock,
    osyield,
    throw,
    u8,
    u16,
    u32,
    unlock,
)
from impl.spanclass import span_class_sizeclass
from impl.special import (
    KIND_SPECIAL_FINALIZER,
    KIND_SPECIAL_REACHABLE,
    Special,
    free_special,
    new_specials_iter,
    span_has_no_specials,
)

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan

SWEEP_CLASS_DONE = U32_MAX
"""runtime/mgcsweep.go sweepClassDone: every sweep class was found empty."""

SWEEP_DRAINED_MASK = 1 << 31
"""runtime/mgcsweep.go sweepDrainedMask: the bit of activeSweep.state that says drained."""

NOTHING_TO_SWEEP = U64_MAX
"""What sweepone returns when no span is left, ^uintptr(0) in Go."""

SWEEP_BATCH_SIZE = 10
"""runtime/mgcsweep.go bgsweep sweepBatchSize: spans the background sweeper sweeps at a time."""


@dataclass(slots=True)
class SweepLocked(Local):
    """runtime/mgcsweep.go sweepLocked: sweep ownership of a span."""

    mspan: Plain["Mspan"]

    def sweep(self, h: "Mheap", preserve: bool) -> bool:
        """runtime/mgcsweep.go sweepLocked.sweep: frees unmarked objects; True if it freed the span.

        With preserve the span is neither freed nor put on a list: the caller does that.
        """
        # A collection must not start in the middle of this.
        if can_be_preempted(getm()):
            throw("mspan.sweep: m is not locked")

        s = self.mspan
        if not preserve:
            # The span won't be the caller's any more, who should not use it by accident.
            self.mspan = None  # type: ignore[assignment]  # nil faults when used
        sweepgen = h.sweepgen
        if s.state.get() != M_SPAN_IN_USE or s.sweepgen != u32(sweepgen - 1):
            throw("mspan.sweep: bad span state")
        h.pages_swept.add(s.npages)
        spc = s.spanclass
        size = s.elemsize

        sweep_specials(h, s, size)

        if h.runtime.debug.clobberfree != 0:
            clobber_freed(h, s, size)

        check_zombies(s, h.config)

        nalloc = u16(s.count_alloc(h.config))
        nfreed = u16(s.alloc_count - nalloc)
        if nalloc > s.alloc_count:
            throw("sweep increased allocation count")

        s.alloc_count = nalloc
        s.freeindex = 0
        s.free_index_for_scan = 0

        # What was marked is what is allocated from now on.
        s.alloc_bits = s.gcmark_bits
        s.gcmark_bits = new_mark_bits(h, s.nelems)

        if s.pinner_bits is not None:
            s.refresh_pinner_bits(h)

        s.refill_alloc_cache(0)

        # The span must have stayed ours.
        if s.state.get() != M_SPAN_IN_USE or s.sweepgen != u32(sweepgen - 1):
            throw("mspan.sweep: bad span state after sweep")
        if s.sweepgen == u32(sweepgen + 1) or s.sweepgen == u32(sweepgen + 3):
            throw("swept cached span")

        # The serialization point: the span is swept and no longer ours. It must come after all of
        # the sweep, since others may use the objects, and before the span can be allocated from.
        atomic.store(s, "sweepgen", sweepgen)

        if s.is_user_arena_chunk:
            if preserve:
                throw("sweep: tried to preserve a user arena span")
            if nalloc > 0:
                # Pointers into it are left: look again in the next cycle.
                h.central[spc].full_swept(sweepgen).push(s)
                return False

            # Only now is the sweeper done with the arena.
            h.pages_in_use.add(-s.npages)
            s.state.set(M_SPAN_DEAD)
            if s.list is not h.user_arena.quarantine_list:
                throw("user arena span is on the wrong list")
            lock(h.lock)
            h.user_arena.quarantine_list.remove(s)
            h.user_arena.ready_list.insert(s)
            unlock(h.lock)
            return False

        if span_class_sizeclass(spc) != 0:
            if nfreed > 0:
                # A span that lost nothing still has only zeroed free slots.
                s.needzero = 1
                stats = h.runtime.memstats.heap_stats.acquire()
                stats.small_free_count[span_class_sizeclass(spc)].add(nfreed)
                h.runtime.memstats.heap_stats.release()
                h.runtime.gc_controller.total_free.add(nfreed * s.elemsize)
            if not preserve:
                # The span may still be on an unswept list; whoever pops it will ignore it.
                if nalloc == 0:
                    h.free_span(s)
                    return True
                if nalloc == s.nelems:
                    h.central[spc].full_swept(sweepgen).push(s)
                else:
                    h.central[spc].partial_swept(sweepgen).push(s)
        elif not preserve:
            if nfreed != 0:
                # Before free_span, which may lower the heap's size below that of its objects.
                stats = h.runtime.memstats.heap_stats.acquire()
                stats.large_free_count.add(1)
                stats.large_free.add(size)
                h.runtime.memstats.heap_stats.release()
                h.runtime.gc_controller.total_free.add(size)

                if h.runtime.debug.efence > 0:
                    # Never used again: its pages are faulty and stay allocated.
                    s.limit = 0
                    sys_fault(h, s.base(), size)
                else:
                    h.free_span(s)
                return True
            h.central[spc].full_swept(sweepgen).push(s)
        return False


class SweepLocker(NamedTuple):
    """runtime/mgcsweep.go sweepLocker: acquires sweep ownership of spans in one generation."""

    sweep_gen: int
    valid: bool

    def try_acquire(self, s: "Mspan") -> SweepLocked | None:
        """runtime/mgcsweep.go sweepLocker.tryAcquire: ownership of s, or None if it isn't ours."""
        if not self.valid:
            throw("use of invalid sweepLocker")
        # A look before the CAS, which is dearer.
        if atomic.load(s, "sweepgen") != u32(self.sweep_gen - 2):
            return None
        if not atomic.cas(s, "sweepgen", u32(self.sweep_gen - 2), u32(self.sweep_gen - 1)):
            return None
        return SweepLocked(s)


class ActiveSweep(Struct):
    """runtime/mgcsweep.go activeSweep: is sweeping done, and how many sweepers are at work?

    The top bit of the uint32 state says that all work was drained; the rest counts sweepers.
    """

    state: Atomic[int]

    def begin(self, h: "Mheap") -> SweepLocker:
        """runtime/mgcsweep.go activeSweep.begin: registers a sweeper, unless all was drained.

        A valid locker must be given to end. An invalid one still has its sweep_gen.
        """
        while True:
            state = self.state.load()
            if state & SWEEP_DRAINED_MASK != 0:
                return SweepLocker(h.sweepgen, False)
            if self.state.compare_and_swap(state, u32(state + 1)):
                return SweepLocker(h.sweepgen, True)

    def end(self, h: "Mheap", sl: SweepLocker) -> None:
        """runtime/mgcsweep.go activeSweep.end: deregisters the sweeper of a valid locker."""
        if sl.sweep_gen != h.sweepgen:
            throw("sweeper left outstanding across sweep generations")
        while True:
            state = self.state.load()
            # The count wraps when nobody is registered.
            if u32((state & u32(~SWEEP_DRAINED_MASK)) - 1) >= SWEEP_DRAINED_MASK:
                throw("mismatched begin/end of activeSweep")
            if self.state.compare_and_swap(state, u32(state - 1)):
                return

    def mark_drained(self) -> bool:
        """runtime/mgcsweep.go activeSweep.markDrained: no work is left; True for the first to say."""
        while True:
            state = self.state.load()
            if state & SWEEP_DRAINED_MASK != 0:
                return False
            if self.state.compare_and_swap(state, state | SWEEP_DRAINED_MASK):
                return True

    def sweepers(self) -> int:
        """runtime/mgcsweep.go activeSweep.sweepers: the number of registered sweepers."""
        return self.state.load() & u32(~SWEEP_DRAINED_MASK)

    def is_done(self) -> bool:
        """runtime/mgcsweep.go activeSweep.isDone: all was drained and no sweeper is left."""
        return self.state.load() == SWEEP_DRAINED_MASK

    def reset(self) -> None:
        """runtime/mgcsweep.go activeSweep.reset: readies it for a cycle; the world is stopped."""
        self.state.store(0)


class SweepClass(Struct):
    """runtime/mgcsweep.go sweepClass: the span class to sweep next, a uint32 that only grows."""

    s: Atomic[int]

    def load(self) -> int:
        """runtime/mgcsweep.go sweepClass.load: where the search for unswept spans starts."""
        return self.s.load()

    def update(self, s_new: int) -> None:
        """runtime/mgcsweep.go sweepClass.update: raises it to s_new, unless it is there already."""
        s_old = self.s.load()
        while s_old < s_new and not self.s.compare_and_swap(s_old, s_new):
            s_old = self.s.load()

    def clear(self) -> None:
        """runtime/mgcsweep.go sweepClass.clear: starts again with the first class."""
        self.s.store(0)


def sweep_class_split(s: int) -> tuple[int, bool]:
    """runtime/mgcsweep.go sweepClass.split: (span class, whether its full spans are meant)."""
    return u8(s >> 1), s & 1 == 0


class Sweepdata(Struct):
    """runtime/mgcsweep.go sweepdata: the state of sweeping that all threads share."""

    lock: Mutex
    parked: Plain[bool] = False
    nbgsweep: Plain[int] = 0
    npausesweep: Plain[int] = 0
    active: ActiveSweep
    central_index: SweepClass


def next_span_for_sweep(h: "Mheap") -> "Mspan | None":
    """runtime/mgcsweep.go mheap.nextSpanForSweep: takes a span off the unswept lists, or None."""
    sg = h.sweepgen
    sc = h.runtime.sweep.central_index.load()
    while sc < h.config.num_span_classes * 2:
        spc, full = sweep_class_split(sc)
        c = h.central[spc]
        s = c.full_unswept(sg).pop() if full else c.partial_unswept(sg).pop()
        if s is not None:
            # Later sweepers can start from here.
            h.runtime.sweep.central_index.update(sc)
            return s
        sc += 1
    h.runtime.sweep.central_index.update(SWEEP_CLASS_DONE)
    return None


def sweepone(h: "Mheap") -> int:
    """runtime/mgcsweep.go sweepone: sweeps a span; pages freed, or NOTHING_TO_SWEEP."""
    mp = getm()
    # A collection must not start while the span is half swept.
    mp.locks += 1
    sl = h.runtime.sweep.active.begin(h)
    if not sl.valid:
        mp.locks -= 1
        return NOTHING_TO_SWEEP

    npages = NOTHING_TO_SWEEP
    no_more_work = False
    while True:
        s = h.next_span_for_sweep()
        if s is None:
            no_more_work = h.runtime.sweep.active.mark_drained()
            break
        if s.state.get() != M_SPAN_IN_USE:
            # Whoever swept it without taking it off the list has brought sweepgen up to date.
            if not (s.sweepgen == sl.sweep_gen or s.sweepgen == u32(sl.sweep_gen + 3)):
                throw("non in-use span in unswept list")
            continue
        locked = sl.try_acquire(s)
        if locked is not None:
            npages = s.npages
            if locked.sweep(h, False):
                # The page reclaimer may count the pages as found.
                h.reclaim_credit.add(npages)
            else:
                npages = 0
            break
    h.runtime.sweep.active.end(h, sl)

    if no_more_work:
        # Sweeping is about done: from now on there is memory to scavenge.
        h.runtime.scavenger.ready()

    mp.locks -= 1
    return npages


def is_sweep_done(h: "Mheap") -> bool:
    """runtime/mgcsweep.go isSweepDone: all spans are swept."""
    return h.runtime.sweep.active.is_done()


def ensure_swept(s: "Mspan", h: "Mheap") -> None:
    """runtime/mgcsweep.go mspan.ensureSwept: returns when s, a span in use, has been swept."""
    # Else a collection could make it unswept again before the caller gets to it.
    if can_be_preempted(getm()):
        throw("mspan.ensureSwept: m is not locked")

    sl = h.runtime.sweep.active.begin(h)
    if sl.valid:
        locked = sl.try_acquire(s)
        if locked is not None:
            locked.sweep(h, False)
            h.runtime.sweep.active.end(h, sl)
            return
        h.runtime.sweep.active.end(h, sl)

    # Someone else has it: wait.
    while True:
        spangen = atomic.load(s, "sweepgen")
        if spangen == sl.sweep_gen or spangen == u32(sl.sweep_gen + 3):
            break
        osyield()


def sweep_specials(h: "Mheap", s: "Mspan", size: int) -> None:
    """runtime/mgcsweep.go sweepLocked.sweep: unlinks the specials of objects about to be freed.

    An object may have finalizers and other specials: its finalizers are queued, it stays, and so
    do the others. Inside a tiny object there may be several finalizers: all are queued at once.
    size is that of an object, in bytes.
    """
    had_specials = s.specials is not None
    siter = new_specials_iter(s)
    while siter.valid():
        # A finalizer may be set for an inner byte: find the object.
        obj_index = siter.s.offset // size
        p = s.base() + obj_index * size
        mbits = s.mark_bits_for_index(obj_index)
        if not mbits.is_marked():
            # Pass 1: an object with a finalizer isn't freed.
            has_fin = False
            end_offset = p - s.base() + size
            tmp: Special | None = siter.s
            while tmp is not None and tmp.offset < end_offset:
                if tmp.kind == KIND_SPECIAL_FINALIZER:
                    mbits.set_marked_non_atomic()
                    has_fin = True
                    break
                tmp = tmp.next
            # Pass 2: queue all finalizers, or let go of the rest.
            while siter.valid() and siter.s.offset < end_offset:
                special = siter.s
                p = s.base() + special.offset
                if special.kind == KIND_SPECIAL_FINALIZER or not has_fin:
                    siter.unlink_and_next()
                    free_special(h, special, p, size)
                else:
                    # The rest is about objects that are freed, and this one is kept.
                    siter.next()
        elif siter.s.kind == KIND_SPECIAL_REACHABLE:
            special = siter.unlink_and_next()
            special.record.reachable = True
            free_special(h, special, p, size)
        else:
            siter.next()
    if had_specials and s.specials is None:
        span_has_no_specials(h, s)


def finishsweep_m(h: "Mheap") -> None:
    """runtime/mgcsweep.go finishsweep_m: sweeps all that is left; the world is stopped."""
    assert_world_stopped(h)

    while sweepone(h) != NOTHING_TO_SWEEP:
        h.runtime.sweep.npausesweep += 1

    # With the world stopped, a sweeper was either preempted or forgot to deregister.
    if h.runtime.sweep.active.sweepers() != 0:
        throw("active sweepers found at start of mark phase")

    # These should be empty. Doing it now catches unswept spans before marking starts.
    sg = h.sweepgen
    for i in range(h.config.num_span_classes):
        c = h.central[i]
        c.partial_unswept(sg).reset()
        c.full_unswept(sg).reset()

    # There won't be new memory to scavenge for a while, and there is some now.
    h.runtime.scavenger.wake()

    next_mark_bit_arena_epoch(h)


def bgsweep(h: "Mheap") -> bool:
    """runtime/mgcsweep.go bgsweep: a round of the background sweeper; True if it is parked after it.

    A round is a batch of spans, after which Go's sweeper yields if others need its processor. The
    client calls again while it isn't parked, and once gcSweep has cleared h.runtime.sweep.parked.
    """
    n_swept = 0
    while sweepone(h) != NOTHING_TO_SWEEP:
        h.runtime.sweep.nbgsweep += 1
        n_swept += 1
        if n_swept == SWEEP_BATCH_SIZE:
            return False
    lock(h.runtime.sweep.lock)
    if not is_sweep_done(h):
        # Others are still sweeping, or a new cycle has begun.
        unlock(h.runtime.sweep.lock)
        return False
    h.runtime.sweep.parked = True
    unlock(h.runtime.sweep.lock)
    return True
