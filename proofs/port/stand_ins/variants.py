"""The port with what mends a known finding."""

from checker.binding import Edit
from checker.mutation import Mutant

BLOCKS_IN_ORDER = Mutant(
    "blocks-in-order",
    "a push adds the next block of the spine, as often as it takes to reach its own; our remedy",
    (
        Edit(
            "mspanset",
            "            atomic.storep(spine, top, block)\n"
            "            self.spine_len.store(spine_len + 1)\n"
            "            unlock(self.spine_lock)\n"
            "            break\n",
            "            atomic.storep(spine, spine_len, block)\n"
            "            spine_len += 1\n"
            "            self.spine_len.store(spine_len)\n"
            "            unlock(self.spine_lock)\n",
        ),
    ),
)
