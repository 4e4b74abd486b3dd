"""Deliberate bugs about span states."""

from checker.binding import Edit
from checker.mutation import Mutant

MODEL_MUTANTS = [
    Mutant(
        "publish-before-fields",
        "the state is stored before the other fields are valid",
        (
            Edit(
                "span_state",
                "x.require(And(x.state[s] == DEAD, x.fields[s]))\n    x.require(x.limit[s])\n",
                "x.require(x.state[s] == DEAD)\n",
            ),
        ),
    ),
    Mutant(
        "free-in-any-phase",
        "a span is freed while the collector marks",
        (Edit("span_state", "And(x.phase == OFF, x.state[s] != DEAD", "And(x.state[s] != DEAD"),),
    ),
    Mutant(
        "scan-across-phases",
        "the collector goes off while somebody is inside a conservative scan",
        (
            Edit(
                "span_state",
                "    x.require(x.all(Reader, lambda r: Not(x.looking[r])))\n",
                "",
            ),
        ),
    ),
]

SEQUENTIAL_MUTANTS = [
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
        "manual-limit-after-state",
        "a manual span is published before its limit is set",
        (
            Edit(
                "mheap",
                "            s.limit = s.base() + s.npages * self.config.page_size\n"
                "            s.state.set(M_SPAN_MANUAL)\n",
                "            s.state.set(M_SPAN_MANUAL)\n"
                "            s.limit = s.base() + s.npages * self.config.page_size\n",
            ),
        ),
    ),
    Mutant(
        "grow-without-limit",
        "the limit of a fresh heap span stays that of an earlier life",
        (Edit("mcentral", "        s.limit = s.base() + size * n\n", ""),),
    ),
    Mutant(
        "free-of-dead-spans",
        "a dead span can be freed again",
        (Edit("mheap", 'throw("mheap.freeSpanLocked - invalid span state")', "pass"),),
    ),
    Mutant(
        "free-of-live-objects",
        "a span is freed although objects are allocated in it",
        (
            Edit(
                "mheap",
                "if s.alloc_count != 0 or s.sweepgen != self.sweepgen:",
                "if s.sweepgen != self.sweepgen:",
            ),
        ),
    ),
    Mutant(
        "freed-but-not-dead",
        "a span keeps its state when it is freed",
        (
            Edit(
                "mheap",
                "        s.state.set(M_SPAN_DEAD)\n        self.free_m_span_locked(s)\n",
                "        self.free_m_span_locked(s)\n",
            ),
        ),
    ),
    Mutant(
        "page-in-use-not-cleared",
        "the page sweeper goes on finding a freed span",
        (
            Edit(
                "mheap",
                "            atomic.and8(arena.page_in_use, page_idx, u8(~page_mask))\n",
                "",
            ),
        ),
    ),
    Mutant(
        "scan-finds-manual-spans",
        "the conservative scan looks into stacks as if they were heap objects",
        (
            Edit(
                "spanof",
                "if s is None or s.state.get() != M_SPAN_IN_USE or p < s.base() or p >= s.limit:",
                "if s is None or s.state.get() == 0 or p < s.base() or p >= s.limit:",
            ),
        ),
    ),
    Mutant(
        "scan-ignores-limit",
        "the conservative scan finds objects in the tail of a span, where there are none",
        (
            Edit(
                "spanof",
                "if s is None or s.state.get() != M_SPAN_IN_USE or p < s.base() or p >= s.limit:",
                "if s is None or s.state.get() != M_SPAN_IN_USE or p < s.base():",
            ),
        ),
    ),
]
"""Bugs that show in a single thread."""

ARITHMETIC_MUTANTS = [
    Mutant(
        "noscan-not-encoded",
        "a span class does not say that its objects hold no pointers",
        (Edit("spanclass", "u8(sizeclass << 1) | bool2int(noscan)", "u8(sizeclass << 1)"),),
    ),
    Mutant(
        "sizeclass-not-decoded",
        "the size class is read with the noscan bit in it",
        (Edit("spanclass", "return sc >> 1", "return sc"),),
    ),
    Mutant(
        "div-rounds-down",
        "the last piece, which is not full, is not counted",
        (Edit("stubs", "uintptr(n + a - 1) // a", "uintptr(n) // a"),),
    ),
    Mutant(
        "align-up-beyond",
        "an aligned number is rounded up to the next one",
        (Edit("stubs", "config.uintptr(n + a - 1) &", "config.uintptr(n + a) &"),),
    ),
    Mutant(
        "align-down-clears-one-bit",
        "one bit is cleared, not all below the alignment",
        (Edit("stubs", "return n & config.uintptr(~(a - 1))", "return n & config.uintptr(~a)"),),
    ),
    Mutant(
        "magic-too-small",
        "the magic number is rounded down, and multiples of the size are divided wrongly",
        (Edit("sizeclasses", "u32(U32_MAX // size + 1)", "u32(U32_MAX // size)"),),
    ),
    Mutant(
        "layout-counts-a-rest",
        "an object that does not fit whole is counted",
        (Edit("mspan", "n = total // size", "n = (total + size - 1) // size"),),
    ),
]
"""Bugs in pure functions."""

PORT_MUTANTS = {each.name: each for each in [*SEQUENTIAL_MUTANTS, *ARITHMETIC_MUTANTS]}
