"""Containers with symbolic keys behave like Python's."""

import pytest

from checker.symbolic import Engine, prove, sample
from checker.symbolic.containers import ByKey


def test_lookup_forks_over_the_entries() -> None:
    def harness(e: Engine) -> None:
        key = e.integer("key", 0, 9)
        table = ByKey([(2, "two"), (key + 1, "next")])
        e.check(table[key + 1] == ("two" if key == 1 else "next"), "first match")
        e.check(table.get(key + 20) is None, "absent")

    assert prove(harness).status == "proved"
    assert sample(harness).status == "sampled"
    with pytest.raises(KeyError):
        ByKey([])[3]
