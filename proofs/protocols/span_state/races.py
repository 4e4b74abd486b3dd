"""Deliberate bugs in the port that show to a reader beside the allocator."""

from checker.binding import Edit
from checker.mutation import Mutant
from proofs.protocols.span_state.mutants import PORT_MUTANTS

RACES = [
    PORT_MUTANTS["state-before-fields"],
    Mutant(
        "bitmap-after-state",
        "the allocation bitmap comes after the publication",
        (
            Edit("mheap", "            s.alloc_bits = new_alloc_bits(self, s.nelems)\n", ""),
            Edit(
                "mheap",
                "            s.state.set(M_SPAN_IN_USE)\n",
                "            s.state.set(M_SPAN_IN_USE)\n"
                "            s.alloc_bits = new_alloc_bits(self, s.nelems)\n",
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
                "spanof",
                "if s is None or s.state.get() != M_SPAN_IN_USE or p < s.base()",
                "if s is None or p < s.base()",
            ),
        ),
    ),
]

DATA_RACES = [each for each in RACES if each.name != "generation-after-state"]
"""Those in which two threads use a plain field unordered; a generation is read atomically."""
