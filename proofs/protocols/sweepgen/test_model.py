"""Model ⊨ invariants: induction for any size, exhaustive search of a small one, and their mutants."""

import pytest

from checker.induction import prove
from checker.mutation import Mutant
from checker.obligation import obligation
from checker.reachability import check_reachable
from checker.verdict import Grade, Verdict
from model import sweepgen
from proofs.protocols.sweepgen.mutants import MODEL_MUTANTS

GO = "runtime/mheap.go:475-483"
CLAIM = "a span has one owner and is swept before it is used"
SIZES = {"Span": 2, "Thread": 2, "Cache": 1}


@obligation(technique="induction", cites=GO, expect=Grade.PROVED, statement=CLAIM)
def test_induction() -> Verdict:
    return prove(sweepgen.build())


@obligation(technique="reachability", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_reachability() -> Verdict:
    return check_reachable(sweepgen.build(), SIZES, states=9169)


@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="induction", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_induction_kills(mutant: Mutant) -> Verdict:
    return prove(mutant.bind("model").sweepgen.build(), variant=mutant.name)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="reachability", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_reachability_kills(mutant: Mutant) -> Verdict:
    return check_reachable(mutant.bind("model").sweepgen.build(), SIZES, variant=mutant.name)
