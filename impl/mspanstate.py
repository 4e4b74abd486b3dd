"""The state of a span, and the box that publishes it."""

from impl.rt import Atomic, Struct

M_SPAN_DEAD = 0
M_SPAN_IN_USE = 1
M_SPAN_MANUAL = 2
M_SPAN_STATE_NAMES = ("mSpanDead", "mSpanInUse", "mSpanManual")
"""runtime/mheap.go mSpanStateNames: Go's names of the states, indexed by state."""


class MSpanStateBox(Struct):
    """runtime/mheap.go mSpanStateBox: a span state that is only ever accessed atomically."""

    s: Atomic[int]

    def set(self, s: int) -> None:
        """runtime/mheap.go mSpanStateBox.set: stores the state; publishes the fields before it."""
        self.s.store(s)

    def get(self) -> int:
        """runtime/mheap.go mSpanStateBox.get: loads the state; to be done before other fields."""
        return self.s.load()
