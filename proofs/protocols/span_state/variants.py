"""The port of later Go versions, as far as they mended go.dev/issue/74288."""

from checker.binding import Edit
from checker.mutation import Mutant

LIMIT_BEFORE_STATE = Mutant(
    "limit-before-state",
    "initSpan sets limit before it publishes the state, as upstream does since the fix",
    (
        Edit(
            "mheap",
            '            atomic.store(s, "sweepgen", self.sweepgen)\n',
            "            s.limit = s.base() + s.elemsize * s.nelems\n"
            '            atomic.store(s, "sweepgen", self.sweepgen)\n',
        ),
        Edit(
            "mcentral",
            "        n = s.divide_by_elem_size(npages << h.config.page_shift)\n"
            "        s.limit = s.base() + size * n\n",
            "",
        ),
        Edit(
            "mcentral",
            "        size = h.config.class_to_size[span_class_sizeclass(self.spanclass)]\n"
            "        s = h.alloc",
            "        s = h.alloc",
        ),
    ),
)
