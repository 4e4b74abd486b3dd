"""Deliberate bugs in the sweep generation protocol."""

from checker.binding import Edit
from checker.mutation import Mutant

MODEL_MUTANTS = [
    Mutant(
        "blind-acquire",
        "a span is acquired whatever its generation is",
        (
            Edit(
                "sweepgen",
                "x.require(And(x.sweeping[t], x.live[s], x.gen[s] == NEEDS_SWEEPING))",
                "x.require(And(x.sweeping[t], x.live[s]))",
            ),
        ),
    ),
    Mutant(
        "publish-before-processing",
        "the final store comes before the mark bits are processed",
        (
            Edit(
                "sweepgen",
                "x.require(And(x.owns[t, s], x.stage[s] == PROCESSED))",
                "x.require(And(x.owns[t, s], is_one_of(x.stage[s], SWEEPING, PROCESSED)))",
            ),
        ),
    ),
    Mutant(
        "bump-without-flush",
        "a cycle begins while a cache holds spans of the cycle before",
        (
            Edit(
                "sweepgen",
                "    x.require(x.all(Cache, lambda c: Implies(x.present[c], x.flushed[c])))\n",
                "",
            ),
            Edit(
                "sweepgen",
                "And(x.gen[s] == CACHED_SWEPT, x.stage[s] == CACHED)",
                "x.stage[s] == CACHED",
            ),
        ),
    ),
    Mutant(
        "stale-cached-span-shared-unswept",
        "a span cached before the sweep began is uncached without being swept",
        (
            Edit(
                "sweepgen",
                "    _sweep(x, n, t, s)\n    n.cached[c, s] = False\n",
                "    n.gen[s] = SWEPT\n    n.stage[s] = HELD\n"
                "    n.owns[t, s] = True\n    n.cached[c, s] = False\n",
            ),
        ),
    ),
]

_SWAP = """\
        # What was marked is what is allocated from now on.
        s.alloc_bits = s.gcmark_bits
        s.gcmark_bits = new_mark_bits(h, s.nelems)

        if s.pinner_bits is not None:
            s.refresh_pinner_bits(h)

        s.refill_alloc_cache(0)
"""

SEQUENTIAL_MUTANTS = [
    Mutant(
        "bits-after-the-final-store",
        "a span is called swept before its mark bits become its allocation bits",
        (
            Edit("mgcsweep", _SWAP, ""),
            Edit(
                "mgcsweep",
                '        atomic.store(s, "sweepgen", sweepgen)\n',
                '        atomic.store(s, "sweepgen", sweepgen)\n' + _SWAP,
            ),
        ),
    ),
    Mutant(
        "stale-span-uncached-as-swept",
        "a span cached before the sweep began is called swept when it is uncached",
        (
            Edit(
                "mcentral",
                'atomic.store(s, "sweepgen", u32(sg - 1))',
                'atomic.store(s, "sweepgen", sg)',
            ),
        ),
    ),
    Mutant(
        "refill-without-three",
        "a cached span looks like one that is not: the next sweep takes it",
        (Edit("mcache", "new.sweepgen = u32(h.sweepgen + 3)", "new.sweepgen = h.sweepgen"),),
    ),
    Mutant(
        "flush-without-release",
        "a cache enters the new cycle with the spans of the old one",
        (Edit("mcache", "        self.release_all(h)\n", ""),),
    ),
    Mutant(
        "half-the-classes",
        "the sweep is over when half of the span classes have none left to sweep",
        (
            Edit(
                "mgcsweep",
                "while sc < h.config.num_span_classes * 2:",
                "while sc < h.config.num_span_classes:",
            ),
        ),
    ),
    Mutant(
        "generation-does-not-wrap",
        "once the generations wrap around, no span is taken to need sweeping",
        (
            Edit(
                "mgcsweep",
                'if atomic.load(s, "sweepgen") != u32(self.sweep_gen - 2):',
                'if atomic.load(s, "sweepgen") != self.sweep_gen - 2:',
            ),
        ),
    ),
    Mutant(
        "mark-with-stale-caches",
        "a cycle starts while a cache holds spans that were not swept",
        (Edit("mgc", 'throw("p mcache not flushed")', "pass"),),
    ),
    Mutant(
        "free-what-lost-an-object",
        "a span is freed when some of its objects died, not when all did",
        (
            Edit(
                "mgcsweep", "                if nalloc == 0:\n", "                if nfreed > 0:\n"
            ),
            Edit("mheap", "if s.alloc_count != 0 or s.sweepgen", "if s.sweepgen"),
        ),
    ),
]
"""Bugs that show in a single thread."""

WORD_MUTANTS = [
    Mutant(
        "sweep-of-any-generation",
        "a span can be swept whatever its generation is",
        (
            Edit(
                "mgcsweep",
                "        if s.state.get() != M_SPAN_IN_USE or s.sweepgen != u32(sweepgen - 1):\n"
                '            throw("mspan.sweep: bad span state")\n',
                "",
            ),
        ),
    ),
    Mutant(
        "bump-by-one",
        "a new cycle adds 1 to the generation",
        (Edit("mgc", "h.sweepgen = u32(h.sweepgen + 2)", "h.sweepgen = u32(h.sweepgen + 1)"),),
    ),
    Mutant(
        "bump-does-not-wrap",
        "the heap's generation grows beyond 32 bits",
        (Edit("mgc", "h.sweepgen = u32(h.sweepgen + 2)", "h.sweepgen = h.sweepgen + 2"),),
    ),
]
"""Bugs in the arithmetic of generations, of which some need a generation near the end of the cycle."""

PORT_MUTANTS = {each.name: each for each in SEQUENTIAL_MUTANTS}

TWO_BITS = Mutant(
    "two-bit-generations",
    "a generation is a word of two bits",
    (Edit("wraparound", "BITS = 32\n", "BITS = 2\n"),),
)
"""A bug in the lemma about words."""
