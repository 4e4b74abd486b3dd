"""Model ⊨ invariants: induction for any size, exhaustive search of a small one, and their mutants."""

import pytest

from checker.induction import prove
from checker.mutation import Mutant
from checker.obligation import obligation
from checker.reachability import check_reachable
from checker.verdict import Grade, Verdict
from model import zeroed_base
from proofs.protocols.zeroed_base.mutants import MODEL_MUTANTS

GO = "runtime/mheap.go:308-317"
CLAIM = "pages called zero were never used, and the word only grows"
SIZES = {"Arena": 1, "Part": 2}
CONSTANTS = {"arena_pages": 3}


@obligation(technique="induction", cites=GO, expect=Grade.PROVED, statement=CLAIM)
def test_induction() -> Verdict:
    return prove(zeroed_base.build())


@obligation(technique="reachability", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_reachability() -> Verdict:
    return check_reachable(zeroed_base.build(), SIZES, CONSTANTS, states=18955)


@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="induction", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_induction_kills(mutant: Mutant) -> Verdict:
    return prove(mutant.bind("model").zeroed_base.build(), variant=mutant.name)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="reachability", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_reachability_kills(mutant: Mutant) -> Verdict:
    return check_reachable(
        mutant.bind("model").zeroed_base.build(), SIZES, CONSTANTS, variant=mutant.name
    )
