"""Doubly linked lists of spans. Whoever calls owns the list and its spans, usually by a lock.

Not ported here: the diagnostic lines that Go prints before a throw.
"""

from typing import TYPE_CHECKING

from impl.rt import Plain, Struct, throw

if TYPE_CHECKING:
    from impl.mspan import Mspan


class MSpanList(Struct):
    """runtime/mheap.go mSpanList: heads a list of spans; both ends are None when it is empty."""

    first: Plain["Mspan | None"] = None
    last: Plain["Mspan | None"] = None

    def init(self) -> None:
        """runtime/mheap.go mSpanList.init: makes the list empty."""
        self.first = None
        self.last = None

    def remove(self, span: "Mspan") -> None:
        """runtime/mheap.go mSpanList.remove: takes the span out; throws if it isn't on this list."""
        if span.list is not self:
            throw("mSpanList.remove")
        if self.first is span:
            self.first = span.next
        else:
            span.prev.next = span.next  # type: ignore[union-attr]  # Go faults on nil here
        if self.last is span:
            self.last = span.prev
        else:
            span.next.prev = span.prev  # type: ignore[union-attr]  # Go faults on nil here
        span.next = None
        span.prev = None
        span.list = None

    def is_empty(self) -> bool:
        """runtime/mheap.go mSpanList.isEmpty: no span is on the list."""
        return self.first is None

    def insert(self, span: "Mspan") -> None:
        """runtime/mheap.go mSpanList.insert: puts the span first; throws if it is on a list."""
        if span.next is not None or span.prev is not None or span.list is not None:
            throw("mSpanList.insert")
        span.next = self.first
        if self.first is not None:
            # The last span of a list that isn't empty doesn't change.
            self.first.prev = span
        else:
            self.last = span
        self.first = span
        span.list = self

    def insert_back(self, span: "Mspan") -> None:
        """runtime/mheap.go mSpanList.insertBack: puts the span last; throws if it is on a list."""
        if span.next is not None or span.prev is not None or span.list is not None:
            throw("mSpanList.insertBack")
        span.prev = self.last
        if self.last is not None:
            self.last.next = span
        else:
            self.first = span
        self.last = span
        span.list = self

    def take_all(self, other: "MSpanList") -> None:
        """runtime/mheap.go mSpanList.takeAll: moves all of other to the front of this list."""
        if other.is_empty():
            return
        s = other.first
        while s is not None:
            s.list = self
            s = s.next
        if self.is_empty():
            self.first = other.first
            self.last = other.last
        else:
            other.last.next = self.first  # type: ignore[union-attr]  # other isn't empty
            self.first.prev = other.last  # type: ignore[union-attr]  # nor is this list
            self.first = other.first
        other.first = None
        other.last = None
