"""All subjects, and which part of the operations each one gets."""

from proofs.runtime.differential.bits import Bits
from proofs.runtime.differential.compare import Subject
from proofs.runtime.differential.heap import AlignedHeap, Heap
from proofs.runtime.differential.pages import CoarsePages, Pages
from proofs.runtime.differential.ranges import Ranges
from proofs.runtime.differential.sets import FixAllocs, GcBits, SpanLists, SpanSets
from proofs.runtime.differential.sums import Sums

SHARES: dict[type[Subject], int] = {
    Heap: 12,
    AlignedHeap: 4,
    Pages: 12,
    CoarsePages: 4,
    Bits: 7,
    Ranges: 6,
    Sums: 2,
    FixAllocs: 5,
    SpanSets: 4,
    SpanLists: 3,
    GcBits: 3,
}


def share(kind: type[Subject], operations: int) -> int:
    """How many of so many operations over all subjects are this one's, rounded up."""
    return -(-operations * SHARES[kind] // sum(SHARES.values()))
