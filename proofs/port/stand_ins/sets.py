"""Span sets beside the part that stands for them, harness/stand_ins/queue.py: the same histories.

Each push and pop of the real set is given one moment at which it happens at once, between its
begin and its end, so that a queue whose pushes and pops are single steps would answer the same:

- a pop that gets a span happens when it moves the head;
- a push happens when its span is in its slot, or before a push that took a later slot happens, or
  before the pop happens that takes its slot, whichever comes first;
- a pop that gets None happens at some moment of its call at which the queue is empty. It need not
  be empty when the pop ends, nor need all slots be free: None may mean that a push has taken the
  head's slot and is still under way. Then that push, and all after it, happen later.

This is so as long as no more threads push at the same time than a block has entries; test_findings
shows what more of them do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from checker.counterexample import Scalar
from checker.interleaving.observe import Operation, View, Violation
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Scenario, Setup
from harness.assumptions import NEXT_IS_A_WORD
from harness.histories import OUTER_RANKS, Explored
from impl.config import MINIATURE

PUSH, POP, RESET, LOCK, UNLOCK = "push", "pop", "reset", "lock", "unlock"
NOT_BEGUN, BEGUN, MET_EMPTY = 0, 1, 2


class Thread(NamedTuple):
    """How many calls of a thread are done; of a pop under way what it took, and what it has met."""

    done: int = 0
    took: str | None = None
    met: int = NOT_BEGUN


class QueuesHistory(NamedTuple):
    """For each set: the queue, and pushes that have a slot but have not happened yet, by slot.

    blocks are those that were ever part of a set.
    """

    queues: tuple[tuple[str, ...], ...]
    pending: tuple[tuple[str, ...], ...]
    threads: tuple[Thread, ...]
    blocks: frozenset[str] = frozenset()


QueueCalls = Sequence[tuple[Any, ...]]
"""The calls of a thread: (PUSH, set, span) as numbers, (POP, set), (RESET, set), (LOCK, mutex)..."""


@dataclass(frozen=True)
class Queues:
    """The queue that each set is said to be, as a Simulation."""

    programs: Sequence[QueueCalls]
    sets: int
    entries: int

    def initial(self, view: View) -> QueuesHistory:
        queues = tuple(self._content(view, k) for k in range(self.sets))
        blocks = frozenset(each for k in range(self.sets) for each in self._spine(view, k).values())
        blocks |= frozenset(self._pool(view))
        threads = tuple(Thread() for _ in self.programs)
        return QueuesHistory(queues, ((),) * self.sets, threads, blocks)

    def advance(
        self, state: QueuesHistory, operations: tuple[Operation, ...], view: View
    ) -> QueuesHistory:
        for each in operations:
            state = self._step(state, each)
        if all(len(p) == t.done for p, t in zip(self.programs, state.threads, strict=True)):
            self._at_the_end(state, view)
        return state

    def _step(self, state: QueuesHistory, operation: Operation) -> QueuesHistory:
        t = int(operation.thread[1:])
        program, thread = self.programs[t], state.threads[t]
        if thread.done == len(program):
            return state
        what, k = program[thread.done][:2]
        if operation.kind is Kind.RETURN:
            self._ends(state, t, operation.value)
            return _with_thread(state, t, Thread(thread.done + 1))
        if what == POP and thread.met == NOT_BEGUN and operation.kind is Kind.LOAD:
            state = _with_thread(state, t, thread._replace(met=BEGUN))
        if operation.field == "u" and operation.writes:
            state = self._index_moves(state, t)
        elif operation.kind is Kind.STORE and str(operation.new).startswith("span"):
            state = _happens(state, k, str(operation.new))
        elif operation.kind is Kind.STORE and "Block" in str(operation.new):
            state = state._replace(blocks=state.blocks | {str(operation.new)})
        return self._notice_empty(state)

    def _index_moves(self, state: QueuesHistory, t: int) -> QueuesHistory:
        what, k = self.programs[t][state.threads[t].done][:2]
        if what == RESET:
            if state.queues[k] or state.pending[k]:
                raise Violation("stand_ins.reset_only_if_empty", f"set {k} holds {state.queues[k]}")
            return state
        if what == PUSH:
            span = f"span{self.programs[t][state.threads[t].done][2]}"
            return state._replace(pending=_put(state.pending, k, (*state.pending[k], span)))
        if not state.queues[k]:
            if not state.pending[k]:
                raise Violation(
                    "stand_ins.takes_what_is_there", "a pop takes a slot nobody pushed to"
                )
            state = _happens(state, k, state.pending[k][0])
        took, *rest = state.queues[k]
        state = state._replace(queues=_put(state.queues, k, tuple(rest)))
        return _with_thread(state, t, state.threads[t]._replace(took=took))

    def _notice_empty(self, state: QueuesHistory) -> QueuesHistory:
        for t, thread in enumerate(state.threads):
            if thread.met == BEGUN and not state.queues[self.programs[t][thread.done][1]]:
                state = _with_thread(state, t, thread._replace(met=MET_EMPTY))
        return state

    def _ends(self, state: QueuesHistory, t: int, value: Any) -> None:
        """The call that ends has happened, and answers what the queue does."""
        thread = state.threads[t]
        call = self.programs[t][thread.done]
        if call[0] == PUSH and f"span{call[2]}" in state.pending[call[1]]:
            raise Violation("stand_ins.push_happens", f"T{t} is done, but span{call[2]} is nowhere")
        if call[0] != POP:
            return
        if value is None and thread.took is not None:
            raise Violation("stand_ins.nothing_lost", f"T{t} takes {thread.took}, but gets None")
        if value is None and thread.met != MET_EMPTY:
            why = f"T{t} gets None, though the queue was never empty meanwhile"
            raise Violation("stand_ins.none_only_if_empty", why)
        if value is not None and str(value) != thread.took:
            why = f"T{t} gets {value}, where the queue gives {thread.took}"
            raise Violation("stand_ins.oldest_first", why)

    def _at_the_end(self, state: QueuesHistory, view: View) -> None:
        """No push or pop is under way: memory holds the queues, and each block has its place."""
        places: list[str] = list(self._pool(view))
        for k in range(self.sets):
            if self._content(view, k) != state.queues[k]:
                why = f"set {k} holds {self._content(view, k)}, the queue {state.queues[k]}"
                raise Violation("stand_ins.nothing_lost", why)
            places += self._spine(view, k).values()
        if sorted(places) != sorted(state.blocks):
            why = f"of {sorted(state.blocks)} there are {sorted(places)}"
            raise Violation("stand_ins.blocks_return", why)

    def _content(self, view: View, k: int) -> tuple[str, ...]:
        """The spans in the slots between head and tail."""
        index = view.get(view[f"set{k}"], "index", "u")
        found = []
        for slot in range(index >> 32, index & 0xFFFF_FFFF):
            spine = view.get(view[f"set{k}"], "spine")
            block = view.get(spine, slot // self.entries)
            if block is None:
                raise Violation("stand_ins.nothing_lost", f"slot {slot} of set {k} has no block")
            found.append(str(view.get(block, "spans", slot % self.entries)))
        return tuple(found)

    def _spine(self, view: View, k: int) -> dict[int, str]:
        """The blocks of a set by their place, from the head's on.

        Before it there may be one that is somewhere else by now: a pop clears the entry of an old
        spine if the spine is copied at the same time. Nothing reads that entry of the new one.
        """
        first = (view.get(view[f"set{k}"], "index", "u") >> 32) // self.entries
        places = range(first, view.get(view[f"set{k}"], "spine_len"))
        blocks = {i: view.get(view.get(view[f"set{k}"], "spine"), i) for i in places}
        return {i: str(block) for i, block in blocks.items() if block is not None}

    def _pool(self, view: View) -> tuple[str, ...]:
        """The blocks in the pool, from its top; a ring shows as a block that comes twice."""
        found: list[str] = []
        top = view.get(view["heap"], "runtime", "span_set_block_pool", "stack", "head")
        while top != 0 and str(top.node) not in found:
            found.append(str(top.node))
            top = view.get(top.node, "next")
        return tuple(found) if top == 0 else (*found, str(top.node))


def _put(values: tuple[Any, ...], k: int, value: Any) -> tuple[Any, ...]:
    return (*values[:k], value, *values[k + 1 :])


def _with_thread(state: QueuesHistory, t: int, thread: Thread) -> QueuesHistory:
    return state._replace(threads=_put(state.threads, t, thread))


def _happens(state: QueuesHistory, k: int, span: str) -> QueuesHistory:
    """That push and those with slots before it happen, unless they have."""
    if span not in state.pending[k]:
        return state
    count = state.pending[k].index(span) + 1
    queue = (*state.queues[k], *state.pending[k][:count])
    pending = _put(state.pending, k, state.pending[k][count:])
    return state._replace(queues=_put(state.queues, k, queue), pending=pending)


def describe(state: QueuesHistory) -> dict[str, Scalar]:
    """A history for the trace of a failure."""
    shown: dict[str, Scalar] = {}
    for k, (queue, pending) in enumerate(zip(state.queues, state.pending, strict=True)):
        shown[f"queue[{k}]"] = " ".join(queue)
        shown[f"under way[{k}]"] = " ".join(pending)
    for t, thread in enumerate(state.threads):
        shown[f"took[{t}]"] = thread.took or ""
        shown[f"met empty[{t}]"] = thread.met == MET_EMPTY
    return shown


def threads_on(
    name: str,
    before: QueueCalls,
    programs: Sequence[QueueCalls],
    states: int | None,
    *,
    entries: int = 2,
    spine: int = 1,
) -> Explored:
    """Threads on one set or two, after the calls `before`; a set grows by blocks of `entries`."""
    config = replace(MINIATURE, span_set_block_entries=entries, span_set_init_spine_cap=spine)
    calls = [call for program in (before, *programs) for call in program]
    sets = 1 + max(call[1] for call in calls if call[0] in (PUSH, POP))
    spans = 1 + max(call[2] for call in calls if call[0] == PUSH)
    mutexes = 1 + max([call[1] for call in calls if call[0] == LOCK], default=-1)

    def setup(port: Any) -> Setup:
        module = port.mspanset
        heap = port.runtime.new_mheap(config)
        # Has the system choose the address of the memory from which blocks and spines come.
        module.persistentalloc(heap, 64, 64, heap.runtime.memstats.gc_misc_sys)
        labels = {"heap": heap, "runtime": heap.runtime}
        labels |= {f"set{k}": module.SpanSet() for k in range(sets)}
        labels |= {f"span{s}": port.mspan.Mspan() for s in range(spans)}
        locks = [module.Mutex() for _ in range(mutexes)]
        for k, each in enumerate(locks):
            module.lock_init(each, OUTER_RANKS[k])
        for k in range(sets):
            labels[f"set{k}"].init(heap)

        def call(what: str, k: int, span: int = -1) -> Any:
            if what in (LOCK, UNLOCK):
                return partial(getattr(module, what), locks[k])
            arguments = [labels[f"span{span}"]] if what == PUSH else []
            return partial(getattr(labels[f"set{k}"], what), *arguments)

        for each in before:
            call(*each)()
        threads = [(f"T{t}", [call(*each) for each in p]) for t, p in enumerate(programs)]
        return Setup(threads, labels)

    history = Queues(programs, sets, entries)
    # Blocks that go from one set to the other may be pushed while a pop still looks at them.
    words = {"SpanSetBlock.next": NEXT_IS_A_WORD} if sets > 1 else {}
    return Explored(Scenario(name, setup), history, describe, states, "mspanset", words=words)


def _program(text: str, first: int = 0) -> QueueCalls:
    """A program on set 0: + pushes the next of the spans from `first` on, - pops."""
    calls: list[tuple[Any, ...]] = []
    for each in text:
        pushed = sum(call[0] == PUSH for call in calls)
        calls.append((PUSH, 0, first + pushed) if each == "+" else (POP, 0))
    return calls


def _simple(
    name: str, before: str, threads: Sequence[str], states: int | None, spine: int = 1
) -> Explored:
    """Programs of + and - on one set."""
    firsts = [before.count("+") + "".join(threads[:t]).count("+") for t in range(len(threads))]
    programs = [_program(each, first) for each, first in zip(threads, firsts, strict=True)]
    return threads_on(name, _program(before), programs, states, spine=spine)


def _with_reset(name: str, states: int | None) -> Explored:
    """Two threads leave the set as empty as they find it; when neither is at work it is reset."""
    workers = [
        [(LOCK, 0), (PUSH, 0, 0), (POP, 0), (UNLOCK, 0)],
        [(LOCK, 1), (PUSH, 0, 1), (POP, 0), (UNLOCK, 1)],
    ]
    both = [(LOCK, 0), (LOCK, 1), (RESET, 0), (UNLOCK, 1), (UNLOCK, 0)]
    return threads_on(name, [(PUSH, 0, 0), (POP, 0)], [*workers, both], states, spine=4)


def _one_pool(name: str, states: int | None) -> Explored:
    """Two sets with one span in a block; the pool has two blocks when they begin."""
    before = [(PUSH, 0, 0), (PUSH, 0, 1), (POP, 0), (POP, 0)]
    one = [(PUSH, 0, 0), (PUSH, 0, 1)]
    other = [(PUSH, 1, 2), (PUSH, 1, 3), (POP, 1)]
    return threads_on(name, before, [one, other], states, entries=1, spine=4)


WAIT = "a pop waits for a push"
TWO_POPS = "two pops and a push"
BOUNDARY = "two pushes astride two blocks, beside a pop"
SPINE = "two pushes, of which one adds a block, and two pops, while the spine grows"
RECYCLED = "two pushes, of which one uses a block again, beside two pops"
FOUR = "two pushes and two pops of three threads"
PUSHES = "two pushes into an empty set"
FIRST = "two threads that push and pop in an empty set"
RESETS = "two threads that push and pop, and a reset when they are not at work"
REUSED_BESIDE_POPS = "two pops that empty a block, beside a push that uses it again"
POOL = "two sets that share the pool of blocks"

HOLE = "three pushes into blocks of two spans"
HOLE_AND_POP = "three pushes into blocks of two spans, beside a pop"
BEYOND = "three pushes into blocks of two spans, where the spine has room for one"

SCENARIOS: dict[str, Callable[[], Explored]] = {
    WAIT: partial(_simple, WAIT, "", ["+", "-"], 79),
    TWO_POPS: partial(_simple, TWO_POPS, "+", ["+", "-", "-"], 1279),
    BOUNDARY: partial(_simple, BOUNDARY, "+", ["+", "+", "-"], 4029),
    SPINE: partial(_simple, SPINE, "++", ["++", "--"], 1065),
    RECYCLED: partial(_simple, RECYCLED, "+++---", ["++", "--"], 1496),
    FOUR: partial(_simple, FOUR, "++-", ["+", "+", "--"], 15150),
    PUSHES: partial(_simple, PUSHES, "", ["+", "+"], 247),
    FIRST: partial(_simple, FIRST, "", ["+-", "+-"], 1349),
    REUSED_BESIDE_POPS: partial(_simple, REUSED_BESIDE_POPS, "+++", ["-", "-", "++"], 11695),
    RESETS: partial(_with_reset, RESETS, 2816),
    POOL: partial(_one_pool, POOL, 2811),
}

TOO_MANY: dict[str, Callable[[], Explored]] = {
    HOLE: partial(_simple, HOLE, "", ["+", "+", "+"], 11440, spine=2),
    HOLE_AND_POP: partial(_simple, HOLE_AND_POP, "", ["+", "+", "+", "-"], None, spine=2),
    BEYOND: partial(_simple, BEYOND, "", ["+", "+", "+"], None),
}
"""More pushes at the same time than a block has entries; the number of states is the remedy's."""

POP_MEETS_HOLE = ["T0", "T1", *["T2"] * 17, *["T3"] * 5]
"""Two pushes take their slots, the third comes to its end in the next block, and then the pop."""
