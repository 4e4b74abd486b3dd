"""The readings of each model agree, and induction needs what the models say."""

import itertools
from typing import Any

import pytest
import z3

from checker.formulas import Successor, Vocabulary, arbitrary_state, guards, state_after
from checker.induction import prove
from checker.logic import to_z3
from checker.monitor import Monitor, Rejected
from checker.plain import Instance, PlainState
from checker.solver import solve
from checker.spec import Action, Machine, Sort
from checker.terms import Elem, Int
from checker.verdict import Grade
from model import span_list, span_state, sweepgen, zeroed_base


def test_a_solver_out_of_resources_is_unknown() -> None:
    verdict = prove(sweepgen.build(), rlimit=1)
    assert verdict.grade is Grade.UNKNOWN
    assert "gave up" in verdict.reason


@pytest.mark.parametrize(
    "lemma", ["stage_fits_generation", "unswept_spans_are_found", "processed_is_swept"]
)
def test_a_dropped_lemma_is_missed(lemma: str) -> None:
    machine = sweepgen.build()
    del machine.invariants[lemma]
    assert prove(machine).grade is not Grade.PROVED


def test_monitor_and_instance_agree() -> None:
    """Both plain readings, along every path of up to four actions."""
    machine = span_state.build()
    instance = Instance(machine, {"Span": 2, "Reader": 1})
    moves = [
        (action, arguments)
        for action in machine.actions.values()
        for arguments in instance.arguments(action.params)
    ]
    for path in itertools.product(moves[::3], repeat=3):
        monitor, state = Monitor(machine), instance.initial
        for action, arguments in path:
            after = instance.step(state, action, arguments)
            if after is None:
                with pytest.raises(Rejected):
                    monitor.step(action.name, *arguments)
                continue
            monitor.step(action.name, *arguments)
            state = after
        for s in range(2):
            assert monitor.read("state", s) == instance.value(state, "state", s)


@pytest.mark.parametrize(
    ("machine", "sizes", "constants"),
    [
        (span_state.build(), {"Span": 2, "Reader": 1}, {}),
        (span_list.build(), {"Span": 2, "SpanList": 2}, {}),
        (sweepgen.build(), {"Span": 1, "Thread": 2, "Cache": 1}, {}),
        (zeroed_base.build(), {"Arena": 1, "Part": 2}, {"arena_pages": 1}),
    ],
    ids=lambda value: value.name if isinstance(value, Machine) else "",
)
def test_formulas_and_plain_values_agree(
    machine: Machine, sizes: dict[str, int], constants: dict[str, int]
) -> None:
    """On reachable states, guards and effects as formulas are those of plain Python."""
    instance = Instance(machine, sizes, constants)
    for state in _some_states(instance, 12):
        for action in machine.actions.values():
            for arguments in instance.arguments(action.params)[:2]:
                _compare(instance, state, action, arguments)


def _some_states(instance: Instance, count: int) -> list[PlainState]:
    """States from a walk that takes another enabled step each time."""
    moves = [
        (action, arguments)
        for action in instance.machine.actions.values()
        for arguments in instance.arguments(action.params)
    ]
    states = [instance.initial]
    for number in range(count):
        for action, arguments in moves[number * 7 % len(moves) :] + moves:
            after = instance.step(states[-1], action, arguments)
            if after is not None and after not in states:
                states.append(after)
                break
    return states


def _compare(
    instance: Instance, state: PlainState, action: Action, arguments: tuple[int, ...]
) -> None:
    vocabulary = Vocabulary(instance.machine)
    universe = _Universe(vocabulary, instance)
    before = arbitrary_state(vocabulary)
    values = [universe.term(d, a) for (_, d), a in zip(action.params, arguments, strict=True)]
    after = Successor(before)
    action.body(before, after, *values)
    facts = [*universe.facts(), universe.shows(before, state)]
    expected = instance.step(state, action, arguments)
    enabled = solve([*facts, *guards(before)]).status
    assert enabled == ("unsat" if expected is None else "sat"), action.name
    if expected is not None:
        differs = z3.Not(universe.shows(state_after(after), expected))
        assert solve([*facts, *guards(before), differs]).status == "unsat", action.name


class _Universe:
    """The elements of an instance as Z3 constants, and nothing else in their sorts."""

    def __init__(self, vocabulary: Vocabulary, instance: Instance) -> None:
        self.vocabulary, self.instance = vocabulary, instance
        self.elements = {
            name: [
                vocabulary.defaults[name],
                *(Elem(z3.Const(f"{name}!e{i}", vocabulary.sorts[name])) for i in range(1, size)),
            ]
            for name, size in instance.sizes.items()
        }

    def term(self, domain: Any, value: Any) -> Any:
        if isinstance(domain, Sort):
            return self.elements[domain.name][value]
        return Int(z3.IntVal(value))

    def facts(self) -> list[Any]:
        found = []
        for name, elements in self.elements.items():
            terms = [each.t for each in elements]
            any_one = z3.Const(f"{name}!any", self.vocabulary.sorts[name])
            found.append(z3.ForAll([any_one], z3.Or(*(any_one == term for term in terms))))
            found.append(z3.Distinct(*terms) if len(terms) > 1 else z3.BoolVal(True))
        for name, value in self.instance.constants.items():
            found.append(to_z3(self.vocabulary.constants[name]) == value)
        return found

    def shows(self, view: Any, state: PlainState) -> Any:
        """Whether the formula state has the entries of the plain one."""
        equal = []
        for variable in self.instance.machine.variables.values():
            for key in itertools.product(*map(self.instance.elements, variable.index)):
                shown = getattr(view, variable.name)
                if key:
                    terms = [self.term(d, k) for d, k in zip(variable.index, key, strict=True)]
                    shown = shown[tuple(terms) if len(terms) > 1 else terms[0]]
                plain = self.instance.value(state, variable.name, *key)
                if isinstance(variable.type, Sort):
                    expected: Any = self.elements[variable.type.name][plain]
                else:
                    expected = self.vocabulary.value(variable, plain)
                equal.append(to_z3(shown) == to_z3(expected))
        return z3.And(*equal)
