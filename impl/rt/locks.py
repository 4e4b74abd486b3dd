"""Mutexes with Go's lock ranks (runtime/lockrank.go), checked at every acquisition.

The plain binding is single-threaded: taking a held mutex is a self-deadlock, and taking a mutex
that may not be taken under one already held breaks the lock order.
"""

from enum import IntEnum

from impl.rt.errors import throw


class LockRank(IntEnum):
    """The ranks of the locks that the page heap takes, in Go's order (runtime/lockrank.go lockRank)."""

    UNKNOWN = 0
    SCAVENGE = 1
    SWEEP_WAITERS = 2
    SWEEP = 3
    SCHED = 4
    USER_ARENA_STATE = 5
    FIN = 6
    SPAN_SET_SPINE = 7
    MSPAN_SPECIAL = 8
    GC_BITS_ARENAS = 9
    PROF_INSERT = 10
    PROF_MEM_ACTIVE = 11
    STACKPOOL = 12
    STACK_LARGE = 13
    WBUF_SPANS = 14
    MHEAP = 15
    MHEAP_SPECIAL = 16
    GLOBAL_ALLOC = 17


def _partial_order() -> dict[int, frozenset[int]]:
    """runtime/lockrank.go lockPartialOrder: the ranks that may be held when a rank is taken.

    A mutex without a rank is a leaf (runtime/lockrank_on.go checkRanks): it comes after any other.
    """
    rank = LockRank
    outermost = {rank.SCAVENGE, rank.SWEEP_WAITERS, rank.SWEEP, rank.USER_ARENA_STATE}
    first = outermost | {rank.SCHED}
    records = {rank.FIN, rank.SPAN_SET_SPINE, rank.MSPAN_SPECIAL}
    records |= {rank.PROF_INSERT, rank.PROF_MEM_ACTIVE}
    stacks = {rank.STACKPOOL, rank.STACK_LARGE, rank.WBUF_SPANS}
    malloc = first | records | {rank.GC_BITS_ARENAS}
    order: dict[int, frozenset[int]] = dict.fromkeys(outermost, frozenset())
    order[rank.SCHED] = frozenset({rank.SCAVENGE, rank.SWEEP_WAITERS, rank.SWEEP})
    order |= dict.fromkeys(records, frozenset(first))
    order[rank.GC_BITS_ARENAS] = frozenset(first | {rank.MSPAN_SPECIAL})
    order |= dict.fromkeys(stacks, frozenset(malloc))
    order[rank.MHEAP] = frozenset(malloc | stacks)
    order[rank.MHEAP_SPECIAL] = frozenset(malloc | stacks | {rank.MHEAP})
    order[rank.GLOBAL_ALLOC] = frozenset(malloc | stacks | {rank.MHEAP, rank.MHEAP_SPECIAL})
    order[rank.UNKNOWN] = frozenset(order)
    return order


LOCK_PARTIAL_ORDER = _partial_order()
"""For each rank, the ranks that may already be held when it is taken; no rank may be held twice."""


class Mutex:
    """A runtime mutex. `rank` is set by lock_init; without it the mutex is a leaf, as in Go."""

    __slots__ = ("held", "rank")

    def __init__(self) -> None:
        self.held = False
        self.rank = LockRank.UNKNOWN


class StatMutex(Mutex):
    """A mutex that guards statistics only (Tally); the explored substrate has no use for it."""

    __slots__ = ()


_held: list[Mutex] = []


def lock_init(mutex: Mutex, rank: LockRank) -> None:
    mutex.rank = rank


def lock(mutex: Mutex) -> None:
    """Takes the mutex. Throws on self-deadlock and on a breach of the lock order."""
    if mutex.held:
        throw("self deadlock")
    for other in _held:
        if other.rank not in LOCK_PARTIAL_ORDER[mutex.rank]:
            throw("lock ordering problem")
    mutex.held = True
    _held.append(mutex)


def unlock(mutex: Mutex) -> None:
    if not mutex.held:
        throw("unlock of unlocked lock")
    mutex.held = False
    _held.remove(mutex)


def held() -> tuple[Mutex, ...]:
    """The mutexes that are held, in the order in which they were taken."""
    return tuple(_held)


def forget_held() -> None:
    """Starts anew after a throw: in Go the thread that threw is gone, and its locks with it."""
    for mutex in _held:
        mutex.held = False
    _held.clear()


def assert_lock_held(mutex: Mutex) -> None:
    if not mutex.held:
        throw("not holding required lock!")
