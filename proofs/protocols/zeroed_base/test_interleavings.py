"""Port refines model in every interleaving: threads in allocNeedsZero at once."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.interleavings import refines
from proofs.protocols.zeroed_base.mutants import RACE_MUTANTS
from proofs.protocols.zeroed_base.scenarios import SCENARIOS, THREE_THREADS

GO = "runtime/mheap.go:1024-1072"
CLAIM = "however threads race, the word only grows, nobody throws, and every answer is right"


@pytest.mark.parametrize("scenario", SCENARIOS)
@obligation(technique="interleavings", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_interleavings(scenario: str) -> Verdict:
    return refines(SCENARIOS[scenario](), why=CLAIM)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", RACE_MUTANTS, ids=str)
@obligation(technique="interleavings", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_interleavings_kills(mutant: Mutant) -> Verdict:
    return refines(SCENARIOS[THREE_THREADS](), why=CLAIM, variant=mutant)
