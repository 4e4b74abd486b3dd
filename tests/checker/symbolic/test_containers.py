"""Containers with symbolic keys behave like Python's."""

import pytest

from checker.symbolic import Engine, prove, sample
from checker.symbolic.containers import ByIndex, ByKey


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


def test_list_reads_and_writes_at_a_symbolic_index() -> None:
    def harness(e: Engine) -> None:
        values = [e.word(f"v{i}", 0, 255) for i in range(4)]
        i, j = e.integer("i", 0, 3), e.integer("j", 0, 3)
        array = ByIndex(values)
        before = array[j]
        array[i] = 7
        e.check(array[i] == 7, "written")
        if i != j:
            e.check(array[j] == before, "others stay")

    outcome = prove(harness)
    assert outcome.status == "proved", outcome.text()
    assert outcome.paths <= 4, "no fork per index"
    assert sample(harness).status == "sampled"


@pytest.mark.parametrize("index", [-1, 4])
def test_index_out_of_range_is_an_error(index: int) -> None:
    array = ByIndex([0, 0, 0, 0])
    with pytest.raises(IndexError):
        array[index]
    with pytest.raises(IndexError):
        array[index] = 1
    assert len(array) == 4


def test_symbolic_index_out_of_range_is_found() -> None:
    def harness(e: Engine) -> None:
        e.check(ByIndex([0, 0])[e.integer("i", 0, 2)] == 0, "zero")

    outcome = prove(harness)
    assert outcome.status == "refuted"
    assert outcome.failure is not None
    assert outcome.failure.label.startswith("raises IndexError")
