"""Every substrate on which the port runs keeps one lock order, Go's: one that does not is noticed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

import impl.rt
from checker.interleaving.locks import LockOrder
from checker.interleaving.scenario import Scenario, Setup
from checker.interleaving.search import explore
from golang.errors import GoMissing
from golang.toolchain import find_go
from harness.explored import LOCKS, substrate
from harness.interleavings import explored
from harness.symbolic import Port
from impl.rt import LockRank, Throw
from impl.rt.locks import LOCK_PARTIAL_ORDER
from impl.rt.thread import start_anew

Pair = tuple[LockRank, LockRank]
Take = Callable[[Any, LockRank, LockRank], str | None]
"""What a substrate throws when a mutex of the second rank is taken after one of the first."""

PAIRS = [(first, second) for first in LockRank for second in LockRank]
REFUSAL = "lock ordering problem"


def run(port: Any, first: LockRank, second: LockRank) -> str | None:
    """On a substrate whose operations act at once."""
    outer, inner = port.Mutex(), port.Mutex()
    port.lock_init(outer, first)
    port.lock_init(inner, second)
    try:
        port.lock(outer)
        port.lock(inner)
    except Throw as thrown:
        return thrown.text
    finally:
        start_anew()
    return None


def search(port: Any, first: LockRank, second: LockRank) -> str | None:
    """On the explored substrate."""

    def setup(port: Any) -> Setup:
        outer, inner = port.Mutex(), port.Mutex()
        port.lock_init(outer, first)
        port.lock_init(inner, second)
        taken = [(port.lock, outer), (port.lock, inner), (port.unlock, inner), (port.unlock, outer)]
        return Setup([("T", [partial(what, mutex) for what, mutex in taken])])

    scenario = Scenario("two locks", setup, expected_throws=frozenset({REFUSAL}))
    result = explore(scenario, port)
    assert result.violation is None
    ((ending,),) = result.outcomes
    return ending.throw


SUBSTRATES: Mapping[str, tuple[Callable[[], Any], Take]] = {
    "plain": (lambda: impl.rt, run),
    "symbolic": (lambda: Port("impl.mheap", None, ()).mheap, run),
    "explored": (lambda: explored().mheap, search),
}


def refused(port: Any, take: Take) -> set[Pair]:
    """The pairs that a substrate refuses, all with the same text."""
    answers = {pair: take(port, *pair) for pair in PAIRS}
    assert set(answers.values()) == {None, REFUSAL}
    return {pair for pair, text in answers.items() if text}


def refused_by_go() -> set[Pair]:
    """Those that checkRanks of runtime/lockrank_on.go refuses, by the table of lockrank.go."""
    try:
        text = (find_go().runtime_source / "lockrank.go").read_text()
    except GoMissing as missing:
        pytest.skip(str(missing))
    names = {"lockRank" + rank.name.title().replace("_", ""): rank for rank in LockRank}
    table = text.partition("var lockPartialOrder")[2]
    rows = dict(re.findall(r"\t(lockRank\w+):\s*\{(.*)\},", table))
    allowed = {
        (names[outer], names[inner])
        for inner, row in rows.items()
        for outer in row.split(", ")
        if {inner, outer} <= names.keys()
    }
    # Without a rank it is a leaf, which comes after all others and before none.
    allowed |= {(rank, LockRank.UNKNOWN) for rank in LockRank if rank is not LockRank.UNKNOWN}
    return set(PAIRS) - allowed


@pytest.mark.parametrize("substrate", SUBSTRATES)
def test_a_substrate_refuses_what_go_refuses(substrate: str) -> None:
    bind, take = SUBSTRATES[substrate]
    assert refused(bind(), take) == refused_by_go()


BY_RANK: LockOrder = {each: [other for other in LockRank if other < each] for each in LockRank}
EXEMPT: LockOrder = LOCK_PARTIAL_ORDER | {LockRank.UNKNOWN: frozenset(LockRank)}


@pytest.mark.parametrize(
    ("order", "missed"),
    [
        (BY_RANK, (LockRank.SCAVENGE, LockRank.SWEEP)),
        (EXEMPT, (LockRank.UNKNOWN, LockRank.UNKNOWN)),
    ],
    ids=["ranks are compared", "a leaf may follow a leaf"],
)
def test_a_machine_with_an_order_of_its_own_is_noticed(order: LockOrder, missed: Pair) -> None:
    bind, take = SUBSTRATES["plain"]
    mutant = SimpleNamespace(**substrate(replace(LOCKS, order=order)))
    assert missed in refused(bind(), take) - refused(mutant, search)
