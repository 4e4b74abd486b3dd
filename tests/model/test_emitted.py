"""Text emitted from a model does what the model's bodies do, in states that no run reaches as well."""

import random
from typing import Any

import pytest
import z3

from checker import emitted
from checker.emitted import EmittedInstance
from checker.logic import And, If, Not
from checker.plain import Instance, PlainState, SpecError
from checker.spec import BOOL, Boolean, Machine, Next, Range, State, Variable, named
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


def beyond() -> Machine:
    """A counter that is written beyond its type, and a map that is read beyond its index."""
    machine = Machine("beyond", cites="beyond.py", why="the errors of both readings are the same")
    cell = machine.sort("Cell")
    machine.var("count", type=Range(0, 2), init=0)
    machine.var("full", cell, type=BOOL, init=False)
    machine.next("add", "fill_next")

    @machine.action(cites="beyond.py")
    def add(x: State, n: Next) -> None:
        n.count = x.count + 1

    @machine.action(c=cell, cites="beyond.py")
    def fill_next(x: State, n: Next, c: Any) -> None:
        x.require(Not(c == 1))
        n.full[c + 1] = True

    return machine


def test_errors_of_the_machine_are_those_of_its_bodies() -> None:
    """A value outside its type is refused; an index that the guard excludes is not looked at."""
    machine = beyond()
    bodies, text = (kind(machine, {"Cell": 2}) for kind in (Instance, EmittedInstance))
    for count in range(2):
        state = (count, False, False)
        assert list(text.successors(state)) == list(bodies.successors(state))
    with pytest.raises(SpecError, match="count := 3 is outside its type"):
        list(text.successors((2, False, False)))
