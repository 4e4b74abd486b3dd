"""Threads that add and remove records of a span agree on its list, in every interleaving."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.histories import holds, race_free
from proofs.port.specials.mutants import LISTS, RACES
from proofs.port.specials.scenarios import BESIDE_SWEEP, SCENARIOS

GO = "runtime/mheap.go:1832-1900"
CLAIM = "a span's records are in order, its page's bit says if there are any, and nothing is lost"
RACE_FREE = "every access that is declared plain is ordered by synchronisation"


@pytest.mark.parametrize("scenario", SCENARIOS)
@obligation(technique="interleavings", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_interleavings(scenario: str) -> Verdict:
    return holds(SCENARIOS[scenario](), harness="specials/interleaving", cites=GO, why=CLAIM)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", LISTS, ids=str)
@obligation(technique="interleavings", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_interleavings_kills(mutant: Mutant) -> Verdict:
    explored = SCENARIOS[LISTS[mutant]]()
    return holds(explored, harness="specials/interleaving", cites=GO, why=CLAIM, variant=mutant)


# Of BESIDE_SWEEP every state is explored, but it has too many traces to look at each.
@pytest.mark.fast
@pytest.mark.parametrize("scenario", [each for each in SCENARIOS if each != BESIDE_SWEEP])
@obligation(technique="races", cites=GO, expect=Grade.EXHAUSTED, statement=RACE_FREE)
def test_races(scenario: str) -> Verdict:
    return race_free(SCENARIOS[scenario](), harness="specials/races", cites=GO, why=RACE_FREE)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", RACES, ids=str)
@obligation(technique="races", cites=GO, expect=Grade.REFUTED, statement=RACE_FREE)
def test_races_kills(mutant: Mutant) -> Verdict:
    explored = SCENARIOS[RACES[mutant]]()
    return race_free(explored, harness="specials/races", cites=GO, why=RACE_FREE, variant=mutant)
