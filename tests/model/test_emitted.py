"""Text emitted from a model does what the model's bodies do, in states that no run reaches as well."""

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
import z3

from checker import emitted
from checker.emitted import EmittedInstance
from checker.logic import And, If, Not
from checker.plain import Instance, PlainState, SpecError
from checker.reachability import check_reachable
from checker.spec import (
    BOOL,
    Action,
    Boolean,
    Element,
    Machine,
    Next,
    Range,
    State,
    Truth,
    Variable,
    named,
)
from checker.verdict import Grade
from model import span_list, span_state, sweepgen, zeroed_base

STATES = 150
MACHINES = {
    "span_list": (span_list.build, {"Span": 3, "SpanList": 2}, {}),
    "span_state": (span_state.build, {"Span": 2, "Reader": 2}, {}),
    "sweepgen": (sweepgen.build, {"Span": 2, "Thread": 2, "Cache": 1}, {}),
    "zeroed_base": (zeroed_base.build, {"Arena": 2, "Part": 2}, {"arena_pages": 2}),
}


def some_value(instance: Instance, variable: Variable, dice: random.Random) -> Any:
    kind = variable.type
    if isinstance(kind, Boolean):
        return dice.random() < 0.5
    if isinstance(kind, Range):
        low, high = instance.ends(kind)
        assert low is not None
        assert high is not None
        return named(kind, dice.randint(low, high))
    return named(kind, dice.choice(instance.elements(kind)))


def some_states(instance: Instance, count: int) -> list[PlainState]:
    """States with any values, and from each of the first few a walk."""
    dice = random.Random(count)
    found = [instance.initial]
    for _ in range(count):
        values: list[Any] = []
        for variable in instance.machine.variables.values():
            entries = 1
            for domain in variable.index:
                entries *= len(instance.elements(domain))
            values += [some_value(instance, variable, dice) for _ in range(entries)]
        found.append(tuple(values))
    for state in found[: count // 3]:
        successors = [after for _, _, after in instance.successors(state)]
        found.append(dice.choice(successors or [state]))
    return found


def compare(name: str) -> None:
    build, sizes, constants = MACHINES[name]
    machine: Machine = build()
    bodies, text = (kind(machine, sizes, constants) for kind in (Instance, EmittedInstance))
    states = some_states(bodies, STATES)
    for state in states:
        expected = list(bodies.successors(state))
        found = list(text.successors(state))
        assert found == expected
        assert [list(map(type, after)) for *_, after in found] == [
            list(map(type, after)) for *_, after in expected
        ]
        assert text.broken(state) == bodies.broken(state)
        for but in list(machine.invariants)[:2]:
            some = frozenset({but})
            assert text.broken(state, some) == bodies.broken(state, some)
        for _, _, after in expected[:5]:
            assert text.broken_step(state, after) == bodies.broken_step(state, after)
        for other in states[:3]:
            assert text.broken_step(state, other) == bodies.broken_step(state, other)


def compare_all() -> None:
    for name in MACHINES:
        compare(name)


@pytest.mark.parametrize("name", MACHINES)
def test_text_and_bodies_agree(name: str) -> None:
    compare(name)


def lose_a_conjunct(*operands: Any) -> Any:
    return And(*operands[1:])


def swap_the_branches(condition: Any, a: Any, b: Any) -> Any:
    return If(condition, b, a)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("And", lose_a_conjunct),
        ("If", swap_the_branches),
        ("_INFIX", {**emitted._INFIX, z3.Z3_OP_EQ: " != "}),
        ("_INFIX", {**emitted._INFIX, z3.Z3_OP_LE: " < "}),
    ],
    ids=["a conjunct is lost", "branches are swapped", "== is !=", "<= is <"],
)
def test_wrong_text_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, wrong: Any) -> None:
    """The comparison is worth something: it finds mutants of what emits the text."""
    monkeypatch.setattr(emitted, name, wrong)
    with pytest.raises((AssertionError, SpecError)):
        compare_all()


def test_a_search_by_wrong_text_is_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has recorded the number of states, too: the search itself compares."""
    build, sizes, _ = MACHINES["span_list"]

    def insert_anyway(_: State, n: Next, a_list: Element, s: Element) -> None:
        n.on[s, a_list] = True

    careless = build().copy(insert=insert_anyway)
    assert check_reachable(build(), sizes).grade is Grade.EXHAUSTED
    assert check_reachable(careless, sizes).grade is Grade.REFUTED
    with monkeypatch.context() as patch:
        patch.setattr(EmittedInstance, "broken", lambda *_: None)
        assert check_reachable(careless, sizes).grade is Grade.UNKNOWN
    monkeypatch.setattr(EmittedInstance, "successors", some_successors)
    verdict = check_reachable(build(), sizes)
    assert verdict.grade is Grade.UNKNOWN
    assert "the emitted text does not do what the bodies do" in verdict.reason


def some_successors(
    instance: Instance, state: PlainState
) -> Iterator[tuple[Action, tuple[Any, ...], PlainState]]:
    """All but one of them, if there are several."""
    found = list(Instance.successors(instance, state))
    return iter(found[:-1] if len(found) > 1 else found)


def beyond() -> Machine:
    """A counter that is written beyond its type, and a map beyond its index."""
    machine = Machine("beyond", cites="beyond.py", why="the errors of both readings are the same")
    cell = machine.sort("Cell")
    machine.var("count", type=Range(0, 2), init=0)
    machine.var("full", cell, type=BOOL, init=False)
    machine.next("add", "fill_next", "fill_counted")

    @machine.action(cites="beyond.py")
    def add(x: State, n: Next) -> None:
        n.count = x.count + 1

    @machine.action(c=cell, cites="beyond.py")
    def fill_next(x: State, n: Next, c: Any) -> None:
        x.require(Not(c == 1))
        n.full[c + 1] = True

    @machine.action(cites="beyond.py")
    def fill_counted(x: State, n: Next) -> None:
        x.require(x.count > 0)
        n.full[x.count] = True

    @machine.invariant(cites="beyond.py")
    def counted_is_empty(x: State) -> Truth:
        return Not(x.full[x.count])

    return machine


def found_in(instance: Instance, state: PlainState) -> Any:
    """The steps and the verdict of an instance, or what is wrong with the machine."""
    try:
        return [
            [(action.name, given, after) for action, given, after in instance.successors(state)],
            [broken[0].name for broken in [instance.broken(state)] if broken is not None],
        ]
    except (SpecError, LookupError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("full", list(itertools.product([False, True], repeat=2)))
def test_errors_of_the_machine_are_those_of_its_bodies(count: int, full: tuple[bool, bool]) -> None:
    """Values outside their types and indices beyond their ranges, known and not known."""
    machine = beyond()
    bodies, text = (kind(machine, {"Cell": 2}) for kind in (Instance, EmittedInstance))
    expected = found_in(bodies, (count, *full))
    assert found_in(text, (count, *full)) == expected
    assert (expected[0] in (SpecError, KeyError)) == (count == 2)


def test_a_machine_without_variables_has_its_one_state() -> None:
    machine = Machine("idle", cites="idle.py", why="nothing is kept")
    machine.next("rest")

    @machine.action(cites="idle.py")
    def rest(x: State, n: Next) -> None:
        del x, n

    instance = EmittedInstance(machine, {})
    assert [after for _, _, after in instance.successors(())] == [()]
    assert instance.broken(()) is None
