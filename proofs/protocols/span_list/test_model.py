"""Model ⊨ invariants: induction for any size, exhaustive search of a small one, and their mutants."""

import pytest

from checker.induction import prove
from checker.mutation import Mutant
from checker.obligation import obligation
from checker.reachability import check_reachable
from checker.verdict import Grade, Verdict
from model import span_list
from proofs.protocols.span_list.mutants import MODEL_MUTANTS

GO = "runtime/mheap.go:1699-1792"
CLAIM = "lists are sequences and no span is on two"
SIZES = {"Span": 4, "SpanList": 2}


@pytest.mark.fast
@obligation(technique="induction", cites=GO, expect=Grade.PROVED, statement=CLAIM)
def test_induction() -> Verdict:
    return prove(span_list.build())


@pytest.mark.fast
@obligation(technique="reachability", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_reachability() -> Verdict:
    return check_reachable(span_list.build(), SIZES, states=261)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="induction", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_induction_kills(mutant: Mutant) -> Verdict:
    return prove(mutant.bind("model").span_list.build(), variant=mutant.name)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="reachability", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_reachability_kills(mutant: Mutant) -> Verdict:
    return check_reachable(mutant.bind("model").span_list.build(), SIZES, variant=mutant.name)
