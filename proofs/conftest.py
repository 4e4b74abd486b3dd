"""Makes every test under this folder an obligation; see `checker.plugin`."""

import pytest

from checker.plugin import (
    configure,
    judge,
    pytest_addoption,
    pytest_collection_finish,
    pytest_itemcollected,
    pytest_make_collect_report,
    pytest_report_teststatus,
    pytest_runtest_call,
    pytest_runtest_makereport,
    pytest_sessionfinish,
    pytest_terminal_summary,
)
from golang.errors import CannotCheck
from golang.toolchain import find_go
from harness.recording import recorder
from proofs.rerun import program

__all__ = [
    "judge",
    "pytest_addoption",
    "pytest_collection_finish",
    "pytest_configure",
    "pytest_itemcollected",
    "pytest_make_collect_report",
    "pytest_report_teststatus",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "recorder",
]


def pytest_configure(config: pytest.Config) -> None:
    configure(
        config,
        replay_command="mheap replay",
        others={"go": _go_version()},
        reproduce=program,
    )


def _go_version() -> str | None:
    """The release of Go the proofs would use, None if there is none that they can use."""
    try:
        return find_go().version
    except CannotCheck:
        return None
