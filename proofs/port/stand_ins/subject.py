"""Stand-ins: what takes the place of three modules while threads are explored does what they do.

A known finding in go1.21.13 is that pushes that are overtaken leave a hole in the spine of a span set.
spanSet.push adds its block at `top`, its own place, but counts spineLen up by one. If all pushes of
one block have taken their slots and none has added the block yet, a push of the next block makes
spineLen say that the missing one is there: the pushes that were overtaken, or a pop, use a nil block.
If spineCap was just top, the block is even written behind the end of the spine.

It takes as many stalled pushes as a block has entries: 2 here, 512 in Go. We know of no program in
which it happened, and of no issue about it. go.dev/issue/78237 reports a nil block in spanSet.pop,
at the place where the pop below finds one; its cause is unknown, and nothing says that it is this.
"""

from dataclasses import replace

from checker.mutation import Mutant
from checker.obligation import Technique
from checker.verdict import Grade, Verdict
from harness.explorations import RACE_FREE, Exploring, possible
from harness.histories import along
from harness.means import Means
from harness.subject import Group, Subject, Theorem
from harness.theorems import Effort, random_runs
from proofs.port.stand_ins import bits, sets
from proofs.port.stand_ins.mutants import BITS, PAGES, RACES, SETS
from proofs.port.stand_ins.pages import PageAllocExercise, RealPages
from proofs.port.stand_ins.variants import BLOCKS_IN_ORDER

SETS_GO, BITS_GO = "runtime/mspanset.go:14-17", "runtime/mheap.go:2110-2121"
SPINE_GO = "runtime/mspanset.go:129-130"
PAGES_GO = "runtime/mpagealloc.go:5-46"
HOLE = "spanset-hole"
NIL_BLOCK = "throw: AttributeError: 'NoneType' object has no attribute 'spans'"
BEHIND_THE_END = "throw: IndexError: 1"

QUEUE = "a span set is a queue, however many threads push at the same time"
SMALL_BLOCKS = f"{QUEUE} (with blocks of 2 spans; Go's have 512)"
LOWEST = "the page allocator gives the lowest run that fits, and knows which pages were given back"

SHOWN_BY = {
    "mpagealloc": ("pages", "real_pages"),
    "mspanset": ("sets", "set_races"),
    "gcbits": ("bits", "bit_races"),
}
"""For each module with a stand-in, the theorems that compare the two."""

ALL_SETS = {**sets.SCENARIOS, **sets.TOO_MANY}
MANY_TRACES = (sets.FOUR, sets.REUSED_BESIDE_POPS)
"""Of these every state is explored, but they have too many traces to look at each."""


def pop_meets_hole(_case: str, _variant: Mutant | None, _means: Means) -> Verdict:
    """The one schedule in which a pop finds the nil block."""
    return along(
        sets.TOO_MANY[sets.HOLE_AND_POP](),
        sets.POP_MEETS_HOLE,
        harness="stand_ins/sets",
        cites=SPINE_GO,
        why=QUEUE,
    )


def _span_sets() -> Group:
    group = possible(
        "stand_ins/sets",
        ALL_SETS,
        Exploring(
            "sets",
            "a span set is a queue, and a pop gives nil only if it was empty but for pushes under way",
            SETS_GO,
            list(sets.SCENARIOS),
            mutants=list(SETS.items()),
        ),
        Exploring(
            "spine_hole",
            SMALL_BLOCKS,
            SPINE_GO,
            [sets.HOLE, sets.BEYOND],
            why=QUEUE,
            finding=HOLE,
            violates=[NIL_BLOCK, BEHIND_THE_END],
            recorded=False,
        ),
        Exploring(
            "blocks_in_order",
            f"{QUEUE}, once blocks are added in their order",
            SPINE_GO,
            [sets.HOLE],
            why=QUEUE,
            variant=BLOCKS_IN_ORDER,
            one=True,
        ),
    )
    schedule: Theorem[Mutant] = Theorem(
        "pop_meets_spine_hole",
        Technique.SCHEDULE,
        SMALL_BLOCKS,
        SPINE_GO,
        Grade.REFUTED,
        pop_meets_hole,
        finding=HOLE,
        violates=[NIL_BLOCK],
    )
    return replace(group, theorems=(*group.theorems, schedule))


SUBJECT = Subject(
    "stand_ins",
    statement="what stands in for three modules while threads are explored is what they do",
    groups=(
        _span_sets(),
        possible(
            "stand_ins/bits",
            bits.SCENARIOS,
            Exploring(
                "bits",
                "bitmaps are zero, lie apart and stay untouched for three epochs; no arena is lost",
                "runtime/mheap.go:2124-2141",
                list(bits.SCENARIOS),
                mutants=list(BITS.items()),
            ),
        ),
        possible(
            "stand_ins/races",
            {**ALL_SETS, **bits.SCENARIOS},
            Exploring(
                "set_races",
                RACE_FREE,
                SETS_GO,
                [each for each in sets.SCENARIOS if each not in MANY_TRACES],
                races=True,
                mutants=[RACES[0]],
            ),
            Exploring(
                "bit_races",
                RACE_FREE,
                BITS_GO,
                list(bits.SCENARIOS),
                races=True,
                mutants=[RACES[1]],
            ),
        ),
        random_runs(
            PageAllocExercise,
            name="pages",
            statement=LOWEST,
            cites=PAGES_GO,
            effort=Effort(80, 40),
            mutants=PAGES,
            mutant_effort=Effort(60, 30, costly=True),
        ),
        random_runs(
            RealPages,
            name="real_pages",
            statement=f"{LOWEST}, on linux/amd64",
            cites=PAGES_GO,
            effort=Effort(25, 40),
        ),
    ),
    fast=frozenset(
        {
            "bit_races_kills",
            "bits",
            "bits_kills",
            "pages_kills",
            "pop_meets_spine_hole",
            "set_races_kills",
            "sets_kills",
            "spine_hole",
        }
    ),
)
