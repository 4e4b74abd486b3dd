"""Mark bits beside the part that stands for them, harness/stand_ins/fresh_bits.py: each bitmap is private.

To whoever is given a bitmap it is as good as memory of its own, for as long as a span may refer to
it, that is until the third change of epoch: its bytes lie in its arena, are zero when they are
given, belong to nobody else, and no step of the allocator writes them. An arena is on one list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from checker.counterexample import Scalar
from checker.interleaving.observe import Operation, View, Violation
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Scenario, Setup
from harness.histories import OUTER_RANKS, Explored, Generous
from impl.config import MINIATURE

NEW, EPOCH, LOCK, UNLOCK = "new_mark_bits", "next_mark_bit_arena_epoch", "lock", "unlock"
HEADER_BYTES = 16
LISTS = ("free", "next", "current", "previous")
EPOCHS = 3
"""Bits are of the next cycle, then of the present one, then of the previous one, then free."""


class Given(NamedTuple):
    """Bytes [start, end) of an arena that are somebody's, and how many epochs ago they became so."""

    arena: Any
    start: int
    end: int
    age: int


class BitmapsHistory(NamedTuple):
    """What was given, the arenas ever seen, and how many calls of each thread are done."""

    given: tuple[Given, ...]
    arenas: tuple[Any, ...]
    done: tuple[int, ...]


BitmapCalls = Sequence[tuple[str, int]]
"""The calls of a thread: (NEW, objects), (EPOCH, 0), (LOCK, mutex), (UNLOCK, mutex)."""


@dataclass(frozen=True)
class Private:
    """That bitmaps are private, as a Simulation."""

    programs: Sequence[BitmapCalls]

    def initial(self, view: View) -> BitmapsHistory:
        return BitmapsHistory((), _listed(view), (0,) * len(self.programs))

    def advance(
        self, state: BitmapsHistory, operations: tuple[Operation, ...], view: View
    ) -> BitmapsHistory:
        for each in operations:
            state = self._step(state, each, view)
        if all(done == len(p) for done, p in zip(state.done, self.programs, strict=True)):
            _none_lost(state, view)
        return state

    def _step(self, state: BitmapsHistory, operation: Operation, view: View) -> BitmapsHistory:
        if operation.writes:
            if operation.field == "free" and "Arena#" in str(operation.object):
                state = _seen(state, operation.object)
            _nobodys(state, operation, view)
        if operation.kind is not Kind.RETURN:
            return state
        t = int(operation.thread[1:])
        what, nelems = self.programs[t][state.done[t]]
        state = state._replace(done=(*state.done[:t], state.done[t] + 1, *state.done[t + 1 :]))
        if what == EPOCH:
            older = (each._replace(age=each.age + 1) for each in state.given)
            return state._replace(given=tuple(each for each in older if each.age < EPOCHS))
        if what == NEW:
            return _give(state, operation.value, (nelems + 63) // 64 * 8, view)
        return state


def _seen(state: BitmapsHistory, arena: Any) -> BitmapsHistory:
    known = any(arena is each for each in state.arenas)
    return state if known else state._replace(arenas=(*state.arenas, arena))


def _nobodys(state: BitmapsHistory, operation: Operation, view: View) -> None:
    """No step of the allocator writes bytes that are somebody's."""
    for each in state.given:
        if operation.object is view.get(each.arena, "bits"):
            byte = 8 * int(operation.field or 0)
            if each.start <= byte < each.end:
                why = f"{operation.thread} writes byte {byte} of {each.arena}, given to somebody"
                raise Violation("stand_ins.bits_are_private", why)


def _give(state: BitmapsHistory, bits: Any, size: int, view: View) -> BitmapsHistory:
    words = view.elements(view.get(bits.arena, "bits"))
    start, end = bits.start, bits.start + size
    if start % 8 != 0 or end > 8 * len(words):
        raise Violation(
            "stand_ins.bits_in_their_arena", f"[{start}, {end}) of {8 * len(words)} bytes"
        )
    for each in state.given:
        if each.arena is bits.arena and start < each.end and each.start < end:
            why = f"[{start}, {end}) of {bits.arena} is given, and so is {each.start, each.end}"
            raise Violation("stand_ins.bits_are_private", why)
    if any(words[start // 8 : end // 8]):
        raise Violation("stand_ins.bits_are_zero", f"[{start}, {end}) of {bits.arena} is not zero")
    given = sorted((*state.given, Given(bits.arena, start, end, 0)), key=str)
    return state._replace(given=tuple(given))


def _listed(view: View) -> tuple[Any, ...]:
    """The arenas of all lists; one that comes twice is on two lists, or its list is a ring."""
    found: list[Any] = []
    for name in LISTS:
        arena = view.get(view["heap"], "runtime", "gc_bits_arenas", name)
        while arena is not None:
            if any(arena is each for each in found):
                raise Violation(
                    "stand_ins.arenas_on_one_list", f"{arena} comes twice, again in {name}"
                )
            found.append(arena)
            arena = view.get(arena, "next")
    return tuple(found)


def _none_lost(state: BitmapsHistory, view: View) -> None:
    listed = _listed(view)
    lost = [str(each) for each in state.arenas if not any(each is other for other in listed)]
    if lost:
        raise Violation("stand_ins.arenas_on_one_list", f"{', '.join(lost)}: on no list")
    for each in state.given:
        if not any(each.arena is other for other in listed):
            raise Violation(
                "stand_ins.arenas_on_one_list", f"{each.arena} is given, but on no list"
            )


def describe(state: BitmapsHistory) -> dict[str, Scalar]:
    """A history for the trace of a failure."""
    return {f"{each.arena}[{each.start}:{each.end}]": f"age {each.age}" for each in state.given}


def threads_on(
    name: str,
    free: int,
    programs: Sequence[BitmapCalls],
    states: int | None,
    words: int,
    *,
    open_with: int = 0,
) -> Explored:
    """Threads that ask for bitmaps; an arena has so many words.

    `free` arenas are free when they begin, with old bits in them. Of the arena in use, if there is
    one, open_with words are taken.
    """
    config = replace(MINIATURE, gc_bits_chunk_bytes=HEADER_BYTES + 8 * words)

    def setup(port: Any) -> Setup:
        gcbits = port.gcbits
        heap = port.runtime.new_mheap(config)
        for _ in range(free):
            bits = gcbits.new_mark_bits(heap, 64 * words)
            for i in range(words):
                bits.arena.bits[i] = 0xFF << i
        if free:
            for _ in range(EPOCHS):
                gcbits.next_mark_bit_arena_epoch(heap)
        if open_with:
            gcbits.new_mark_bits(heap, 64 * open_with)
        mutexes = 1 + max((n for p in programs for what, n in p if what == LOCK), default=-1)
        locks = [gcbits.Mutex() for _ in range(mutexes)]
        for k, each in enumerate(locks):
            gcbits.lock_init(each, OUTER_RANKS[k])

        def call(what: str, n: int) -> Any:
            if what in (LOCK, UNLOCK):
                return partial(getattr(gcbits, what), locks[n])
            arguments = [n] if what == NEW else []
            return partial(getattr(gcbits, what), heap, *arguments)

        threads = [(f"T{t}", [call(*each) for each in p]) for t, p in enumerate(programs)]
        return Setup(threads, {"heap": heap, "runtime": heap.runtime})

    return Explored(Scenario(name, setup), Private(programs), describe, states, "gcbits", Generous)


def _epochs(name: str, states: int | None) -> Explored:
    """Epochs change when no thread is at work, as the world is stopped for it."""
    workers = [[(LOCK, t), (NEW, 64), (UNLOCK, t)] * (2 - t) for t in range(2)]
    change = [(LOCK, 0), (LOCK, 1), (EPOCH, 0), (UNLOCK, 1), (UNLOCK, 0)]
    return threads_on(name, 1, [*workers, [*change, *change, *change]], states, 2)


LAST_ROOM = "three threads and an arena with room for two"
FRESH = "two threads without an arena: both make one"
REUSED = "two threads and a free arena with old bits"
SIZES = "three threads with bitmaps of one word and of two"
CHANGES = "two threads, and three changes of epoch when they are not at work"

SCENARIOS: dict[str, Callable[[], Explored]] = {
    LAST_ROOM: partial(threads_on, LAST_ROOM, 1, [[(NEW, 64)]] * 3, 216, 3, open_with=1),
    FRESH: partial(threads_on, FRESH, 0, [[(NEW, 64), (NEW, 1)]] * 2, 1005, 2),
    REUSED: partial(threads_on, REUSED, 2, [[(NEW, 64)], [(NEW, 128)]], 42, 2),
    SIZES: partial(
        threads_on, SIZES, 0, [[(NEW, 64)], [(NEW, 65)], [(NEW, 128)]], 1590, 3, open_with=1
    ),
    CHANGES: partial(_epochs, CHANGES, 3653),
}
