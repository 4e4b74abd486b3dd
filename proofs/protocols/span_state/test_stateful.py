"""Port refines model: random lives of spans, one operation after the other."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.stateful import check_stateful
from checker.verdict import Grade, Verdict
from proofs.protocols.span_state.mutants import SEQUENTIAL_MUTANTS
from proofs.protocols.span_state.stateful import SpanLives, StrictSpanLives

GO = "runtime/mheap.go:343-363"
CLAIM = "a span is published complete but for its limit, found while in use, and freed as allowed"


@obligation(technique="stateful", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_stateful() -> Verdict:
    return check_stateful(SpanLives, examples=200, steps=40, seed=1)


@pytest.mark.fast
@obligation(
    technique="stateful",
    cites="runtime/mcentral.go:254",
    expect=Grade.REFUTED,
    finding="74288",
    statement="the limit of a heap span is set before the span is visible",
)
def test_stale_limit() -> Verdict:
    return check_stateful(StrictSpanLives, examples=300, steps=15, seed=1)


@pytest.mark.parametrize("mutant", SEQUENTIAL_MUTANTS, ids=str)
@obligation(technique="stateful", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_stateful_kills(mutant: Mutant) -> Verdict:
    return check_stateful(SpanLives.on(mutant.name), examples=300, steps=15, seed=1)
