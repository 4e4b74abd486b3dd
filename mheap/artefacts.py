"""What of Go's mheap.go has no counterpart in the port for a reason, or one of another name.

Everything else is found by the docstrings and the names of impl/ (mheap/where.py). A line here that
is wrong or no longer needed fails a test.
"""

MARKER = ("_", "sys", ".", "NotInHeap")
MARKER_REASON = "tells Go's compiler that the struct is not in the garbage-collected heap"

REASONS: dict[str, str] = {
    "mheap.central.pad": "padding, so that each mcentral has a cache line of its own",
    "mheap.unused": "never set: it puts a type into the debugging information",
    "gcBitsHeader": "only its size is used: Go cannot embed it in gcBitsArena (go.dev/issue/14620)",
    "gcBitsHeader.free": "see gcBitsHeader: gcBitsArena has the field itself",
    "gcBitsHeader.next": "see gcBitsHeader: gcBitsArena has the field itself",
}
"""Why there is nothing."""

INSTEAD: dict[str, tuple[str, str]] = {
    "mheap.central.mcentral": ("Mheap.central", "not wrapped, since there is no padding"),
    "mSpanState": ("M_SPAN_DEAD", "an integer, one of the three constants"),
    "spanClass": ("make_span_class", "an integer; its methods are functions"),
    "arenaIdx": ("arena_index", "an integer; its methods are functions"),
    "spanAllocType": ("SPAN_ALLOC_HEAP", "an integer, one of the four constants"),
    "gcBits.x": ("GcBits.start", "the bits are in the arena; Go has the address of the first byte"),
}
"""The counterpart of another name, and in which way it is another."""
