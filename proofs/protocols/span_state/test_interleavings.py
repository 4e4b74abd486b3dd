"""Port refines model in every interleaving: one allocator against conservative readers."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.interleavings import race_free, refines
from proofs.protocols.span_state.races import DATA_RACES, RACES
from proofs.protocols.span_state.scenarios import (
    LOOK_UP,
    READERS,
    SCENARIOS,
    SHIPPED,
    SHIPPED_LOOK_UP,
)
from proofs.protocols.span_state.variants import LIMIT_BEFORE_STATE

GO = "runtime/mheap.go:354-363"
CLAIM = "a reader never uses a span that is not complete"
LIMIT = "a look-up finds only spans that own the word it asks about"

RACE_FREE = "every access that is declared plain is ordered by synchronisation"


@pytest.mark.fast
@obligation(
    technique="interleavings",
    cites=GO,
    expect=Grade.EXHAUSTED,
    statement=f"{CLAIM}, but for its limit",
)
def test_interleavings() -> Verdict:
    return refines(SCENARIOS[SHIPPED](), why=CLAIM)


@pytest.mark.fast
@pytest.mark.parametrize("scenario", [READERS, SHIPPED_LOOK_UP])
@obligation(
    technique="interleavings",
    cites="runtime/mcentral.go:254",
    expect=Grade.REFUTED,
    finding="74288",
    statement=LIMIT,
)
def test_stale_limit(scenario: str) -> Verdict:
    return refines(SCENARIOS[scenario](), why=LIMIT)


@pytest.mark.fast
@pytest.mark.parametrize("scenario", [READERS, LOOK_UP])
@obligation(
    technique="interleavings",
    cites=GO,
    expect=Grade.EXHAUSTED,
    statement=f"{LIMIT}, once limit is set before the state",
)
def test_limit_before_state(scenario: str) -> Verdict:
    return refines(SCENARIOS[scenario](), why=LIMIT, variant=LIMIT_BEFORE_STATE)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", RACES, ids=str)
@obligation(technique="interleavings", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_interleavings_kills(mutant: Mutant) -> Verdict:
    return refines(SCENARIOS[SHIPPED](), why=CLAIM, variant=mutant)


@pytest.mark.fast
@pytest.mark.parametrize("scenario", [SHIPPED, SHIPPED_LOOK_UP])
@obligation(technique="races", cites=GO, expect=Grade.EXHAUSTED, statement=RACE_FREE)
def test_races(scenario: str) -> Verdict:
    return race_free(SCENARIOS[scenario](), why=RACE_FREE)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", DATA_RACES, ids=str)
@obligation(technique="races", cites=GO, expect=Grade.REFUTED, statement=RACE_FREE)
def test_races_kills(mutant: Mutant) -> Verdict:
    return race_free(SCENARIOS[SHIPPED](), why=RACE_FREE, variant=mutant)
