"""Deliberate bugs in the port that show when sweepers, caches and the reclaimer run side by side."""

from checker.binding import Edit
from checker.mutation import Mutant
from proofs.protocols.sweepgen import scenarios

RACES = {
    Mutant(
        "acquire-by-store",
        "a sweeper stores the generation instead of comparing and swapping it",
        (
            Edit(
                "mgcsweep",
                '        if not atomic.cas(s, "sweepgen", u32(self.sweep_gen - 2), '
                "u32(self.sweep_gen - 1)):\n            return None\n",
                '        atomic.store(s, "sweepgen", u32(self.sweep_gen - 1))\n',
            ),
        ),
    ): scenarios.SWEEPERS,
    Mutant(
        "end-before-sweep",
        "a sweeper deregisters before it has swept the span it acquired",
        (
            Edit(
                "mgcsweep",
                "            locked.sweep(h, False)\n"
                "            h.runtime.sweep.active.end(h, sl)\n            return\n",
                "            h.runtime.sweep.active.end(h, sl)\n"
                "            locked.sweep(h, False)\n            return\n",
            ),
        ),
    ): scenarios.SWEEPERS,
    Mutant(
        "drained-too-early",
        "the background sweeper looks at the full spans of the first class only",
        (
            Edit(
                "mgcsweep",
                "while sc < h.config.num_span_classes * 2:",
                "while sc < 1:",
            ),
        ),
    ): scenarios.BACKGROUND,
    Mutant(
        "stale-span-not-swept",
        "a span cached before the sweep began is taken for a swept one",
        (
            Edit(
                "mcentral",
                "stale = s.sweepgen == u32(sg + 1)",
                "stale = False",
            ),
        ),
    ): scenarios.FLUSH,
    Mutant(
        "flushed-before-released",
        "a cache says that it is flushed while it still holds its spans",
        (
            Edit(
                "mcache",
                "        self.release_all(h)\n        self.flush_gen.store(h.sweepgen)\n",
                "        self.flush_gen.store(h.sweepgen)\n        self.release_all(h)\n",
            ),
        ),
    ): scenarios.FLUSH,
    Mutant(
        "reclaim-without-acquiring",
        "the page reclaimer sweeps whatever span it finds",
        (
            Edit(
                "reclaim",
                "                    s = sl.try_acquire(span)",
                "                    s = SweepLocked(span)",
            ),
            Edit(
                "reclaim",
                "from impl.rt import",
                "from impl.mgcsweep import SweepLocked\nfrom impl.rt import",
            ),
        ),
    ): scenarios.RECLAIM,
}
"""Each mutant with the scenario that shows it."""

DATA_RACES = [each for each in RACES if each.name == "reclaim-without-acquiring"]
"""Those in which two threads use a plain field unordered."""
