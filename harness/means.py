"""The means of a session: the real runtime, if it is installed, and how much to sample."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from checker.verdict import Grade, Verdict
from golang.errors import GoMissing
from golang.oracle import Oracle, build_oracle
from golang.source import GoEdit
from golang.toolchain import find_go
from harness.recording import BUILD, Recorder

NIGHTLY = 20
"""By how much more is sampled in the night."""


class Means:
    """What checks may ask for. Programs are built and recordings made when they are first needed."""

    def __init__(self, nightly: bool) -> None:
        self.nightly = nightly
        self.more = NIGHTLY if nightly else 1
        self.recorder = Recorder(BUILD / "traces")
        self.closing = ExitStack()
        self._oracles: dict[Path, Oracle] = {}

    def oracle(self, edits: Sequence[GoEdit]) -> Oracle:
        """The session's oracle of the runtime with these edits. Raises GoMissing without a Go."""
        program = build_oracle(find_go(), BUILD / "go", edits)
        if program not in self._oracles:
            self._oracles[program] = self.closing.enter_context(Oracle(program))
        return self._oracles[program]


@contextmanager
def means(config: pytest.Config) -> Iterator[Means]:
    """The means of a pytest session."""
    given = Means(nightly=config.getoption("nightly"))
    with given.closing:
        yield given


def with_go(check: Callable[[], Verdict]) -> Verdict:
    """NOT_RUN if there is no Go, else what the check says."""
    try:
        return check()
    except GoMissing as missing:
        return Verdict(Grade.NOT_RUN, reason=str(missing))
