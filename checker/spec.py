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
    def draw(x: State, n: Next, t: Element) -> None:
        x.require(x.ticket[t] == -1)
        n.ticket[t] = x.next
        n.next = x.next + 1

What `x` and `n` are is said in `checker.state`: the state before the step, and the state after it.
A variable not written keeps its value. Writing at `ALL` writes every entry along that index at
once, by a function of the indices left open: `n.owns[t, ALL] = lambda s: False`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from checker.domains import (
    ALL,
    BOOL,
    Boolean,
    Choice,
    Domain,
    Enumeration,
    Range,
    Sort,
    ValueType,
    named,
    spell,
)
from checker.logic import And, If, Implies, Not, Or
from checker.state import Element, Next, Number, State, Term, Truth

__all__ = [
    "ALL",
    "BOOL",
    "Action",
    "And",
    "Boolean",
    "Choice",
    "Domain",
    "Element",
    "Enumeration",
    "If",
    "Implies",
    "Machine",
    "Next",
    "Not",
    "Or",
    "Property",
    "Range",
    "Sort",
    "State",
    "Term",
    "Truth",
    "Variable",
    "applied",
    "is_one_of",
    "named",
    "spell",
]

ActionBody = TypeVar("ActionBody", bound=Callable[..., None])
PropertyBody = TypeVar("PropertyBody", bound=Callable[..., Truth])


@dataclass(frozen=True)
class Variable:
    """A state variable: a map from `index` (empty for a scalar) to values of `type`.

    `init` is the value of every entry in the initial state.
    """

    name: str
    index: tuple[Domain, ...]
    type: ValueType
    init: int
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
    body: Callable[..., Truth]
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
    listed: tuple[str, ...] = ()
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

    def var(self, name: str, *index: Domain, type: ValueType, init: int, why: str = "") -> None:  # noqa: A002  # the spec's own word
        """Declares a state variable; `init` is the initial value of each of its entries."""
        self._fresh(name)
        self.variables[name] = Variable(name, index, type, init, why)

    def next(self, *actions: str) -> None:
        """Lists actions that make up the next-state relation, ahead of their bodies.

        For machines too long to be seen at once. No action outside the list can then be declared,
        nor in another order, and no engine takes the machine before all of it is.
        """
        self.listed += actions

    def action(
        self, *, cites: str, why: str = "", **params: Domain
    ) -> Callable[[ActionBody], ActionBody]:
        """Declares the decorated function as an action; `cites` says what it abstracts."""

        def declare(body: ActionBody) -> ActionBody:
            name = body.__name__
            self._fresh(name)
            if self.listed and self.listed[len(self.actions) :][:1] != (name,):
                raise ValueError(
                    f"the actions of {self.name} are listed, and not with {name!r} here"
                )
            self.actions[name] = Action(name, tuple(params.items()), body, cites, why or _doc(body))
            return body

        return declare

    def invariant(
        self, *, cites: str, why: str = "", lemma: bool = False, **params: Domain
    ) -> Callable[[PropertyBody], PropertyBody]:
        """Declares the decorated function as a property of every reachable state."""
        return self._property(self.invariants, cites, why, lemma, params)

    def transition(
        self, *, cites: str, why: str = "", **params: Domain
    ) -> Callable[[PropertyBody], PropertyBody]:
        """Declares the decorated function as a property of every step, from `x` to `n`."""
        return self._property(self.transitions, cites, why, False, params)

    def copy(self, **bodies: Callable[..., None]) -> "Machine":
        """A machine of its own, in which the actions named have these bodies instead."""
        self.must_be_whole()
        changed = {name: replace(self.actions[name], body=body) for name, body in bodies.items()}
        return replace(
            self,
            sorts=list(self.sorts),
            constants=dict(self.constants),
            variables=dict(self.variables),
            listed=(),
            actions={**self.actions, **changed},
            invariants=dict(self.invariants),
            transitions=dict(self.transitions),
        )

    def must_be_whole(self) -> None:
        """Raises ValueError while an action that is listed has no body."""
        missing = self.listed[len(self.actions) :]
        if missing:
            raise ValueError(f"{self.name} lists actions without bodies: {', '.join(missing)}")

    def _property(
        self,
        where: dict[str, Property],
        cites: str,
        why: str,
        lemma: bool,
        params: Mapping[str, Domain],
    ) -> Callable[[PropertyBody], PropertyBody]:
        def declare(body: PropertyBody) -> PropertyBody:
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


def is_one_of(value: Number, *choices: Number) -> Truth:
    """Whether the value equals one of the choices, in any reading."""
    return Or(*(value == choice for choice in choices))


def applied(statement: Action | Property, arguments: Sequence[Any]) -> str:
    """An action or a property with its arguments, as a reader writes it."""
    pairs = zip(statement.params, arguments, strict=True)
    given = (f"{name}={_argument(domain, value)}" for (name, domain), value in pairs)
    return f"{statement.name}({', '.join(given)})"


def _argument(domain: Domain, value: Any) -> str:
    if isinstance(domain, Sort):
        return f"{_CAPITAL.sub(' ', domain.name).lower()} {value}"
    return str(spell(domain, value))


_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _doc(body: Callable[..., Any]) -> str:
    return " ".join((body.__doc__ or "").split())
