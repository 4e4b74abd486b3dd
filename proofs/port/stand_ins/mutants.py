"""Deliberate bugs in what has a stand-in: span sets, mark bits, the page allocator."""

from checker.binding import Edit
from checker.mutation import Mutant
from proofs.port.stand_ins import bits, sets

SETS = {
    Mutant(
        "tail-not-checked",
        "a pop takes a slot though none was pushed to",
        (Edit("mspanset", "            if head >= tail:\n", "            if head > tail:\n"),),
    ): sets.TWO_POPS,
    Mutant(
        "pop-without-a-block",
        "a pop takes a slot whose block is still to be added",
        (
            Edit(
                "mspanset",
                "            if spine_len <= head // entries:\n",
                "            if False:\n",
            ),
        ),
    ): sets.WAIT,
    Mutant(
        "empty-slot-is-none",
        "a pop does not wait until the push has filled its slot",
        (
            Edit("mspanset", "        while s is None:\n", "        if s is None:\n"),
            Edit(
                "mspanset",
                "            osyield()\n            s = atomic.loadp(block.spans, bottom)\n",
                "            return None\n",
            ),
        ),
    ): sets.WAIT,
    Mutant(
        "claim-by-store",
        "a pop moves the head by a store: two may take the same slot",
        (
            Edit(
                "mspanset",
                "return self.u.compare_and_swap(old, new)",
                "self.u.store(new)\n        return True",
            ),
        ),
    ): sets.TWO_POPS,
    Mutant(
        "popped-off-by-one",
        "a block goes back to the pool one pop too early",
        (
            Edit(
                "mspanset",
                "block.popped.add(1)) == entries:",
                "block.popped.add(1)) == entries - 1:",
            ),
        ),
    ): sets.SPINE,
    Mutant(
        "freed-by-the-last-slot",
        "a block goes back when its last slot is popped, though other pops may be at work in it",
        (
            Edit(
                "mspanset",
                "        if u32(block.popped.add(1)) == entries:\n",
                "        block.popped.add(1)\n        if bottom == entries - 1:\n",
            ),
        ),
    ): sets.REUSED_BESIDE_POPS,
    Mutant(
        "slot-not-cleared",
        "a popped span stays in its slot, where the block's next pop may find it",
        (Edit("mspanset", "        atomic.storep(block.spans, bottom, None)\n", ""),),
    ): sets.RECYCLED,
    Mutant(
        "popped-not-cleared",
        "a block counts the pops of its earlier life",
        (Edit("mspanset", "        block.popped.store(0)\n", ""),),
    ): sets.RESETS,
    Mutant(
        "length-before-block",
        "the spine is said to be longer before the block is on it",
        (
            Edit(
                "mspanset",
                "            atomic.storep(spine, top, block)\n"
                "            self.spine_len.store(spine_len + 1)\n",
                "            self.spine_len.store(spine_len + 1)\n"
                "            atomic.storep(spine, top, block)\n",
            ),
        ),
    ): sets.WAIT,
    Mutant(
        "length-not-read-again",
        "a push that waited for the lock adds a block that is there already",
        (
            Edit(
                "mspanset",
                "            spine_len = self.spine_len.load()\n"
                "            if top < spine_len:\n"
                "                unlock(self.spine_lock)\n",
                "            if top < spine_len:\n                unlock(self.spine_lock)\n",
            ),
        ),
    ): sets.FIRST,
    Mutant(
        "spine-not-copied",
        "a new spine begins without the blocks of the old one",
        (Edit("mspanset", "for i in range(self.spine_cap):", "for i in range(0):"),),
    ): sets.BOUNDARY,
    Mutant(
        "reset-keeps-the-block",
        "a reset forgets the block that head and tail are in",
        (Edit("mspanset", "        if top < self.spine_len.load():\n", "        if False:\n"),),
    ): sets.RESETS,
    Mutant(
        "push-without-a-tag",
        "two times at which a block is on top of the pool look alike",
        (Edit("lfstack", "node.pushcnt & ((1 << TAG_BITS) - 1)", "0"),),
    ): sets.POOL,
}
"""Each mutant of the span sets with the scenario that shows it."""

BITS = {
    Mutant(
        "free-index-by-store",
        "two threads that allocate from an arena may get the same bytes",
        (
            Edit(
                "gcbits",
                '    end: int = atomic.xadd(b, "free", nbytes)\n',
                '    end: int = atomic.load(b, "free") + nbytes\n'
                '    atomic.store(b, "free", end)\n',
            ),
        ),
    ): bits.LAST_ROOM,
    Mutant(
        "end-not-checked",
        "a bitmap may lie beyond the end of its arena, if another thread was faster",
        (Edit("gcbits", "    if end > size:\n", "    if False:\n"),),
    ): bits.LAST_ROOM,
    Mutant(
        "old-bits-stay",
        "an arena that is used again keeps its bits",
        (Edit("gcbits", "            result.bits[i] = 0\n", "            pass\n"),),
    ): bits.REUSED,
    Mutant(
        "one-word-stays",
        "the last word of an arena that is used again keeps its bits",
        (
            Edit(
                "gcbits",
                "for i in range(len(result.bits)):",
                "for i in range(len(result.bits) - 1):",
            ),
        ),
    ): bits.REUSED,
    Mutant(
        "needless-arena-dropped",
        "an arena that was made in vain is forgotten",
        (
            Edit(
                "gcbits",
                "        fresh.next = arenas.free\n        arenas.free = fresh\n",
                "",
            ),
        ),
    ): bits.FRESH,
    Mutant(
        "fresh-arena-replaces",
        "a new arena takes the place of those before it",
        (Edit("gcbits", "    fresh.next = arenas.next\n", ""),),
    ): bits.SIZES,
    Mutant(
        "epoch-skips-previous",
        "arenas are free one change of epoch too early",
        (
            Edit("gcbits", "    arenas.previous = arenas.current\n", ""),
            Edit(
                "gcbits",
                "    arenas.current = arenas.next\n",
                "    arenas.previous = arenas.next\n",
            ),
        ),
    ): bits.CHANGES,
    Mutant(
        "epoch-drops-the-free",
        "freed arenas take the place of those that were free",
        (Edit("gcbits", "            last.next = arenas.free\n", ""),),
    ): bits.CHANGES,
    Mutant(
        "known-before-used",
        "other threads may use up a new arena before the thread that made it has its bitmap",
        (
            Edit(
                "gcbits",
                "    # Nobody else knows the fresh arena yet.\n",
                '    fresh.next = arenas.next\n    atomic.store(arenas, "next", fresh)\n',
            ),
            Edit(
                "gcbits",
                "    fresh.next = arenas.next\n"
                '    atomic.store(arenas, "next", fresh)\n    unlock(arenas.lock)\n',
                "    unlock(arenas.lock)\n",
            ),
        ),
    ): bits.FRESH,
}
"""Each mutant of the mark bits with the scenario that shows it."""

PAGES = [
    Mutant(
        "search-from-the-freed",
        "freeing pages moves the search address to them, wherever it was",
        (
            Edit(
                "mpagealloc",
                """frees npages pages from base on.\"""
        assert_lock_held(self.mheap_lock)
        config = self.h.config
        if off_addr_less_than(config, base, self.search_addr):
            self.search_addr = base
""",
                """frees npages pages from base on.\"""
        assert_lock_held(self.mheap_lock)
        config = self.h.config
        self.search_addr = base
""",
            ),
        ),
    ),
    Mutant(
        "growth-not-searched",
        "the search goes on above memory that the heap got below",
        (
            Edit(
                "mpagealloc",
                "        if off_addr_less_than(config, base, self.search_addr):\n"
                "            self.search_addr = base\n\n"
                "        l2_len",
                "        l2_len",
            ),
        ),
    ),
    Mutant(
        "growth-not-scavenged",
        "new memory counts as resident",
        (
            Edit(
                "mpagealloc",
                "        if grown:\n            chunk.scavenged.set_all()\n",
                "",
            ),
        ),
    ),
    Mutant(
        "last-chunk-not-summarised",
        "the summary of a range's last chunk stays as it was",
        (
            Edit(
                "mpagealloc",
                "            leaves[ec] = self.chunk_of(ec).palloc_bits.summarize()\n",
                "",
            ),
        ),
    ),
    Mutant(
        "middle-not-counted",
        "scavenged pages of chunks that a range covers wholly do not count",
        (
            Edit(
                "mpagealloc",
                "                scav += chunk.scavenged.popcnt_range(0, chunk_pages)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "found-free-too-early",
        "the search address found is that of an entry which was passed over long before",
        (
            Edit(
                "mpagefind",
                "    return addr, _first_mapped(p, first_base)\n\n\ndef",
                "    return addr, addr\n\n\ndef",
            ),
        ),
    ),
    Mutant(
        "runs-end-with-entries",
        "a run that ends in the next entry of a summary level is not found",
        (
            Edit(
                "mpagefind", "            if size + s >= npages:\n", "            if s >= npages:\n"
            ),
        ),
    ),
    Mutant(
        "base-forgotten",
        "a run across entries starts where its last entry does",
        (
            Edit(
                "mpagefind",
                "                if size == 0:\n                    base = j",
                "                if True:\n                    base = j",
            ),
        ),
    ),
    Mutant(
        "runs-end-with-words",
        "a run of pages that goes on in the next word of a bitmap is not found",
        (
            Edit(
                "mpallocbits", "            if end + start >= npages:\n", "            if False:\n"
            ),
        ),
    ),
    Mutant(
        "longest-run-forgotten",
        "a summary knows the longest run only at the ends of a chunk",
        (
            Edit(
                "mpallocbits",
                "            if x & (x + 1) != 0:\n                max_ = longest_inner_run(x, max_, width)\n",
                "            pass\n",
            ),
        ),
    ),
    Mutant(
        "one-bit-short",
        "of a range that ends in another word than it starts in, the last page is not freed",
        (
            Edit(
                "mpallocbits",
                "        words[last] = tail & ~((1 << j % width + 1) - 1)\n",
                "        words[last] = tail & ~((1 << j % width) - 1)\n",
            ),
        ),
    ),
    Mutant(
        "shift-by-one-less",
        "a run that is one page too short is taken for one that fits",
        (Edit("mpallocbits", "    p = n - 1\n", "    p = n - 2\n"),),
    ),
]
"""Bugs in the page allocator, its search and its bitmaps."""

RACES = [
    (
        Mutant(
            "grown-without-the-lock",
            "two pushes may add a block and grow the spine at the same time",
            (
                Edit("mspanset", "            lock(self.spine_lock)\n", ""),
                Edit(
                    "mspanset",
                    "                unlock(self.spine_lock)\n                continue\n",
                    "                continue\n",
                ),
                Edit(
                    "mspanset",
                    "            unlock(self.spine_lock)\n            break\n",
                    "            break\n",
                ),
            ),
        ),
        sets.PUSHES,
    ),
    (
        Mutant(
            "put-back-without-the-lock",
            "an arena that was made in vain is put on the free list after the lock was given back",
            (
                Edit(
                    "gcbits",
                    "        fresh.next = arenas.free\n"
                    "        arenas.free = fresh\n"
                    "        unlock(arenas.lock)\n",
                    "        unlock(arenas.lock)\n"
                    "        fresh.next = arenas.free\n"
                    "        arenas.free = fresh\n",
                ),
            ),
        ),
        bits.FRESH,
    ),
]
"""Mutants in which two threads use a plain field unordered, each with the scenario that shows it."""
