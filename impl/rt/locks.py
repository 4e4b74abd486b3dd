"""Mutexes with Go's lock ranks (runtime/lockrank.go), checked at every acquisition.

The plain binding is single-threaded: taking a held mutex is a self-deadlock, and taking a mutex
whose rank is not above every rank already held breaks the lock order.
"""

from enum import IntEnum

from impl.rt.errors import throw


class LockRank(IntEnum):
    """The ranks of the page heap's locks, in the order in which they may be nested."""

    UNKNOWN = 0
    SWEEP = 1
    SPAN_SET_SPINE = 2
    MSPAN_SPECIAL = 3
    GC_BITS_ARENAS = 4
    MHEAP_SPECIAL = 5
    MHEAP = 6


class Mutex:
    """A runtime mutex. `rank` is set by lock_init; UNKNOWN is exempt from ordering, as in Go."""

    __slots__ = ("held", "rank")

    def __init__(self) -> None:
        self.held = False
        self.rank = LockRank.UNKNOWN


_held: list[Mutex] = []


def lock_init(mutex: Mutex, rank: LockRank) -> None:
    mutex.rank = rank


def lock(mutex: Mutex) -> None:
    """Takes the mutex. Throws on self-deadlock and on a breach of the lock order."""
    if mutex.held:
        throw("self deadlock")
    for other in _held:
        if LockRank.UNKNOWN not in (mutex.rank, other.rank) and other.rank >= mutex.rank:
            throw("lock ordering problem")
    mutex.held = True
    _held.append(mutex)


def unlock(mutex: Mutex) -> None:
    if not mutex.held:
        throw("unlock of unlocked lock")
    mutex.held = False
    _held.remove(mutex)


def forget_held() -> None:
    """Starts anew after a throw: in Go the thread that threw is gone, and its locks with it."""
    for mutex in _held:
        mutex.held = False
    _held.clear()


def assert_lock_held(mutex: Mutex) -> None:
    if not mutex.held:
        throw("not holding required lock!")
