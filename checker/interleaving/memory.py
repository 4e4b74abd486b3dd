"""Sequentially consistent memory, and one step of one thread over it.

A step is one access that others can observe the order of, followed by all the plain accesses up to
the next such access. That is sound as long as no other thread touches what those plain accesses
touched before the thread moves on; a node carries them, and `conflict` finds the state in which
somebody does. So the first plain access that should have been a step is itself found, in the state
graph, as a data race.

Why the first is enough: take an interleaving in which another thread's step comes among a thread's
plain accesses. If the two touch no place in common, they commute, and moving the plain accesses up
to their step gives an interleaving that is explored and ends in the same state. If they do, take the
earliest such pair: up to there all is explored, so the state in which the other is about to take that
step is found, and `conflict` with it.

Memories are numbered. A step depends only on (node, memory), and is computed once for each pair.
"""

from typing import NamedTuple

from checker.interleaving.automaton import Automata, Node
from checker.interleaving.requests import Kind
from checker.interleaving.values import Unsupported

_EAGER_LIMIT = 100_000


class AccessEvent(NamedTuple):
    """One request carried out; the values are numbers, -1 where there is none."""

    node: Node
    old: int
    new: int
    answer: int


class ThreadStep(NamedTuple):
    """Where a thread's step leads, and masks of the places it touched in all and plainly."""

    node: Node
    memory: int
    reads: int
    writes: int
    plain_reads: int
    plain_writes: int
    events: tuple[AccessEvent, ...]


class Memory:
    """The memories met so far. A memory is the values of the written places, by slot."""

    def __init__(self, automata: Automata) -> None:
        self.automata = automata
        # Number 0 is the memory that the setup left: nothing differs from the initial values.
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self._contents: list[tuple[int, ...]] = [()]
        self._places: list[int] = []
        self._nothing = automata.values.number(None)

    def value(self, memory: int, place: int) -> int:
        """The number of the value a place holds."""
        slot = self.automata.slots.get(place, -1)
        content = self._contents[memory]
        if 0 <= slot < len(content):
            return content[slot]
        return self.automata.initial[place]

    def changed(self, memory: int, values: dict[int, int]) -> int:
        """The memory after places were given values."""
        automata = self.automata
        content = list(self._contents[memory])
        for place, value in values.items():
            slot = automata.slot(place)
            if slot == len(self._places):
                self._places.append(place)
            while len(content) <= slot:
                content.append(automata.initial[self._places[len(content)]])
            content[slot] = value
        # A memory does not show which slots exist by now: initial values at its end are left out.
        while content and content[-1] == automata.initial[self._places[len(content) - 1]]:
            content.pop()
        key = tuple(content)
        number = self._numbers.setdefault(key, len(self._contents))
        if number == len(self._contents):
            self._contents.append(key)
        return number

    def step(self, node: Node, memory: int) -> ThreadStep | None:
        """The step of a thread at `node`; None if it has ended or waits for a mutex."""
        if memory in node.steps:
            known: ThreadStep | None = node.steps[memory]
            return known
        step = None if node.final or self.blocked(node, memory) else self._run(node, memory, False)
        node.steps[memory] = step
        return step

    def start(self, root: Node, memory: int) -> ThreadStep:
        """What a thread does before its first step."""
        return self._run(root, memory, True)

    def blocked(self, node: Node, memory: int) -> bool:
        """The thread waits for a mutex that another holds."""
        return node.kind is Kind.LOCK and self.value(memory, node.place) != self._nothing

    def _run(self, node: Node, memory: int, eager_only: bool) -> ThreadStep:
        # What this step has written so far; memories are made once a step, not once an access.
        values: dict[int, int] = {}
        events: list[AccessEvent] = []
        reads = writes = plain_reads = plain_writes = 0
        while not node.final and (node.eager or (not events and not eager_only)):
            old = new = -1
            answer = self._nothing
            if node.place >= 0:
                old = values.get(node.place, -1)
                if old < 0:
                    old = self.value(memory, node.place)
                new, answer = self.automata.update(node, old)
                bit = 1 << node.place
                if new < 0:
                    reads |= bit
                    plain_reads |= bit if node.eager else 0
                else:
                    writes |= bit
                    plain_writes |= bit if node.eager else 0
                    values[node.place] = new
            events.append(AccessEvent(node, old, new, answer))
            # Nobody else can end such a loop, and it would never come to its next step.
            if len(events) > _EAGER_LIMIT:
                raise Unsupported(f"{node.site}: a loop without a step; is its condition Racy?")
            node = self.automata.child(node, answer)
        if node.kind is Kind.THROW:
            events.append(AccessEvent(node, -1, -1, self._nothing))
        memory = self.changed(memory, values) if values else memory
        return ThreadStep(node, memory, reads, writes, plain_reads, plain_writes, tuple(events))


def conflict(step: ThreadStep, other: Node) -> int:
    """The mask of the places where a step races with what another thread last did plainly."""
    return (other.writes & (step.reads | step.writes)) | (other.reads & step.writes)
