"""The plain reading of a machine: ordinary integers, no solver.

`Instance` fixes how many elements each sort has and works on hashable states: the exhaustive search
and the replay of counterexamples use it. It runs the very bodies that the solver reads.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from checker.counterexample import Scalar
from checker.spec import (
    ALL,
    Action,
    Boolean,
    Choice,
    Domain,
    Machine,
    Property,
    Range,
    Sort,
    Variable,
    named,
    spell,
)


class Disabled(Exception):
    """The action's guard is false in this state."""


class SpecError(Exception):
    """The machine itself is wrong: a value outside its declared type, an index outside its sort."""


PlainState = tuple[Any, ...]
Write = tuple[Variable, tuple[Any, ...], Any]


class StateView:
    """Reads one state. Maps are `view.name[index]`, scalars and constants `view.name`."""

    def __init__(
        self,
        constants: Mapping[str, int],
        maps: Mapping[str, Any],
        scalar: Callable[[str], Any],
        elements: Callable[[Domain], Iterable[Any]],
    ) -> None:
        self.__dict__.update(constants)
        self.__dict__.update(maps)
        self._scalar = scalar
        self._elements = elements

    def __getattr__(self, name: str) -> Any:
        return self._scalar(name)

    def require(self, guard: Any) -> None:
        """Ends the step here unless the guard holds."""
        if not guard:
            raise Disabled

    def all(self, domain: Domain, body: Callable[[Any], Any]) -> bool:
        return all(body(element) for element in self._elements(domain))

    def any(self, domain: Domain, body: Callable[[Any], Any]) -> bool:
        return any(body(element) for element in self._elements(domain))


class Writer:
    """Collects the writes of one step: `n.name[index] = value` and `n.name = value`.

    It is made once, and emptied before each step, since steps are many and short.
    """

    _log: list[Write]
    _variables: Mapping[str, Variable]

    def __init__(
        self, variables: Mapping[str, Variable], elements: Callable[[Domain], Iterable[Any]]
    ) -> None:
        self.__dict__["_log"] = []
        self.__dict__["_variables"] = variables
        for variable in variables.values():
            if variable.index:
                self.__dict__[variable.name] = _LogWriter(variable, self._log, elements)

    def __setattr__(self, name: str, value: Any) -> None:
        variable = self._variables.get(name)
        if variable is None or variable.index:
            raise SpecError(f"{name!r} is not a scalar variable of this machine")
        self._log.append((variable, (), value))


def emptied(writer: Writer) -> Writer:
    """The writer without the writes of the step before."""
    writer._log.clear()
    return writer


class _LogWriter:
    def __init__(
        self,
        variable: Variable,
        log: list[Write],
        elements: Callable[[Domain], Iterable[Any]],
    ) -> None:
        self._variable, self._log, self._elements = variable, log, elements

    def __setitem__(self, index: Any, value: Any) -> None:
        pattern = index if isinstance(index, tuple) else (index,)
        if ALL not in pattern:
            self._log.append((self._variable, pattern, value))
            return
        open_domains = [
            self._elements(domain)
            for domain, part in zip(self._variable.index, pattern, strict=True)
            if part is ALL
        ]
        for chosen in itertools.product(*open_domains):
            rest = iter(chosen)
            key = tuple(next(rest) if part is ALL else part for part in pattern)
            self._log.append((self._variable, key, value(*chosen)))


class Instance:
    """A machine with `sizes[sort]` elements 0, 1, ... of each sort and fixed constants.

    A state is a tuple of plain values. Bodies never see an undeclared value: writing one outside
    its type raises SpecError.
    """

    def __init__(
        self,
        machine: Machine,
        sizes: Mapping[str, int],
        constants: Mapping[str, int] | None = None,
    ) -> None:
        machine.must_be_whole()
        self.machine = machine
        self.sizes = dict(sizes)
        self.constants = dict(constants or {})
        if set(self.sizes) != {sort.name for sort in machine.sorts}:
            raise SpecError(f"sizes must name exactly the sorts of {machine.name}")
        if set(self.constants) != set(machine.constants):
            raise SpecError(f"constants must be exactly those of {machine.name}")
        self._offset: dict[str, int] = {}
        self._positions: dict[tuple[str, tuple[Any, ...]], int] = {}
        self._names: list[str] = []
        self._arguments: dict[tuple[tuple[str, Domain], ...], tuple[tuple[int, ...], ...]] = {}
        initial: list[Any] = []
        for variable in machine.variables.values():
            self._offset[variable.name] = len(initial)
            keys = list(itertools.product(*map(self.elements, variable.index)))
            for key in keys:
                self._positions[variable.name, key] = len(self._positions)
            initial += [variable.init] * len(keys)
            self._names += [entry_name(variable, key) for key in keys]
        self.initial: PlainState = tuple(initial)
        self._before, self._after = _MovableView(self), _MovableView(self)
        self._writer = Writer(machine.variables, self.elements)

    def elements(self, domain: Domain) -> range:
        """The elements of a sort, or the integers of a range or choice, in this instance."""
        if isinstance(domain, Sort):
            return range(self.sizes[domain.name])
        if isinstance(domain, Choice):
            return range(len(domain.names))
        low, high = self.ends(domain)
        if low is None or high is None:
            raise SpecError("an open range cannot be enumerated")
        return range(low, high + 1)

    def ends(self, domain: Range) -> tuple[int | None, int | None]:
        """The ends of a range with the machine's constants filled in."""
        low, high = domain.low, domain.high
        return (
            self.constants[low] if isinstance(low, str) else low,
            self.constants[high] if isinstance(high, str) else high,
        )

    def arguments(self, params: tuple[tuple[str, Domain], ...]) -> Sequence[tuple[int, ...]]:
        """Every combination of values of an action's or property's parameters."""
        found = self._arguments.get(params)
        if found is None:
            found = tuple(itertools.product(*(self.elements(domain) for _, domain in params)))
            self._arguments[params] = found
        return found

    def step(
        self, state: PlainState, action: Action, arguments: tuple[Any, ...]
    ) -> PlainState | None:
        """The state after the action, or None where its guard is false."""
        writer = emptied(self._writer)
        try:
            action.body(self._before.show(state), writer, *arguments)
        except Disabled:
            return None
        after = list(state)
        for variable, key, value in writer._log:
            self._check(variable, value)
            after[self._position(variable, key)] = named(variable.type, value)
        return tuple(after)

    def successors(self, state: PlainState) -> Iterator[tuple[Action, tuple[Any, ...], PlainState]]:
        """Each action with arguments for which its guard holds, and the state after it."""
        for action in self.machine.actions.values():
            for arguments in self.arguments(action.params):
                after = self.step(state, action, arguments)
                if after is not None:
                    yield action, arguments, after

    def holds(self, prop: Property, state: PlainState, arguments: tuple[Any, ...]) -> bool:
        """Whether an invariant holds in the state for these arguments."""
        return bool(prop.body(self._before.show(state), *arguments))

    def step_holds(
        self, prop: Property, before: PlainState, after: PlainState, arguments: tuple[Any, ...]
    ) -> bool:
        """Whether a step property holds from `before` to `after` for these arguments."""
        return bool(prop.body(self._before.show(before), self._after.show(after), *arguments))

    def reads(
        self, statement: Action | Property, states: Sequence[PlainState], arguments: tuple[Any, ...]
    ) -> set[str]:
        """The entries that an action or a property looks at in the last of these states.

        A property of steps also looks at the one before it.
        """
        steps = statement.name in self.machine.transitions
        watched = [_Watched(state) for state in states[-2 if steps else -1 :]]
        views = [
            movable.show(state)
            for movable, state in zip((self._before, self._after), watched, strict=False)
        ]
        if isinstance(statement, Action):
            with suppress(Disabled):
                statement.body(*views, Writer(self.machine.variables, self.elements), *arguments)
        else:
            statement.body(*views, *arguments)
        return {self._names[position] for state in watched for position in state.seen}

    def broken(
        self, state: PlainState, but: frozenset[str] = frozenset()
    ) -> tuple[Property, tuple[Any, ...]] | None:
        """The first invariant not in `but` that fails here, with the arguments it fails for."""
        for prop in self.machine.invariants.values():
            if prop.name in but:
                continue
            for arguments in self.arguments(prop.params):
                if not self.holds(prop, state, arguments):
                    return prop, arguments
        return None

    def broken_step(
        self, before: PlainState, after: PlainState
    ) -> tuple[Property, tuple[Any, ...]] | None:
        """The first property of steps that fails here, with the arguments it fails for."""
        for prop in self.machine.transitions.values():
            for arguments in self.arguments(prop.params):
                if not self.step_holds(prop, before, after, arguments):
                    return prop, arguments
        return None

    def describe(self, state: PlainState) -> dict[str, Scalar]:
        """The state as flat names and values: {"ticket[0]": 2, ...}."""
        described: dict[str, Scalar] = {}
        for variable in self.machine.variables.values():
            start = self._offset[variable.name]
            count = len(list(itertools.product(*map(self.elements, variable.index))))
            for position in range(start, start + count):
                described[self._names[position]] = spell(variable.type, state[position])
        return described

    def value(self, state: PlainState, name: str, *key: int) -> Any:
        """One entry of the state."""
        return state[self._position(self.machine.variables[name], key)]

    def _position(self, variable: Variable, key: tuple[Any, ...]) -> int:
        position = self._positions.get((variable.name, key))
        if position is None:
            raise SpecError(f"{variable.name}{list(key)} is outside its index")
        return position

    def _check(self, variable: Variable, value: Any) -> None:
        kind = variable.type
        if isinstance(kind, Boolean):
            good = isinstance(value, bool)
        elif isinstance(kind, Range):
            low, high = self.ends(kind)
            good = (low is None or low <= value) and (high is None or value <= high)
        else:
            good = value in self.elements(kind)
        if not good:
            raise SpecError(f"{variable.name} := {value!r} is outside its type {kind}")


class _Watched:
    """A state that remembers at which positions it was read."""

    def __init__(self, state: PlainState) -> None:
        self._state = state
        self.seen: set[int] = set()

    def __getitem__(self, position: int) -> Any:
        self.seen.add(position)
        return self._state[position]


class _MovableView:
    """A view that can be pointed at one state after another without being rebuilt."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.state: PlainState | _Watched = ()
        variables = instance.machine.variables.values()
        maps = {v.name: _FlatMap(self, instance, v) for v in variables if v.index}
        self._view = StateView(instance.constants, maps, self._scalar, instance.elements)

    def show(self, state: PlainState | _Watched) -> StateView:
        self.state = state
        return self._view

    def _scalar(self, name: str) -> Any:
        offset = self._instance._offset.get(name)
        if offset is None:
            raise SpecError(f"{self._instance.machine.name} has no variable {name!r}")
        return self.state[offset]


class _FlatMap:
    """`x.name[index]` over the state its frame shows."""

    __slots__ = ("_frame", "_positions")

    def __init__(self, frame: _MovableView, instance: Instance, variable: Variable) -> None:
        self._frame = frame
        start = instance._offset[variable.name]
        keys = itertools.product(*map(instance.elements, variable.index))
        self._positions = {
            (key if len(key) > 1 else key[0]): start + number for number, key in enumerate(keys)
        }

    def __getitem__(self, index: Any) -> Any:
        return self._frame.state[self._positions[index]]


def entry_name(variable: Variable, key: tuple[Any, ...]) -> str:
    """An entry of a state as people read it: `ticket[0]`."""
    if not key:
        return variable.name
    return f"{variable.name}[{','.join(map(str, key))}]"
