"""A model beside the code under proof: the model's own actions, taken over symbolic values.

A harness says which actions the code's steps stand for, and claims that the model allows them and
that both then show the same values.
"""

from collections.abc import Callable, Mapping
from typing import Any

from checker.logic import And, Or, Truth
from checker.plain import StateView, Writer
from checker.spec import Domain, Machine, Sort
from checker.symbolic.harness import Engine


class SymbolicModelRun:
    """A run of a model over symbolic values; elements of its sorts are the numbers 0, 1, ...

    `state[variable][index]` is an entry, `state[variable][()]` a variable without index.
    """

    def __init__(
        self,
        e: Engine,
        machine: Machine,
        sizes: Mapping[str, int],
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        self._e, self._machine, self._sizes = e, machine, sizes
        self._constants = dict(constants or {})
        self.state: dict[str, _Entries] = {
            each.name: _Entries(each.init) for each in machine.variables.values()
        }

    def allows(self, name: str, *arguments: Any) -> Truth:
        """Whether the model allows the step."""
        return self._step(name, arguments)[0]

    def take(self, name: str, *arguments: Any) -> None:
        """Takes a step, and claims that the model allows it."""
        allowed, writer = self._step(name, arguments)
        self._e.check(allowed, f"the model allows {name}")
        for variable, key, value in writer._log:
            self.state[variable.name].known[key] = value

    def _step(self, name: str, arguments: tuple[Any, ...]) -> tuple[Truth, Writer]:
        indexed = [name for name, each in self._machine.variables.items() if each.index]
        maps = {name: self.state[name] for name in indexed}
        view = _Guarded(self._constants, maps, lambda each: self.state[each][()], self._elements)
        writer = Writer(self._machine.variables, self._elements)
        self._machine.actions[name].body(view, writer, *arguments)
        return And(*view.guards), writer

    def _elements(self, domain: Domain) -> range:
        if not isinstance(domain, Sort):
            raise TypeError(f"the values of {domain} cannot be enumerated here")
        return range(self._sizes[domain.name])


class _Entries:
    """The entries of a variable: those set so far, and its initial value."""

    def __init__(self, initial: Any) -> None:
        self.initial = initial
        self.known: dict[Any, Any] = {}

    def __getitem__(self, index: Any) -> Any:
        return self.known.get(index if isinstance(index, tuple) else (index,), self.initial)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.known[index if isinstance(index, tuple) else (index,)] = value


class _Guarded(StateView):
    """A state whose guards are collected, since a symbolic one is neither true nor false."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.guards: list[Truth] = []

    def require(self, guard: Truth) -> None:
        self.guards.append(guard)

    def all(self, domain: Domain, body: Callable[[Any], Truth]) -> Truth:  # type: ignore[override]  # symbolic truth values too
        return And(*(body(each) for each in self._elements(domain)))

    def any(self, domain: Domain, body: Callable[[Any], Truth]) -> Truth:  # type: ignore[override]  # symbolic truth values too
        return Or(*(body(each) for each in self._elements(domain)))
