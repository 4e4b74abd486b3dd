"""The oracles of a session, one process for each program, and how much to compare."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from golang.oracle import Oracle, build_oracle
from golang.toolchain import find_go
from harness.recording import BUILD
from proofs.runtime.differential.compare import Differential

OPERATIONS = 50_000
NIGHTLY_OPERATIONS = 1_000_000


class Oracles:
    """Makes an oracle when it is first asked for. Raises GoMissing without a Go."""

    def __init__(self) -> None:
        self._made: dict[Path, Oracle] = {}

    def get(self, kind: type[Differential]) -> Oracle:
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
def operations(pytestconfig: pytest.Config) -> int:
    """The operations to compare, over all subjects."""
    return NIGHTLY_OPERATIONS if pytestconfig.getoption("nightly") else OPERATIONS
