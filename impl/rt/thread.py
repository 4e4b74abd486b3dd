"""The running thread: what Go reaches through getg().

The plain binding has one processor that runs whichever thread was chosen last. A thread needs no
processor of its own (a P) to run the heap's code; without one it does without the P's caches.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from impl.rt.access import Plain
from impl.rt.locks import forget_held
from impl.rt.struct import Struct


class M(Struct):
    """runtime/runtime2.go m: a thread; p is the P it holds or None, locks counts what pins it.

    on_system_stack says that it runs on its own stack (g0 in Go), where it can't be preempted.
    """

    p: Plain[Any] = None
    locks: Plain[int] = 0
    mallocing: Plain[int] = 0
    on_system_stack: Plain[bool] = True


_running: list[M] = [M()]


def getm() -> M:
    """runtime/runtime2.go g.m: the thread that runs this code."""
    return _running[-1]


@contextmanager
def run_on(m: M) -> Iterator[M]:
    """Lets thread m run the code within the block."""
    _running.append(m)
    try:
        yield m
    finally:
        _running.pop()


def start_anew() -> None:
    """Goes on where a throw has ended the program: no lock is held, nothing pins the thread."""
    forget_held()
    m = getm()
    m.locks = 0
    m.mallocing = 0
