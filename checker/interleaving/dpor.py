"""Source-DPOR: one execution of each Mazurkiewicz trace, on the same automata as the search.

Two executions that differ only in the order of independent steps are one trace. Source sets with
sleep sets (Abdulla, Aronsson, Jonsson and Sagonas, POPL 2014, algorithm 1) run each trace once.
This does not visit every state, so it is no substitute for the search; it is an independent check
of it (numbers of traces are known from elsewhere) and what the race detector runs on.

A compare-and-swap that fails is a read. A lock competes with the last acquisition, not with the
release in between. A thread that spins is left where it is: the executions in which it waited until
the value was there are traces of their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from checker.interleaving.automaton import Node
from checker.interleaving.memory import ThreadStep
from checker.interleaving.requests import Kind
from checker.interleaving.search import Configuration, Exploration

Clock = tuple[int, ...]
"""Per thread, how many of its events happened before."""


@dataclass(slots=True)
class ExecutionEvent:
    """A step in an execution. `number` counts the thread's events from 1; place -1 is none.

    `before` is the clock of the thread's previous event, `clock` that of this one.
    """

    thread: int
    kind: Kind
    place: int
    write: bool
    state: Configuration
    step: ThreadStep | None
    number: int = 0
    before: Clock = ()
    clock: Clock = ()

    def depends_on(self, other: "ExecutionEvent") -> bool:
        """The order of the two matters."""
        return self.thread == other.thread or (
            self.place == other.place and self.place >= 0 and (self.write or other.write)
        )

    def follows(self, other: "ExecutionEvent") -> bool:
        """`other` happened before this event."""
        return self.clock[other.thread] >= other.number


@dataclass
class Executions:
    """How many executions there were. `blocked` ones repeat a trace and should not occur often."""

    complete: int = 0
    blocked: int = 0
    deadlocks: int = 0
    exhausted: bool = True


@dataclass
class _Branch:
    """A point of the current execution from which other executions may still be tried."""

    state: Configuration
    spinning: frozenset[int]
    """Threads whose last step changed nothing; see the module's last paragraph."""
    sleep: dict[int, ExecutionEvent]
    """What each sleeping thread would do. All executions that begin with it were run already."""
    backtrack: set[int] = field(default_factory=set)
    """The threads to begin with from here: a source set, grown as races are found further on."""


class Dpor:
    """Enumerates the executions of an exploration; its simulation, if any, is not run.

    `visit` is called with the events so far whenever one was added; the list is only lent.
    """

    def __init__(
        self,
        exploration: Exploration,
        visit: Callable[[Sequence[ExecutionEvent]], None] | None = None,
    ) -> None:
        self.exploration, self.visit = exploration, visit
        self.threads = len(exploration.automata.threads)
        self.events: list[ExecutionEvent] = []
        self.frames: list[_Branch] = []
        self.counts = Executions()

    def run(self, limit: int = 1_000_000) -> Executions:
        """Runs up to `limit` executions; if there may be more, the result is not `exhausted`."""
        starts = self.exploration.start_steps()
        nodes = (step.node.index for step in starts)
        self.push((*nodes, starts[-1].memory, 0), frozenset(), {})
        while self.frames:
            if self.counts.complete >= limit:
                self.counts.exhausted = False
                break
            frame = self.frames[-1]
            ready = [
                t
                for t in sorted(frame.backtrack)
                if t not in frame.sleep and self.enabled(frame, t)
            ]
            if ready:
                self.take(frame, ready[0])
                continue
            self.frames.pop()
            if self.events:
                # Beginning with it again would lead to the same traces, until something happens
                # that does not commute with it: `take` wakes it then.
                done = self.events.pop()
                self.frames[-1].sleep[done.thread] = done
        return self.counts

    def push(
        self, state: Configuration, spinning: frozenset[int], sleep: dict[int, ExecutionEvent]
    ) -> None:
        frame = _Branch(state, spinning, sleep)
        self.frames.append(frame)
        enabled = [t for t in range(self.threads) if self.enabled(frame, t)]
        awake = [t for t in enabled if t not in sleep]
        # Any thread will do to begin with: whichever others matter show in races later on.
        frame.backtrack.update(awake[:1])
        if not awake:
            # Where a thread could only repeat what sleeps, this execution is part of another trace.
            self.missed_locks(frame)
            if enabled:
                self.counts.blocked += 1
                return
            self.counts.complete += 1
            waiting = any(not self.node(state, t).final for t in range(self.threads))
            self.counts.deadlocks += waiting and not spinning

    def node(self, state: Configuration, thread: int) -> Node:
        return self.exploration.nodes[state[thread]]

    def enabled(self, frame: _Branch, thread: int) -> bool:
        node = self.node(frame.state, thread)
        blocked = self.exploration.memory.blocked(node, frame.state[-2])
        return not node.final and not blocked and thread not in frame.spinning

    def take(self, frame: _Branch, thread: int) -> None:
        event = self.event(frame.state, thread)
        assert event.step is not None
        after = event.step
        state = (*frame.state[:thread], after.node.index, *frame.state[thread + 1 : -2])
        state = (*state, after.memory, frame.state[-1])
        self.order(event)
        self.events.append(event)
        if self.visit is not None:
            self.visit(self.events)
        spins = state == frame.state
        sleep = {t: e for t, e in frame.sleep.items() if not event.depends_on(e)}
        self.push(state, frame.spinning | {thread} if spins else frame.spinning, sleep)

    def event(self, state: Configuration, thread: int) -> ExecutionEvent:
        """The event a thread would cause in a state; its step is None if it is blocked."""
        node, memory = self.node(state, thread), self.exploration.memory
        step = memory.step(node, state[-2])
        writes = node.kind in (Kind.LOCK, Kind.UNLOCK)
        if node.place >= 0 and not writes:
            old = memory.value(state[-2], node.place)
            writes = self.exploration.automata.update(node, old)[0] >= 0
        return ExecutionEvent(thread, node.kind, node.place, writes, state, step)

    def order(self, event: ExecutionEvent) -> None:
        """Gives an event its clock and adds what its races ask for."""
        own = next((e for e in reversed(self.events) if e.thread == event.thread), None)
        event.number = own.number + 1 if own else 1
        event.before = own.clock if own else (0,) * self.threads
        # Backwards, so that `covered` knows all that happened before by way of later events: what is
        # not in it when we get there is ordered with this event by nothing between the two.
        covered = list(event.before)
        races = []
        for index in range(len(self.events) - 1, -1, -1):
            other = self.events[index]
            if other.thread == event.thread or not event.depends_on(other):
                continue
            if covered[other.thread] < other.number:
                races.append(index)
                covered = [max(pair) for pair in zip(covered, other.clock, strict=True)]
        covered[event.thread] = event.number
        event.clock = tuple(covered)
        if event.kind is Kind.LOCK:
            # The release in between cannot come later than this; the acquisition before it could.
            races = self.acquisition(event)
        elif event.kind is Kind.UNLOCK:
            # Nobody else can do anything with a mutex that is held.
            races = []
        for index in races:
            self.reverse(index, event)

    def acquisition(self, event: ExecutionEvent) -> list[int]:
        """The last acquisition of the event's mutex, if another thread's and not ordered before."""
        for index in range(len(self.events) - 1, -1, -1):
            other = self.events[index]
            if other.kind is Kind.LOCK and other.place == event.place:
                competes = event.before[other.thread] < other.number
                return [index] if competes and other.thread != event.thread else []
        return []

    def reverse(self, index: int, event: ExecutionEvent) -> None:
        """Sees to it that `event` also runs before the event at `index`.

        Without `first` a compare-and-swap may turn from a read into a write; that does not matter
        here, as then `first` is a write and nothing left of what came after it is on its place.
        """
        # What does not depend on `first` can run without it, and `event` after that. `initials` are
        # the threads that such a run can begin with; if one of them will be tried at that point
        # anyway, the reversed order lies below it. That is why source sets need no more than this.
        first = self.events[index]
        between = [e for e in self.events[index + 1 :] if not e.follows(first)]
        sequence = [*between, event]
        initials: list[int] = []
        for position, each in enumerate(sequence):
            earlier = sequence[:position]
            if not any(each.depends_on(e) for e in earlier):
                initials.append(each.thread)
        backtrack = self.frames[index].backtrack
        if backtrack.isdisjoint(initials):
            backtrack.add(initials[0])

    def missed_locks(self, frame: _Branch) -> None:
        """A thread blocked at the end on a mutex could have been the one to get it."""
        for thread in range(self.threads):
            if self.exploration.memory.blocked(self.node(frame.state, thread), frame.state[-2]):
                event = self.event(frame.state, thread)
                own = next((e for e in reversed(self.events) if e.thread == thread), None)
                event.before = own.clock if own else (0,) * self.threads
                for index in self.acquisition(event):
                    self.reverse(index, event)
