"""A span set answers as a queue whose pushes and pops are single steps, in every interleaving."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.histories import holds
from proofs.port.stand_ins.mutants import SETS
from proofs.port.stand_ins.sets import SCENARIOS

GO = "runtime/mspanset.go:14-17"
CLAIM = "a span set is a queue, and a pop gives nil only if it was empty but for pushes under way"


@pytest.mark.parametrize("scenario", SCENARIOS)
@obligation(technique="interleavings", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_sets(scenario: str) -> Verdict:
    return holds(SCENARIOS[scenario](), harness="stand_ins/sets", cites=GO, why=CLAIM)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", SETS, ids=str)
@obligation(technique="interleavings", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_sets_kills(mutant: Mutant) -> Verdict:
    explored = SCENARIOS[SETS[mutant]]()
    return holds(explored, harness="stand_ins/sets", cites=GO, why=CLAIM, variant=mutant)
