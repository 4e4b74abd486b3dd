"""Processors (Ps): what a thread needs to run Go code; and the scheduler, of which only a lock is left."""

from typing import TYPE_CHECKING, Any

from impl.mcache import Mcache, allocmcache, freemcache
from impl.mgclimit import LimiterEvent
from impl.mgcwork import GcWork
from impl.proc import PDEAD, PGCSTOP, PIDLE, assert_world_stopped
from impl.rt import (
    Atomic,
    Const,
    LockRank,
    M,
    Mutex,
    Plain,
    PlainArray,
    Struct,
    assert_lock_held,
    lock,
    lock_init,
    throw,
    unlock,
)

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mpagecache import PageCache
    from impl.mspan import Mspan
    from impl.persistentalloc import PersistentAlloc


class MspanCache(Struct):
    """runtime/runtime2.go p.mspancache: dead span structures; the first len entries of buf."""

    len: Plain[int] = 0
    buf: Const[PlainArray["Mspan | None"]]


class P(Struct):
    """runtime/runtime2.go p: what a thread needs to run Go code, here what it needs of the heap.

    stats_seq is odd while its thread writes statistics. Not ported here: what belongs to the
    scheduler, timers, tracing.
    """

    id: Plain[int] = 0
    status: Plain[int] = PIDLE
    m: Plain[M | None] = None
    mcache: Plain[Mcache] = None  # type: ignore[assignment]  # nil while the P is dead
    pcache: Const["PageCache"]
    palloc: Const["PersistentAlloc"]
    mspancache: MspanCache
    pinner_cache: Plain[Any] = None
    limiter_event: LimiterEvent
    gcw: GcWork
    stats_seq: Atomic[int]

    def init(self, h: "Mheap", id_: int) -> None:
        """runtime/proc.go p.init: readies a new or destroyed P. P 0 takes over mcache0."""
        self.id = id_
        self.status = PGCSTOP
        if self.mcache is None:
            if id_ == 0:
                if h.runtime.mcache0 is None:
                    throw("missing mcache?")
                self.mcache = h.runtime.mcache0
            else:
                self.mcache = allocmcache(h)

    def destroy(self, h: "Mheap") -> None:
        """runtime/proc.go p.destroy: gives back all that a P has of the heap; the world is stopped."""
        assert_lock_held(h.runtime.sched.lock)
        assert_world_stopped(h)

        self.gcw.dispose(h.runtime.work)
        self.pinner_cache = None
        # Without the heap's lock, since the world is stopped.
        for i in range(self.mspancache.len):
            h.spanalloc.free(self.mspancache.buf[i])  # type: ignore[arg-type]  # one of the first len
        self.mspancache.len = 0
        lock(h.lock)
        self.pcache.flush(h.pages)
        unlock(h.lock)
        freemcache(h, self.mcache)
        self.mcache = None  # type: ignore[assignment]  # nil while the P is dead
        self.status = PDEAD


class Schedt(Struct):
    """runtime/runtime2.go schedt: the scheduler. Its lock guards changes of the number of Ps."""

    lock: Mutex

    def init(self) -> None:
        """runtime/proc.go schedinit: ranks the lock."""
        lock_init(self.lock, LockRank.SCHED)
