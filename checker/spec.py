"""The specification language: a machine is written once and read by every engine.

A machine has sorts (Lock, Thread, ...), state variables (maps from elements of sorts to values),
actions (a guard and an effect) and properties. Actions and properties are branch-free Python over
`And`, `Or`, `Not`, `Implies`, `If` and the quantifiers `x.all` and `x.any`, so that the same text
is read over plain integers (exhaustive search, monitor of real runs, replay), over Z3 terms
(induction for any number of elements) and as text (handbook).

    machine = Machine("tickets", cites="lock.py:1", why="...")
    thread = machine.sort("Thread")
    machine.var("ticket", thread, type=Range(-1, None), init=-1)
    machine.var("next", type=Range(0, None), init=0)

    @machine.action(t=thread, cites="lock.py:20")
    def draw(x, n, t):
        x.require(x.ticket[t] == -1)
        n.ticket[t] = x.next
        n.next = x.next + 1

`x` is the state before the step and is only read; `n` is the state after it and is only written.
A variable not written keeps its value. Writing at `ALL` writes every entry along that index at
once, by a function of the indices left open: `n.owns[t, ALL] = lambda s: False`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from checker.logic import And, If, Implies, Not, Or

__all__ = [
    "ALL",
    "BOOL",
    "Action",
    "And",
    "Boolean",
    "Choice",
    "Domain",
    "If",
    "Implies",
    "Machine",
    "Not",
    "Or",
    "Property",
    "Range",
    "Sort",
    "Variable",
    "is_one_of",
]


@dataclass(frozen=True)
class Sort:
    """A set of elements with nothing but identity: threads, locks, blocks."""

    name: str


@dataclass(frozen=True)
class Range:
    """The integers from `low` to `high`, both included.

    An end may name a constant of the machine, and None leaves it open (allowed for values of
    variables, not for indices and parameters).
    """

    low: int | str | None
    high: int | str | None


@dataclass(frozen=True)
class Choice:
    """One of a few names, represented by their positions: `Phase.names.index("MARK")`."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Boolean:
    """True or False."""


class _All:
    """Every element of an index."""

    def __repr__(self) -> str:
        return "ALL"


ALL = _All()
BOOL = Boolean()
Domain = Sort | Range | Choice
ValueType = Sort | Range | Choice | Boolean


@dataclass(frozen=True)
class Variable:
    """A state variable: a map from `index` (empty for a scalar) to values of `type`.

    `init` is the value of every entry in the initial state.
    """

    name: str
    index: tuple[Domain, ...]
    type: ValueType
    init: Any
    why: str = ""


@dataclass(frozen=True)
class Action:
    """A guarded step. `body(x, n, *arguments)`; parameters in declaration order."""

    name: str
    params: tuple[tuple[str, Domain], ...]
    body: Callable[..., None]
    cites: str
    why: str


@dataclass(frozen=True)
class Property:
    """A statement about every state (`body(x, *args)`) or every step (`body(x, n, *args)`).

    It is understood for all values of its parameters. A `lemma` is no claim that anybody makes; it
    strengthens the claims enough to make them inductive.
    """

    name: str
    params: tuple[tuple[str, Domain], ...]
    body: Callable[..., Any]
    cites: str
    why: str
    lemma: bool = False


@dataclass
class Machine:
    """A declared machine. Names are unique within it; actions and properties keep their order."""

    name: str
    cites: str
    why: str
    sorts: list[Sort] = field(default_factory=list)
    constants: dict[str, int] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    invariants: dict[str, Property] = field(default_factory=dict)
    transitions: dict[str, Property] = field(default_factory=dict)

    def sort(self, name: str) -> Sort:
        """Declares a sort."""
        sort = Sort(name)
        self.sorts.append(sort)
        return sort

    def constant(self, name: str, least: int) -> str:
        """Declares an integer that a run never changes and of which only `>= least` is known."""
        self.constants[name] = least
        return name

    def var(self, name: str, *index: Domain, type: ValueType, init: Any, why: str = "") -> None:  # noqa: A002  # the spec's own word
        """Declares a state variable; `init` is the initial value of each of its entries."""
        self._fresh(name)
        self.variables[name] = Variable(name, index, type, init, why)

    def action(self, *, cites: str, why: str = "", **params: Domain) -> Callable[[Any], Any]:
        """Declares the decorated function as an action; `cites` names what it abstracts."""

        def declare(body: Callable[..., None]) -> Callable[..., None]:
            name = body.__name__
            self._fresh(name)
            self.actions[name] = Action(name, tuple(params.items()), body, cites, why or _doc(body))
            return body

        return declare

    def invariant(
        self, *, cites: str, why: str = "", lemma: bool = False, **params: Domain
    ) -> Callable[[Any], Any]:
        """Declares the decorated function as a property of every reachable state."""
        return self._property(self.invariants, cites, why, lemma, params)

    def transition(self, *, cites: str, why: str = "", **params: Domain) -> Callable[[Any], Any]:
        """Declares the decorated function as a property of every step, from `x` to `n`."""
        return self._property(self.transitions, cites, why, False, params)

    def _property(
        self,
        where: dict[str, Property],
        cites: str,
        why: str,
        lemma: bool,
        params: Mapping[str, Domain],
    ) -> Callable[[Any], Any]:
        def declare(body: Callable[..., Any]) -> Callable[..., Any]:
            name = body.__name__
            self._fresh(name)
            where[name] = Property(
                name, tuple(params.items()), body, cites, why or _doc(body), lemma
            )
            return body

        return declare

    def _fresh(self, name: str) -> None:
        taken = (self.variables, self.actions, self.invariants, self.transitions, self.constants)
        if name in ("require", "all", "any") or name.startswith("_"):
            raise ValueError(f"{name!r} is a word of the language")
        if any(name in names for names in taken):
            raise ValueError(f"machine {self.name} already has a {name!r}")


def is_one_of(value: Any, *choices: Any) -> Any:
    """Whether the value equals one of the choices, in any reading."""
    return Or(*(value == choice for choice in choices))


def _doc(body: Callable[..., Any]) -> str:
    return " ".join((body.__doc__ or "").split())
