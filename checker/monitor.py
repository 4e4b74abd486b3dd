"""One run of a machine over elements that appear as they are named: for traces of real runs.

`Monitor` keeps one mutable state and takes the steps that were seen, by the same bodies as the plain
reading of an instance.
"""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from checker.counterexample import Scalar
from checker.plain import Disabled, SpecError, StateView, Writer, emptied, entry_name
from checker.spec import Choice, Domain, Machine, Property, Sort, Variable, named, spell


class _Unseen:
    """Stands for every element no event has named yet: all its entries are the defaults."""

    def __repr__(self) -> str:
        return "<unseen>"


UNSEEN = _Unseen()


class Rejected(Exception):
    """A monitored step the machine does not allow; says which action, on what, and why."""

    def __init__(self, action: str, arguments: tuple[Any, ...], reason: str) -> None:
        super().__init__(f"{action}{arguments}: {reason}")
        self.action, self.arguments, self.reason = action, arguments, reason


class Monitor:
    """One run of a machine over elements that appear as they are named.

    An element nobody named behaves as in the initial state, brought forward by the steps that write
    every entry. Quantifiers range over the elements named so far and over one stand-in for all the
    others, so they miss nothing.
    """

    def __init__(self, machine: Machine, constants: Mapping[str, int] | None = None) -> None:
        machine.must_be_whole()
        self.machine = machine
        self.constants = dict(constants or {})
        self.steps = 0
        self.fired: dict[str, int] = dict.fromkeys(machine.actions, 0)
        self._known: dict[str, dict[Any, None]] = {sort.name: {} for sort in machine.sorts}
        self._maps = {v.name: _SparseMap(v) for v in machine.variables.values() if v.index}
        self._scalars = {v.name: v.init for v in machine.variables.values() if not v.index}
        self._writer = Writer(machine.variables, self._elements)
        self._view = StateView(
            self.constants, self._maps, self._scalars.__getitem__, self._elements
        )

    def step(self, name: str, *arguments: Any) -> None:
        """Takes one step. Raises Rejected, with the state unchanged, where the guard is false."""
        action = self.machine.actions[name]
        for (_, domain), argument in zip(action.params, arguments, strict=True):
            if isinstance(domain, Sort):
                self._known[domain.name][argument] = None
        writer = emptied(self._writer)
        try:
            action.body(self._view, writer, *arguments)
        except Disabled:
            raise Rejected(name, arguments, "its guard is false here") from None
        for variable, key, written in writer._log:
            value = named(variable.type, written)
            if variable.index:
                self._maps[variable.name].write(key, value)
            else:
                self._scalars[variable.name] = value
        self.steps += 1
        self.fired[name] += 1

    def read(self, name: str, *key: Any) -> Any:
        """One entry of the current state."""
        if not key:
            return self._scalars[name]
        return self._maps[name][key if len(key) > 1 else key[0]]

    @contextmanager
    def seeing(self, name: str, *key: Any, value: Any) -> Iterator[None]:
        """While inside, the entry shows `value`.

        For a step that reads the entry and writes only its own thread's variables: recorded late,
        it is replayed with what was there at its time.
        """
        index = key if len(key) > 1 else key[0]
        entries = self._maps[name].entries
        present = self.read(name, *key)
        entries[index] = value
        try:
            yield
        finally:
            entries[index] = present

    def knows(self, sort: str, element: Any) -> bool:
        """Whether some step has named the element."""
        return element in self._known[sort]

    def known(self, sort: str) -> list[Any]:
        """The elements of a sort named so far, in order of appearance."""
        return list(self._known[sort])

    def forget(self, sort: str, element: Any) -> None:
        """Drops an element that is in its initial state again, so that quantifiers skip it.

        Raises SpecError when it is not: it cannot be represented by the unseen ones.
        """
        entries = [
            (self._maps[name], key)
            for name, variable in self.machine.variables.items()
            for position, domain in enumerate(variable.index)
            if domain == Sort(sort)
            for key in itertools.product(
                *(
                    [element] if i == position else self._elements(each)
                    for i, each in enumerate(variable.index)
                )
            )
        ]
        for entry, key in entries:
            entry.must_be_initial(key)
        for entry, key in entries:
            entry.drop(key)
        del self._known[sort][element]

    def broken(self) -> tuple[Property, tuple[Any, ...]] | None:
        """The first invariant that fails now, with the arguments it fails for."""
        for prop in self.machine.invariants.values():
            domains = [self._elements(domain) for _, domain in prop.params]
            for arguments in itertools.product(*domains):
                if not prop.body(self._view, *arguments):
                    return prop, arguments
        return None

    def describe(self) -> dict[str, Scalar]:
        """Every entry of the current state that was ever written, and the scalars."""
        described: dict[str, Scalar] = {}
        for name, variable in self.machine.variables.items():
            if not variable.index:
                described[name] = spell(variable.type, self._scalars[name])
            else:
                for key, value in self._maps[name].entries.items():
                    parts = key if isinstance(key, tuple) else (key,)
                    described[entry_name(variable, parts)] = spell(variable.type, value)
        return described

    def _elements(self, domain: Domain) -> list[Any]:
        if isinstance(domain, Sort):
            return [*self._known[domain.name], UNSEEN]
        if isinstance(domain, Choice):
            return list(range(len(domain.names)))
        ends = [self.constants[e] if isinstance(e, str) else e for e in (domain.low, domain.high)]
        if ends[0] is None or ends[1] is None:
            raise SpecError("an open range cannot be enumerated")
        return list(range(ends[0], ends[1] + 1))


class _SparseMap:
    """Entries that were written, and one default for all the others."""

    __slots__ = ("default", "entries", "variable")

    def __init__(self, variable: Variable) -> None:
        self.variable = variable
        self.default = variable.init
        self.entries: dict[Any, Any] = {}

    def __getitem__(self, index: Any) -> Any:
        return self.entries.get(index, self.default)

    def must_be_initial(self, key: tuple[Any, ...]) -> None:
        if self.entries.get(key if len(key) > 1 else key[0], self.default) != self.default:
            raise SpecError(f"{self.variable.name}{list(key)} is not as it was initially")

    def drop(self, key: tuple[Any, ...]) -> None:
        self.entries.pop(key if len(key) > 1 else key[0], None)

    def write(self, key: tuple[Any, ...], value: Any) -> None:
        if UNSEEN not in key:
            self.entries[key if len(key) > 1 else key[0]] = value
        elif len(key) == 1:
            self.default = value
        elif value != self.default:
            raise SpecError(f"{self.variable.name}: a step changed entries of unseen elements")
