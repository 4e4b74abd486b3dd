"""What a verdict takes for granted stands in its bound, and nothing stands there without need."""

from functools import partial
from typing import Any

from checker.assumption import Assumption, assuming
from checker.interleaving.races import find_races
from checker.interleaving.requests import rely_on
from checker.interleaving.scenario import Scenario, Setup
from checker.interleaving.search import explore
from checker.interleaving.structs import struct_where
from checker.interleaving.verdicts import check_interleavings, check_races
from checker.verdict import Grade, Verdict
from tests.checker.interleaving.programs import SHARED, load, scenario

WORD = Assumption("Shared.a is a word", "a plain store of it is atomic", "it is aligned")
BODIES = "def body0(x):\n    x.a = 1\ndef body1(x):\n    return atomic.load(x, 'a')\n"


def test_a_bound_names_assumptions_in_their_order() -> None:
    other = Assumption("no interrupts", "", "")
    assert assuming([]) == ""
    assert assuming({other, WORD}) == ", assuming Shared.a is a word, no interrupts"


def verdicts(port: Any) -> list[Verdict]:
    case = scenario("word", 2)
    return [check_interleavings(case, port), check_races(case, port)]


def test_a_plain_store_races_with_an_atomic_load_unless_it_is_assumed_to_be_one() -> None:
    plain = verdicts(load(SHARED + BODIES))
    assumed = verdicts(load(SHARED + BODIES, Struct=struct_where({"Shared.a": WORD})))
    atomic = verdicts(load(SHARED + BODIES.replace("x.a = 1", "atomic.store(x, 'a', 1)")))
    for raced, taken, shown in zip(plain, assumed, atomic, strict=True):
        assert raced.grade is Grade.REFUTED
        assert taken.grade is shown.grade is Grade.EXHAUSTED
        assert taken.bound == shown.bound + ", assuming Shared.a is a word"
        assert taken.counts == shown.counts


def test_only_what_a_thread_relies_on_counts() -> None:
    def setup(port: Any, body: str) -> Setup:
        port.rely_on(WORD)
        return Setup([("T", partial(getattr(port, body), port.Shared()))])

    source = (
        "def quiet(x):\n    return x.t.add(1)\ndef relies(x):\n    rely_on(WORD)\n    quiet(x)\n"
    )
    port = load(SHARED + source, rely_on=rely_on, WORD=WORD)
    for body, expected in (("quiet", set()), ("relies", {WORD})):
        case = Scenario(body, partial(setup, body=body))
        assert explore(case, port).assumptions == find_races(case, port).assumptions == expected
