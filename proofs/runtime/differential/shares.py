"""All differentials, and which share of the operations each one gets."""

from proofs.runtime.differential.bits import BitsDifferential
from proofs.runtime.differential.compare import Differential
from proofs.runtime.differential.heap import AlignedHeapDifferential, HeapDifferential
from proofs.runtime.differential.pages import CoarsePagesDifferential, PagesDifferential
from proofs.runtime.differential.ranges import RangesDifferential
from proofs.runtime.differential.sets import (
    FixAllocsDifferential,
    GcBitsDifferential,
    SpanListsDifferential,
    SpanSetsDifferential,
)
from proofs.runtime.differential.sums import SumsDifferential

SHARES: dict[type[Differential], int] = {
    HeapDifferential: 12,
    AlignedHeapDifferential: 4,
    PagesDifferential: 12,
    CoarsePagesDifferential: 4,
    BitsDifferential: 7,
    RangesDifferential: 6,
    SumsDifferential: 2,
    FixAllocsDifferential: 5,
    SpanSetsDifferential: 4,
    SpanListsDifferential: 3,
    GcBitsDifferential: 3,
}


def share(kind: type[Differential], operations: int) -> int:
    """How many of so many operations over all differentials are this one's, rounded up."""
    return -(-operations * SHARES[kind] // sum(SHARES.values()))
