"""Port refines model: random operations on both, legal and illegal."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.stateful import check_stateful
from checker.verdict import Grade, Verdict
from proofs.protocols.span_list.mutants import SEQUENTIAL_MUTANTS
from proofs.protocols.span_list.stateful import SpanLists

GO = "runtime/mheap.go:1699-1792"
CLAIM = "list operations keep the order and links of the model, and throw when it forbids them"


@obligation(technique="stateful", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_stateful() -> Verdict:
    return check_stateful(SpanLists, examples=300, steps=30, seed=1)


@pytest.mark.parametrize("mutant", SEQUENTIAL_MUTANTS, ids=str)
@obligation(technique="stateful", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_stateful_kills(mutant: Mutant) -> Verdict:
    return check_stateful(SpanLists.on(mutant.name), examples=300, steps=15, seed=1)
