"""Recorded state changes against the span state machine of go1.21.13.

The store of `limit` itself is not recorded: it is checked where a span is published or retired,
the events of which carry it. In go1.21.13 the limit of a heap span is stale when its state is
published; `ForeignLimits` is the monitor that does not put up with that.
"""

from collections.abc import Callable, Mapping
from typing import Any

from checker.plain import Monitor
from golang.events import Event, GcPhase, State
from golang.trace import Trace
from model import span_state
from proofs.conformance import TraceMonitor, Violation

PHASE_STEPS = {
    span_state.MARK: "start_mark",
    span_state.MARK_TERMINATION: "terminate_mark",
    span_state.OFF: "finish_mark",
}


class SpanStates(TraceMonitor):
    """The machine in which limit may be set after the publication."""

    subject = "span_state"
    key = "span"
    limit_first = False

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace, Monitor(span_state.build(limit_first=self.limit_first)))
        self.page_bytes = trace.header.page_bytes
        self.blank: set[int] = set()

    def listens_to(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {State: self.state, GcPhase: self.phase}

    def phase(self, event: GcPhase) -> None:
        self.expect("phase", "runtime/mgc.go setGCPhase", event.old, self.model.read("phase"))
        if event.new not in PHASE_STEPS:
            raise Violation("span_state.phase", "runtime/mgc.go setGCPhase", "no such phase")
        self.step(PHASE_STEPS[event.new])

    def state(self, event: State) -> None:
        span, known = event.span, self.model.read("state", event.span)
        self.expect("state", "runtime/mheap.go:364 mSpanStateBox", event.old, known)
        if event.new == span_state.DEAD:
            if event.old != span_state.DEAD:
                self._set_limit(event)
                self.step("retire", span)
                return
            self.expect("one_init_a_life", "runtime/mheap.go:1677", span in self.blank, False)
            self.blank.add(span)
        elif event.old != span_state.DEAD:
            raise Violation(
                "span_state.lives_begin_dead", "runtime/mheap.go:345", "a live span changes kind"
            )
        elif event.new == span_state.IN_USE:
            self._fill(event)
            self._set_limit(event)
            self.step("publish", span)
        else:
            self._fill(event)
            self._set_limit(event)
            self.step("publish_manual", span)

    def _fill(self, event: State) -> None:
        """The fields a reader relies on are there and consistent with each other."""
        self.expect("born_blank", "runtime/mheap.go:1383", event.span in self.blank, True)
        self.blank.discard(event.span)
        good = event.npages > 0 and event.start % self.page_bytes == 0
        if event.new == span_state.IN_USE:
            good = good and event.mark_bits and event.alloc_bits and event.sweepgen == event.h
            size = event.nelems * event.elemsize
            good = good and 0 < size <= event.npages * self.page_bytes
            good = good and (event.nelems == 1 or event.span_class > 1)
        if good:
            self.step("fill", event.span)

    def _set_limit(self, event: State) -> None:
        end = event.start + event.npages * self.page_bytes
        if not self.model.read("limit", event.span) and event.start < event.limit <= end:
            self.step("set_limit", event.span)


class ForeignLimits(SpanStates):
    """The machine in which limit must be valid first, as far as a stale one covers foreign memory.

    A limit that is too low hides the span's own memory, to which no pointer exists yet.
    """

    limit_first = True
    harness = "limits"

    def _set_limit(self, event: State) -> None:
        end = event.start + event.npages * self.page_bytes
        if not self.model.read("limit", event.span) and event.limit <= end:
            self.step("set_limit", event.span)
