"""Slices of the explored substrate: the plain one's meaning, with places that races are found on."""

from functools import partial
from typing import Any

import pytest

from checker.interleaving.observe import View
from checker.interleaving.races import find_races
from checker.interleaving.scenario import Outcome, Scenario, Setup
from checker.interleaving.search import explore
from checker.interleaving.values import Unsupported
from tests.checker.interleaving.programs import load

SHARED = """
class Shared(Struct):
    m: Mutex
    t: Atomic[int]
    s: Plain[PlainSlice[int]] = PlainSlice()

def put(x, value):
    lock(x.m)
    x.s = append(x.s, value)
    unlock(x.m)

def take(x):
    lock(x.m)
    n = len(x.s) - 1
    value = x.s[n]
    x.s = x.s.upto(n)
    unlock(x.m)
    return value

def total(x):
    lock(x.m)
    seen = x.s
    unlock(x.m)
    found = 0
    for value in seen:
        found = found * 10 + value
        x.t.add(1)
    return found
"""

AS_TUPLES = (
    SHARED.replace("PlainSlice()", "()")
    .replace("PlainSlice[int]", "tuple[int, ...]")
    .replace("append(x.s, value)", "(*x.s, value)")
    .replace("x.s.upto(n)", "x.s[:n]")
)


def run(program: str, threads: list[list[tuple[str, int]]], final: Any = None) -> Any:
    return explore(scenario(threads, final), load(program))


def scenario(threads: list[list[tuple[str, int]]], final: Any = None) -> Scenario:
    def setup(port: Any) -> Setup:
        x = port.Shared()
        port.put(x, 1)
        calls = [
            [partial(getattr(port, name), x, *([value] if value else [])) for name, value in each]
            for each in threads
        ]
        return Setup([(f"T{t}", each) for t, each in enumerate(calls)], {"x": x})

    return Scenario("slices", setup, final=final)


GROWING = [[("put", 2)], [("put", 3)], [("total", 0)]]
SHRINKING = [[("put", 2), ("take", 0)], [("put", 3)]]


def test_a_slice_with_a_lock_has_the_states_of_a_tuple_with_a_lock() -> None:
    slices, tuples = run(SHARED, GROWING), run(AS_TUPLES, GROWING)
    assert slices.violation is None
    assert (slices.states, slices.interleavings) == (tuples.states, tuples.interleavings)
    assert slices.outcomes == tuples.outcomes


def test_what_was_cut_off_is_still_in_memory() -> None:
    slices, tuples = run(SHARED, SHRINKING), run(AS_TUPLES, SHRINKING)
    assert slices.violation is None
    assert slices.interleavings == tuples.interleavings
    assert slices.outcomes == tuples.outcomes
    assert slices.states > tuples.states


def test_a_snapshot_that_is_read_while_others_cut_and_append_is_a_race() -> None:
    result = run(SHARED, [*SHRINKING, [("total", 0)]])
    assert result.violation is not None
    assert result.violation.message.startswith("SliceArray#2[1] was written by T1")
    assert run(AS_TUPLES, [*SHRINKING, [("total", 0)]]).violation is None


def test_appending_without_the_lock_is_a_race() -> None:
    careless = SHARED.replace(
        "    lock(x.m)\n    x.s = append(x.s, value)\n    unlock(x.m)\n",
        "    x.s = append(x.s, value)\n",
    )
    result = run(careless, [[("put", 2)], [("put", 3)]])
    assert result.violation is not None
    assert result.violation.kind == "data race"
    places = {
        each.place
        for each in find_races(scenario([[("put", 2)], [("put", 3)]]), load(careless)).races
    }
    assert "x.s" in places


def test_elements_of_a_snapshot_are_read_beside_an_append_but_not_beside_a_write() -> None:
    writes = SHARED + "\ndef write(x):\n    lock(x.m)\n    x.s[0] = 5\n    unlock(x.m)\n"
    assert run(writes, [[("put", 2)], [("total", 0)]]).violation is None
    result = run(writes, [[("write", 0)], [("total", 0)]])
    assert result.violation is not None
    assert result.violation.kind == "data race"


def test_a_view_reads_a_slice() -> None:
    seen = set()

    def final(view: View, _: Outcome) -> None:
        held = view.get(view["x"], "s")
        assert view.get(view["x"], "s", 0) == 1
        seen.add(view.elements(held))

    assert run(SHARED, [[("put", 2)], [("put", 3)]], final).violation is None
    assert seen == {(1, 2, 3), (1, 3, 2)}


@pytest.mark.parametrize(
    ("error", "body"),
    [
        ("searched inside an operation", "return 1 in x.s"),
        ("iterated inside an operation", "return (*x.s, 1)"),
        ("iterated inside an operation", "return tuple(x.s)"),
    ],
)
def test_what_reads_many_elements_at_once_is_refused(error: str, body: str) -> None:
    with pytest.raises(Unsupported, match=error):
        run(f"{SHARED}\ndef f(x):\n    {body}\n", [[("f", 0)]])


@pytest.mark.parametrize("body", ["x.s[1]", "x.s[-1]", "x.s.upto(2)"])
def test_an_index_out_of_range_is_an_error_of_the_program(body: str) -> None:
    result = run(f"{SHARED}\ndef f(x):\n    return {body}\n", [[("f", 0)]])
    assert result.violation is not None
    assert "IndexError" in str(result.violation)
