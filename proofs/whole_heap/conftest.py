"""How much is tried: a part in each run, more in the night."""

import os

import pytest

from golang.errors import CannotCheck

PROGRAMS = 100
"""How many runs of the miniature are tried if MHEAP_PROGRAMS does not say so."""


@pytest.fixture(scope="session")
def more() -> int:
    """By how much the numbers of runs are multiplied; the nightly run sets MHEAP_PROGRAMS."""
    given = os.environ.get("MHEAP_PROGRAMS", str(PROGRAMS))
    if not given.isdecimal() or int(given) < PROGRAMS:
        raise CannotCheck(
            f"MHEAP_PROGRAMS={given}",
            f"it is no number from {PROGRAMS} on",
            "leave it unset, or ask for more",
        )
    return int(given) // PROGRAMS
