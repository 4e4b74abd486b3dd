"""Port refines model in every interleaving: sweepers, caches and the page reclaimer side by side."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from proofs.interleavings import refines
from proofs.sweepgen.races import RACES
from proofs.sweepgen.scenarios import SCENARIOS

GO = "runtime/mheap.go:475-483"
CLAIM = "threads that sweep side by side follow the protocol, each span swept once"


@pytest.mark.parametrize("scenario", SCENARIOS)
@obligation(technique="interleavings", go=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_interleavings(scenario: str) -> Verdict:
    return refines(SCENARIOS[scenario](), why=CLAIM)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", RACES, ids=str)
@obligation(technique="interleavings", go=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_interleavings_kills(mutant: Mutant) -> Verdict:
    return refines(SCENARIOS[RACES[mutant]](), why=CLAIM, variant=mutant)
