"""Threads that add and remove records of objects in one span or two, beside a sweep.

addspecial and removespecial happen, one after the other, when they give the span's speciallock back.
Then its list is in the order of (offset, kind), has the records it must have and no other, and the
bit of the span's page says whether there are any. A sweep, which does not take that lock, has
dropped the records of the dead object before it says that the span is swept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from checker.counterexample import Scalar
from checker.interleaving.observe import Operation, View, Violation
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Scenario, Setup
from harness.histories import Explored
from harness.port import provide
from impl.config import MINIATURE
from impl.spanclass import make_span_class
from impl.special import KIND_SPECIAL_PIN_COUNTER, KIND_SPECIAL_PROFILE

SPAN_CLASS = make_span_class(1, True)
SIZE = MINIATURE.class_to_size[1]
PROFILE, PIN = KIND_SPECIAL_PROFILE, KIND_SPECIAL_PIN_COUNTER
ADD, REMOVE, SWEEP = "addspecial", "removespecial", "ensure_swept"

Key = tuple[int, int]
"""The offset of a record, in bytes, and its kind."""

LIVE, INSIDE, DEAD = 0, 8, SIZE
"""Offsets: of a live object, of a tiny object inside it, and of a dead object, which nobody names."""


class RecordsHistory(NamedTuple):
    """The records of each span, what each thread's call under way must answer, and calls done."""

    records: tuple[frozenset[Key], ...]
    due: tuple[bool | None, ...]
    done: tuple[int, ...]


RecordCalls = Sequence[tuple[Any, ...]]
"""The calls of a thread: (ADD, span, offset, kind), (REMOVE, span, offset, kind), (SWEEP, span)."""


@dataclass(frozen=True)
class SpanRecords:
    """The records that each span has, as a Simulation."""

    programs: Sequence[RecordCalls]
    spans: int

    def initial(self, view: View) -> RecordsHistory:
        records = tuple(frozenset(_listed(view, s)) for s in range(self.spans))
        return RecordsHistory(records, (None,) * len(self.programs), (0,) * len(self.programs))

    def advance(
        self, state: RecordsHistory, operations: tuple[Operation, ...], view: View
    ) -> RecordsHistory:
        for each in operations:
            state = self._step(state, each, view)
        if all(done == len(p) for done, p in zip(state.done, self.programs, strict=True)):
            for s in range(self.spans):
                _agree(state.records[s], s, view)
        return state

    def _step(self, state: RecordsHistory, operation: Operation, view: View) -> RecordsHistory:
        t = int(operation.thread[1:])
        if operation.kind is Kind.RETURN:
            self._answers(state, t, operation.value, view)
            state = state._replace(done=_put(state.done, t, state.done[t] + 1))
            return state._replace(due=_put(state.due, t, None))
        for s in range(self.spans):
            span = view[f"span{s}"]
            if operation.object is span and operation.field == "sweepgen" and operation.writes:
                if operation.new == view.get(view["heap"], "sweepgen"):
                    live = frozenset(each for each in state.records[s] if each[0] != DEAD)
                    state = state._replace(records=_put(state.records, s, live))
                    _agree(live, s, view)
            elif operation.kind is Kind.UNLOCK and operation.object is span:
                state = self._happens(state, t, s)
                _agree(state.records[s], s, view)
        return state

    def _happens(self, state: RecordsHistory, t: int, s: int) -> RecordsHistory:
        what, _, *key = self.programs[t][state.done[t]]
        record = (key[0], key[1])
        there = record in state.records[s]
        if what == ADD:
            records = state.records[s] | {record}
            due = not there
        else:
            records = state.records[s] - {record}
            due = there
        state = state._replace(records=_put(state.records, s, records))
        return state._replace(due=_put(state.due, t, due))

    def _answers(self, state: RecordsHistory, t: int, value: Any, view: View) -> None:
        what, _, *key = self.programs[t][state.done[t]]
        if what == SWEEP:
            return
        if bool(value) != state.due[t]:
            why = f"T{t}: {what} of {key} gives {value}, where {state.due[t]} is due"
            raise Violation("specials.answer", why)
        if what == REMOVE and value and _key(view, value) != tuple(key):
            why = f"T{t}: {what} of {key} gives the record of {_key(view, value)}"
            raise Violation("specials.answer", why)


def _key(view: View, record: Any) -> Key:
    return int(view.get(record, "offset")), int(view.get(record, "kind"))


def _listed(view: View, s: int) -> list[Key]:
    found: list[Key] = []
    record = view.get(view[f"span{s}"], "specials")
    while record is not None:
        found.append(_key(view, record))
        record = view.get(record, "next")
    return found


def _agree(records: frozenset[Key], s: int, view: View) -> None:
    """The list of a span is these records in their order, and the bit of its page says if any."""
    listed = _listed(view, s)
    if listed != sorted(records):
        why = f"span {s} lists {listed}, where {sorted(records)} are due"
        raise Violation("specials.list", why)
    page = (view[f"span{s}"], "start_addr")
    index = view.get(*page) // MINIATURE.page_size % MINIATURE.pages_per_arena
    bit = view.get(view["arena"], "page_specials", index // 8) >> index % 8 & 1
    if bit != bool(listed):
        raise Violation("specials.page_bit", f"span {s} has the bit {bit}, and lists {listed}")


def _put(values: tuple[Any, ...], k: int, value: Any) -> tuple[Any, ...]:
    return (*values[:k], value, *values[k + 1 :])


def describe(state: RecordsHistory) -> dict[str, Scalar]:
    """A history for the trace of a failure."""
    shown: dict[str, Scalar] = {
        f"records[{s}]": str(sorted(r)) for s, r in enumerate(state.records)
    }
    return shown | {f"due[{t}]": str(due) for t, due in enumerate(state.due)}


def threads_on(
    name: str, before: Sequence[Key], programs: Sequence[RecordCalls], states: int, *, swept: bool
) -> Explored:
    """Threads on spans that have the records `before`; unless `swept`, a cycle has begun since."""
    spans = 1 + max(call[1] for program in programs for call in program)

    def setup(port: Any) -> Setup:
        heap = port.runtime.new_mheap(MINIATURE)
        port.mgc.gcinit(heap)
        provide(port, heap, 1)
        central = heap.central[SPAN_CLASS]
        made = [central.grow(heap) for _ in range(spans)]
        arena = port.heaparena.arena_at(
            heap, port.heaparena.arena_index(MINIATURE, made[0].start_addr)
        )
        makers = {PROFILE: heap.specialprofilealloc, PIN: heap.special_pin_counter_alloc}

        def record(kind: int) -> Any:
            found = makers[kind].alloc().special
            found.kind = kind
            return found

        for span in made:
            span.freeindex = span.alloc_count = span.nelems
            span.mark_bits_for_index(0).set_marked()
            for offset, kind in before:
                port.addspecial.addspecial(heap, span.base() + offset, record(kind))
            if not swept:
                central.full_swept(heap.sweepgen).push(span)
        if not swept:
            heap.sweepgen += 2
            heap.runtime.sweep.active.reset()

        def call(what: str, s: int, offset: int = 0, kind: int = 0) -> Any:
            if what == SWEEP:
                return partial(made[s].ensure_swept, heap)
            given = record(kind) if what == ADD else kind
            return partial(getattr(port.addspecial, what), heap, made[s].base() + offset, given)

        threads = [(f"T{t}", [call(*each) for each in p]) for t, p in enumerate(programs)]
        labels = {
            "heap": heap,
            "runtime": heap.runtime,
            "arena": arena,
            **{f"span{s}": each for s, each in enumerate(made)},
        }
        return Setup(threads, labels)

    return Explored(Scenario(name, setup), SpanRecords(programs, spans), describe, states)


def _same(name: str, states: int) -> Explored:
    """Two add what is the same record; a third removes it."""
    programs = [
        [(ADD, 0, LIVE, PROFILE)],
        [(ADD, 0, LIVE, PROFILE)],
        [(REMOVE, 0, LIVE, PROFILE)],
    ]
    return threads_on(name, [], programs, states, swept=True)


def _order(name: str, states: int) -> Explored:
    """Three add records that belong before, between and behind those that are there."""
    programs = [
        [(ADD, 0, LIVE, PROFILE)],
        [(ADD, 0, INSIDE, PROFILE)],
        [(ADD, 0, INSIDE, PIN), (REMOVE, 0, LIVE, PIN)],
    ]
    return threads_on(name, [(LIVE, PIN)], programs, states, swept=True)


def _last(name: str, states: int) -> Explored:
    """The only record goes while another comes, which goes as well."""
    programs = [[(REMOVE, 0, LIVE, PIN)], [(ADD, 0, INSIDE, PROFILE), (REMOVE, 0, INSIDE, PROFILE)]]
    return threads_on(name, [(LIVE, PIN)], programs, states, swept=True)


def _sweep(name: str, states: int) -> Explored:
    """The span is still to be swept: by whoever comes first."""
    programs: list[RecordCalls] = [
        [(ADD, 0, LIVE, PROFILE)],
        [(REMOVE, 0, LIVE, PIN)],
        [(SWEEP, 0)],
    ]
    return threads_on(name, [(LIVE, PIN), (DEAD, PIN)], programs, states, swept=False)


def _add_and_sweep(name: str, states: int) -> Explored:
    """The same with two threads only: of three there are too many traces to look for races."""
    programs: list[RecordCalls] = [[(ADD, 0, LIVE, PROFILE)], [(SWEEP, 0)]]
    return threads_on(name, [(LIVE, PIN), (DEAD, PIN)], programs, states, swept=False)


def _byte(name: str, states: int) -> Explored:
    """Two spans whose pages have their bits in one byte."""
    programs = [
        [(ADD, 0, LIVE, PROFILE), (REMOVE, 0, LIVE, PROFILE)],
        [(ADD, 1, LIVE, PROFILE), (REMOVE, 1, LIVE, PROFILE)],
    ]
    return threads_on(name, [], programs, states, swept=True)


SAME = "two threads add the same record, a third removes it"
ORDER = "three threads add records before, between and behind others"
LAST = "the last record is removed while one is added"
BESIDE_SWEEP = "a record is added and one removed beside the sweep of the span"
ADD_AND_SWEEP = "a record is added beside the sweep of the span"
BYTE = "two spans that share a byte of page bits"

SCENARIOS: dict[str, Callable[[], Explored]] = {
    SAME: partial(_same, SAME, 1688),
    ORDER: partial(_order, ORDER, 3019),
    LAST: partial(_last, LAST, 258),
    BESIDE_SWEEP: partial(_sweep, BESIDE_SWEEP, 17488),
    ADD_AND_SWEEP: partial(_add_and_sweep, ADD_AND_SWEEP, 600),
    BYTE: partial(_byte, BYTE, 625),
}
