"""Sets of spans that threads push to and pop from without a lock.

Not ported here: the spine and blocks of runtime/mspanset.go, by which Go makes these operations
lock-free. A push or a pop is one compare-and-swap of the whole content, in first-in, first-out
order, as Go's head and tail indexes give it.
"""

from typing import TYPE_CHECKING

from impl.rt import Atomic, Struct, throw

if TYPE_CHECKING:
    from impl.mspan import Mspan


class SpanSet(Struct):
    """runtime/mspanset.go spanSet: a queue of spans."""

    spans: Atomic[tuple["Mspan", ...]]

    def init(self) -> None:
        """runtime/mcentral.go mcentral.init: makes the set empty."""
        self.spans.store(())

    def push(self, s: "Mspan") -> None:
        """runtime/mspanset.go spanSet.push: adds s."""
        while True:
            spans = self.spans.load()
            if self.spans.compare_and_swap(spans, (*spans, s)):
                return

    def pop(self) -> "Mspan | None":
        """runtime/mspanset.go spanSet.pop: removes and returns the oldest span; None if empty."""
        while True:
            spans = self.spans.load()
            if len(spans) == 0:
                return None
            if self.spans.compare_and_swap(spans, spans[1:]):
                return spans[0]

    def reset(self) -> None:
        """runtime/mspanset.go spanSet.reset: readies an empty set; throws if it isn't empty."""
        if len(self.spans.load()) != 0:
            throw("attempt to clear non-empty span set")
