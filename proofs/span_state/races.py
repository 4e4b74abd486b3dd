"""Deliberate bugs in the port that show to a reader beside the allocator."""

from checker.binding import Edit
from checker.mutation import Mutant

RACES = [
    Mutant(
        "state-before-fields",
        "a heap span is published before its sizes and bitmaps are set",
        (
            Edit(
                "mheap",
                "            s.spanclass = spanclass\n            sizeclass",
                "            s.state.set(M_SPAN_IN_USE)\n"
                "            s.spanclass = spanclass\n            sizeclass",
            ),
        ),
    ),
    Mutant(
        "bitmap-after-state",
        "the allocation bitmap comes after the publication",
        (
            Edit("mheap", "            s.alloc_bits = new_alloc_bits(s.nelems)\n", ""),
            Edit(
                "mheap",
                "            s.state.set(M_SPAN_IN_USE)\n",
                "            s.state.set(M_SPAN_IN_USE)\n"
                "            s.alloc_bits = new_alloc_bits(s.nelems)\n",
            ),
        ),
    ),
    Mutant(
        "generation-after-state",
        "the sweep generation comes after the publication",
        (
            Edit("mheap", '            atomic.store(s, "sweepgen", self.sweepgen)\n', ""),
            Edit(
                "mheap",
                "            s.state.set(M_SPAN_IN_USE)\n",
                "            s.state.set(M_SPAN_IN_USE)\n"
                '            atomic.store(s, "sweepgen", self.sweepgen)\n',
            ),
        ),
    ),
    Mutant(
        "look-up-without-state",
        "a reader does not look at the state of the span it finds",
        (
            Edit(
                "mheap",
                "if s is None or s.state.get() != M_SPAN_IN_USE or p < s.base()",
                "if s is None or p < s.base()",
            ),
        ),
    ),
]

DATA_RACES = [each for each in RACES if each.name != "generation-after-state"]
"""Those in which two threads use a plain field unordered; a generation is read atomically."""
