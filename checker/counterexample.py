"""Counterexamples: the trace in which a claim fails, in one shape for every technique.

A trace names the invariant and where it is stated, then tells each step with its thread, function
and line, and only what the step *changed*, in the concrete and in the abstract state.
It ends with a program that reproduces it and with what `replay` needs to run it again.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Scalar = bool | int | str
FlatState = Mapping[str, Scalar]
"""A flat state: "ticket[thread0]" -> 2. Flat, so that a difference is a plain comparison."""


@dataclass(frozen=True)
class Step:
    """One step of the trace.

    `where` is the place in the program as "file:line".
    `concrete` and `abstract` hold the values after the step of just those variables it changed.
    """

    thread: str
    action: str
    function: str = ""
    where: str = ""
    concrete: FlatState = field(default_factory=dict)
    abstract: FlatState = field(default_factory=dict)


@dataclass(frozen=True)
class Replay:
    """How to run the trace again: which harness of which subject, on which variant of the port."""

    harness: str
    choices: Sequence[Any]
    variant: str = ""


@dataclass(frozen=True)
class Counterexample:
    """A confirmed violation of `invariant`, which is stated at `citation`."""

    invariant: str
    citation: str
    why: str
    steps: Sequence[Step]
    initial_concrete: FlatState = field(default_factory=dict)
    initial_abstract: FlatState = field(default_factory=dict)
    diverging: str = ""
    reproduction: str = ""
    replay: Replay | None = None
    reads: Sequence[str] = ()
    """The entries of the abstract state that the steps and the claim look at; empty if unknown."""

    def text(self) -> str:
        """The trace for a terminal."""
        lines = [f"violated: {self.invariant}"]
        lines += [f"stated at: {self.citation}"] if self.citation else []
        lines += [f"why: {self.why}"] if self.why else []
        lines += self._beginning()
        for number, step in enumerate(self.steps, 1):
            place = " ".join(part for part in (step.function, step.where) if part)
            lines.append(
                f"{number:3}. [{step.thread}] {step.action}" + (f"  ({place})" if place else "")
            )
            lines += [f"        {name} := {value}" for name, value in step.concrete.items()]
            lines += [f"      | {name} := {value}" for name, value in step.abstract.items()]
        if self.diverging:
            lines.append(f"then: {self.diverging}")
        if self.reproduction:
            lines += [
                "reproduce with:",
                *(f"    {line}" for line in self.reproduction.splitlines()),
            ]
        return "\n".join(lines)

    def _beginning(self) -> list[str]:
        """The initial state, as far as the trace depends on it."""
        state = gathered(self.initial_abstract or self.initial_concrete, only=self.reads)
        shown = ", ".join(f"{name}={value}" for name, value in state.items())
        return [f"initially: {shown}"] if shown else []

    def to_json(self) -> dict[str, Any]:
        """A JSON document from which `from_json` makes an equal counterexample."""
        document: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return document

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Counterexample":
        """Raises KeyError or TypeError when the document is not one of ours."""
        rest = dict(document)
        steps = [Step(**step) for step in rest.pop("steps")]
        replay = rest.pop("replay")
        return Counterexample(
            steps=steps,
            replay=Replay(**replay) if replay else None,
            reads=tuple(rest.pop("reads", ())),
            **rest,
        )


def place(file: str, line: int) -> str:
    """A line by its file's folder and name, so that it is the same wherever the checkout is."""
    return f"{'/'.join(Path(file).parts[-2:])}:{line}"


def changed(before: FlatState, after: FlatState) -> dict[str, Scalar]:
    """The part of `after` that differs from `before`."""
    return {name: value for name, value in after.items() if before.get(name) != value}


def gathered(state: FlatState, only: Collection[str] = ()) -> dict[str, Scalar]:
    """The state with one entry, as in "owns[*]", for each map that is the same everywhere.

    `only` leaves out all other entries, unless it is empty.
    """
    maps: dict[str, list[Scalar]] = {}
    for name, value in state.items():
        maps.setdefault(_map_of(name), []).append(value)
    even = {name for name, values in maps.items() if len(values) > 1 and len(set(values)) == 1}
    return {
        f"{_map_of(name)}[*]" if _map_of(name) in even else name: value
        for name, value in state.items()
        if not only or name in only
    }


def _map_of(name: str) -> str:
    """The part of an entry's name before its index."""
    return name.partition("[")[0] if name.endswith("]") else name
