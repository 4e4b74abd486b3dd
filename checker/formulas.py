"""The formula reading of a machine: Z3 terms over sorts of any size.

A state is a map from index terms to value terms. The state before a step is made of uninterpreted
functions; an assignment wraps the map it changes in an if-then-else. Sorts stay uninterpreted, so
what is proved holds for any number of threads, locks, blocks.
"""

from collections.abc import Callable, Mapping
from typing import Any

import z3

from checker.logic import And, If, Implies, to_z3
from checker.spec import (
    ALL,
    Boolean,
    Choice,
    Domain,
    Machine,
    Property,
    Range,
    Sort,
    Variable,
)
from checker.terms import Bool, Elem, Int

Lookup = Callable[..., Any]


class Vocabulary:
    """The Z3 names of one machine: sorts, constants, fresh variables."""

    def __init__(self, machine: Machine) -> None:
        machine.must_be_whole()
        self.machine = machine
        self.sorts = {sort.name: z3.DeclareSort(sort.name) for sort in machine.sorts}
        self.defaults = {name: Elem(z3.Const(f"{name}!0", s)) for name, s in self.sorts.items()}
        self.constants = {name: Int.var(name) for name in machine.constants}
        self._fresh = 0

    def z3_sort(self, domain: Any) -> Any:
        if isinstance(domain, Sort):
            return self.sorts[domain.name]
        return z3.BoolSort() if isinstance(domain, Boolean) else z3.IntSort()

    def fresh(self, name: str, domain: Domain) -> Elem | Int:
        """A new variable ranging over a domain; pair it with `within` for ranges."""
        self._fresh += 1
        term = z3.Const(f"{name}!{self._fresh}", self.z3_sort(domain))
        return Elem(term) if isinstance(domain, Sort) else Int(term)

    def within(self, domain: Any, value: Any) -> Any:
        """Whether a value lies in its domain; sorts and truth values always do."""
        if isinstance(domain, Choice):
            return And(value >= 0, value < len(domain.names))
        if isinstance(domain, Range):
            low, high = (self._end(end) for end in (domain.low, domain.high))
            return And(
                True if low is None else low <= value, True if high is None else value <= high
            )
        return True

    def value(self, variable: Variable, value: Any) -> Any:
        """A plain or symbolic value as a term of the variable's type."""
        if isinstance(variable.type, Sort):
            return value if isinstance(value, Elem) else self.defaults[variable.type.name]
        if isinstance(variable.type, Boolean):
            return value if isinstance(value, Bool) else Bool(z3.BoolVal(bool(value)))
        return value if isinstance(value, Int) else Int(z3.IntVal(int(value)))

    def for_all(self, params: tuple[tuple[str, Domain], ...], body: Callable[..., Any]) -> Any:
        """The Z3 formula "for all values of the parameters, body"."""
        values = [self.fresh(name, domain) for name, domain in params]
        inside = And(*(self.within(d, v) for (_, d), v in zip(params, values, strict=True)))
        formula = to_z3(Implies(inside, body(*values)))
        return z3.ForAll([v.t for v in values], formula) if values else formula

    def types_hold(self, variable: Variable, lookup: Lookup) -> Any:
        """The Z3 formula "every entry of the variable has its declared type"."""
        params = tuple((variable.name, domain) for domain in variable.index)
        return self.for_all(params, lambda *key: self.within(variable.type, lookup(*key)))

    def _end(self, end: int | str | None) -> Any:
        return self.constants[end] if isinstance(end, str) else end


class FormulaState:
    """One state as formulas: a lookup for each variable, and the guards a body required."""

    def __init__(self, vocabulary: Vocabulary, lookups: Mapping[str, Lookup]) -> None:
        self._vocabulary = vocabulary
        self._lookups = lookups
        self._guards: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        vocabulary: Vocabulary = self.__dict__["_vocabulary"]
        if name in vocabulary.constants:
            return vocabulary.constants[name]
        lookup = self.__dict__["_lookups"][name]
        return _Map(lookup) if vocabulary.machine.variables[name].index else lookup()

    def require(self, guard: Any) -> None:
        self._guards.append(guard)

    def all(self, domain: Domain, body: Callable[[Any], Any]) -> Bool:
        return Bool(self._vocabulary.for_all((("each", domain),), body))

    def any(self, domain: Domain, body: Callable[[Any], Any]) -> Bool:
        value = self._vocabulary.fresh("some", domain)
        inside = self._vocabulary.within(domain, value)
        return Bool(z3.Exists([value.t], to_z3(And(inside, body(value)))))


def lookup(state: FormulaState, name: str) -> Lookup:
    """How to look up an entry of one variable."""
    return state._lookups[name]


def guards(state: FormulaState) -> list[Any]:
    """What bodies required of the state so far, as Z3 formulas."""
    return [to_z3(guard) for guard in state._guards]


class _Map:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def __getitem__(self, index: Any) -> Any:
        return self._lookup(*index) if isinstance(index, tuple) else self._lookup(index)


class Successor:
    """The state a body writes; `state_after` is what it becomes."""

    _vocabulary: Vocabulary
    _after: dict[str, Lookup]
    _written: set[str]

    def __init__(self, before: FormulaState) -> None:
        vocabulary: Vocabulary = before._vocabulary
        lookups = {name: lookup(before, name) for name in vocabulary.machine.variables}
        self.__dict__.update(_vocabulary=vocabulary, _after=lookups, _written=set())
        for variable in vocabulary.machine.variables.values():
            if variable.index:
                self.__dict__[variable.name] = _MapWriter(self, variable)

    def __setattr__(self, name: str, value: Any) -> None:
        variable = self._vocabulary.machine.variables[name]
        term = self._vocabulary.value(variable, value)
        self._replace(name, lambda: term)

    def _replace(self, name: str, lookup: Lookup) -> None:
        self._after[name] = lookup
        self._written.add(name)


def state_after(successor: Successor) -> FormulaState:
    """The state a body has written."""
    return FormulaState(successor._vocabulary, successor._after)


def written(successor: Successor) -> list[str]:
    """The names of the variables a body has written, sorted."""
    return sorted(successor._written)


class _MapWriter:
    def __init__(self, successor: Successor, variable: Variable) -> None:
        self._successor, self._variable = successor, variable

    def __setitem__(self, index: Any, value: Any) -> None:
        pattern = index if isinstance(index, tuple) else (index,)
        old = self._successor._after[self._variable.name]
        vocabulary = self._successor._vocabulary

        def updated(*at: Any) -> Any:
            pairs = list(zip(at, pattern, strict=True))
            here = And(*(a == part for a, part in pairs if part is not ALL))
            left_open = [a for a, part in pairs if part is ALL]
            new = value(*left_open) if left_open else value
            return If(here, vocabulary.value(self._variable, new), old(*at))

        self._successor._replace(self._variable.name, updated)


def arbitrary_state(vocabulary: Vocabulary) -> FormulaState:
    """A state about which nothing is known: an uninterpreted function for each variable."""

    def entry_of(variable: Variable) -> Lookup:
        domains = [vocabulary.z3_sort(domain) for domain in variable.index]
        result = vocabulary.z3_sort(variable.type)
        wrap = _wrapper(variable)
        if not domains:
            scalar = z3.Const(variable.name, result)
            return lambda: wrap(scalar)
        function = z3.Function(variable.name, *domains, result)
        return lambda *key: wrap(function(*(to_z3(k) for k in key)))

    return FormulaState(
        vocabulary, {n: entry_of(v) for n, v in vocabulary.machine.variables.items()}
    )


def initial_state(vocabulary: Vocabulary) -> FormulaState:
    """The state in which every entry has its declared initial value."""

    def entry_of(variable: Variable) -> Lookup:
        value = vocabulary.value(variable, variable.init)
        return lambda *_: value

    return FormulaState(
        vocabulary, {n: entry_of(v) for n, v in vocabulary.machine.variables.items()}
    )


def statement(vocabulary: Vocabulary, prop: Property, state: FormulaState) -> Any:
    """The Z3 formula "the invariant holds in the state"."""
    return vocabulary.for_all(prop.params, lambda *arguments: prop.body(state, *arguments))


def _wrapper(variable: Variable) -> Any:
    if isinstance(variable.type, Sort):
        return Elem
    return Bool if isinstance(variable.type, Boolean) else Int
