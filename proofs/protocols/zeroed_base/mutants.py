"""Deliberate bugs about zeroedBase."""

from checker.binding import Edit
from checker.mutation import Mutant

MODEL_MUTANTS = [
    Mutant(
        "store-instead-of-cas",
        "the word is stored without looking whether it moved",
        (Edit("zeroed_base", "    x.require(x.zeroed_base[a] == x.seen[p])\n", ""),),
    ),
    Mutant(
        "never-needs-zero",
        "used pages are called clean",
        (Edit("zeroed_base", "n.needs_zero[p] = x.low[p] < base", "n.needs_zero[p] = False"),),
    ),
    Mutant(
        "overlapping-allocations",
        "the page allocator gives one page to two allocations",
        (Edit("zeroed_base", "    x.require(x.all(Part, apart))\n", ""),),
    ),
]

SEQUENTIAL_MUTANTS = [
    Mutant(
        "needs-zero-a-page-late",
        "a used page just below zeroedBase is called zero",
        (
            Edit(
                "mheap",
                "            if arena_base < zeroed_base:\n",
                "            if arena_base + self.config.page_size < zeroed_base:\n",
            ),
        ),
    ),
    Mutant(
        "base-not-advanced",
        "the second arena of an allocation is not looked at, the first one twice",
        (Edit("mheap", "            base += arena_limit - arena_base\n", ""),),
    ),
    Mutant(
        "limit-beyond-the-arena",
        "zeroedBase of the first arena covers pages of the next",
        (
            Edit(
                "mheap",
                "            if arena_limit > self.config.heap_arena_bytes:\n"
                "                arena_limit = self.config.heap_arena_bytes\n",
                "",
            ),
        ),
    ),
    Mutant(
        "answer-of-the-last-arena",
        "an allocation needs zeroing only if its last arena says so",
        (
            Edit(
                "mheap",
                "            arena_base = base % self.config.heap_arena_bytes\n",
                "            arena_base = base % self.config.heap_arena_bytes\n"
                "            need_zero = False\n",
            ),
        ),
    ),
]
"""Bugs that show in a single thread."""

RACE_MUTANTS = [
    Mutant(
        "plain-store",
        "zeroedBase is stored without looking whether it moved, and goes back",
        (
            Edit(
                "mheap",
                'if atomic.cas(ha, "zeroed_base", zeroed_base, arena_limit):\n'
                "                    break\n",
                'atomic.store(ha, "zeroed_base", arena_limit)\n                break\n',
            ),
        ),
    ),
    Mutant(
        "throws-at-its-own-base",
        "a thread that raised zeroedBase just up to our pages counts as an overlap",
        (Edit("mheap", "zeroed_base > arena_base:\n", "zeroed_base >= arena_base:\n"),),
    ),
]
"""Bugs that need a second thread to show."""

ARITHMETIC_MUTANTS = [
    Mutant(
        "arenas-from-address-zero",
        "arenas are numbered as if addresses were not sign-extended",
        (Edit("heaparena", "uintptr(p - config.arena_base_offset) //", "uintptr(p) //"),),
    ),
    Mutant(
        "arena-base-does-not-wrap",
        "the base of an arena of the upper half is not a word",
        (
            Edit(
                "heaparena",
                "config.uintptr(i * config.heap_arena_bytes + config.arena_base_offset)",
                "i * config.heap_arena_bytes + config.arena_base_offset",
            ),
        ),
    ),
    Mutant(
        "l2-one-bit-short",
        "two arenas share an entry of the L2 map",
        (
            Edit(
                "heaparena",
                "i & ((1 << config.arena_l2_bits) - 1)",
                "i & ((1 << config.arena_l2_bits - 1) - 1)",
            ),
        ),
    ),
    Mutant(
        "l1-within-bounds",
        "an address outside the heap's range gets an entry of the L1 map",
        (
            Edit(
                "heaparena",
                "return i >> config.arena_l1_shift",
                "return (i >> config.arena_l1_shift) % config.arena_l1_len",
            ),
        ),
    ),
]
"""Bugs in pure functions."""

PAGE_BIT_MUTANTS = [
    Mutant(
        "page-index-beyond-the-arena",
        "the index into the page bitmaps counts the pages of eight arenas",
        (
            Edit(
                "heaparena",
                "% (h.config.pages_per_arena // 8)",
                "% h.config.pages_per_arena",
            ),
        ),
    ),
    Mutant(
        "page-bit-of-the-word",
        "the bit of a page is looked for beyond the byte that holds it",
        (
            Edit(
                "heaparena",
                "1 << ((p // h.config.page_size) % 8)",
                "1 << ((p // h.config.page_size) % 64)",
            ),
        ),
    ),
]
"""Bugs about the bitmaps with a bit for each page of an arena."""

PORT_MUTANTS = {
    each.name: each
    for each in [*SEQUENTIAL_MUTANTS, *RACE_MUTANTS, *ARITHMETIC_MUTANTS, *PAGE_BIT_MUTANTS]
}

LEMMA_MUTANTS = [
    Mutant(
        "others-stay-a-page-away",
        "other threads are believed never to raise the word just to the page after ours",
        (Edit("parts", "after > high", "after > high + 1"),),
    ),
    Mutant(
        "others-step-by-step",
        "other threads are believed to raise the word by one at a time",
        (Edit("parts", "And(before < after, Or(", "And(before + 1 == after, Or("),),
    ),
]
"""Wrong beliefs about other threads, on which a proof of the port must not rest."""
