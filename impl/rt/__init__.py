"""The substrate underneath the port, in its plain binding: single-threaded, full speed.

Port modules import everything they need of the substrate from here, so that an engine can bind the
same source to another substrate by substituting this one module.
"""

from impl.rt import atomics as atomic
from impl.rt.access import Access, Const, Mixed, Plain, Racy
from impl.rt.arrays import (
    MixedArray,
    PlainArray,
    RacyArray,
    SparseMixedArray,
    SparsePlainArray,
    SparseRacyArray,
)
from impl.rt.atomics import Atomic, Tally
from impl.rt.errors import Panic, Throw, panic, throw
from impl.rt.integers import U32_MAX, U64_MAX, i64, u8, u16, u32, u64
from impl.rt.intrinsics import (
    leading_zeros,
    ones_count64,
    trailing_zeros,
    trailing_zeros64,
)
from impl.rt.locks import LockRank, Mutex, StatMutex, assert_lock_held, lock, lock_init, unlock
from impl.rt.memory import AddressSpace, MemoryFault, MemoryState
from impl.rt.sequences import PlainSlice, append
from impl.rt.struct import Local, Struct
from impl.rt.thread import M, getm, run_on

__all__ = [
    "U32_MAX",
    "U64_MAX",
    "Access",
    "AddressSpace",
    "Atomic",
    "Const",
    "Local",
    "LockRank",
    "M",
    "MemoryFault",
    "MemoryState",
    "Mixed",
    "MixedArray",
    "Mutex",
    "Panic",
    "Plain",
    "PlainArray",
    "PlainSlice",
    "Racy",
    "RacyArray",
    "SparseMixedArray",
    "SparsePlainArray",
    "SparseRacyArray",
    "StatMutex",
    "Struct",
    "Tally",
    "Throw",
    "append",
    "assert_lock_held",
    "atomic",
    "getm",
    "i64",
    "leading_zeros",
    "lock",
    "lock_init",
    "ones_count64",
    "osyield",
    "panic",
    "publication_barrier",
    "run_on",
    "throw",
    "trailing_zeros",
    "trailing_zeros64",
    "u8",
    "u16",
    "u32",
    "u64",
    "unlock",
]


def publication_barrier() -> None:
    """Orders earlier stores before later ones; nothing to do with a single thread."""


def osyield() -> None:
    """A spinning thread gives way. With a single thread the wait would never end."""
    throw("osyield with no other thread to wait for")
