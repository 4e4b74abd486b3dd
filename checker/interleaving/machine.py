"""The explored machine: the names a port imports from its machine, rebound for the explorer.

    Binding("impl", machine=EXPLORED, transform=normal_form)

Every shared access then suspends the thread, and whoever drives it decides the answer. Access
classes are read off the annotations by the value of their mark ("plain", "racy", "mixed", "const"),
so that this package needs nothing of the package it explores.
"""

from contextlib import AbstractContextManager
from typing import Annotated, Any

from checker.interleaving.requests import Kind, Request, host, interned
from checker.interleaving.structs import Struct
from checker.interleaving.values import Thing, Unsupported
from checker.interleaving.words import (
    Atomic,
    MixedArray,
    Mutex,
    PlainArray,
    PlainSlice,
    RacyArray,
    StatMutex,
    Tally,
    append,
    assert_lock_held,
    atomic,
    lock,
    lock_init,
    unlock,
)


def publication_barrier() -> None:
    """Orders earlier stores before later ones."""
    host().ask(Request(Kind.FENCE))


def osyield() -> None:
    """A thread that waits for another gives way; not a step, since it changes nothing."""
    host().ask(Request(Kind.SPIN))


class _Mark:
    """The mark of a field of the machine's own structs."""

    value = "plain"


_Plain = Annotated[Any, _Mark()]


class M(Struct):
    """A thread as the port sees itself; it has no processor unless the scenario gives it one."""

    p: _Plain = None
    locks: _Plain = 0
    mallocing: _Plain = 0
    on_system_stack: _Plain = True


def getm() -> Any:
    """The thread that asks; in the setup, a thread of its own."""
    running = host()
    who = running.creator or "setup"
    label, key = f"{who}.m", (who, "getm")
    return interned(running, key, label, M, ())


def run_on(m: M) -> AbstractContextManager[M]:
    raise Unsupported(f"{m}: the explorer decides who runs: make it a thread of the scenario")


class AddressSpace(Thing):
    """The operating system's memory, which always does as it is told.

    States and contents of memory are checked on the plain machine; here only addresses count. The
    system may choose one while the setup runs, never while threads do.
    """

    def __init__(self, page_size: int, addr_bits: int) -> None:
        self._page_size = page_size
        self._next = 1 << addr_bits  # beyond the heap's

    def reserve(self, v: int, n: int) -> int:
        """The address that was asked for, or one of the system's choice if it is 0."""
        return v or self.alloc(n)

    def alloc(self, n: int) -> int:
        """Memory at an address of the system's choice."""
        if host().creator:
            raise Unsupported("the system is to choose an address: have the setup get that memory")
        v = self._next
        self._next += -(-n // self._page_size) * self._page_size
        return v

    def _nothing(self, v: int, n: int) -> None:
        """Memory changes its state, or is touched."""

    map = used = unused = fault = free = _nothing
    huge_page = no_huge_page = _nothing
    write = zero = read = check_zero = _nothing


EXPLORED: dict[str, Any] = {
    "AddressSpace": AddressSpace,
    "Atomic": Atomic,
    "M": M,
    "MixedArray": MixedArray,
    "Mutex": Mutex,
    "PlainArray": PlainArray,
    "PlainSlice": PlainSlice,
    "RacyArray": RacyArray,
    "SparseMixedArray": MixedArray,
    "SparsePlainArray": PlainArray,
    "SparseRacyArray": RacyArray,
    "StatMutex": StatMutex,
    "Struct": Struct,
    "Tally": Tally,
    "append": append,
    "assert_lock_held": assert_lock_held,
    "atomic": atomic,
    "getm": getm,
    "lock": lock,
    "lock_init": lock_init,
    "osyield": osyield,
    "publication_barrier": publication_barrier,
    "run_on": run_on,
    "unlock": unlock,
}
