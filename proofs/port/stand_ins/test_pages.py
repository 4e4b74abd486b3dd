"""The page allocator takes the lowest run that fits: random runs beside one bitmap."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.stateful import check_stateful
from checker.verdict import Grade, Verdict
from proofs.port.stand_ins.mutants import PAGES
from proofs.port.stand_ins.pages import PageAllocExercise, RealPages

GO = "runtime/mpagealloc.go:5-46"
CLAIM = "the page allocator gives the lowest run that fits, and knows which pages were given back"


@obligation(technique="stateful", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_pages() -> Verdict:
    return check_stateful(PageAllocExercise, examples=80, steps=40, seed=1)


@obligation(
    technique="stateful", cites=GO, expect=Grade.SAMPLED, statement=f"{CLAIM}, on linux/amd64"
)
def test_real_pages() -> Verdict:
    return check_stateful(RealPages, examples=25, steps=40, seed=1)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", PAGES, ids=str)
@obligation(technique="stateful", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_pages_kills(mutant: Mutant) -> Verdict:
    return check_stateful(
        PageAllocExercise.on(mutant.name), examples=60, steps=30, seed=1, costly=True
    )
