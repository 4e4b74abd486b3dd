"""Span sets and mark bits have no data races on what is declared plain."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.histories import race_free
from proofs.port.stand_ins import bits, sets
from proofs.port.stand_ins.mutants import RACES

CLAIM = "every access that is declared plain is ordered by synchronisation"
SETS_GO, BITS_GO = "runtime/mspanset.go:14-17", "runtime/mheap.go:2110-2121"

MANY_TRACES = (sets.FOUR, sets.REUSED_BESIDE_POPS)
"""Of these every state is explored, but they have too many traces to look at each."""


@pytest.mark.parametrize("scenario", [each for each in sets.SCENARIOS if each not in MANY_TRACES])
@obligation(technique="races", cites=SETS_GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_set_races(scenario: str) -> Verdict:
    explored = sets.SCENARIOS[scenario]()
    return race_free(explored, harness="stand_ins/races", cites=SETS_GO, why=CLAIM)


@pytest.mark.parametrize("scenario", bits.SCENARIOS)
@obligation(technique="races", cites=BITS_GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_bit_races(scenario: str) -> Verdict:
    explored = bits.SCENARIOS[scenario]()
    return race_free(explored, harness="stand_ins/races", cites=BITS_GO, why=CLAIM)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", RACES, ids=str)
@obligation(technique="races", cites=SETS_GO, expect=Grade.REFUTED, statement=CLAIM)
def test_races_kills(mutant: Mutant) -> Verdict:
    explored = RACES[mutant]()
    return race_free(explored, harness="stand_ins/races", cites=SETS_GO, why=CLAIM, variant=mutant)
