"""The queue of finalizers to run: filled by the sweep, emptied by a goroutine of the runtime.

Not ported here, of runtime/mfinal.go: the goroutine itself (createfing, wakefing, its parking), since
the port has no scheduler: its client runs what is queued; SetFinalizer's checks of types; the
pointer mask of a block (finptrmask), since memory has no content. An entry of a block is an
immutable value; types are opaque.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from impl.gcphase import GC_OFF
from impl.persistentalloc import persistentalloc
from impl.rt import (
    Atomic,
    Const,
    LockRank,
    Mixed,
    Mutex,
    Plain,
    PlainArray,
    Struct,
    atomic,
    lock,
    lock_init,
    throw,
    u32,
    unlock,
)

if TYPE_CHECKING:
    from impl.config import Config
    from impl.mheap import Mheap

FIN_BLOCK_SIZE = 4 << 10
"""runtime/mgc.go _FinBlockSize: bytes of a block of the queue."""

FING_RUNNING_FINALIZER = 1 << 1
"""runtime/mfinal.go fingRunningFinalizer: a finalizer is running."""

FING_WAKE = 1 << 3
"""runtime/mfinal.go fingWake: there is something to run."""


class Finalizer(NamedTuple):
    """runtime/mfinal.go finalizer: the closure at fn is to be called with arg, an object's address."""

    fn: int
    arg: int
    nret: int
    fint: Any
    ot: Any


class Finblock(Struct):
    """runtime/mfinal.go finblock: finalizers, of which the first cnt are still to be run.

    Every block is on the list by alllink, and on one by next: the queue or the cache.
    """

    alllink: Plain[Optional["Finblock"]] = None
    next: Plain[Optional["Finblock"]] = None
    cnt: Mixed[int] = 0
    fin: Const[PlainArray[Finalizer | None]]


class Finalizers(Struct):
    """runtime/mfinal.go finlock, finq, finc, allfin, fingStatus: the queue, the cache, all blocks."""

    finlock: Mutex
    finq: Plain[Finblock | None] = None
    finc: Plain[Finblock | None] = None
    allfin: Plain[Finblock | None] = None
    fing_status: Atomic[int]

    def init(self) -> None:
        """runtime/proc.go schedinit: ranks the lock (finlock)."""
        lock_init(self.finlock, LockRank.FIN)


def fin_block_len(config: "Config") -> int:
    """runtime/mfinal.go finblock: entries of a block, each of five words."""
    return (FIN_BLOCK_SIZE - 2 * config.ptr_size - 2 * 4) // (5 * config.ptr_size)


def queuefinalizer(h: "Mheap", p: int, fn: int, nret: int, fint: Any, ot: Any) -> None:
    """runtime/mfinal.go queuefinalizer: fn will be called with the address p.

    Throws while the collector runs: it scans the queue but once.
    """
    if h.runtime.gcphase != GC_OFF:
        throw("queuefinalizer during GC")

    f = h.runtime.finalizers
    lock(f.finlock)
    finq = f.finq
    if finq is None or finq.cnt == len(finq.fin):
        block = f.finc
        if block is None:
            persistentalloc(h, FIN_BLOCK_SIZE, 0, h.runtime.memstats.gc_misc_sys)
            block = Finblock()
            block.fin = PlainArray(fin_block_len(h.config), None)
            f.finc = block
            block.alllink = f.allfin
            f.allfin = block
        f.finc = block.next
        block.next = finq
        f.finq = finq = block
    finq.fin[finq.cnt] = Finalizer(fn, p, nret, fint, ot)
    # The collector scans cnt entries.
    atomic.xadd(finq, "cnt", 1)
    unlock(f.finlock)
    f.fing_status.or_(FING_WAKE)


def iterate_finq(h: "Mheap", callback: Callable[[Finalizer], None]) -> None:
    """runtime/mfinal.go iterate_finq: calls back for each finalizer that is still to be run."""
    fb = h.runtime.finalizers.allfin
    while fb is not None:
        for i in range(fb.cnt):
            f = fb.fin[i]
            if f is not None:
                callback(f)
        fb = fb.alllink


def runfinq(h: "Mheap", call: Callable[[int, int], None]) -> int:
    """runtime/mfinal.go runfinq: a pass of its loop, call(fn, address) for each; how many there were.

    Within a block the last that was queued comes first.
    """
    f = h.runtime.finalizers
    lock(f.finlock)
    fb = f.finq
    f.finq = None
    unlock(f.finlock)
    count = 0
    while fb is not None:
        for i in range(fb.cnt, 0, -1):
            entry = fb.fin[i - 1]
            if entry is None or entry.fint is None:
                throw("missing type in runfinq")
            f.fing_status.or_(FING_RUNNING_FINALIZER)
            call(entry.fn, entry.arg)
            f.fing_status.and_(u32(~FING_RUNNING_FINALIZER))
            # What it refers to may be collected from now on.
            fb.fin[i - 1] = None
            atomic.store(fb, "cnt", i - 1)
            count += 1
        following = fb.next
        lock(f.finlock)
        fb.next = f.finc
        f.finc = fb
        unlock(f.finlock)
        fb = following
    return count
