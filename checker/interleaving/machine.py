"""The explored machine: the names a port imports from its machine, rebound for the explorer.

    Binding("impl", machine=EXPLORED, transform=normal_form)

Every shared access then suspends the thread, and whoever drives it decides the answer. Access
classes are read off the annotations by the value of their mark ("plain", "racy", "mixed", "const"),
so that this package needs nothing of the package it explores.
"""

from typing import Any

from checker.interleaving.requests import Kind, Request, host
from checker.interleaving.structs import Struct
from checker.interleaving.words import (
    Atomic,
    MixedArray,
    Mutex,
    PlainArray,
    RacyArray,
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


EXPLORED: dict[str, Any] = {
    "Atomic": Atomic,
    "MixedArray": MixedArray,
    "Mutex": Mutex,
    "PlainArray": PlainArray,
    "RacyArray": RacyArray,
    "Struct": Struct,
    "assert_lock_held": assert_lock_held,
    "atomic": atomic,
    "lock": lock,
    "lock_init": lock_init,
    "osyield": osyield,
    "publication_barrier": publication_barrier,
    "unlock": unlock,
}
