"""Mark bits are as good as memory of one's own, in every interleaving of those who ask for them."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.histories import holds
from proofs.port.stand_ins.bits import SCENARIOS
from proofs.port.stand_ins.mutants import BITS

GO = "runtime/mheap.go:2124-2141"
CLAIM = "bitmaps are zero, lie apart and stay untouched for three epochs; no arena is lost"


@pytest.mark.fast
@pytest.mark.parametrize("scenario", SCENARIOS)
@obligation(technique="interleavings", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_bits(scenario: str) -> Verdict:
    return holds(SCENARIOS[scenario](), harness="stand_ins/bits", cites=GO, why=CLAIM)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", BITS, ids=str)
@obligation(technique="interleavings", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_bits_kills(mutant: Mutant) -> Verdict:
    explored = SCENARIOS[BITS[mutant]]()
    return holds(explored, harness="stand_ins/bits", cites=GO, why=CLAIM, variant=mutant)
