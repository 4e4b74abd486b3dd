"""In place of impl/mspanset.py: a set of spans is a queue, and a push or a pop is one step."""

from typing import TYPE_CHECKING

from impl.rt import Atomic, Struct, throw

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


class SpanSetBlockAlloc(Struct):
    """There are no blocks."""


class SpanSet(Struct):
    """runtime/mspanset.go spanSet: a queue of spans."""

    spans: Atomic[tuple["Mspan", ...]]

    def init(self, _h: "Mheap") -> None:
        """Makes the set empty."""
        self.spans.store(())

    def push(self, s: "Mspan") -> None:
        """Adds s."""
        while True:
            spans = self.spans.load()
            if self.spans.compare_and_swap(spans, (*spans, s)):
                return

    def pop(self) -> "Mspan | None":
        """Removes and returns the oldest span; None if there is none."""
        while True:
            spans = self.spans.load()
            if len(spans) == 0:
                return None
            if self.spans.compare_and_swap(spans, spans[1:]):
                return spans[0]

    def reset(self) -> None:
        """Readies an empty set; throws if it isn't empty."""
        if len(self.spans.load()) != 0:
            throw("attempt to clear non-empty span set")
