"""The explored substrate of the port: what the checker explores, in the shapes and words of Go.

    Binding("impl", EXPLORED, transform=normal_form)

The names are those of `impl.rt`.
"""

from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any, NoReturn

from checker.interleaving.arrays import MixedArray, PlainArray, RacyArray
from checker.interleaving.cells import Atomic, Cell, fence, spin
from checker.interleaving.cells import atomic as words
from checker.interleaving.locks import Locks, Mutex, set_rank
from checker.interleaving.requests import Local, host, interned, rely_on
from checker.interleaving.slices import PlainSlice, append
from checker.interleaving.structs import Struct
from checker.interleaving.values import Thing, Unsupported
from checker.shared import Plain
from harness.assumptions import MEMORY_ON_REQUEST
from impl.rt.locks import LOCK_PARTIAL_ORDER


class Tally(Cell):
    """A word of statistics, which is not kept: nothing depends on it, as no answer tells of it."""

    __slots__ = ()

    def load(self) -> NoReturn:
        raise Unsupported(f"{self} is read: nothing but reports may, or declare it Atomic")

    def store(self, value: int) -> None:
        pass

    def add(self, delta: int) -> None:
        pass


class StatMutex(Mutex):
    """A mutex of statistics only: it guards nothing that is kept, so taking it is no step."""

    __slots__ = ()
    excludes = False


LOCKS = Locks(
    order=LOCK_PARTIAL_ORDER,
    taken_twice="self deadlock",
    out_of_order="lock ordering problem",
    not_taken="unlock of unlocked lock",
    not_held="not holding required lock!",
)
"""Go's lock order, and the texts of its lock rank checker."""


class M(Struct):
    """A thread as the port sees itself; it has no processor unless the scenario gives it one."""

    p: Plain[Any] = None
    locks: Plain[int] = 0
    mallocing: Plain[int] = 0
    on_system_stack: Plain[bool] = True


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

    States and contents of memory are checked on the plain substrate; here only addresses count. The
    system may choose one while the setup runs, never while threads do.
    """

    def __init__(self, page_size: int, addr_bits: int) -> None:
        self._page_size = page_size
        self._next = 1 << addr_bits  # beyond the heap's

    def reserve(self, v: int, n: int) -> int:
        """The address that was asked for, or one of the system's choice if it is 0."""
        rely_on(MEMORY_ON_REQUEST)
        return v or self.alloc(n)

    def alloc(self, n: int) -> int:
        """Memory at an address of the system's choice."""
        if host().creator:
            raise Unsupported("the system is to choose an address: have the setup get that memory")
        v = self._next
        self._next += -(-n // self._page_size) * self._page_size
        return v

    def _nothing(self, _v: int, _n: int) -> None:
        """Memory changes its state, or is touched."""
        rely_on(MEMORY_ON_REQUEST)

    map = used = unused = fault = free = _nothing
    huge_page = no_huge_page = _nothing
    write = zero = read = check_zero = _nothing


atomic = SimpleNamespace(
    load=words.load,
    store=words.store,
    cas=words.compare_and_swap,
    xadd=words.add,
    load8=words.load,
    loadp=words.load,
    storep=words.store,
    or8=words.or_,
    and8=words.and_,
    load64=words.load,
    store64=words.store,
    or64=words.or_,
    and64=words.and_,
)
"""The functions of runtime/internal/atomic, by their names there."""


def substrate(locks: Locks = LOCKS) -> dict[str, Any]:
    """The names of `impl.rt`, for the explorer."""
    return {
        "AddressSpace": AddressSpace,
        "Atomic": Atomic,
        "Local": Local,
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
        "assert_lock_held": locks.assert_held,
        "atomic": atomic,
        "getm": getm,
        "lock": locks.lock,
        "lock_init": set_rank,
        "osyield": spin,
        "publication_barrier": fence,
        "run_on": run_on,
        "unlock": locks.unlock,
    }


EXPLORED = substrate()
