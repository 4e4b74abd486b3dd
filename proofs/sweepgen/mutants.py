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
                "        x.require(x.all(cache, lambda c: Implies(x.present[c], x.flushed[c])))\n",
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
                "        _sweep(x, n, t, s)\n        n.cached[c, s] = False\n",
                "        n.gen[s] = SWEPT\n        n.stage[s] = HELD\n"
                "        n.owns[t, s] = True\n        n.cached[c, s] = False\n",
            ),
        ),
    ),
]
