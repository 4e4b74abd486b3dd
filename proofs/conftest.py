"""What the plugin has to know of these proofs; see `checker.plugin`."""

import pytest

from checker.settings import Settings
from golang.errors import CannotCheck
from golang.toolchain import find_go
from harness.means import means
from proofs.rerun import program


def pytest_obligation_settings(config: pytest.Config) -> Settings:  # noqa: ARG001  # asked by name
    """How to replay a counterexample, and with which Go."""
    return Settings(
        replay_command="mheap replay",
        others={"go": _go_version()},
        reproduce=program,
        means=means,
    )


def _go_version() -> str | None:
    """The release of Go the proofs would use, None if there is none that they can use."""
    try:
        return find_go().version
    except CannotCheck:
        return None
