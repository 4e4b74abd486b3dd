"""Fixtures of the port's tests."""

from collections.abc import Iterator

import pytest

from impl.config import MINIATURE
from impl.mheap import Mheap
from impl.rt import M, run_on
from impl.rt.thread import start_anew
from tests.impl.port_heap import heap_of


@pytest.fixture
def h() -> Mheap:
    return heap_of(MINIATURE)


@pytest.fixture(autouse=True)
def _no_lock_survives_a_throw() -> Iterator[None]:
    """A throw ends the program in Go, locks held or not; the next test starts with none.

    Its thread is a fresh one, too.
    """
    with run_on(M()):
        yield
    start_anew()
