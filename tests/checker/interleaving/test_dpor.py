"""DPOR and the race detector: numbers of traces known from elsewhere, and from brute force."""

import random
from typing import Any

import pytest

from checker.binding import Edit
from checker.interleaving.dpor import Dpor
from checker.interleaving.races import find_races
from checker.interleaving.search import Exploration, explore
from tests.checker.interleaving.miniheap_scenarios import (
    mark_bits,
    port,
    publication,
    reclaim,
    specials,
    sweepers,
    zeroing,
)
from tests.checker.interleaving.programs import (
    SHARED,
    as_source,
    brute_force,
    load,
    scenario,
    straight_line,
)

TRACES = [
    (zeroing(2), 4),
    (zeroing(3), 34),
    (zeroing(4), 638),
    (zeroing(2, 2), 16),
    (zeroing(3, 2), 1156),
    (sweepers(3, 1), 48),
    (sweepers(3, 2), 2304),
    (publication(1), 6),
    (publication(2), 36),
    (mark_bits(2), 4),
    (mark_bits(3), 186),
    (specials(1), 166),
    (reclaim(2, 2), 18),
]


@pytest.mark.parametrize(("case", "traces"), TRACES, ids=lambda each: str(each)[:30])
def test_one_execution_per_trace_and_no_false_race(case: Any, traces: int) -> None:
    found = find_races(case, port())
    assert found.executions.exhausted
    assert (found.executions.complete, found.executions.blocked) == (traces, 0)
    assert found.races == ()


def test_random_programs_against_brute_force() -> None:
    blocked = deadlocks = 0
    for seed in range(250):
        r = random.Random(seed)
        threads = r.choice((2, 2, 3))
        program = straight_line(r, threads)
        if sum(map(len, program)) > 9:
            continue
        everything = brute_force(program)
        counts = Dpor(Exploration(scenario(str(seed), threads), load(as_source(program)))).run()
        assert counts.complete == len(everything.traces), program
        assert (counts.deadlocks > 0) == (everything.deadlocks > 0), program
        blocked += counts.blocked
        deadlocks += counts.deadlocks
    assert deadlocks > 0
    assert blocked < 20


def test_a_limit_is_not_exhaustive() -> None:
    assert not find_races(zeroing(4), port(), limit=100).executions.exhausted


def test_a_race_that_only_a_racy_field_keeps_apart() -> None:
    code = load(
        SHARED
        + "def body0(x):\n    x.p = 1\n    x.r = 1\n"
        + "def body1(x):\n    if x.r:\n        return x.p\n"
    )
    assert explore(scenario("racy", 2), code).violation is None
    (race,) = find_races(scenario("racy", 2), code).races
    assert race.place == "x.p"
    assert str(race.first).startswith("T0 body0:")
    assert str(race.second).startswith("T1 body1:")
    synchronised = load(
        SHARED
        + "def body0(x):\n    x.p = 1\n    x.t.store(1)\n"
        + "def body1(x):\n    if x.t.load():\n        return x.p\n"
    )
    assert find_races(scenario("atomic", 2), synchronised).races == ()


MUTANTS = [
    (specials(1), Edit("heap", "    ensure_swept(h, s)\n    lock", "    lock"), "s.specials"),
    (
        sweepers(2, 1),
        Edit(
            "heap",
            'return bool(atomic.compare_and_swap(s, "sweepgen", sweepgen - 2, sweepgen - 1))',
            'atomic.store(s, "sweepgen", sweepgen - 1)\n    return True',
        ),
        "span0.sweepgen",
    ),
    (
        mark_bits(3),
        Edit("heap", 'atomic.store(g, "next", fresh)', "g.next = fresh"),
        "Heap#1.bits.next",
    ),
]


@pytest.mark.parametrize(("case", "edit", "place"), MUTANTS, ids=["specials", "sweepgen", "next"])
def test_seeded_races_are_found_by_both(case: Any, edit: Edit, place: str) -> None:
    found = find_races(case, port(edit))
    assert place in {race.place for race in found.races}
    violation = explore(case, port(edit)).violation
    assert violation is not None
    assert violation.kind == "data race"
    assert violation.message.startswith(place)
