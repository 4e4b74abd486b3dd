"""Thread automata: a thread as a graph of requests, grown by running the port once per new edge.

Between two requests a thread is deterministic, so after the same answers it asks the same. A node
is a thread suspended at a request, an edge an answer. The port runs only when an edge is seen for
the first time; all searches are then table look-ups. Nodes whose local state is equal are one node:
same request, same locks held, same frames (line and live locals of normal form code, with what the
thread's own records hold), same number of objects created, and the same plain accesses since the
last step.

That last part makes the search check its own assumption: see memory.
"""

import functools
import types
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import greenlet

from checker.assumption import Assumption
from checker.interleaving import arrays, cells, locks, requests, slices, structs
from checker.interleaving.normalform import point, source_line, why_refused
from checker.interleaving.requests import UNCHANGED, Host, Kind, Place, Request, hosted, rename
from checker.interleaving.scenario import Call, Scenario
from checker.interleaving.values import PrivateRecords, Unsupported, Values, canonical

# Frames of these are left out of a thread's state: what they do after an answer depends on the
# request alone, and on the locks held and the objects under construction, which are in the state.
_SUBSTRATE = (arrays, cells, locks, requests, slices, structs)
_SUBSTRATE_FILES = {each.__file__ for each in _SUBSTRATE} | {__file__}
_EAGER = {Kind.PLAIN_LOAD, Kind.PLAIN_STORE, Kind.SPIN, Kind.RETURN}
_FINAL = {Kind.DONE, Kind.THROW}
_MISSING = object()


@dataclass(frozen=True)
class Site:
    """Where in the port a thread is: function, file, line of the source."""

    function: str
    file: str
    line: int


class Node:
    """A thread suspended at a request: a state of its automaton.

    Values and places are numbers, positions in the tables of `Automata`. That makes a node's edges
    and effects look-ups of small integers, which is what the searches spend their time on.
    """

    __slots__ = {  # noqa: RUF023  # grouped by what they are for
        # Who is suspended, and where.
        "thread": "the position of the thread in the scenario",
        "request": "what it asks for",
        "kind": "the request's kind, which the searches look at all the time",
        "place": "the place it concerns; -1 for none",
        "site": "the line of the program it is at, for traces",
        "eager": "nobody else can observe when it is granted, so it is granted at once: see memory",
        "final": "the thread has ended; there is nothing to grant",
        "ending": "the results of its calls so far, and the text of its throw if that ended it",
        # What it did since its last step, as bit masks over places: see memory.conflict.
        "reads": "the places it has read plainly since then",
        "writes": "the places it has written plainly since then",
        # Its place in the graph.
        "index": "its position among all nodes, which stands for it in a state of the search",
        "parent": "the node from which it was first reached; None for a root",
        "answer": "what `parent` was given to get here; from root to here they are a history",
        "kids": "the node after each answer that was given here so far",
        # What is remembered so that nothing is computed twice.
        "runner": "a live run suspended just here, if there is one to spare",
        "updates": "for each old value of the place, what granting does: see Automata.update",
        "steps": "for each memory, the step from here: see Memory.step",
    }

    def __init__(self, thread: int, request: Request, parent: "Node | None", answer: int) -> None:
        self.thread, self.request, self.parent, self.answer = thread, request, parent, answer
        self.index = -1
        self.kind = request.kind
        self.eager = request.kind in _EAGER
        self.final = request.kind in _FINAL
        self.place = -1
        self.kids: dict[int, Node] = {}
        self.updates: dict[int, tuple[int, int]] = {}
        self.steps: dict[int, Any] = {}
        self.runner: Runner | None = None
        self.site: Site | None = None
        self.reads = self.writes = 0
        self.ending: tuple[tuple[Any, ...], str | None] = ((), None)


class _SetupHost(Host):
    """Answers at once, out of the initial memory."""

    def __init__(self, things: dict[tuple[Any, ...], Any]) -> None:
        super().__init__(things)
        self.memory: dict[Place, Any] = {}

    def ask(self, request: Request) -> Any:
        if request.place is None:
            return None
        old = self.memory.get(request.place, _MISSING)
        if old is _MISSING:
            old = request.place.owner._initial(request.place.field)
        new, answer = perform(request, old, "setup")
        if new is not UNCHANGED:
            self.memory[request.place] = new
        return answer


def perform(request: Request, old: Any, thread: str) -> tuple[Any, Any]:
    """The meaning of a request at a place that holds `old`: (new value or UNCHANGED, answer)."""
    if request.kind in (Kind.LOAD, Kind.PLAIN_LOAD):
        return UNCHANGED, old
    if request.kind in (Kind.STORE, Kind.PLAIN_STORE):
        return request.operands[0], None
    if request.kind is Kind.LOCK:
        return thread, None
    if request.kind is Kind.UNLOCK:
        return None, None
    assert request.update is not None, request
    return request.update(old, *request.operands)


class Runner(Host):
    """One live run of a thread, suspended at a request.

    A greenlet, because it can be suspended in the midst of any call, which a generator cannot. It
    cannot be copied: once it was given one answer, the other edges of its node need another run.
    """

    def __init__(
        self,
        things: dict[tuple[Any, ...], Any],
        relied_on: set[Assumption],
        name: str,
        calls: Sequence[Call],
    ) -> None:
        super().__init__(things, relied_on)
        self.creator = name
        self.calls = calls
        self.results: tuple[Any, ...] = ()
        self.throw: tuple[type, str] | None = None
        self.thrown_at: Site | None = None
        self.hub = greenlet.getcurrent()
        self.greenlet = greenlet.greenlet(self._run)

    def _run(self) -> Request:
        try:
            for call in self.calls:
                result = call()
                canonical(result)
                self.results = (*self.results, result)
                self.ask(Request(Kind.RETURN, operands=(result,)))
        except Unsupported:
            raise
        except Exception as error:
            described = f"{type(error).__name__}: {error}"
            text = getattr(error, "text", None)
            self.throw = (type(error), described if text is None else str(text))
            self.thrown_at = _raised_at(error.__traceback__)
            detail = described if text is None else str(error)
            return Request(Kind.THROW, operands=(self.throw[1], detail))
        return Request(Kind.DONE)

    def ask(self, request: Request) -> Any:
        return self.hub.switch(request)

    def resume(self, *answer: Any) -> Request:
        """Runs to the next request."""
        self.hub = self.greenlet.parent = greenlet.getcurrent()
        with hosted(self):
            request: Request = self.greenlet.switch(*answer)
        return request

    def frames(self) -> list[types.FrameType]:
        """The suspended frames of port code, innermost first."""
        frame, found = self.greenlet.gr_frame, []
        while frame is not None:
            if frame.f_code.co_filename not in _SUBSTRATE_FILES:
                found.append(frame)
            frame = frame.f_back
        return found

    def state(self, request: Request, suspended: Sequence[types.FrameType]) -> Hashable:
        """The local state: equal for two runs only if they behave alike from now on.

        What a thread does next depends on its request (the substrate's own frames add nothing to it),
        on where its frames are and what they still read, on the objects that it counts, builds and
        holds, and on nothing else: shared data is in the explorer's memory, and module variables
        are refused. Its results are in the state since they are part of how it ends.
        """
        operands = canonical(request.operands)
        records = PrivateRecords(self)
        frames = tuple(_frame_state(frame, records) for frame in suspended)
        building = tuple(map(id, self.building))
        held = tuple(map(id, self.held))
        results = canonical(self.results)
        asked = (request.kind, request.place, request.update, request.atomic, operands)
        return (asked, frames, results, self.throw, self.created, building, held)


def _frame_state(frame: types.FrameType, records: PrivateRecords) -> Hashable:
    here = point(frame.f_globals, frame.f_lineno)
    code = frame.f_code
    if here is None:
        why = why_refused(frame.f_globals, code)
        raise Unsupported(
            f"{code.co_filename}:{frame.f_lineno}: a thread is suspended in {code.co_qualname}, "
            f"which is not in normal form: {why}"
        )
    # The line alone names a point, as in normal form each statement has its own; the module goes
    # along because two may have as many lines.
    values = frame.f_locals
    state: list[Any] = [(id(frame.f_globals), frame.f_lineno)]
    for name in here.live:
        value = values.get(name, _MISSING)
        if value is _MISSING:
            state.append(_MISSING)
            continue
        try:
            state.append(canonical(value, records))
        except Unsupported as problem:
            where = f"{code.co_filename}:{here.line}: local {name} of {code.co_qualname}"
            raise Unsupported(f"{where}: {problem}") from None
    return tuple(state)


def _raised_at(traceback: types.TracebackType | None) -> Site | None:
    found = None
    while traceback is not None:
        frame = traceback.tb_frame
        here = point(frame.f_globals, traceback.tb_lineno)
        if here is not None:
            found = Site(frame.f_code.co_qualname, frame.f_code.co_filename, here.line)
        traceback = traceback.tb_next
    return found


class Automata:
    """The automata of a scenario's threads, with the tables of places and values they refer to.

    `merge=False` keeps every history apart: slow, and the way to test that merging is sound.
    """

    def __init__(self, scenario: Scenario, port: Any, *, merge: bool = True) -> None:
        self.values = Values()
        self.places: list[Place] = []
        self.initial: list[int] = []
        """For each place the number of the value that the setup left there."""
        self.slots: dict[int, int] = {}
        """Places that some thread writes, by number: their position in a memory."""
        self.nodes: list[Node] = []
        self.things: dict[tuple[Any, ...], Any] = {}
        """Every object by who made it and as which in turn, so that replays find the same ones."""
        self.relied_on: set[Assumption] = set()
        self._numbers: dict[Place, int] = {}
        self._states: dict[Hashable, Node] | None = {} if merge else None
        self._checked: dict[int, dict[str, Any]] = {}
        """Modules that have no variable of a mutable type. They are kept, so that ids stay theirs."""
        host = _SetupHost(self.things)
        with hosted(host):
            setup = scenario.setup(port)
        if host.held:
            raise Unsupported(f"the setup of {scenario.name} ends holding {host.held[0]}")
        self._memory = host.memory
        self.labels = dict(setup.labels)
        for label, thing in setup.labels.items():
            rename(thing, label)
        self.threads = [name for name, _ in setup.threads]
        if len(set(self.threads)) < len(self.threads) or "" in self.threads:
            raise Unsupported(f"the threads of {scenario.name} need distinct names")
        self._calls = [_calls(name, calls) for name, calls in setup.threads]
        self.roots = [self._root(thread) for thread in range(len(self.threads))]

    def place(self, place: Place) -> int:
        """The number of a place, entered into the table if new."""
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = len(self.places)
            self.places.append(place)
            value = self._memory.get(place, _MISSING)
            if value is _MISSING:
                value = place.owner._initial(place.field)
            self.initial.append(self.values.number(value))
        return number

    def slot(self, place: int) -> int:
        """The position in a memory of a place that is about to be written."""
        return self.slots.setdefault(place, len(self.slots))

    def update(self, node: Node, old: int) -> tuple[int, int]:
        """A node's effect on its place: (number of the new value, or -1 if none; the answer)."""
        known = node.updates.get(old)
        if known is None:
            new, answer = perform(node.request, self.values[old], self.threads[node.thread])
            number = -1 if new is UNCHANGED else self.values.number(new)
            known = node.updates[old] = (number, self.values.number(answer))
        return known

    def child(self, node: Node, answer: int) -> Node:
        """The node after `node` is given the value of number `answer`."""
        child = node.kids.get(answer)
        if child is None:
            # The run that is suspended here goes on, so it is no longer here for another answer.
            runner, node.runner = node.runner, None
            if runner is None:
                runner = self._replay(node)
            request = self._resume(runner, answer)
            child = node.kids[answer] = self._node(runner, request, node, answer)
        return child

    def _root(self, thread: int) -> Node:
        runner = self._runner(thread)
        return self._node(runner, self._resume(runner), None, thread)

    def _runner(self, thread: int) -> Runner:
        return Runner(self.things, self.relied_on, self.threads[thread], self._calls[thread])

    def _resume(self, runner: Runner, *answer: int) -> Request:
        return runner.resume(*(self.values[each] for each in answer))

    def _replay(self, node: Node) -> Runner:
        """A new run, brought to a node by the answers that first led there.

        It must come to just this request: between requests a thread is deterministic.
        """
        history = []
        at = node
        while at.parent is not None:
            history.append(at.answer)
            at = at.parent
        runner = self._runner(node.thread)
        self._resume(runner)
        for answer in reversed(history):
            self._resume(runner, answer)
        return runner

    def _node(self, runner: Runner, request: Request, parent: Node | None, answer: int) -> Node:
        node = Node(parent.thread if parent else answer, request, parent, answer)
        # A step begins at a request that is not eager; the plain accesses after it belong to it.
        if parent and parent.eager:
            node.reads, node.writes = parent.reads, parent.writes
        if parent and parent.kind is Kind.PLAIN_LOAD:
            node.reads |= 1 << parent.place
        if parent and parent.kind is Kind.PLAIN_STORE:
            node.writes |= 1 << parent.place
        frames = runner.frames()
        if self._states is not None:
            for frame in frames:
                self._check_globals(frame)
            state = (node.thread, node.reads, node.writes, runner.state(request, frames))
            known = self._states.setdefault(state, node)
            if known is not node:
                # This run is as good as one that came here the other way.
                known.runner = known.runner or runner
                return known
        node.index = len(self.nodes)
        self.nodes.append(node)
        if request.place is not None:
            node.place = self.place(request.place)
        node.runner = runner
        node.ending = (runner.results, runner.throw[1] if runner.throw else None)
        node.site = runner.thrown_at or _site(frames)
        return node

    def _check_globals(self, frame: types.FrameType) -> None:
        """Refuses a module with a variable of a mutable type: nobody would see it change."""
        module = frame.f_globals
        if id(module) in self._checked:
            return
        for name, value in module.items():
            if isinstance(value, (list, dict, set, bytearray)) and not name.startswith("__"):
                raise Unsupported(
                    f"{frame.f_code.co_filename}: {name} is a {type(value).__name__} shared by all "
                    "threads outside the explored memory: make it a tuple or a field of a Struct"
                )
        self._checked[id(module)] = module


def _site(frames: list[types.FrameType]) -> Site | None:
    if not frames:
        return None
    code, module = frames[0].f_code, frames[0].f_globals
    return Site(code.co_qualname, code.co_filename, source_line(module, frames[0].f_lineno))


def _calls(name: str, calls: Call | Sequence[Call]) -> Sequence[Call]:
    sequence = [calls] if isinstance(calls, functools.partial) else list(calls)
    for call in sequence:
        if not isinstance(call, functools.partial):
            raise Unsupported(
                f"thread {name}: give each call as functools.partial(function, arguments...)"
            )
        for value in (call.func, *call.args, *call.keywords.values()):
            try:
                canonical(value)
            except Unsupported as problem:
                raise Unsupported(f"thread {name}: {problem}") from None
    return sequence
