"""The search: against brute force, with and without merging, and on everything it must find."""

import random
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from checker.binding import Edit
from checker.interleaving import automaton
from checker.interleaving.locks import LockOrder, Locks
from checker.interleaving.observe import Operation, View, Violation
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Outcome
from checker.interleaving.search import Result, explore, replay
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
    structured,
)


def outcomes(result: Result) -> set[Any]:
    return {tuple(ending.results[0] for ending in each) for each in result.outcomes}


def test_random_programs_against_brute_force() -> None:
    deadlocks = 0
    for seed in range(250):
        r = random.Random(seed)
        threads = r.choice((2, 2, 3))
        program = straight_line(r, threads)
        if sum(map(len, program)) > 9:
            continue
        everything = brute_force(program)
        code = load(as_source(program))
        for merge in (True, False):
            result = explore(scenario(str(seed), threads), code, merge=merge)
            if everything.deadlocks:
                assert result.violation is not None, program
                assert result.violation.kind == "deadlock", program
                deadlocks += 1
            else:
                assert result.exhausted, program
                assert outcomes(result) == everything.outcomes, program
                assert result.interleavings == everything.runs, program
    assert deadlocks > 0


def summary(result: Result) -> Any:
    kind = result.violation.kind if result.violation else None
    return result.outcomes, result.interleavings, kind


def compare_merged_with_unmerged(seeds: range) -> tuple[int, int]:
    """(disagreements, states saved)"""
    differ = saved = 0
    for seed in seeds:
        r = random.Random(seed)
        threads = r.choice((2, 2, 3))
        code = load(structured(r, threads))
        one, two = (
            explore(scenario(str(seed), threads), code, merge=merge, limit=5000)
            for merge in (True, False)
        )
        if not two.stopped.startswith("more"):
            saved += two.states - one.states
            differ += summary(one) != summary(two)
    return differ, saved


def test_merging_equal_local_states_changes_nothing() -> None:
    differ, saved = compare_merged_with_unmerged(range(250))
    assert differ == 0
    assert saved > 0


@pytest.mark.parametrize("forget", ["locals", "line"])
def test_that_comparison_notices_unsound_merging(
    monkeypatch: pytest.MonkeyPatch, forget: str
) -> None:
    full = automaton._frame_state

    def partly(frame: Any, records: Any) -> Any:
        state: Any = full(frame, records)
        return state[:1] if forget == "locals" else state[1:]

    monkeypatch.setattr(automaton, "_frame_state", partly)
    assert compare_merged_with_unmerged(range(100))[0] > 0


COUNTS = [
    (zeroing(2), 13, 6),
    (zeroing(3), 71, 299),
    (zeroing(4), 425, 185_324),
    (zeroing(5), 2_643, 3_232_365_629),
    (zeroing(2, 2), 51, 97),
    (zeroing(3, 2), 689, 790_571),
    (zeroing(4, 2), 10_475, 1_450_070_646_402),
    (sweepers(3, 1), 89, 396),
    (sweepers(3, 2), 860, 660_330),
    (sweepers(3, 3), 4_110, 1_162_364_940),
    (sweepers(3, 2, True), 22_057, 45_353_811_326_688_258_490_963_386),
    (publication(1), 73, 2_178),
    (publication(2), 415, 27_429_660),
    (mark_bits(2), 55, 20),
    (mark_bits(3), 954, 27_672),
    (specials(1), 164, 433_938),
    (specials(2), 3_556, 59_243_631_123_149_672),
    (reclaim(2, 2), 388, 13_014),
    (reclaim(3, 3), 10_385, 728_670_648),
]


@pytest.mark.parametrize(("case", "states", "ways"), COUNTS, ids=lambda each: str(each)[:30])
def test_counts_of_the_little_port(case: Any, states: int, ways: int) -> None:
    result = explore(case, port())
    assert result.exhausted
    assert result.violation is None
    assert (result.states, result.interleavings) == (states, ways)


def test_too_many_states_is_not_a_success() -> None:
    result = explore(sweepers(3, 2, True), port(), limit=1000)
    assert not result.exhausted
    assert result.violation is None
    assert result.interleavings is None
    assert result.stopped == "more than 1000 states"


def violation(body: str, threads: int = 2, **options: Any) -> Any:
    result = explore(scenario("case", threads, **options), load(SHARED + body))
    assert result.violation is None or not result.exhausted
    return result.violation


def test_deadlock() -> None:
    found = violation(
        "def body0(x):\n    lock(x.m)\n    lock(x.n)\n    unlock(x.n)\n    unlock(x.m)\n"
        "def body1(x):\n    lock(x.n)\n    lock(x.m)\n    unlock(x.m)\n    unlock(x.n)\n"
    )
    assert found.kind == "deadlock"
    assert found.message == "T0 waits for x.n, held by T1; T1 waits for x.m, held by T0"
    assert found.schedule == ("T0", "T1")


def test_lock_order() -> None:
    body = (
        "def body0(x):\n    set_rank(x.m, 2)\n    set_rank(x.n, 1)\n    lock(x.m)\n"
        "    if x.r:\n        lock(x.n)\n        unlock(x.n)\n    unlock(x.m)\n"
        "def body1(x):\n    x.r = {}\n"
    )

    def first(taken: int, order: LockOrder) -> Any:
        port = load(SHARED + body.format(taken), lock=Locks(order).lock)
        return explore(scenario("order", 2), port).violation

    assert first(0, {1: (), 2: ()}) is None
    assert first(1, {1: (2,), 2: ()}) is None
    found = first(1, {1: (), 2: (1,)})
    assert found.kind == "throw"
    assert found.message == "T0: a mutex is taken out of order: x.n is taken after x.m"


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("a mutex is taken twice", "lock(x.m)\n    lock(x.m)"),
        ("a mutex is given back that was not taken", "unlock(x.m)"),
        ("a mutex is not held", "assert_held(x.m)"),
        ("IndexError: 2", "x.words[2] = 1"),
        ("went wrong", "throw('went wrong')"),
    ],
)
def test_throws(text: str, body: str) -> None:
    code = f"def body0(x):\n    x.r = 1\n    {body}\n"
    found = violation(code, 1)
    assert found.kind == "throw"
    assert found.message.startswith(f"T0: {text}")
    assert found.trace[-1].operations[-1].kind is Kind.THROW
    result = explore(scenario("ok", 1, expected_throws=frozenset([text])), load(SHARED + code))
    assert result.exhausted
    assert [ending.throw for outcome in result.outcomes for ending in outcome] == [text]


SPIN = "def body0(x):\n    while atomic.load(x, 'a') != 1:\n        spin()\n    return x.p\n"


def test_a_spinning_thread_waits() -> None:
    code = SPIN + "def body1(x):\n    x.p = 7\n    x.r = 1\n    atomic.store(x, 'a', 1)\n"
    result = explore(scenario("spin", 2), load(SHARED + code))
    assert result.exhausted
    assert outcomes(result) == {(7, None)}
    assert result.interleavings == 1


def test_a_thread_that_spins_for_ever_is_stuck() -> None:
    assert violation(SPIN, 1).kind == "deadlock"
    two = (
        "def body0(x):\n    while atomic.load(x, 'a') + atomic.load(x, 'b') != 1:\n        spin()\n"
    )
    assert violation(two, 1).kind == "livelock"


@pytest.mark.parametrize(
    ("body", "states", "ways"),
    [("spin()", 3, 1), ("pass", 3, 1), ("atomic.load(x, 'b')\n        spin()", 5, None)],
)
def test_a_round_that_leaves_the_thread_as_it_was_is_no_step(
    body: str, states: int, ways: int | None
) -> None:
    wait = f"def body0(x):\n    while atomic.load(x, 'a') != 1:\n        {body}\n"
    code = wait + "def body1(x):\n    atomic.store(x, 'a', 1)\n"
    result = explore(scenario("rounds", 2), load(SHARED + code))
    assert result.exhausted
    assert (result.states, result.interleavings) == (states, ways)


def test_a_loop_that_counts_its_rounds_has_states_without_end() -> None:
    wait = "    n = 0\n    while atomic.load(x, 'a') != 1:\n        n += 1\n    return n\n"
    code = f"def body0(x):\n{wait}def body1(x):\n    atomic.store(x, 'a', 1)\n"
    assert explore(scenario("count", 2), load(SHARED + code), limit=500).stopped


def test_a_bounded_spin_gives_up() -> None:
    code = (
        "def body0(x):\n    for i in range(3):\n        if atomic.load(x, 'a'):\n"
        "            return i\n        spin()\n    return -1\n"
        "def body1(x):\n    atomic.store(x, 'a', 1)\n"
    )
    result = explore(scenario("bounded", 2), load(SHARED + code))
    assert {each[0] for each in outcomes(result)} == {0, 1, 2, -1}


def test_the_search_finds_that_a_plain_field_is_not_private() -> None:
    found = violation("def body0(x):\n    x.p += 1\ndef body1(x):\n    x.p += 1\n")
    assert found.kind == "data race"
    guarded = "def body{}(x):\n    lock(x.m)\n    x.p += 1\n    unlock(x.m)\n"
    assert violation(guarded.format(0) + guarded.format(1)) is None
    mixed = "def body0(x):\n    atomic.load(x, 'a')\n    x.a\ndef body1(x):\n    atomic.{}\n"
    assert violation(mixed.format("load(x, 'a')")) is None
    assert violation(mixed.format("store(x, 'a', 2)")).kind == "data race"


def test_trailing_plain_accesses_race_with_a_later_thread() -> None:
    body = (
        "def body0(x):\n    x.r = 1\n    x.p = 1\ndef body1(x):\n    if x.r:\n        return x.p\n"
    )
    assert violation(body).kind == "data race"


def test_replay() -> None:
    broken = Edit(
        "heap",
        '            if atomic.compare_and_swap(ha, "zeroed_base", zeroed_base, arena_limit):\n                break',
        '            atomic.store(ha, "zeroed_base", arena_limit)\n            break',
    )

    def overlap(view: View, outcome: Outcome) -> None:
        if view.get(view["arena"], "zeroed_base") != 2 * 8192:
            raise Violation("zeroed_base only grows", f"{outcome[0]}; {outcome[1]}")

    def setup(p: Any) -> Any:
        made = zeroing(2).setup(p)
        call = made.threads[0][1]
        assert isinstance(call, partial)
        h = call.args[0]
        return type(made)(made.threads, {"arena": h.arenas[0]})

    case = type(zeroing(2))("two", setup, final=overlap)
    assert explore(case, port()).violation is None
    found = explore(case, port(broken)).violation
    assert found is not None
    assert found.kind == "violation"
    assert found.error is not None
    assert found.error.name == "zeroed_base only grows"
    again = replay(case, port(broken), found.schedule).violation
    assert again is not None
    assert (again.kind, again.message) == (found.kind, found.message)
    assert str(again) == str(found)
    assert replay(case, port(), ("T0", "T0", "T1", "T1")).violation is None
    with pytest.raises(ValueError, match="can take no step"):
        replay(case, port(), ("T0", "T0", "T0"))


@dataclass
class Counter:
    """A model of `atomic.add(x, 'a', 1)`: a number that goes up by one."""

    step: int = 1
    fired: dict[str, int] = field(default_factory=dict)

    def initial(self, view: View) -> int:
        return int(view.get(view["x"], "a"))

    def advance(self, state: int, operations: tuple[Operation, ...], view: View) -> int:
        for each in operations:
            self.fired[each.kind.name] = self.fired.get(each.kind.name, 0) + 1
            if each.kind is Kind.RMW:
                state += self.step
        if state != view.get(view["x"], "a"):
            raise Violation("a", f"the model has {state}, memory {view.get(view['x'], 'a')}")
        return state


ADD = "def body{0}(x):\n    v = x.r\n    return atomic.add(x, 'a', 1)\n"


def test_a_simulation_follows_or_objects() -> None:
    code = load(SHARED + ADD.format(0) + ADD.format(1))
    model = Counter()
    result = explore(scenario("count", 2), code, model)
    assert result.exhausted
    assert result.states == 10
    assert model.fired.keys() == {"LOAD", "RMW", "RETURN"}
    found = explore(scenario("count", 2), code, Counter(step=2)).violation
    assert found is not None
    assert found.error is not None
    assert (found.error.name, found.error.message) == ("a", "the model has 2, memory 1")
    assert found.schedule == ("T0", "T0")
    last = found.trace[-1]
    assert last.changes == {"x.a": (0, 1)}
    assert last.model == (0, None)
    site = last.operations[0].site
    assert site is not None
    assert (site.function, site.line) == ("body0", SHARED.count("\n") + 3)


def test_views_name_everything() -> None:
    seen: dict[str, Any] = {}

    def final(view: View, outcome: Outcome) -> None:
        x = view["x"]
        seen.update(
            mutex=view.get(x, "m"),
            atomic=view.get(x, "t"),
            cell=view.get(x, "words", 1),
            words=view.elements(view.get(x, "words")),
            name=str(view.get(x, "words")),
            results=[ending.results for ending in outcome],
        )

    body = "def body0(x):\n    lock(x.m)\n    x.t.store(5)\n    x.words[1] = 2\n    return x, 1\n"
    result = explore(scenario("views", 1, final=final), load(SHARED + body))
    assert result.exhausted
    (ending,) = next(iter(result.outcomes))
    assert str(ending) == "T0: (x, 1)"
    results = [ending.results]
    assert seen == {
        "mutex": "T0",
        "atomic": 5,
        "cell": 2,
        "words": (0, 2),
        "name": "x.words",
        "results": results,
    }
