"""The explored substrate: the names of `checker.shared`, rebound for the explorer.

    port = explored("ticket_lock")      # the package, every shared access of which is now a step

Every shared access suspends the thread, and whoever drives it decides the answer. Access classes
are read off the annotations by the value of their mark ("plain", "racy", "mixed", "const"), so that
a package may bring a substrate of its own, with more names or with others: see `Binding`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from checker.binding import Binding, Edit
from checker.interleaving.arrays import MixedArray, PlainArray, RacyArray
from checker.interleaving.cells import Atomic, atomic, fence, spin
from checker.interleaving.locks import UNORDERED, Locks, Mutex, set_rank
from checker.interleaving.normalform import normal_form
from checker.interleaving.requests import Local
from checker.interleaving.slices import PlainSlice, append
from checker.interleaving.structs import Struct


def substrate(locks: Locks = UNORDERED) -> dict[str, Any]:
    """The names of the explored substrate; `locks` says how its mutexes are taken."""
    return {
        "Atomic": Atomic,
        "Local": Local,
        "MixedArray": MixedArray,
        "Mutex": Mutex,
        "PlainArray": PlainArray,
        "PlainSlice": PlainSlice,
        "RacyArray": RacyArray,
        "Struct": Struct,
        "append": append,
        "assert_held": locks.assert_held,
        "atomic": atomic,
        "fence": fence,
        "lock": locks.lock,
        "set_rank": set_rank,
        "spin": spin,
        "unlock": locks.unlock,
    }


def explored(
    package: str,
    edits: Sequence[Edit] = (),
    stand_ins: Mapping[str, str] | None = None,
    locks: Locks = UNORDERED,
) -> Binding:
    """A package that keeps what its threads share in `checker.shared`, bound for the explorer."""
    return Binding(
        package, substrate(locks), edits, normal_form, stand_ins, replaces="checker.shared"
    )
