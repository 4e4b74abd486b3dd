"""Port refines model: random allocations of pages, one after the other."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.stateful import check_stateful
from checker.verdict import Grade, Verdict
from proofs.protocols.zeroed_base.mutants import SEQUENTIAL_MUTANTS
from proofs.protocols.zeroed_base.stateful import PageRanges

GO = "runtime/mheap.go:1023-1074"
CLAIM = "allocNeedsZero raises zeroedBase as the model does, and calls no used page zero"


@pytest.mark.fast
@obligation(technique="stateful", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_stateful() -> Verdict:
    return check_stateful(PageRanges, examples=200, steps=30, seed=1)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", SEQUENTIAL_MUTANTS, ids=str)
@obligation(technique="stateful", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_stateful_kills(mutant: Mutant) -> Verdict:
    return check_stateful(PageRanges.on(mutant.name), examples=300, steps=15, seed=1)
