"""Making and destroying processors (Ps), each with its caches of spans, pages and structures.

It is the part of runtime/proc.go about Ps that needs the heap. Not ported here: run queues, timers,
the masks of idle Ps, pools of deferred calls and sudogs, the lock of allp (it is against sysmon),
statistics of time.
"""

from typing import TYPE_CHECKING

from impl.mgc import gcenable, gcinit
from impl.mpagecache import PageCache
from impl.persistentalloc import PersistentAlloc
from impl.proc import (
    PIDLE,
    PRUNNING,
    acquirep,
    assert_world_stopped,
    start_the_world_with_sema,
    stop_the_world_with_sema,
    world_started,
    world_stopped,
)
from impl.rt import PlainArray, append, assert_lock_held, getm, lock, throw, unlock
from impl.runtime2 import P

if TYPE_CHECKING:
    from impl.mheap import Mheap


def new_p(h: "Mheap") -> P:
    """runtime/proc.go procresize: new(p), a P that P.init has still to ready."""
    pp = P()
    pp.pcache = PageCache()
    pp.palloc = PersistentAlloc()
    pp.mspancache.buf = PlainArray(h.config.mspan_cache_len, None)
    return pp


def procresize(h: "Mheap", nprocs: int) -> None:
    """runtime/proc.go procresize: makes or destroys Ps so that there are nprocs.

    The world is stopped and sched.lock held. The running thread keeps its P; if it has none, or
    that one goes, it gets P 0.
    """
    assert_lock_held(h.runtime.sched.lock)
    assert_world_stopped(h)

    old = len(h.runtime.allp)
    if nprocs <= 0:
        throw("procresize: invalid arg")

    # Destroyed Ps are kept, and used again.
    for i in range(old, nprocs):
        if i < len(h.runtime.ever_allp):
            pp = h.runtime.ever_allp[i]
        else:
            pp = new_p(h)
            h.runtime.ever_allp = append(h.runtime.ever_allp, pp)
        pp.init(h, i)
        h.runtime.allp = append(h.runtime.allp, pp)

    mp = getm()
    if mp.p is not None and mp.p.id < nprocs:
        mp.p.status = PRUNNING
        mp.p.mcache.prepare_for_sweep(h)
    else:
        # A P is destroyed by a thread that has another.
        if mp.p is not None:
            mp.p.m = None
        mp.p = None
        pp = h.runtime.allp[0]
        pp.m = None
        pp.status = PIDLE
        acquirep(h, pp)

    h.runtime.mcache0 = None

    for i in range(nprocs, old):
        h.runtime.allp[i].destroy(h)
    if nprocs < old:
        h.runtime.allp = h.runtime.allp.upto(nprocs)

    for pp in h.runtime.allp:
        if mp.p is not pp:
            pp.status = PIDLE
    if old != nprocs:
        h.runtime.gc_cpu_limiter.reset_capacity(h, h.runtime.nanotime, nprocs)


def gomaxprocs(h: "Mheap", n: int) -> int:
    """runtime/debug.go GOMAXPROCS: sets the number of Ps to n, if n > 0; returns the old one."""
    ret = len(h.runtime.allp)
    if n <= 0 or n == ret:
        return ret
    stop_the_world_with_sema(h)
    lock(h.runtime.sched.lock)
    procresize(h, n)
    unlock(h.runtime.sched.lock)
    start_the_world_with_sema(h)
    return ret


def schedinit(h: "Mheap", procs: int) -> None:
    """runtime/proc.go schedinit: the start of a program with procs Ps; this thread gets P 0.

    mallocinit comes before it.
    """
    gcinit(h)
    world_stopped(h)
    lock(h.runtime.sched.lock)
    procresize(h, procs)
    unlock(h.runtime.sched.lock)
    world_started(h)
    gcenable(h)
