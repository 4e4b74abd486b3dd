"""Random programs on the whole heap: allocation, collection, records, user arenas, scavenging."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.stateful import check_stateful
from checker.verdict import Grade, Verdict
from proofs.port.whole_heap.mutants import BREAKS, SEQUENTIAL_MUTANTS
from proofs.port.whole_heap.stateful import AlignedHeap, RealHeap, WholeHeap

GO = "runtime/mheap.go:49-226"
CLAIM = "after every operation of a program the parts of the heap agree, and no object is lost"


@obligation(technique="stateful", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_stateful(more: int) -> Verdict:
    return check_stateful(WholeHeap, examples=100 * more, steps=60, seed=2, costly=True)


@obligation(technique="stateful", cites=GO, expect=Grade.SAMPLED, statement=f"{CLAIM}; linux/amd64")
def test_linux_amd64(more: int) -> Verdict:
    return check_stateful(RealHeap, examples=15 * more, steps=40, seed=1, costly=True)


@pytest.mark.fast
@obligation(
    technique="stateful", cites=GO, expect=Grade.SAMPLED, statement=f"{CLAIM}; openbsd/amd64"
)
def test_aligned_stacks(more: int) -> Verdict:
    return check_stateful(AlignedHeap, examples=25 * more, steps=40, seed=2, costly=True)


@pytest.mark.parametrize("mutant", SEQUENTIAL_MUTANTS, ids=str)
@obligation(technique="stateful", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_stateful_kills(mutant: Mutant) -> Verdict:
    """By the one claim it breaks, where there is one."""
    claim = BREAKS.get(mutant.name, "")
    machine = WholeHeap.on(mutant.name).judged_by(claim)
    verdict = check_stateful(machine, examples=100, steps=40, seed=1, costly=True)
    story = verdict.counterexample
    if claim and story is not None and story.invariant != f"whole_heap.{claim}":
        return Verdict(Grade.UNKNOWN, reason=f"not {claim} is refuted but {story.invariant}")
    return verdict
