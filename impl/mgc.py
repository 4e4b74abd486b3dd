"""The collector's cycle as far as the page heap takes part: phases, and the next generation.

Not ported here, of runtime/mgc.go: marking itself, stopping and starting the world, pacing, the
work buffers, profiling, waking the background sweeper, stacks, page caches, user arenas to be set
to fault, write barriers (setGCPhase switches them).
"""

from impl.mcache import Mcache
from impl.mgcsweep import NOTHING_TO_SWEEP, SWEEP_DRAINED_MASK, finishsweep_m, sweepone
from impl.mheap import Mheap
from impl.rt import atomic, lock, throw, u32, unlock

GC_OFF = 0
GC_MARK = 1
GC_MARK_TERMINATION = 2

GC_BACKGROUND_MODE = 0
GC_FORCE_MODE = 1
GC_FORCE_BLOCK_MODE = 2


def gcinit(h: Mheap) -> None:
    """runtime/mgc.go gcinit: nothing is to be swept before the first cycle."""
    h.sweep.active.state.store(SWEEP_DRAINED_MASK)


def set_gc_phase(h: Mheap, x: int) -> None:
    """runtime/mgc.go setGCPhase: enters a phase; the world is stopped."""
    atomic.store(h, "gcphase", x)


def gc_start(h: Mheap, mcaches: tuple[Mcache, ...]) -> None:
    """runtime/mgc.go gcStart: its checks on caches, the end of the sweep, the mark phase.

    mcaches are those of all Ps.
    """
    for c in mcaches:
        if c.flush_gen.load() != h.sweepgen:
            throw("p mcache not flushed")
    finishsweep_m(h)
    set_gc_phase(h, GC_MARK)


def gc_sweep(h: Mheap, mode: int) -> None:
    """runtime/mgc.go gcSweep: starts the sweep of the next generation; the world is stopped."""
    if h.gcphase != GC_OFF:
        throw("gcSweep being done but phase is not GCoff")

    lock(h.lock)
    h.sweepgen = u32(h.sweepgen + 2)
    h.sweep.active.reset()
    h.pages_swept.store(0)
    h.sweep_arenas = h.all_arenas
    h.reclaim_index.store(0)
    h.reclaim_credit.store(0)
    unlock(h.lock)

    h.sweep.central_index.clear()

    if mode == GC_FORCE_BLOCK_MODE:
        while sweepone(h) != NOTHING_TO_SWEEP:
            h.sweep.npausesweep += 1


def gc_mark_termination(h: Mheap, mcaches: tuple[Mcache, ...], mode: int) -> None:
    """runtime/mgc.go gcMarkTermination: ends the mark phase, starts the sweep, flushes the caches.

    mcaches are those of all Ps. The sweep can't complete before they are flushed, since the stale
    spans in them are on no list. In GC_FORCE_BLOCK_MODE it throws, as 1.21.13 does.
    """
    set_gc_phase(h, GC_MARK_TERMINATION)
    set_gc_phase(h, GC_OFF)
    gc_sweep(h, mode)
    if h.gcphase != GC_OFF:
        throw("gc done but gcphase != _GCoff")
    h.sweep.npausesweep = 0

    sl = h.sweep.active.begin(h)
    if not sl.valid:
        throw("failed to set sweep barrier")
    # The world is started here in Go: other threads run from now on.
    for c in mcaches:
        c.prepare_for_sweep(h)
    h.sweep.active.end(h, sl)
