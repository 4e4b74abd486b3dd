"""Recorded state changes against the span state machine of go1.21.13.

The store of `limit` itself is not recorded: it is checked where a span is published or retired,
the events of which carry it. In go1.21.13 the limit of a heap span is stale when its state is
published; `ForeignLimits` is the monitor that does not put up with that.
"""

from collections.abc import Callable, Mapping
from typing import Any

from checker.monitor import Monitor
from golang.events import Event, GcPhase, ListInsertBack, SpanFree, StateStore
from golang.trace import Trace
from harness.conformance import TraceMonitor, TraceViolation
from model import span_state

INIT = "runtime/mheap.go:1677 mspan.init"
FREE = "runtime/mheap.go:1591 mheap.freeSpanLocked"
PHASE_STEPS: dict[int, str] = {
    span_state.MARK: "start_mark",
    span_state.MARK_TERMINATION: "terminate_mark",
    span_state.OFF: "finish_mark",
}


class SpanStatesMonitor(TraceMonitor):
    """The machine in which limit may be set after the publication."""

    subject = "span_state"
    key = "span"
    limit_first = False

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace, Monitor(span_state.build(limit_first=self.limit_first)))
        self.page_bytes = trace.header.page_bytes
        self.blank: dict[int, int] = {}
        self.freeing: dict[int, int] = {}

    def listens_to(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {
            StateStore: self.state,
            GcPhase: self.phase,
            SpanFree: self.free,
            ListInsertBack: self.set_aside,
        }

    def phase(self, event: GcPhase) -> None:
        cites = "runtime/mgc.go setGCPhase"
        self.expect_entry("phase", cites, event.old, "phase")
        if event.new not in PHASE_STEPS:
            raise TraceViolation("span_state.phase", cites, f"there is no phase {event.new}")
        self.step(PHASE_STEPS[event.new])

    def free(self, event: SpanFree) -> None:
        """The thread that frees a span marks it dead next, before it frees another."""
        self.expect("freed_is_dead", FREE, self.freeing.get(event.m), None)
        self.freeing[event.m] = event.span

    def set_aside(self, event: ListInsertBack) -> None:
        """A chunk for a user arena is initialised, and not published until it is wanted."""
        if self.blank.get(event.m) == event.span:
            del self.blank[event.m]

    def state(self, event: StateStore) -> None:
        cites = "runtime/mheap.go:384 mSpanStateBox"
        self.expect_entry("state", cites, event.old, "state", event.span)
        change = (event.old, event.new)
        if change == (span_state.DEAD, span_state.DEAD):
            self.expect("one_init_a_life", INIT, self.blank.get(event.m), None)
            self.blank[event.m] = event.span
        elif change == (span_state.DEAD, span_state.IN_USE):
            self._born(event, "publish")
        elif change == (span_state.DEAD, span_state.MANUAL):
            self._born(event, "publish_manual")
        elif event.new == span_state.DEAD:
            self.expect("freed_is_dead", FREE, self.freeing.pop(event.m, event.span), event.span)
            self._set_limit(event)
            self.step("retire", event.span)
        else:
            why = f"a span goes from state {event.old} to {event.new}"
            raise TraceViolation("span_state.lives_begin_dead", "runtime/mheap.go:345", why)

    def _born(self, event: StateStore, publish: str) -> None:
        """The thread that publishes a span has initialised it just before."""
        self.expect("one_init_a_life", INIT, self.blank.pop(event.m, None), event.span)
        if self._complete(event):
            self.step("fill", event.span)
        self._set_limit(event)
        self.step(publish, event.span)

    def _complete(self, event: StateStore) -> bool:
        """Whether the fields a reader relies on are there and consistent with each other."""
        if event.npages == 0 or event.start % self.page_bytes != 0:
            return False
        if event.new == span_state.MANUAL:
            return True
        size = event.nelems * event.elemsize
        return (
            bool(event.mark_bits and event.alloc_bits)
            and event.sweepgen == event.h
            and 0 < size <= event.npages * self.page_bytes
            and (event.nelems == 1 or event.span_class > 1)
        )

    def _set_limit(self, event: StateStore) -> None:
        end = event.start + event.npages * self.page_bytes
        if not self.model.read("limit", event.span) and event.start < event.limit <= end:
            self.step("set_limit", event.span)


class ForeignLimits(SpanStatesMonitor):
    """The machine in which limit must be valid first, as far as a stale one covers foreign memory.

    A limit that is too low hides the span's own memory, to which no pointer exists yet.
    """

    limit_first = True
    harness = "limits"

    def _set_limit(self, event: StateStore) -> None:
        end = event.start + event.npages * self.page_bytes
        if not self.model.read("limit", event.span) and event.limit <= end:
            self.step("set_limit", event.span)
