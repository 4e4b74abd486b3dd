"""Port refines model in every interleaving: sweepers, caches and the page reclaimer side by side."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.interleavings import race_free, refines
from proofs.protocols.sweepgen.races import DATA_RACES, RACES
from proofs.protocols.sweepgen.scenarios import FLUSH, REFILL, SCENARIOS

GO = "runtime/mheap.go:475-483"
CLAIM = "threads that sweep side by side follow the protocol, each span swept once"

RACE_FREE = "every access that is declared plain is ordered by synchronisation"


@pytest.mark.parametrize("scenario", SCENARIOS)
@obligation(technique="interleavings", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_interleavings(scenario: str) -> Verdict:
    return refines(SCENARIOS[scenario](), why=CLAIM)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", RACES, ids=str)
@obligation(technique="interleavings", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_interleavings_kills(mutant: Mutant) -> Verdict:
    return refines(SCENARIOS[RACES[mutant]](), why=CLAIM, variant=mutant)


@pytest.mark.fast
@pytest.mark.parametrize("scenario", [FLUSH, REFILL])
@obligation(technique="races", cites=GO, expect=Grade.EXHAUSTED, statement=RACE_FREE)
def test_races(scenario: str) -> Verdict:
    return race_free(SCENARIOS[scenario](), why=RACE_FREE)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", DATA_RACES, ids=str)
@obligation(technique="races", cites=GO, expect=Grade.REFUTED, statement=RACE_FREE)
def test_races_kills(mutant: Mutant) -> Verdict:
    return race_free(SCENARIOS[RACES[mutant]](), why=RACE_FREE, variant=mutant)
