"""Model ⊨ invariants: induction for any size, exhaustive search of a small one, and their mutants."""

import pytest

from checker.induction import prove
from checker.mutation import Mutant
from checker.obligation import obligation
from checker.reachability import check_reachable
from checker.verdict import Grade, Verdict
from model import span_state
from proofs.span_state.mutants import MODEL_MUTANTS

GO = "runtime/mheap.go:343-363"
CLAIM = "every span the collector can find is complete and stays so"
SIZES = {"Span": 3, "Reader": 2}


@pytest.mark.fast
@obligation(technique="induction", go=GO, expect=Grade.PROVED, statement=CLAIM)
def test_induction() -> Verdict:
    return prove(span_state.build())


@pytest.mark.fast
@obligation(technique="reachability", go=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_reachability() -> Verdict:
    return check_reachable(span_state.build(), SIZES, states=885)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="induction", go=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_induction_kills(mutant: Mutant) -> Verdict:
    return prove(mutant.bind("model").span_state.build())


@pytest.mark.fast
@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="reachability", go=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_reachability_kills(mutant: Mutant) -> Verdict:
    return check_reachable(mutant.bind("model").span_state.build(), SIZES, variant=mutant.name)
