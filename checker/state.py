"""What the bodies of actions and properties work on, as a type checker sees it.

`x` is the state before a step, and is only read: `x.gen[s]` is an entry of the variable `gen`,
`x.drained` a variable without index or a constant. `n` is the state after the step. An action only
writes it (`Next`), and what it does not write keeps its value; a property of steps only reads it
(`State`, like `x`).

Each reading has values of its own: the plain one integers, the symbolic ones Z3 terms. `Element`
and `Term` stand for all of them and say what a body may do with them. There are no such objects.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol, TypeAlias

from checker.domains import Domain, _All
from checker.terms import Bool


class Element(ABC):
    """An element of a sort: it can be compared for equality and used as an index."""

    @abstractmethod
    def __eq__(self, other: object) -> bool: ...

    @abstractmethod
    def __ne__(self, other: object) -> bool: ...


class Term(Element):
    """What a state holds: a truth value, an integer or an element, or a map to these.

    Which of them, the variable's declaration says, not its type: the checker of types allows the
    operations of all.
    """

    @abstractmethod
    def __getitem__(self, index: "Index") -> "Term": ...

    @abstractmethod
    def __add__(self, other: "Number") -> "Term": ...

    @abstractmethod
    def __sub__(self, other: "Number") -> "Term": ...

    @abstractmethod
    def __lt__(self, other: "Number") -> "Truth": ...

    @abstractmethod
    def __le__(self, other: "Number") -> "Truth": ...

    @abstractmethod
    def __gt__(self, other: "Number") -> "Truth": ...

    @abstractmethod
    def __ge__(self, other: "Number") -> "Truth": ...


Number: TypeAlias = Term | int
Truth: TypeAlias = bool | Bool | Term
Value: TypeAlias = Element | Truth | int
Index: TypeAlias = Element | int | tuple[Element | int, ...]
Pattern: TypeAlias = Element | int | _All | tuple[Element | int | _All, ...]


class State(Protocol):
    """A state, to be read."""

    def __getattr__(self, name: str) -> Term: ...

    def require(self, guard: Truth) -> None:
        """The action is not enabled unless the guard holds."""

    def all(self, domain: Domain, body: Callable[[Term], Truth]) -> Truth:
        """Whether the body holds of everything in the domain."""

    def any(self, domain: Domain, body: Callable[[Term], Truth]) -> Truth:
        """Whether the body holds of something in the domain."""


class WritableMap(Protocol):
    """A variable with an index, to be written."""

    @abstractmethod
    def __setitem__(self, index: Pattern, value: Value | Callable[..., Value]) -> None:
        """Writes one entry or, at `ALL`, every entry along that index, by a function of it."""


class Next(Protocol):
    """The state after a step, to be written."""

    def __getattr__(self, name: str) -> WritableMap: ...

    def __setattr__(self, name: str, value: Value) -> None: ...
