"""The emitted reading of a machine: straight-line Python over flat states, from the same bodies.

`EmittedInstance` is an `Instance` that goes over all steps and judges all properties as text. Each
action, for each choice of its arguments, is read once over the terms that the solver reads, with a
variable for each entry of the state: what comes out is an expression for the guard and one for each
entry that the step writes. Quantifiers and indices that are not known become conjunctions and choices
over the elements of the instance. The text of these expressions is compiled. Making it takes a tenth
of a second or more, so it is for those who visit thousands of states.

The bodies stay the reference: `Instance` runs them, tests compare the two on random states of every
machine, and each search in some of its own. What cannot be written as an expression is left to the
bodies, and so are, in the states where they occur, an index beyond its range and a value outside its
declared type.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import z3

from checker.domains import ALL, Boolean, Domain, Range
from checker.logic import And, If, Not, Or, to_z3
from checker.plain import Instance, PlainState, SpecError
from checker.spec import Action, Machine, Property, Variable
from checker.terms import Bool, Int, OutsideSubset, running

Emitted = Callable[..., Any]

_CANNOT = (SpecError, KeyError, IndexError, TypeError, OutsideSubset, z3.Z3Exception)
"""What reading a body as expressions may raise where it can only be run."""

_INFIX = {
    z3.Z3_OP_AND: " and ",
    z3.Z3_OP_OR: " or ",
    z3.Z3_OP_EQ: " == ",
    z3.Z3_OP_IFF: " == ",
    z3.Z3_OP_DISTINCT: " != ",
    z3.Z3_OP_LE: " <= ",
    z3.Z3_OP_LT: " < ",
    z3.Z3_OP_GE: " >= ",
    z3.Z3_OP_GT: " > ",
    z3.Z3_OP_ADD: " + ",
    z3.Z3_OP_SUB: " - ",
    z3.Z3_OP_MUL: " * ",
}
_ASSOCIATIVE = (z3.Z3_OP_AND, z3.Z3_OP_OR, z3.Z3_OP_ADD, z3.Z3_OP_MUL)


class EmittedInstance(Instance):
    """An instance that searches by the text of its machine's bodies instead of these."""

    def __init__(
        self,
        machine: Machine,
        sizes: Mapping[str, int],
        constants: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(machine, sizes, constants)
        self._variables = [
            variable
            for variable in machine.variables.values()
            for _ in itertools.product(*map(self.elements, variable.index))
        ]
        self._before_terms = [_entry(v, f"v{i}") for i, v in enumerate(self._variables)]
        self._after_terms = [_entry(v, f"w{i}") for i, v in enumerate(self._variables)]
        self._all_steps: Emitted | None = None
        self._invariants: dict[frozenset[str], Emitted] = {}
        self._transitions: Emitted | None = None

    def successors(self, state: PlainState) -> Iterator[tuple[Action, tuple[Any, ...], PlainState]]:
        if self._all_steps is None:
            self._all_steps = self._emit_all_steps()
        found: Iterator[tuple[Action, tuple[Any, ...], PlainState]] = self._all_steps(state)
        return found

    def broken(
        self, state: PlainState, but: frozenset[str] = frozenset()
    ) -> tuple[Property, tuple[Any, ...]] | None:
        invariants = self._invariants.get(but)
        if invariants is None:
            props = [each for each in self.machine.invariants.values() if each.name not in but]
            invariants = self._invariants[but] = self._emit_properties(props)
        if invariants(state, state):
            return None
        return self._confirmed(super().broken(state, but))

    def broken_step(
        self, before: PlainState, after: PlainState
    ) -> tuple[Property, tuple[Any, ...]] | None:
        if self._transitions is None:
            self._transitions = self._emit_properties(list(self.machine.transitions.values()))
        if self._transitions(before, after):
            return None
        return self._confirmed(super().broken_step(before, after))

    def _confirmed(
        self, broken: tuple[Property, tuple[Any, ...]] | None
    ) -> tuple[Property, tuple[Any, ...]]:
        """What the bodies say of a violation that the text has found."""
        if broken is None:
            raise SpecError(f"{self.machine.name}: the text emitted from a property is wrong")
        return broken

    def _emit_all_steps(self) -> Emitted:
        lines: list[str] = []
        names: dict[str, Any] = {}
        moves = (
            (action, arguments)
            for action in self.machine.actions.values()
            for arguments in self.arguments(action.params)
        )
        for number, (action, arguments) in enumerate(moves):
            more, known = self._step(action, arguments, number)
            lines += more
            names |= known
        # A generator even where there is no action.
        return self._compiled([*lines, "yield from ()"], names)

    def _step(
        self, action: Action, arguments: tuple[Any, ...], number: int
    ) -> tuple[list[str], dict[str, Any]]:
        """The lines of one step, which yield the state after it if there is one, and their names."""
        before, writes = _StateTerms(self, self._before_terms), _WrittenTerms(self)
        by_body = super().step
        give = f"yield action{number}, arguments{number}, "
        names: dict[str, Any] = {
            f"action{number}": action,
            f"arguments{number}": arguments,
            f"run{number}": lambda state: by_body(state, action, arguments),
        }
        by_body_lines = [f"after = run{number}(state)", "if after is not None:", f"    {give}after"]
        try:
            with running(None):
                action.body(before, writes, *arguments)
                guard = _text(And(*before.guards))
                beyond = _text(Not(And(*before.bounds, *writes.bounds)))
                written = {
                    position: _text(_typed(self._variables[position], value))
                    for position, value in sorted(writes.entries.items())
                }
        except _CANNOT:
            return by_body_lines, names
        lines = [f"if {guard}:"]
        wrong: list[str] = []
        entries = [f"v{i}" for i in range(len(self._variables))]
        for position, text in written.items():
            kind = self._variables[position].type
            lines.append(f"    w{position} = {text}")
            wrong += self._outside(position)
            entries[position] = f"w{position}"
            members = getattr(kind, "names", None)
            if members is not None:
                names[f"named{position}"] = {int(each): each for each in members}
                entries[position] = f"named{position}.get(w{position}, w{position})"
        if wrong:
            # The body says what is wrong with the value.
            lines += [f"    if {' or '.join(wrong)}:", f"        run{number}(state)"]
        lines.append(f"    {give}({_tuple(entries)})")
        if beyond == "False":
            return lines, names
        indented = [f"    {line}" for line in by_body_lines]
        return [f"if {beyond}:", *indented, "else:", *(f"    {line}" for line in lines)], names

    def _outside(self, position: int) -> Iterator[str]:
        """When a written value is outside the type of its variable."""
        kind = self._variables[position].type
        if isinstance(kind, Boolean):
            return
        low, high = (
            self.ends(kind) if isinstance(kind, Range) else (0, len(self.elements(kind)) - 1)
        )
        if low is not None:
            yield f"w{position} < {low}"
        if high is not None:
            yield f"w{position} > {high}"

    def _emit_properties(self, props: Sequence[Property]) -> Emitted:
        """Whether all of these hold: of a state, or from the first of two states to the second."""
        lines: list[str] = []
        names: dict[str, Any] = {}
        claims = [(prop, given) for prop in props for given in self.arguments(prop.params)]
        for number, (prop, arguments) in enumerate(claims):
            views = [_StateTerms(self, self._before_terms)]
            if prop.name in self.machine.transitions:
                views.append(_StateTerms(self, self._after_terms))
            names[f"by_body{number}"] = self._by_body(prop, arguments)
            by_body = f"by_body{number}(state, after)"
            try:
                with running(None):
                    text = _text(prop.body(*views, *arguments))
                    bounds = _text(And(*(each for view in views for each in view.bounds)))
                if bounds != "True":
                    text = f"({text} if {bounds} else {by_body})"
            except _CANNOT:
                text = by_body
            lines.append(f"if not {text}: return False")
        return self._compiled([*lines, "return True"], names, both=True)

    def _by_body(self, prop: Property, arguments: tuple[Any, ...]) -> Callable[..., bool]:
        if prop.name in self.machine.transitions:
            return lambda before, after: self.step_holds(prop, before, after, arguments)
        return lambda state, _after: self.holds(prop, state, arguments)

    def _compiled(
        self, lines: Sequence[str], names: Mapping[str, Any], *, both: bool = False
    ) -> Emitted:
        """A function of a state, with its entries in v0, v1, ..., or of two (then w0, w1, ...)."""
        every = range(len(self._variables))
        head = [f"({_tuple(f'v{i}' for i in every)}) = state"]
        if both:
            head.append(f"({_tuple(f'w{i}' for i in every)}) = after")
        parameters = "state, after" if both else "state"
        text = "\n    ".join([f"def emitted({parameters}):", *head, *lines])
        namespace = dict(names)
        exec(compile(text, f"<{self.machine.name}, emitted>", "exec"), namespace)
        function: Emitted = namespace["emitted"]
        return function


class _StateTerms:
    """A state as terms, to be read: one for each entry."""

    def __init__(self, instance: EmittedInstance, terms: Sequence[Bool | Int]) -> None:
        self._instance, self._terms = instance, terms
        self.guards: list[Any] = []
        self.bounds: list[Any] = []
        """That each index is within its range, of those that are terms."""

    def __getattr__(self, name: str) -> Any:
        instance = self._instance
        if name in instance.constants:
            return instance.constants[name]
        variable = instance.machine.variables.get(name)
        if variable is None:
            raise SpecError(f"{instance.machine.name} has no variable {name!r}")
        entries = _EntryTerms(instance, variable, self._terms, self.bounds)
        return entries if variable.index else entries[()]

    def require(self, guard: Any) -> None:
        self.guards.append(guard)

    def all(self, domain: Domain, body: Callable[[Any], Any]) -> Any:
        return And(*(body(each) for each in self._instance.elements(domain)))

    def any(self, domain: Domain, body: Callable[[Any], Any]) -> Any:
        return Or(*(body(each) for each in self._instance.elements(domain)))


class _EntryTerms:
    """`x.name[index]`: the entry's term, or a choice between entries where an index is a term."""

    def __init__(
        self,
        instance: EmittedInstance,
        variable: Variable,
        terms: Sequence[Bool | Int],
        bounds: list[Any],
    ) -> None:
        self._instance, self._variable, self._terms = instance, variable, terms
        self._bounds = bounds

    def __getitem__(self, index: Any) -> Any:
        return self._at(index if isinstance(index, tuple) else (index,), ())

    def _at(self, rest: tuple[Any, ...], key: tuple[Any, ...]) -> Any:
        if not rest:
            return self._terms[self._instance._position(self._variable, key)]
        index, *others = rest
        if not isinstance(index, Int):
            return self._at(tuple(others), (*key, index))
        elements = self._instance.elements(self._variable.index[len(key)])
        self._bounds.append(_within(index, elements))
        *firsts, last = elements
        found = self._at(tuple(others), (*key, last))
        for each in reversed(firsts):
            found = If(index == each, self._at(tuple(others), (*key, each)), found)
        return found


class _WrittenTerms:
    """The state after a step, to be written: terms by position of those entries that are."""

    entries: dict[int, Any]
    bounds: list[Any]
    _instance: EmittedInstance

    def __init__(self, instance: EmittedInstance) -> None:
        self.__dict__.update(entries={}, bounds=[], _instance=instance)

    def __getattr__(self, name: str) -> "_WrittenMap":
        return _WrittenMap(self, self._variable(name))

    def __setattr__(self, name: str, value: Any) -> None:
        variable = self._variable(name)
        if variable.index:
            raise SpecError(f"{name!r} is not a scalar variable of this machine")
        self.entries[self._instance._position(variable, ())] = value

    def _variable(self, name: str) -> Variable:
        return self._instance.machine.variables[name]


class _WrittenMap:
    def __init__(self, writes: _WrittenTerms, variable: Variable) -> None:
        self._writes, self._variable = writes, variable

    def __setitem__(self, index: Any, value: Any) -> None:
        instance, entries = self._writes._instance, self._writes.entries
        pattern = index if isinstance(index, tuple) else (index,)
        known = [
            [part] if part is not ALL and not isinstance(part, Int) else instance.elements(domain)
            for domain, part in zip(self._variable.index, pattern, strict=True)
        ]
        self._writes.bounds += [
            _within(part, elements)
            for part, elements in zip(pattern, known, strict=True)
            if isinstance(part, Int)
        ]
        for key in itertools.product(*known):
            pairs = list(zip(pattern, key, strict=True))
            here = And(*(part == each for part, each in pairs if isinstance(part, Int)))
            left_open = [each for part, each in pairs if part is ALL]
            position = instance._position(self._variable, key)
            new = _typed(self._variable, value(*left_open) if left_open else value)
            if here is not True:
                new = If(here, new, entries.get(position, instance._before_terms[position]))
            entries[position] = new


def _entry(variable: Variable, name: str) -> Bool | Int:
    return Bool.var(name) if isinstance(variable.type, Boolean) else Int.var(name)


def _typed(variable: Variable, value: Any) -> Bool | Int:
    """A written value as a term of its variable's type."""
    if isinstance(variable.type, Boolean):
        return value if isinstance(value, Bool) else Bool(z3.BoolVal(value))
    return value if isinstance(value, Int) else Int(z3.IntVal(int(value)))


def _within(index: Int, elements: Sequence[int]) -> Any:
    return And(index >= elements[0], index <= elements[-1])


def _tuple(entries: Iterable[str]) -> str:
    """What stands between the parentheses of a tuple."""
    return "".join(f"{each}, " for each in entries)


def _text(value: Any) -> str:
    """Python for a truth value or an integer. Raises OutsideSubset for a term there is none for."""
    return _spelled(z3.simplify(to_z3(value)))


def _spelled(term: Any) -> str:
    if z3.is_true(term) or z3.is_false(term):
        return str(z3.is_true(term))
    if z3.is_int_value(term):
        return str(term.as_long()) if term.as_long() >= 0 else f"({term.as_long()})"
    kind, parts = term.decl().kind(), [_spelled(each) for each in term.children()]
    if kind == z3.Z3_OP_UNINTERPRETED and not parts:
        return str(term)
    if kind == z3.Z3_OP_NOT:
        return f"(not {parts[0]})"
    if kind == z3.Z3_OP_UMINUS:
        return f"(-{parts[0]})"
    if kind == z3.Z3_OP_ITE:
        return f"({parts[1]} if {parts[0]} else {parts[2]})"
    if kind == z3.Z3_OP_IMPLIES:
        return f"(not {parts[0]} or {parts[1]})"
    if kind in _INFIX and (len(parts) == 2 or kind in _ASSOCIATIVE):
        return f"({_INFIX[kind].join(parts)})"
    raise OutsideSubset(f"no text for {term.decl().name()} of {len(parts)} operands")
