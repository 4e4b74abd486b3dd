"""How much is tried: more in the night."""

import pytest


@pytest.fixture(scope="session")
def more(pytestconfig: pytest.Config) -> int:
    """By how much the numbers of runs are multiplied."""
    return 20 if pytestconfig.getoption("nightly") else 1
