"""Scenarios: which threads run which calls of the port, from which state; and what to expect."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Call = functools.partial[Any]
"""One call of a port function: `functools.partial(port.lock.acquire, x)`."""


@dataclass(frozen=True)
class Setup:
    """What a scenario's setup returns.

    Each thread has a name and makes one call or several in turn; a partial, because its state is
    visible to the explorer, which a lambda's is not. `labels` names objects for reports and views.
    """

    threads: Sequence[tuple[str, Call | Sequence[Call]]]
    labels: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ending:
    """How a thread ended: the results of its calls in turn, and the text of its throw if any."""

    thread: str
    results: tuple[Any, ...]
    throw: str | None = None

    def __str__(self) -> str:
        results = ", ".join(map(repr, self.results))
        return f"{self.thread}: " + (results if self.throw is None else f"throw {self.throw!r}")


Outcome = tuple[Ending, ...]
"""How all threads ended, in the order of the setup."""


@dataclass(frozen=True)
class Scenario:
    """A few threads over one port.

    `setup(port)` builds the initial state by ordinary port calls and returns the threads. A throw
    is a violation unless its text is among `expected_throws`. `final(view, outcome)` is called in
    each state in which all threads have ended; it raises Violation if something is wrong.
    """

    name: str
    setup: Callable[[Any], Setup]
    expected_throws: frozenset[str] = frozenset()
    final: Callable[[Any, Outcome], None] | None = None
