"""The machine underneath the port, in its plain binding: single-threaded, full speed.

Port modules import everything they need of the machine from here, so that an engine can bind the
same source to another machine by substituting this one module.
"""

from impl.rt import atomics as atomic
from impl.rt.access import Access, Const, Mixed, Plain, Racy
from impl.rt.arrays import MixedArray, PlainArray, RacyArray
from impl.rt.atomics import Atomic
from impl.rt.errors import Throw, throw
from impl.rt.intrinsics import ones_count64, trailing_zeros64
from impl.rt.locks import LockRank, Mutex, assert_lock_held, lock, lock_init, unlock
from impl.rt.struct import Struct
from impl.rt.words import U32_MAX, U64_MAX, u8, u16, u32, u64, uintptr

__all__ = [
    "U32_MAX",
    "U64_MAX",
    "Access",
    "Atomic",
    "Const",
    "LockRank",
    "Mixed",
    "MixedArray",
    "Mutex",
    "Plain",
    "PlainArray",
    "Racy",
    "RacyArray",
    "Struct",
    "Throw",
    "assert_lock_held",
    "atomic",
    "lock",
    "lock_init",
    "ones_count64",
    "osyield",
    "publication_barrier",
    "throw",
    "trailing_zeros64",
    "u8",
    "u16",
    "u32",
    "u64",
    "uintptr",
    "unlock",
]


def publication_barrier() -> None:
    """Orders earlier stores before later ones; nothing to do with a single thread."""


def osyield() -> None:
    """A spinning thread gives way. With a single thread the wait would never end."""
    throw("osyield with no other thread to wait for")
