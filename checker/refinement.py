"""Refinement: a run of the port seen, step by step, as a run of the model.

Two things are written for each subject, and a human must review them: which model actions an
operation of the port stands for, and the abstraction, which says how each model variable shows in
the port's memory. A model variable without a counterpart in memory (what a thread is in the middle
of, say) is a history variable: only the model keeps it, and the declaration says why.

Technique does not matter here: the interleaving search, the random state machines and the symbolic
harnesses all drive `ModelRun` or `advance`.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from checker.counterexample import Scalar
from checker.plain import Instance, PlainState
from checker.spec import Machine, applied, spell


class Diverged(Exception):
    """The port did what the model does not allow, or shows what the model does not have."""

    def __init__(self, invariant: str, citation: str, why: str) -> None:
        super().__init__(f"{invariant}: {why}")
        self.invariant, self.citation, self.why = invariant, citation, why


@dataclass(frozen=True)
class Mismatch:
    """One entry on which port and model disagree."""

    variable: str
    key: tuple[int, ...]
    model: Scalar
    port: Scalar

    def __str__(self) -> str:
        entry = f"{self.variable}[{','.join(map(str, self.key))}]" if self.key else self.variable
        return f"{entry} is {self.model} in the model and {self.port} in the port"


class Abstraction:
    """How a port state shows each model variable: one function of (port, *index) for each.

    `history` maps the variables that only the model keeps to the reason why.
    """

    def __init__(self, machine: Machine, *, history: Mapping[str, str]) -> None:
        self.machine = machine
        self.history = dict(history)
        self.conjuncts: dict[str, Callable[..., Any]] = {}
        self.checks: list[Callable[[Any], str | None]] = []

    def of(self, conjunct: Callable[..., Any]) -> Callable[..., Any]:
        """Declares the function of the same name as a variable to be that variable's conjunct."""
        name = conjunct.__name__
        if name not in self.machine.variables or name in self.history:
            raise ValueError(f"{name} is not a variable of {self.machine.name} that shows")
        self.conjuncts[name] = conjunct
        return conjunct

    def representation(self, check: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
        """Declares a check of the port's own consistency: None, or what is wrong."""
        self.checks.append(check)
        return check

    def mismatch(self, port: Any, instance: Instance, state: PlainState) -> Mismatch | str | None:
        """The first disagreement between port and model. Raises ValueError on an uncovered variable."""
        missing = set(self.machine.variables) - set(self.conjuncts) - set(self.history)
        if missing:
            raise ValueError(f"no conjunct and no reason for {', '.join(sorted(missing))}")
        for check in self.checks:
            wrong = check(port)
            if wrong:
                return wrong
        for name, conjunct in self.conjuncts.items():
            variable = self.machine.variables[name]
            for key in itertools.product(*map(instance.elements, variable.index)):
                shown, kept = conjunct(port, *key), instance.value(state, name, *key)
                if shown != kept:
                    return Mismatch(
                        name, key, spell(variable.type, kept), spell(variable.type, shown)
                    )
        return None


class ModelRun:
    """A run of the model beside a run of the port. `state` is the model's current state."""

    def __init__(self, instance: Instance, abstraction: Abstraction) -> None:
        self.instance, self.abstraction = instance, abstraction
        self.state: PlainState = instance.initial
        self.fired: dict[str, int] = dict.fromkeys(instance.machine.actions, 0)

    def see(self, name: str, *key: int) -> Any:
        """One entry of the model's state."""
        return self.instance.value(self.state, name, *key)

    def take(self, name: str, *arguments: Any) -> None:
        """Takes one model step. Raises Diverged where the model does not allow it."""
        action = self.instance.machine.actions[name]
        after = self.instance.step(self.state, action, arguments)
        if after is None:
            step = applied(action, arguments)
            where = f"{self.instance.machine.name}.{name}"
            raise Diverged(
                where, action.cites, f"the port does {step}, which the model forbids here"
            )
        self.state = after
        self.fired[name] += 1

    def allows(self, name: str, *arguments: Any) -> bool:
        """Whether the model would allow the step."""
        action = self.instance.machine.actions[name]
        return self.instance.step(self.state, action, arguments) is not None

    def compare(self, port: Any) -> None:
        """Raises Diverged where the port does not show the model's state."""
        mismatch = self.abstraction.mismatch(port, self.instance, self.state)
        if mismatch is not None:
            machine = self.instance.machine
            field = mismatch.variable if isinstance(mismatch, Mismatch) else "representation"
            raise Diverged(f"{machine.name}.{field}", machine.cites, str(mismatch))

    def describe(self) -> dict[str, Scalar]:
        """The model's state as flat names and values."""
        return self.instance.describe(self.state)
