"""The oracles of a session, one process for each program, and how much to compare."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from golang.errors import CannotCheck
from golang.oracle import Oracle, build_oracle
from golang.toolchain import find_go
from proofs.differential.compare import Subject
from proofs.recording import BUILD

OPERATIONS = 50_000
"""How many operations are compared if MHEAP_OPERATIONS does not say so, over all subjects."""


class Oracles:
    """Makes an oracle when it is first asked for. Raises GoMissing without a Go."""

    def __init__(self) -> None:
        self._made: dict[Path, Oracle] = {}

    def get(self, kind: type[Subject]) -> Oracle:
        """The session's oracle for this subject."""
        program = build_oracle(find_go(), BUILD / "go", kind.edits)
        if program not in self._made:
            self._made[program] = Oracle(program)
        return self._made[program]

    def close(self) -> None:
        """Ends the processes."""
        for each in self._made.values():
            each.close()


@pytest.fixture(scope="session")
def oracles() -> Iterator[Oracles]:
    made = Oracles()
    yield made
    made.close()


@pytest.fixture(scope="session")
def operations() -> int:
    """The operations to compare, over all subjects; the nightly run sets MHEAP_OPERATIONS."""
    given = os.environ.get("MHEAP_OPERATIONS", str(OPERATIONS))
    if not given.isdecimal() or int(given) < OPERATIONS:
        raise CannotCheck(
            f"MHEAP_OPERATIONS={given}",
            f"it is no number from {OPERATIONS} on",
            "leave it unset, or ask for more",
        )
    return int(given)
