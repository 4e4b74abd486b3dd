"""Witnesses: a solver's model re-evaluated by the plain reading before anyone sees it.

A model is only a claim of the solver about our formulas. Here it becomes an ordinary state; the
properties, the guard and the failing property are evaluated on it with plain integers. Only what
the plain reading confirms is shown as a counterexample.
"""

import itertools
from typing import Any

import z3

from checker.counterexample import Counterexample, Replay, Step, changed
from checker.formulas import Vocabulary
from checker.logic import to_z3
from checker.plain import Instance, SpecError
from checker.spec import Action, Boolean, Property, Sort, Variable, applied
from checker.terms import Elem

LARGEST_RANGE = 64


class Witness:
    """The state a model describes, on an instance as large as the model's universe."""

    def __init__(self, vocabulary: Vocabulary, model: Any, variant: str = "") -> None:
        self._vocabulary = vocabulary
        self._variant = variant
        self._model = model
        self._elements: dict[str, list[Any]] = {}
        for name, sort in vocabulary.sorts.items():
            first = model.eval(vocabulary.defaults[name].t, model_completion=True)
            others = [e for e in model.get_universe(sort) or [] if not e.eq(first)]
            self._elements[name] = [first, *others]

    def confirm(
        self,
        action: Action | None,
        arguments: tuple[Any, ...],
        prop: Property | None,
        goal_arguments: tuple[Any, ...],
    ) -> Counterexample | None:
        """The step as a trace, or None when the plain reading does not agree that it fails."""
        machine = self._vocabulary.machine
        constants = {name: self._number(t.t) for name, t in self._vocabulary.constants.items()}
        if any(value > LARGEST_RANGE for value in constants.values()):
            return None
        sizes = {name: len(elements) for name, elements in self._elements.items()}
        instance = Instance(machine, sizes, constants)
        state = instance.initial if action is None else self._state(instance)
        plain_goal = tuple(self._plain(a) for a in goal_arguments)
        goal = [prop.name, *plain_goal] if prop else []
        steps = []
        taken: list[Any] = []
        reads: set[str] = set()
        after = state
        if action is not None:
            if instance.broken(state) is not None:
                return None
            plain_arguments = tuple(self._plain(a) for a in arguments)
            taken = [action.name, *plain_arguments]
            reads = instance.reads(action, [state], plain_arguments)
            try:
                following = instance.step(state, action, plain_arguments)
            except SpecError as error:
                return self._counterexample(
                    instance, state, [], prop, str(error), [taken, goal], reads
                )
            if following is None:
                return None
            after = following
            difference = changed(instance.describe(state), instance.describe(after))
            name = applied(action, plain_arguments)
            steps = [Step("machine", name, function=action.cites, abstract=difference)]
        if prop is None or self._holds(instance, prop, state, after, plain_goal):
            return None
        diverging = f"{applied(prop, plain_goal)} is false"
        reads |= instance.reads(prop, [state, after], plain_goal)
        return self._counterexample(instance, state, steps, prop, diverging, [taken, goal], reads)

    def _holds(
        self, instance: Instance, prop: Property, state: Any, after: Any, arguments: Any
    ) -> bool:
        if prop.name in instance.machine.transitions:
            return instance.step_holds(prop, state, after, arguments)
        return instance.holds(prop, after, arguments)

    def _counterexample(
        self,
        instance: Instance,
        state: Any,
        steps: list[Step],
        prop: Property | None,
        diverging: str,
        choices: list[list[Any]],
        reads: set[str],
    ) -> Counterexample:
        machine = instance.machine
        sizes = {"sizes": instance.sizes, "constants": instance.constants}
        return Counterexample(
            invariant=f"{machine.name}.{prop.name if prop else 'types'}",
            citation=prop.cites if prop else machine.cites,
            why=(prop.why if prop else machine.why)
            + " (a counterexample to induction: the first state may be unreachable)",
            steps=steps,
            initial_abstract=instance.describe(state),
            diverging=diverging,
            replay=Replay(
                f"{machine.name}/induction", [sizes, list(state), *choices], self._variant
            ),
            reads=tuple(sorted(reads)),
        )

    def _state(self, instance: Instance) -> Any:
        values: list[Any] = []
        for variable in instance.machine.variables.values():
            for key in itertools.product(*map(instance.elements, variable.index)):
                values.append(self._entry(variable, key))
        return tuple(values)

    def _entry(self, variable: Variable, key: tuple[int, ...]) -> Any:
        domains = [self._vocabulary.z3_sort(domain) for domain in variable.index]
        result = self._vocabulary.z3_sort(variable.type)
        if not domains:
            return self._value(variable, z3.Const(variable.name, result))
        function = z3.Function(variable.name, *domains, result)
        terms = [
            self._elements[d.name][k] if isinstance(d, Sort) else z3.IntVal(k)
            for d, k in zip(variable.index, key, strict=True)
        ]
        return self._value(variable, function(*terms))

    def _value(self, variable: Variable, term: Any) -> Any:
        if isinstance(variable.type, Boolean):
            return z3.is_true(self._model.eval(term, model_completion=True))
        if isinstance(variable.type, Sort):
            return self._position(variable.type.name, term)
        return self._number(term)

    def _plain(self, value: Any) -> int:
        if isinstance(value, Elem):
            return self._position(value.t.sort().name(), value.t)
        return self._number(to_z3(value))

    def _position(self, sort: str, term: Any) -> int:
        element = self._model.eval(term, model_completion=True)
        for position, other in enumerate(self._elements[sort]):
            if element.eq(other):
                return position
        self._elements[sort].append(element)
        return len(self._elements[sort]) - 1

    def _number(self, term: Any) -> int:
        return int(self._model.eval(term, model_completion=True).as_long())
