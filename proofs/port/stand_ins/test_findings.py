"""A known finding in go1.21.13: pushes that are overtaken leave a hole in the spine of a span set.

spanSet.push adds its block at `top`, its own place, but counts spineLen up by one. If all pushes of
one block have taken their slots and none has added the block yet, a push of the next block makes
spineLen say that the missing one is there: the pushes that were overtaken, or a pop, use a nil block.
If spineCap was just top, the block is even written behind the end of the spine.

It takes as many stalled pushes as a block has entries: 2 here, 512 in Go. We know of no program in
which it happened, and of no issue about it. go.dev/issue/78237 reports a nil block in spanSet.pop,
at the place where the pop below finds one; its cause is unknown, and nothing says that it is this.
"""

import pytest

from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.histories import along, holds
from proofs.port.stand_ins.sets import BEYOND, HOLE, HOLE_AND_POP, POP_MEETS_HOLE, TOO_MANY
from proofs.port.stand_ins.variants import BLOCKS_IN_ORDER

GO = "runtime/mspanset.go:129-130"
FINDING = "spanset-hole"
CLAIM = "a span set is a queue, however many threads push at the same time"


@pytest.mark.fast
@pytest.mark.parametrize("scenario", [HOLE, BEYOND])
@obligation(
    technique="interleavings",
    cites=GO,
    expect=Grade.REFUTED,
    finding=FINDING,
    statement=f"{CLAIM} (with blocks of 2 spans; Go's have 512)",
)
def test_spine_hole(scenario: str) -> Verdict:
    explored = TOO_MANY[scenario]()
    return holds(explored, harness="stand_ins/sets", cites=GO, why=CLAIM, recorded=False)


@pytest.mark.fast
@obligation(
    technique="schedule",
    cites=GO,
    expect=Grade.REFUTED,
    finding=FINDING,
    statement=f"{CLAIM} (with blocks of 2 spans; Go's have 512)",
)
def test_pop_meets_spine_hole() -> Verdict:
    return along(
        TOO_MANY[HOLE_AND_POP](), POP_MEETS_HOLE, harness="stand_ins/sets", cites=GO, why=CLAIM
    )


@obligation(
    technique="interleavings",
    cites=GO,
    expect=Grade.EXHAUSTED,
    statement=f"{CLAIM}, once blocks are added in their order",
)
def test_blocks_in_order() -> Verdict:
    explored = TOO_MANY[HOLE]()
    return holds(explored, harness="stand_ins/sets", cites=GO, why=CLAIM, variant=BLOCKS_IN_ORDER)
