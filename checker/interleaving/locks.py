"""Mutexes of the explored substrate, and the rules for taking them.

The rules are checked on the locks a thread holds, which are part of its local state: taking one
twice, taking two against an order, or giving back one that is not held raises LockError.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from checker.interleaving.cells import Cell, refuse_to_wait
from checker.interleaving.requests import Kind, Request, host
from checker.interleaving.values import Thing, Unsupported

LockOrder = Mapping[int, Collection[int]]
"""For each rank, the ranks that may be held when a mutex of that rank is taken."""


class Mutex(Cell):
    """A mutex; its memory holds the name of the thread that has it, or None."""

    __slots__ = ()
    zero = None
    excludes = True
    """A subclass for mutexes that guard nothing that is kept may say no: taking one is no step.

    Whoever holds one may not wait for anything, or a deadlock would go unseen.
    """

    @property
    def _rank(self) -> int:
        return int(self._constants.get("rank", 0))


class LockError(Exception):
    """A breach of the locking rules: `text` says which, the message also whose."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"{text}: {why}")
        self.text = text


def set_rank(mutex: Mutex, rank: int) -> None:
    """Gives a mutex its place in the order; it is 0 otherwise."""
    if mutex._constants.setdefault("rank", rank) != rank:
        raise Unsupported(f"{mutex} is given two ranks: {mutex._rank} and {rank}")


@dataclass(frozen=True, eq=False)
class Locks(Thing):
    """The operations on mutexes, the order they keep to if there is one, and what a breach says."""

    order: LockOrder | None = None
    taken_twice: str = "a mutex is taken twice"
    out_of_order: str = "a mutex is taken out of order"
    not_taken: str = "a mutex is given back that was not taken"
    not_held: str = "a mutex is not held"

    def lock(self, mutex: Mutex) -> None:
        running = host()
        if mutex in running.held:
            raise LockError(self.taken_twice, f"{mutex} is taken twice")
        for other in running.held:
            if self.order is not None and other._rank not in self.order[mutex._rank]:
                raise LockError(self.out_of_order, f"{mutex} is taken after {other}")
        if mutex.excludes:
            refuse_to_wait(running)
            running.ask(Request(Kind.LOCK, mutex._place))
        running.held = (*running.held, mutex)

    def unlock(self, mutex: Mutex) -> None:
        running = host()
        if mutex not in running.held:
            raise LockError(self.not_taken, f"{mutex} is not held by this thread")
        if mutex.excludes:
            running.ask(Request(Kind.UNLOCK, mutex._place))
        running.held = tuple(each for each in running.held if each is not mutex)

    def assert_held(self, mutex: Mutex) -> None:
        if mutex not in host().held:
            raise LockError(self.not_held, f"{mutex} is not held by this thread")


UNORDERED = Locks()
"""Mutexes may be taken in any order."""
