"""Records of a thread's own: they may change, and the explorer still knows where the thread is."""

import random
from functools import partial
from typing import Any

import pytest

from checker.interleaving.scenario import Scenario, Setup
from checker.interleaving.search import Result, explore
from checker.interleaving.values import PrivateRecord, PrivateRecords, Unsupported
from tests.checker.interleaving.programs import SHARED, load, scenario

PAIR = (
    SHARED
    + """
from dataclasses import dataclass

@dataclass(slots=True)
class Pair(Local):
    a: object = 0
    b: object = 0

    def swap(self):
        self.a, self.b = self.b, self.a

    def pull(self, x):
        self.a = atomic.load(x, 'a')

def bump(pair, x):
    pair.a = pair.a + x.t.add(1)
    return pair
"""
)


def both(source: str, threads: int = 2) -> tuple[Result, Result]:
    """The exploration of a program with equal local states merged, and with none merged."""
    port = load(source)
    return tuple(explore(scenario("locals", threads), port, merge=merge) for merge in (True, False))  # type: ignore[return-value]  # two


def random_program(r: random.Random) -> str:
    lines = []
    for t in range(2):
        lines += [f"def body{t}(x):", "    p = Pair()", "    q = Pair(1, 2)"]
        for _ in range(r.randint(3, 5)):
            a, b = r.choice("pq"), r.choice("pq")
            lines.append(
                r.choice(
                    [
                        f"    {a} = {b}",
                        f"    {a} = Pair({b}.a, {a}.b)",
                        f"    {a}.swap()",
                        f"    {a}.pull(x)",
                        f"    {a}.b = {b}.a",
                        f"    {a} = bump({b}, x)",
                        f"    if atomic.load(x, 'b') > {r.randint(0, 2)}:\n        {a} = {b}",
                        f"    atomic.store(x, '{r.choice('ab')}', {a}.a % 3)",
                        "    x.r",
                    ]
                )
            )
        lines.append("    return p.a, p.b, q.a, q.b")
    return PAIR + "\n".join(lines)


def compare(seeds: range) -> tuple[int, int]:
    """How many random programs end otherwise when merged, and how many states were saved."""
    differ = saved = 0
    for seed in seeds:
        merged, apart = both(random_program(random.Random(seed)))
        assert merged.violation is None is apart.violation
        differ += (merged.outcomes, merged.interleavings) != (apart.outcomes, apart.interleavings)
        saved += apart.states - merged.states
    return differ, saved


def test_merging_equal_local_states_changes_nothing() -> None:
    differ, saved = compare(range(150))
    assert differ == 0
    assert saved > 0


ALIASES = """
def body0(x):
    p = Pair()
    q = p if atomic.load(x, 'a') else Pair()
    x.t.add(1)
    q.a = 5
    x.t.add(1)
    return p.a

def body1(x):
    atomic.store(x, 'a', 1)
"""


@pytest.mark.parametrize("forget", ["what it holds", "that it is the same"])
def test_that_comparison_notices_unsound_merging(
    monkeypatch: pytest.MonkeyPatch, forget: str
) -> None:
    full = PrivateRecords.form

    def partly(self: PrivateRecords, record: PrivateRecord) -> Any:
        if forget == "what it holds":
            return PrivateRecord
        return full(PrivateRecords(self._owner), record)

    monkeypatch.setattr(PrivateRecords, "form", partly)
    if forget == "what it holds":
        assert compare(range(50))[0] > 0
    else:
        merged, apart = both(PAIR + ALIASES)
        assert merged.outcomes != apart.outcomes


def test_one_record_is_told_from_two_equal_ones() -> None:
    merged, apart = both(PAIR + ALIASES)
    assert merged.outcomes == apart.outcomes
    assert {each[0].results for each in merged.outcomes} == {(0,), (5,)}


def test_a_record_may_lead_back_to_itself() -> None:
    body = (
        "def body0(x):\n    p = Pair()\n    p.a = p\n    x.t.add(1)\n    p.b = 1\n    x.t.add(1)\n"
    )
    merged, apart = both(f"{PAIR}{body}    return p.a.b\n", 1)
    assert merged.outcomes == apart.outcomes
    assert [each[0].results for each in merged.outcomes] == [(1,)]


@pytest.mark.parametrize(
    "body", ["x.r = Pair()", "x.t.store((1, Pair()))", "x.words[0] = Pair()", "return Pair()"]
)
def test_a_record_that_others_could_reach_is_refused(body: str) -> None:
    with pytest.raises(Unsupported, match="a Pair is a thread's own, and others could"):
        explore(scenario("shown", 1), load(f"{PAIR}\ndef body0(x):\n    {body}\n"))


def test_a_record_of_the_setup_is_none_of_a_threads_own() -> None:
    body = "def body0(x, pair):\n    x.t.add(1)\n    return pair.a\n"

    def setup(port: Any) -> Setup:
        return Setup([("T", partial(port.body0, port.Shared(), port.Pair()))])

    with pytest.raises(Unsupported, match="thread T: a Pair is a thread's own"):
        explore(Scenario("given", setup), load(PAIR + body))

    def method(port: Any) -> Setup:
        return Setup([("T", partial(port.Pair().swap))])

    with pytest.raises(Unsupported, match="thread T: a Pair is a thread's own"):
        explore(Scenario("method", method), load(PAIR))
    default = "def body0(x, pair=Pair()):\n    x.t.add(1)\n    return pair.a\n"

    def load_late(_: Any) -> Setup:
        late = load(PAIR + default)
        return Setup([("T", partial(late.body0, late.Shared()))])

    with pytest.raises(Unsupported, match="a Pair was made by another thread, or in the setup"):
        explore(Scenario("default", load_late), None)
