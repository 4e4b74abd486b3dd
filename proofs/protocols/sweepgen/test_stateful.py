"""Port refines model: random cycles of allocation, marking and sweeping."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.stateful import check_stateful
from checker.verdict import Grade, Verdict
from proofs.protocols.sweepgen.mutants import SEQUENTIAL_MUTANTS
from proofs.protocols.sweepgen.stateful import SweepGenerations

GO = "runtime/mheap.go:475-483"
CLAIM = "each write of a generation, set or phase is a step of the model, and no object is lost"


@obligation(technique="stateful", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_stateful() -> Verdict:
    return check_stateful(SweepGenerations, examples=250, steps=40, seed=1)


@pytest.mark.parametrize("mutant", SEQUENTIAL_MUTANTS, ids=str)
@obligation(technique="stateful", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_stateful_kills(mutant: Mutant) -> Verdict:
    return check_stateful(SweepGenerations.on(mutant.name), examples=300, steps=20, seed=1)
