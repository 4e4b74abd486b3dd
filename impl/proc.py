"""Threads, their processors (Ps), and the world that is stopped around a collection.

There is no scheduler here: the client says which thread runs (impl.rt.run_on), and to stop the
world is to say that no thread but this one does. systemstack, which in Go switches to the thread's
own stack, is a plain call everywhere. The port's M is on that stack unless its client says
otherwise. Making and destroying Ps is in procresize.

Not ported here, of runtime/proc.go: goroutines, run queues, timers, preemption, waiting for other
threads to stop, tracing. Of runtime/lockrank_on.go: the print-outs before a throw.
"""

from typing import TYPE_CHECKING

from impl.rt import (
    M,
    Mutex,
    getm,
    lock,
    throw,
    unlock,
)

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.runtime2 import P

PIDLE = 0
PRUNNING = 1
PGCSTOP = 3
PDEAD = 4


def acquirem() -> M:
    """runtime/runtime1.go acquirem: pins the running thread to its P until releasem."""
    mp = getm()
    mp.locks += 1
    return mp


def releasem(mp: M) -> None:
    """runtime/runtime1.go releasem: undoes an acquirem."""
    mp.locks -= 1


def can_be_preempted(mp: M) -> bool:
    """runtime/mgcsweep.go mspan.ensureSwept: nothing keeps thread mp from being preempted."""
    return mp.locks == 0 and mp.mallocing == 0 and not mp.on_system_stack


def world_stopped(h: "Mheap") -> None:
    """runtime/lockrank_on.go worldStopped: notes that the world is stopped."""
    h.runtime.world_is_stopped += 1
    if h.runtime.world_is_stopped != 1:
        throw("recursive world stop")


def world_started(h: "Mheap") -> None:
    """runtime/lockrank_on.go worldStarted: notes that the world is about to run again."""
    h.runtime.world_is_stopped -= 1
    if h.runtime.world_is_stopped != 0:
        throw("released non-stopped world stop")


def check_world_stopped(h: "Mheap") -> bool:
    """runtime/lockrank_on.go checkWorldStopped: the world is stopped, by one stop only."""
    stopped = h.runtime.world_is_stopped
    if stopped > 1:
        throw("inconsistent world stop count")
    return stopped == 1


def assert_world_stopped(h: "Mheap") -> None:
    """runtime/lockrank_on.go assertWorldStopped: throws while the world runs."""
    if check_world_stopped(h):
        return
    throw("world not stopped")


def assert_world_stopped_or_lock_held(h: "Mheap", mutex: Mutex) -> None:
    """runtime/lockrank_on.go assertWorldStoppedOrLockHeld: throws if neither is so."""
    if check_world_stopped(h):
        return
    if mutex.held:
        return
    throw("no world stop or required lock!")


def wirep(pp: "P") -> None:
    """runtime/proc.go wirep: ties the idle P pp to the running thread."""
    mp = getm()
    if mp.p is not None:
        throw("wirep: already in go")
    if pp.m is not None or pp.status != PIDLE:
        throw("wirep: invalid p state")
    mp.p = pp
    pp.m = mp
    pp.status = PRUNNING


def acquirep(h: "Mheap", pp: "P") -> None:
    """runtime/proc.go acquirep: the running thread takes pp, whose cache may be stale."""
    wirep(pp)
    # Whoever holds a P may allocate from its cache.
    pp.mcache.prepare_for_sweep(h)


def releasep() -> "P":
    """runtime/proc.go releasep: the running thread gives its P up; returns it."""
    mp = getm()
    if mp.p is None:
        throw("releasep: invalid arg")
    pp: P = mp.p
    if pp.m is not mp or pp.status != PRUNNING:
        throw("releasep: invalid p state")
    mp.p = None
    pp.m = None
    pp.status = PIDLE
    return pp


def stop_the_world_with_sema(h: "Mheap") -> None:
    """runtime/proc.go stopTheWorldWithSema: no other thread runs from here to start_the_world_with_sema.

    That none does is the client's business. A thread keeps its P meanwhile, where Go's would give
    it up and take it again.
    """
    if getm().locks > 0:
        throw("stopTheWorld: holding locks")
    lock(h.runtime.sched.lock)
    for pp in h.runtime.allp:
        pp.status = PGCSTOP
    unlock(h.runtime.sched.lock)
    world_stopped(h)


def start_the_world_with_sema(h: "Mheap") -> None:
    """runtime/proc.go startTheWorldWithSema: lets other threads run; Ps that are held are flushed.

    Go calls procresize for the present number of Ps, which flushes the cache of this thread's P,
    and the others are flushed in acquirep by the threads that wake up.
    """
    assert_world_stopped(h)
    mp = acquirem()
    lock(h.runtime.sched.lock)
    if mp.p is not None:
        mp.p.status = PRUNNING
        mp.p.mcache.prepare_for_sweep(h)
    unlock(h.runtime.sched.lock)
    world_started(h)
    for pp in h.runtime.allp:
        if pp.m is None:
            pp.status = PIDLE
        elif pp.m is not mp:
            pp.status = PRUNNING
            pp.mcache.prepare_for_sweep(h)
    releasem(mp)
