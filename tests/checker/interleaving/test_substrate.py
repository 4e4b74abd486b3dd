"""The explored substrate: the names of the plain one, and rules it does not let a port break."""

from enum import IntEnum
from functools import partial
from typing import Any

import pytest

import checker.shared
from checker.interleaving.scenario import Scenario, Setup
from checker.interleaving.search import explore
from checker.interleaving.structs import Struct
from checker.interleaving.substrate import substrate
from checker.interleaving.values import Unsupported, canonical
from tests.checker.interleaving.programs import SHARED, load, scenario


class Level(IntEnum):
    LOW = 1


def public(thing: Any) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def test_it_has_every_operation_of_the_plain_substrate() -> None:
    explored = substrate()
    same = {"Access", "Const", "Mixed", "Plain", "Racy", "Throw", "throw"}
    assert set(explored) == set(checker.shared.__all__) - same
    assert public(explored["Atomic"]) >= public(checker.shared.Atomic)
    assert public(explored["atomic"]) == public(checker.shared.atomic)


def test_objects_exist_only_in_a_scenario() -> None:
    with pytest.raises(Unsupported, match="only while a scenario"):
        Struct()


@pytest.mark.parametrize(
    ("why", "body"),
    [
        ("declare it Mixed", "atomic.load(x, 'r')"),
        ("declare it Mixed", "atomic.store(x, 'p', 1)"),
        ("declare it Plain", "x.words = None"),
        ("is written twice", "y = Shared()\n    y.words = x.words\n    y.words = None"),
        ("held by value", "x.m = None"),
        ("index it in a loop", "for w in reversed(x.words):\n        pass"),
        ("index it in a loop", "return 1 in x.words"),
        ("index it in a loop", "return x.words[0:1]"),
        ("filled inside an operation", "x.words.fill(0, 1, 2)"),
        ("of type list", "x.r = [1]"),
        ("a loop without a step", "while x.p == 0:\n        pass"),
    ],
)
def test_what_cannot_be_followed_is_refused(why: str, body: str) -> None:
    port = load(f"{SHARED}\ndef body0(x):\n    {body}\n")
    with pytest.raises(Unsupported, match=why):
        explore(scenario("refused", 1), port)


def test_objects_a_thread_makes_are_the_same_in_each_replay() -> None:
    port = load(
        SHARED
        + "def body0(x):\n    y = Shared()\n    y.words = MixedArray(1, 0)\n    y.r = x.r\n"
        + "    y.words[0] = 3\n    return y.r + y.words[0], y.a, y.t.add(2)\n"
        + "def body1(x):\n    x.r = 1\n    x.r = 2\n"
    )
    merged = explore(scenario("objects", 2), port)
    apart = explore(scenario("objects", 2), port, merge=False)
    assert merged.violation is None
    assert {outcome[0].results for outcome in merged.outcomes} == {((n, 0, 2),) for n in (3, 4, 5)}
    assert (merged.outcomes, merged.interleavings) == (apart.outcomes, apart.interleavings)


def test_a_name_follows_from_the_holder_and_never_from_a_pointer_back() -> None:
    tree = (
        "class Part(Struct):\n    whole: Const[Struct]\n    word: Atomic[int]\n"
        "class Whole(Struct):\n    inside: Part\n    outside: Const[Part]\n    again: Const[Part]\n"
    )
    places: list[Any] = []

    def setup(port: Any) -> Setup:
        whole, part = port.Whole(), port.Part()
        places.extend([whole.inside.word, part.word, whole])
        assert str(part.word) == "Part#2.word"
        whole.outside = whole.again = part
        part.whole = whole.inside.whole = whole
        assert [str(each) for each in places] == [
            "Whole#1.inside.word",
            "Whole#1.outside.word",
            "Whole#1",
        ]
        return Setup([("T", partial(port.body0))], {"w": whole})

    explore(Scenario("names", setup), load(f"{tree}def body0():\n    return 0\n"))
    assert [str(each) for each in places] == ["w.inside.word", "w.outside.word", "w"]


def test_values_that_only_compare_equal_are_told_apart() -> None:
    assert canonical(True) != canonical(1)
    assert canonical(Level.LOW) != canonical(1)
    assert canonical((1, (True,))) == canonical((1, (True,))) != canonical((1, (1,)))
    port = load(
        SHARED
        + "def body0(x):\n    return type(x.r)\n"
        + "def body1(x):\n    x.r = 1\n    x.r = True\n    x.r = 1.0\n"
    )
    kinds = {outcome[0].results[0] for outcome in explore(scenario("types", 2), port).outcomes}
    assert kinds == {int, bool, float}


def test_an_object_is_not_made_twice_where_two_paths_meet() -> None:
    port = load(
        SHARED
        + "def body0(x):\n    if atomic.load(x, 'a'):\n        x.r = Shared()\n"
        + "    else:\n        x.r = 0\n    x.t.load()\n    y = Shared()\n    return x.r is y\n"
        + "def body1(x):\n    atomic.store(x, 'a', 1)\n"
    )
    result = explore(scenario("meet", 2), port)
    assert {outcome[0].results for outcome in result.outcomes} == {(False,)}
    assert len(result.outcomes) == 1


def test_locks_held_are_part_of_where_a_thread_is() -> None:
    port = load(
        SHARED
        + "def body0(x):\n    if x.r == 0:\n        lock(x.m)\n    atomic.load(x, 'a')\n"
        + "    assert_held(x.m)\n"
        + "def body1(x):\n    x.r = 1\n"
    )
    text = "a mutex is not held"
    result = explore(scenario("held", 2, expected_throws=frozenset([text])), port)
    assert {outcome[0].throw for outcome in result.outcomes} == {None, text}


def test_a_memory_that_is_back_to_its_start_is_the_same() -> None:
    loop = "    while atomic.load(x, 'a') == 0:\n        x.r = 1\n        x.r = 0\n"
    result = explore(scenario("back", 1), load(f"{SHARED}\ndef body0(x):\n{loop}"))
    assert result.violation is not None
    assert (result.violation.kind, result.states) == ("livelock", 3)


def test_state_outside_the_explored_memory_is_refused() -> None:
    body = "def body0(x):\n    x.r = 1\n"
    with pytest.raises(Unsupported, match="SEEN is a list shared by all"):
        explore(scenario("global", 1), load(f"{SHARED}\nSEEN = []\n{body}"))
    hidden = (
        "class Hidden:\n    pass\nclass Holder(Struct):\n    hidden: Const[Hidden]\n"
        "def body0(x):\n    return x.r.hidden\n"
    )

    def setup(port: Any) -> Setup:
        x = port.Holder()
        x.hidden = port.Hidden()
        shared = port.Shared()
        shared.r = x
        return Setup([("T", partial(port.body0, shared))], {"holder": x})

    with pytest.raises(Unsupported, match=r"holder\.hidden: a value of type Hidden"):
        explore(Scenario("hidden", setup), load(SHARED + hidden))
