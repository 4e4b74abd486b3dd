"""What a simulation sees of an exploration: operations, views of memory, and how to object."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from checker.interleaving.automaton import Automata, Site
from checker.interleaving.cells import Cell
from checker.interleaving.memory import AccessEvent, Memory
from checker.interleaving.requests import Kind, Object, Place
from checker.interleaving.slices import PlainSlice


class Violation(Exception):
    """A state or step is wrong: the name of what is broken, and how."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name, self.message = name, message


@dataclass(frozen=True)
class Operation:
    """One thing a thread did.

    `object` and `field` (or index) say where; `old` and `new` are the contents before and after;
    `answer` is what the thread got back. `value` is the result of a RETURN, the text of a THROW.
    """

    thread: str
    kind: Kind
    object: Any
    field: str | int | None
    old: Any
    new: Any
    answer: Any
    site: Site | None
    value: Any = None

    @property
    def place(self) -> str:
        """The place for people: `queue.head`, `queue.items[3]`; empty if there is none."""
        return "" if self.field is None else str(Place(self.object, self.field))

    @property
    def writes(self) -> bool:
        """The place was written, perhaps with the value it had."""
        return self.kind in (Kind.STORE, Kind.PLAIN_STORE, Kind.LOCK, Kind.UNLOCK) or (
            self.kind is Kind.RMW and self.answer is not False
        )

    def __str__(self) -> str:
        where = "" if self.site is None else f" {self.site.function}:{self.site.line}"
        if self.field is None:
            value = "" if self.value is None else f" {self.value!r}"
            return f"{self.thread}{where} {self.kind.value}{value}"
        if self.old is self.new:
            return f"{self.thread}{where} {self.kind.value} {self.place} = {self.old!r}"
        return f"{self.thread}{where} {self.kind.value} {self.place}: {self.old!r} -> {self.new!r}"


class View:
    """Read access to one memory: for abstraction functions and invariants."""

    def __init__(self, memory: Memory, number: int) -> None:
        self._memory, self._number = memory, number

    def __getitem__(self, label: str) -> Any:
        """The object to which the scenario gave a label."""
        return self._memory.automata.labels[label]

    def get(self, thing: Any, *path: str | int) -> Any:
        """What a field, element or path of them holds: `get(queue, "items", 3)`.

        A typed atomic gives its value; a mutex gives the name of the thread that holds it, or None;
        an array or a struct held by value gives itself.
        """
        for step in path:
            thing = self._one(thing, step)
        return thing

    def elements(self, array: Any) -> tuple[Any, ...]:
        """All elements of an array or a slice."""
        return tuple(self._one(array, index) for index in range(len(array)))

    def _one(self, thing: Any, step: str | int) -> Any:
        if isinstance(thing, PlainSlice):
            thing = thing._array
        if not isinstance(thing, Object):
            return thing[step] if isinstance(step, int) else getattr(thing, step)
        held = thing._children.get(str(step))
        if held is not None and not isinstance(held, Cell):
            return held
        if thing._access(step) == "const" and not thing._creator:
            return thing._constants.get(str(step), thing._initial(step))
        automata = self._memory.automata
        place = automata.place(thing._place if isinstance(thing, Cell) else Place(thing, step))
        return automata.values[self._memory.value(self._number, place)]


class Simulation(Protocol):
    """A model that runs along with the port and must be able to follow each of its steps.

    The exploration carries the model's state, any hashable value. `advance` is called once for each
    different (model state, thread, step, memory): a place to count which actions of the model fire.
    """

    def initial(self, view: View) -> Hashable:
        """The model state of the setup; raises Violation if there is none."""

    def advance(self, state: Any, operations: tuple[Operation, ...], view: View) -> Hashable:
        """The model state after a thread's step, whose operations are given in order.

        `view` is memory after the step. Raises Violation if the model does not allow the step,
        or if what is in memory is not what the model state says.
        """


@dataclass(frozen=True)
class TraceStep:
    """One step of a trace: who, what, which places changed (old, new), and the model before/after."""

    thread: str
    operations: tuple[Operation, ...]
    changes: Mapping[str, tuple[Any, Any]]
    model: tuple[Any, Any] = (None, None)


def operation(automata: Automata, event: AccessEvent) -> Operation:
    """An event with its numbers replaced by what they stand for."""
    node, values = event.node, automata.values
    place = node.request.place
    old = values[event.old] if event.old >= 0 else None
    return Operation(
        thread=automata.threads[node.thread],
        kind=node.kind,
        object=place.owner if place else None,
        field=place.field if place else None,
        old=old,
        new=values[event.new] if event.new >= 0 else old,
        answer=values[event.answer],
        site=node.site,
        value=node.request.operands[0] if node.kind in (Kind.RETURN, Kind.THROW) else None,
    )


def changes(operations: tuple[Operation, ...]) -> dict[str, tuple[Any, Any]]:
    """The places a step changed: what they held before, what they hold after."""
    found: dict[str, tuple[Any, Any]] = {}
    for each in operations:
        if each.writes:
            found[each.place] = (found.get(each.place, (each.old, None))[0], each.new)
    return {place: pair for place, pair in found.items() if pair[0] is not pair[1]}
