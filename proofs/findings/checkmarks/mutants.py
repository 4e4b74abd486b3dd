"""Deliberate bugs in checkmarks, once each object has a bit of its own."""

from checker.binding import Edit
from checker.mutation import Mutant

CHECKMARK_MUTANTS = [
    Mutant(
        "never-checkmarked",
        "a checkmark is not kept",
        (Edit("mcheckmark", "    atomic.or8(b, arena_word, mask)\n", ""),),
    ),
    Mutant(
        "checkmarks-stay",
        "a new start keeps the checkmarks of the last time",
        (Edit("mcheckmark", "                bitmap.b[i] = 0\n", "                pass\n"),),
    ),
    Mutant(
        "half-of-the-map",
        "the two halves of an arena share the bits of one",
        (
            Edit(
                "mcheckmark",
                "    if atomic.load8(b, arena_word) & mask != 0:\n",
                "    arena_word %= len(b) // 2\n    if atomic.load8(b, arena_word) & mask != 0:\n",
            ),
        ),
    ),
]
