"""The collector's cycle as far as the page heap takes part: phases, and the next generation.

A client drives it: gc_start stops the world, ends the sweep and enters the mark phase; the client
marks; gc_mark_done stops the world again and starts the sweep of the next generation. The caches of
all Ps take part, and those that a client passes because it uses them without a P.

Not ported here, of runtime/mgc.go: the tests that decide whether a cycle is due, the roots that are
not in the heap, pacing of the mark phase (gcController.startCycle and endCycle), assists and mark
workers, the work buffers, profiling, times and pauses, tracing and printing, checkmarks as a second
mark phase, pools (clearpools), stacks (freeStackSpans: the port has no stack pools), write barriers
(setGCPhase switches them), _ConcurrentSweep off. gcStart does nothing when it is called with locks
held or from a system stack; here the client calls it where it goes on.
"""

from collections.abc import Callable

from impl.gcphase import GC_MARK, GC_MARK_TERMINATION, GC_OFF
from impl.heaparena import arena_at
from impl.mcache import Mcache
from impl.mgcmark import (
    gc_drain,
    gc_mark_root_prepare,
    gc_mark_tiny_allocs,
    markroot_finalizers,
    markroot_spans,
    shade,
)
from impl.mgcpacer import MAX_INT64, gc_controller_commit
from impl.mgcsweep import NOTHING_TO_SWEEP, SWEEP_DRAINED_MASK, SweepLocker, finishsweep_m, sweepone
from impl.mgcwork import GcWork
from impl.mheap import Mheap
from impl.proc import (
    PIDLE,
    acquirem,
    assert_world_stopped,
    releasem,
    start_the_world_with_sema,
    stop_the_world_with_sema,
    world_started,
    world_stopped,
)
from impl.rt import (
    LockRank,
    PlainSlice,
    append,
    atomic,
    getm,
    lock,
    lock_init,
    panic,
    throw,
    u32,
    unlock,
)

GC_BACKGROUND_MODE = 0
GC_FORCE_MODE = 1
GC_FORCE_BLOCK_MODE = 2

MIN_HEAP_FOR_METADATA_HUGE_PAGES = 1 << 30
"""runtime/malloc.go minHeapForMetadataHugePages: bytes of heap goal that make huge pages worthwhile."""


def gcinit(h: Mheap, gc_percent: int = 100, memory_limit: int = MAX_INT64) -> None:
    """runtime/mgc.go gcinit: nothing is to be swept before the first cycle, and the pace is set.

    gc_percent and memory_limit (bytes) are what GOGC and GOMEMLIMIT say. Go's world starts stopped.
    """
    h.runtime.sweep.active.state.store(SWEEP_DRAINED_MASK)
    world_stopped(h)
    h.runtime.gc_controller.init(h, gc_percent, memory_limit)
    world_started(h)


def gcenable(h: Mheap) -> None:
    """runtime/mgc.go gcenable: the background sweeper exists and is parked."""
    lock_init(h.runtime.sweep.lock, LockRank.SWEEP)
    lock(h.runtime.sweep.lock)
    h.runtime.sweep.parked = True
    unlock(h.runtime.sweep.lock)
    h.runtime.memstats.enablegc = True


def set_gc_phase(h: Mheap, x: int) -> None:
    """runtime/mgc.go setGCPhase: enters a phase; the world is stopped."""
    atomic.store(h.runtime, "gcphase", x)


def all_mcaches(h: Mheap, mcaches: tuple[Mcache, ...]) -> PlainSlice[Mcache]:
    """runtime/mgc.go gcStart: the caches of its loop over allp, and those used without a P."""
    found: PlainSlice[Mcache] = PlainSlice()
    for c in mcaches:
        found = append(found, c)
    for pp in h.runtime.allp:
        found = append(found, pp.mcache)
    return found


def gc_reset_mark_state(h: Mheap) -> None:
    """runtime/mgc.go gcResetMarkState: forgets what the cycle before has marked."""
    lock(h.lock)
    arenas = h.all_arenas
    unlock(h.lock)
    for ai in arenas:
        ha = arena_at(h, ai)
        for i in ha.page_marks.touched():
            ha.page_marks[i] = 0
    h.runtime.work.bytes_marked = 0


def gc_start(h: Mheap, mcaches: tuple[Mcache, ...] = (), user_forced: bool = False) -> None:
    """runtime/mgc.go gcStart: ends the sweep and enters the mark phase; the world runs again after.

    Throws if a cache was not flushed since the cycle before.
    """
    while sweepone(h) != NOTHING_TO_SWEEP:
        h.runtime.sweep.nbgsweep += 1

    mode = GC_BACKGROUND_MODE
    if h.runtime.debug.gcstoptheworld == 1:
        mode = GC_FORCE_MODE
    elif h.runtime.debug.gcstoptheworld == 2:
        mode = GC_FORCE_BLOCK_MODE

    for c in all_mcaches(h, mcaches):
        if c.flush_gen.load() != h.sweepgen:
            throw("p mcache not flushed")

    h.runtime.work.user_forced = user_forced
    gc_reset_mark_state(h)
    h.runtime.work.mode = mode

    now = h.runtime.nanotime
    stop_the_world_with_sema(h)
    finishsweep_m(h)
    h.runtime.work.cycles = u32(h.runtime.work.cycles + 1)
    h.runtime.gc_controller.start_cycle()
    h.runtime.gc_cpu_limiter.start_gc_transition(h, True, now)

    set_gc_phase(h, GC_MARK)
    gc_mark_root_prepare(h)
    gc_mark_tiny_allocs(h)
    # Every P knows of the phase by now.
    atomic.store(h.runtime, "gc_blacken_enabled", 1)
    start_the_world_with_sema(h)
    h.runtime.gc_cpu_limiter.finish_gc_transition(h, h.runtime.nanotime)


def gc_mark_done(h: Mheap, mcaches: tuple[Mcache, ...] = ()) -> None:
    """runtime/mgc.go gcMarkDone: no grey object is left: ends the mark phase, starts the sweep."""
    stop_marking(h)
    gc_mark_termination(h, mcaches, h.runtime.work.mode)


def stop_marking(h: Mheap) -> None:
    """runtime/mgc.go gcMarkDone: up to its call of gcMarkTermination; the world is stopped after it.

    The client has drained every queue of grey objects.
    """
    for pp in h.runtime.allp:
        pp.gcw.dispose(h.runtime.work)
    now = h.runtime.nanotime
    stop_the_world_with_sema(h)
    atomic.store(h.runtime, "gc_blacken_enabled", 0)
    h.runtime.gc_cpu_limiter.start_gc_transition(h, False, now)
    h.runtime.gc_controller.end_cycle()


def gc_mark(h: Mheap, mcaches: tuple[Mcache, ...]) -> None:
    """runtime/mgc.go gcMark: checks that marking is over, and counts live bytes anew."""
    if h.runtime.gcphase != GC_MARK_TERMINATION:
        throw("in gcMark expecting to see gcphase as _GCmarktermination")
    if len(h.runtime.work.full) != 0:
        panic("non-empty mark queue after concurrent mark")
    for pp in h.runtime.allp:
        if not pp.gcw.empty():
            throw("P has cached GC work at end of mark termination")
        pp.gcw.dispose(h.runtime.work)
    # reset_live knows what is to be scanned better than these counts.
    for c in all_mcaches(h, mcaches):
        c.scan_alloc = 0
    h.runtime.gc_controller.reset_live(h.runtime.work.bytes_marked)


def gc_sweep(h: Mheap, mode: int) -> None:
    """runtime/mgc.go gcSweep: starts the sweep of the next generation; the world is stopped."""
    assert_world_stopped(h)

    if h.runtime.gcphase != GC_OFF:
        throw("gcSweep being done but phase is not GCoff")

    lock(h.lock)
    h.sweepgen = u32(h.sweepgen + 2)
    h.runtime.sweep.active.reset()
    h.pages_swept.store(0)
    h.sweep_arenas = h.all_arenas
    h.reclaim_index.store(0)
    h.reclaim_credit.store(0)
    unlock(h.lock)

    h.runtime.sweep.central_index.clear()

    if mode == GC_FORCE_BLOCK_MODE:
        lock(h.lock)
        h.sweep_pages_per_byte = 0.0
        unlock(h.lock)
        while sweepone(h) != NOTHING_TO_SWEEP:
            h.runtime.sweep.npausesweep += 1
        return

    # The client drives the background sweeper from now on.
    lock(h.runtime.sweep.lock)
    if h.runtime.sweep.parked:
        h.runtime.sweep.parked = False
    unlock(h.runtime.sweep.lock)


def gc_mark_termination(h: Mheap, mcaches: tuple[Mcache, ...], mode: int) -> None:
    """runtime/mgc.go gcMarkTermination: ends the mark phase, starts the sweep, flushes the caches.

    The world is stopped, and runs again after. The sweep can't complete before the caches are
    flushed, since the stale spans in them are on no list. In GC_FORCE_BLOCK_MODE it throws, as
    1.21.13 does: go.dev/issue/53885.
    """
    mp = acquirem()
    sl = start_sweeping(h, mcaches, mode)
    start_the_world_with_sema(h)

    for pp in h.runtime.allp:
        pp.mcache.prepare_for_sweep(h)
        if pp.status == PIDLE:
            # The scavenger doesn't see pages in a page cache.
            lock(h.lock)
            pp.pcache.flush(h.pages)
            unlock(h.lock)
        pp.pinner_cache = None
    for c in mcaches:
        c.prepare_for_sweep(h)
    h.runtime.sweep.active.end(h, sl)

    state = h.runtime.user_arena_state
    lock(state.lock)
    fault_list = state.fault
    state.fault = PlainSlice()
    unlock(state.lock)
    for lc in fault_list:
        lc.mspan.set_user_arena_chunk_to_fault(h)

    if h.runtime.gc_controller.heap_goal() > MIN_HEAP_FOR_METADATA_HUGE_PAGES:
        h.enable_metadata_huge_pages()
    releasem(mp)


def start_sweeping(h: Mheap, mcaches: tuple[Mcache, ...], mode: int) -> SweepLocker:
    """runtime/mgc.go gcMarkTermination: its part with the world stopped; holds the sweep up.

    Whoever has flushed the caches gives the locker returned to h.runtime.sweep.active.end.
    """
    set_gc_phase(h, GC_MARK_TERMINATION)
    gc_mark(h, mcaches)
    set_gc_phase(h, GC_OFF)
    gc_sweep(h, mode)
    if h.runtime.gcphase != GC_OFF:
        throw("gc done but gcphase != _GCoff")

    h.runtime.memstats.last_heap_in_use = h.runtime.gc_controller.heap_in_use.load()
    gc_controller_commit(h)

    h.runtime.scavenge.assist_time.store(0)
    h.runtime.scavenge.background_time.store(0)

    h.runtime.sweep.nbgsweep = 0
    h.runtime.sweep.npausesweep = 0
    if h.runtime.work.user_forced:
        h.runtime.memstats.numforcedgc = u32(h.runtime.memstats.numforcedgc + 1)
    h.runtime.memstats.numgc = u32(h.runtime.memstats.numgc + 1)

    # The heap is at its largest now, since the sweep is about to start.
    h.pages.scav.index.next_gen()
    h.runtime.gc_cpu_limiter.finish_gc_transition(h, h.runtime.nanotime)

    sl = h.runtime.sweep.active.begin(h)
    if not sl.valid:
        throw("failed to set sweep barrier")
    return sl


def gc(h: Mheap, mark: Callable[[GcWork], None], mcaches: tuple[Mcache, ...] = ()) -> None:
    """runtime/mgc.go GC: a whole cycle, up to the end of its sweep.

    mark greys what the client's roots point to, on the queue it is given; what those objects point
    to (h.runtime.work.points_to) is marked here, and what finalizers and lists of user arena chunks keep.
    """
    gc_start(h, mcaches, user_forced=True)
    pp = getm().p
    gcw: GcWork = GcWork() if pp is None else pp.gcw
    markroot_finalizers(h, gcw)
    for shard in range(h.runtime.work.n_span_roots):
        markroot_spans(h, gcw, shard)
    mark(gcw)
    # A variable of the runtime in Go, and so a root.
    state = h.runtime.user_arena_state
    for lc in state.reuse:
        shade(h, lc.x, gcw)
    for lc in state.fault:
        shade(h, lc.x, gcw)
    gc_drain(h, gcw)
    gcw.dispose(h.runtime.work)
    gc_mark_done(h, mcaches)
    while sweepone(h) != NOTHING_TO_SWEEP:
        h.runtime.sweep.nbgsweep += 1
