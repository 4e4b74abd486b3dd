"""Recorded list operations against the list machine.

Each event shows the ends of the list and the links of the span after the operation, which are
compared with the model's order.
"""

from collections.abc import Callable, Mapping
from typing import Any

from checker.monitor import Monitor
from golang.events import (
    Event,
    ListInit,
    ListInsert,
    ListInsertBack,
    ListRemove,
    ListTakeAll,
    StateStore,
)
from golang.trace import Trace
from harness.conformance import TraceMonitor
from model import span_list

THIS_LIST, NO_LIST, NIL = 1, 0, 0


class SpanListsMonitor(TraceMonitor):
    """Any number of lists; a span is known from its first operation on."""

    subject = "span_list"
    key = "span"

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace, Monitor(span_list.build()))

    def listens_to(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {
            ListInit: self.init,
            ListInsert: self.insert,
            ListInsertBack: self.insert_back,
            ListRemove: self.remove,
            ListTakeAll: self.take_all,
            StateStore: self.state,
        }

    def init(self, event: ListInit) -> None:
        cites = "runtime/mheap.go:1704 mSpanList.init"
        self.expect("init_of_empty", cites, self._members(event.list), [])

    def insert(self, event: ListInsert) -> None:
        self.step("insert", event.list, event.span)
        self._compare(event, "runtime/mheap.go:1734 mSpanList.insert")

    def insert_back(self, event: ListInsertBack) -> None:
        self.step("insert_back", event.list, event.span)
        self._compare(event, "runtime/mheap.go:1752 mSpanList.insertBack")

    def remove(self, event: ListRemove) -> None:
        cites = "runtime/mheap.go:1709 mSpanList.remove"
        self.step("remove", event.list, event.span)
        self.expect("unlinked", cites, (event.owner, event.next, event.prev), (NO_LIST, NIL, NIL))
        self._compare_ends(event.list, event.first, event.last, cites)
        self.model.forget("Span", event.span)

    def take_all(self, event: ListTakeAll) -> None:
        cites = "runtime/mheap.go:1771 mSpanList.takeAll"
        self.step("take_all", event.list, event.other)
        self.expect("all_reparented", cites, event.strays, 0)
        self._compare_ends(event.list, event.first, event.last, cites)
        self._compare_ends(event.other, event.other_first, event.other_last, cites)

    def state(self, event: StateStore) -> None:
        """A span that starts a new life is on no list."""
        if event.old == event.new and self.model.knows("Span", event.span):
            lists = [
                k for k in self.model.known("SpanList") if self.model.read("on", event.span, k)
            ]
            self.expect("born_unlisted", "runtime/mheap.go:1677 mspan.init", lists, [])

    def _compare(self, event: ListInsert | ListInsertBack, cites: str) -> None:
        members = self._members(event.list)
        place = members.index(event.span)
        around = [NIL, *members, NIL]
        self.expect("listed", cites, event.owner, THIS_LIST)
        self.expect("links", cites, (event.prev, event.next), (around[place], around[place + 2]))
        self._compare_ends(event.list, event.first, event.last, cites)

    def _compare_ends(self, each: int, first: int, last: int, cites: str) -> None:
        members = self._members(each)
        ends = (members[0], members[-1]) if members else (NIL, NIL)
        self.expect("ends", cites, (first, last), ends)

    def _members(self, each: int) -> list[int]:
        """The spans of a list in the model's order."""
        read = self.model.read
        on = [s for s in self.model.known("Span") if read("on", s, each)]
        return sorted(on, key=lambda s: sum(read("before", other, s) for other in on))
