"""Stateful search: every reachable state of a scenario, breadth first, so traces are shortest.

A state is (node of each thread, memory, model state), all numbers. Along the way: throws, deadlocks
and breaches of the lock order, races on plain accesses, and a model that must follow each step.
Once all states are known the number of interleavings is counted exactly, by adding up paths, and a
state from which no ending can be reached is reported as a livelock. A thread that spins without
effect stays in the same state; such a step is not counted.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from checker.assumption import Assumption
from checker.interleaving.automaton import Automata, Node
from checker.interleaving.memory import Memory, ThreadStep, conflict
from checker.interleaving.observe import (
    Operation,
    Simulation,
    TraceStep,
    View,
    Violation,
    changes,
    operation,
)
from checker.interleaving.paths import count_paths, dead_ends
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Ending, Outcome, Scenario

Configuration = tuple[int, ...]
"""Node of each thread, then memory, then model state."""


@dataclass(frozen=True)
class Breach:
    """What went wrong, and the shortest way there.

    kind: "throw", "deadlock", "livelock", "data race", "violation" (the model or an invariant).
    `error` is the Violation raised, if any. `schedule` reproduces the trace: see `replay`.
    """

    kind: str
    message: str
    schedule: tuple[str, ...]
    trace: tuple[TraceStep, ...]
    error: Violation | None = None

    def __str__(self) -> str:
        done = [f"  {each}" for step in self.trace for each in step.operations]
        return "\n".join([f"{self.kind}: {self.message}", *done])


@dataclass(frozen=True)
class Result:
    """What an exploration found. Only with `exhausted` does no violation mean there is none.

    `interleavings` is None when the states form a cycle or were not all explored. `depth` is the
    greatest number of steps on a shortest way to a state. `stopped` says why it is not exhausted.
    `assumptions` are those on which the substrate relied.
    """

    scenario: str
    states: int
    transitions: int
    depth: int
    interleavings: int | None
    outcomes: frozenset[Outcome]
    violation: Breach | None
    exhausted: bool
    stopped: str = ""
    assumptions: frozenset[Assumption] = frozenset()


class _Found(Exception):
    def __init__(self, kind: str, message: str, error: Violation | None = None) -> None:
        self.kind, self.message, self.error = kind, message, error


class Exploration:
    """One scenario, its automata, and the steps of its product with a simulation."""

    def __init__(
        self,
        scenario: Scenario,
        port: Any,
        simulation: Simulation | None = None,
        *,
        merge: bool = True,
    ) -> None:
        self.scenario = scenario
        self.simulation = simulation
        self.automata = Automata(scenario, port, merge=merge)
        self.memory = Memory(self.automata)
        self.nodes = self.automata.nodes
        self._models: list[Any] = []
        self._model_numbers: dict[Hashable, int] = {}
        self._advances: dict[tuple[int, int, int], int] = {}

    def initial(self) -> tuple[Configuration, list[ThreadStep]]:
        """The state in which each thread is at its first step, and what they did to get there."""
        model = 0
        if self.simulation is not None:
            model = self._model(self._judge(self.simulation.initial, View(self.memory, 0)))
        memory, steps = 0, self.start_steps()
        for thread, step in enumerate(steps):
            for other in steps[:thread]:
                self._check_race(step, other.node)
            model = self._advance(model, self.automata.roots[thread], memory, step)
            self._check_throw(step.node)
            memory = step.memory
        return (*(step.node.index for step in steps), memory, model), steps

    def start_steps(self) -> list[ThreadStep]:
        """What each thread does before its first step, in turn."""
        memory, steps = 0, list[ThreadStep]()
        for root in self.automata.roots:
            steps.append(self.memory.start(root, memory))
            memory = steps[-1].memory
        return steps

    def successor(self, state: Configuration, thread: int) -> Configuration | None:
        """The state after a thread's step; None if it can take none. Raises if the step is wrong."""
        node, memory = self.nodes[state[thread]], state[-2]
        step = self.memory.step(node, memory)
        if step is None:
            return None
        for each in range(len(state) - 2):
            if each != thread:
                self._check_race(step, self.nodes[state[each]])
        model = self._advance(state[-1], node, memory, step)
        self._check_throw(step.node)
        rest = (*state[thread + 1 : -2], step.memory, model)
        return (*state[:thread], step.node.index, *rest)

    def ending(self, state: Configuration) -> Outcome | None:
        """How the threads ended, if they all have. Raises if the scenario objects."""
        nodes = [self.nodes[index] for index in state[:-2]]
        if not all(node.final for node in nodes):
            return None
        pairs = zip(self.automata.threads, nodes, strict=True)
        outcome = tuple(Ending(name, *node.ending) for name, node in pairs)
        if self.scenario.final is not None:
            self._judge(self.scenario.final, View(self.memory, state[-2]), outcome)
        return outcome

    def stuck(self, state: Configuration) -> str:
        """What each thread that has not ended waits for."""
        waits = []
        for name, index in zip(self.automata.threads, state[:-2], strict=True):
            node = self.nodes[index]
            if node.kind is Kind.LOCK:
                owner = self.automata.values[self.memory.value(state[-2], node.place)]
                waits.append(f"{name} waits for {node.request.place}, held by {owner}")
            elif not node.final:
                waits.append(f"{name} spins at {node.request.place}")
        return "; ".join(waits)

    def describe(self, step: ThreadStep) -> tuple[Operation, ...]:
        return tuple(operation(self.automata, event) for event in step.events)

    def model(self, state: Configuration) -> Any:
        return self._models[state[-1]] if self._models else None

    def _check_throw(self, node: Node) -> None:
        if node.kind is Kind.THROW:
            text, detail = node.request.operands
            if text not in self.scenario.expected_throws:
                raise _Found("throw", f"{self.automata.threads[node.thread]}: {detail}")

    def _check_race(self, step: ThreadStep, other: Node) -> None:
        mask = conflict(step, other)
        if mask:
            place = (mask & -mask).bit_length() - 1
            name = self.automata.places[place]
            one, two = self.automata.threads[step.node.thread], self.automata.threads[other.thread]
            wrote = "written" if other.writes & mask & -mask else "read"
            raise _Found(
                "data race",
                f"{name} was {wrote} by {two}, which has not moved since, and {one} uses it",
            )

    def _advance(self, model: int, node: Node, memory: int, step: ThreadStep) -> int:
        if self.simulation is None or not step.events:
            return model
        key = (model, node.index, memory)
        known = self._advances.get(key)
        if known is None:
            view = View(self.memory, step.memory)
            state = self._models[model]
            after = self._judge(self.simulation.advance, state, self.describe(step), view)
            known = self._advances[key] = self._model(after)
        return known

    def _judge(self, function: Callable[..., Any], *args: Any) -> Any:
        try:
            return function(*args)
        except Violation as error:
            raise _Found("violation", str(error), error) from error

    def _model(self, state: Hashable) -> int:
        number = self._model_numbers.setdefault(state, len(self._models))
        if number == len(self._models):
            self._models.append(state)
        return number


def explore(
    scenario: Scenario,
    port: Any,
    simulation: Simulation | None = None,
    *,
    limit: int = 1_000_000,
    merge: bool = True,
) -> Result:
    """Explores every state of a scenario over `port`, up to `limit` states.

    Stops at the first violation, which is one of those nearest to the start. Raises Unsupported if
    the port cannot be followed. `merge=False` keeps every history of a thread apart: see `Automata`.
    """
    return _Search(Exploration(scenario, port, simulation, merge=merge), limit).run()


def replay(
    scenario: Scenario,
    port: Any,
    schedule: Sequence[str],
    simulation: Simulation | None = None,
) -> Result:
    """Runs a scenario along the given choices of threads: does the violation still occur?

    Raises ValueError if a chosen thread can take no step.
    """
    exploration = Exploration(scenario, port, simulation)
    found, trace, states = _follow(exploration, schedule)
    outcome = frozenset[Outcome]()
    if found is None:
        try:
            ending = exploration.ending(states[-1])
            outcome = frozenset([ending] if ending else [])
            if not ending and _all_blocked(exploration, states[-1]):
                raise _Found("deadlock", exploration.stuck(states[-1]))
        except _Found as error:
            found = error
    breach = None
    if found is not None:
        breach = Breach(found.kind, found.message, tuple(schedule), tuple(trace), found.error)
    size = len(schedule)
    return Result(
        scenario.name, len(states), size, size, None, outcome, breach, False, "one schedule"
    )


def _follow(
    exploration: Exploration, schedule: Sequence[str]
) -> tuple[_Found | None, list[TraceStep], list[Configuration]]:
    threads = exploration.automata.threads
    trace: list[TraceStep] = []
    states: list[Configuration] = []

    def record(thread: str, step: ThreadStep, before: Any, after: Any) -> None:
        done = exploration.describe(step)
        if done:
            trace.append(TraceStep(thread, done, changes(done), (before, after)))

    try:
        state, steps = exploration.initial()
    except _Found as found:
        return found, trace, states
    model = exploration.model(state)
    for name, step in zip(threads, steps, strict=True):
        record(name, step, model, model)
    states.append(state)
    for name in schedule:
        thread = threads.index(name)
        step_or_none = exploration.memory.step(exploration.nodes[state[thread]], state[-2])
        if step_or_none is None:
            raise ValueError(f"thread {name} can take no step after {len(states) - 1} steps")
        before = exploration.model(state)
        try:
            successor = exploration.successor(state, thread)
        except _Found as found:
            record(name, step_or_none, before, None)
            return found, trace, states
        assert successor is not None
        state = successor
        record(name, step_or_none, before, exploration.model(state))
        states.append(state)
    return None, trace, states


def _all_blocked(exploration: Exploration, state: Configuration) -> bool:
    count = len(state) - 2
    return all(exploration.successor(state, thread) in (None, state) for thread in range(count))


class _Search:
    """The breadth-first search. States are numbered in the order in which they are met."""

    def __init__(self, exploration: Exploration, limit: int) -> None:
        self.exploration, self.limit = exploration, limit
        self.states: list[Configuration] = []
        self.numbers: dict[Configuration, int] = {}
        self.parents: list[tuple[int, int]] = []
        """From which state each was first met, and by whose step: a shortest way there."""
        self.depths: list[int] = []
        self.successors: list[tuple[int, ...]] = []
        """One entry for each step, so that paths can be counted once all are known."""
        self.outcomes: set[Outcome] = set()
        self.transitions = 0
        self.at = 0

    def run(self) -> Result:
        self.choice = -1
        try:
            self.enter(self.exploration.initial()[0], -1, -1)
            while self.at < len(self.states):
                if len(self.states) > self.limit:
                    return self.result(stopped=f"more than {self.limit} states")
                self.expand()
                self.at += 1
            for dead in dead_ends(self.successors)[:1]:
                self.at, self.choice = dead, -1
                message = (
                    f"from here no end can be reached: {self.exploration.stuck(self.states[dead])}"
                )
                raise _Found("livelock", message)
        except _Found as found:
            return self.result(found=found)
        return self.result()

    def expand(self) -> None:
        state = self.states[self.at]
        exploration = self.exploration
        reached = []
        for thread in range(len(state) - 2):
            self.choice = thread
            successor = exploration.successor(state, thread)
            # A step back to the same state is a spin: it adds no interleaving, only a delay.
            if successor is not None and successor != state:
                reached.append(self.enter(successor, self.at, thread))
        self.choice = -1
        self.transitions += len(reached)
        self.successors.append(tuple(reached))
        if not reached:
            outcome = exploration.ending(state)
            if outcome is None:
                raise _Found("deadlock", exploration.stuck(state))
            self.outcomes.add(outcome)

    def enter(self, state: Configuration, parent: int, thread: int) -> int:
        number = self.numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
            self.parents.append((parent, thread))
            self.depths.append(self.depths[parent] + 1 if parent >= 0 else 0)
        return number

    def schedule(self) -> tuple[str, ...]:
        names = self.exploration.automata.threads
        choices = [self.choice] if self.choice >= 0 else []
        at = self.at
        while self.states and at > 0:
            at, thread = self.parents[at]
            choices.append(thread)
        return tuple(names[each] for each in reversed(choices))

    def result(self, found: _Found | None = None, stopped: str = "") -> Result:
        breach = None
        if found is not None:
            schedule = self.schedule()
            _, trace, _ = _follow(self.exploration, schedule)
            breach = Breach(found.kind, found.message, schedule, tuple(trace), found.error)
            stopped = "violation found"
        return Result(
            scenario=self.exploration.scenario.name,
            states=len(self.states),
            transitions=self.transitions,
            depth=max(self.depths, default=0),
            interleavings=None if stopped else count_paths(self.successors),
            outcomes=frozenset(self.outcomes),
            violation=breach,
            exhausted=not stopped,
            stopped=stopped,
            assumptions=frozenset(self.exploration.automata.relied_on),
        )
