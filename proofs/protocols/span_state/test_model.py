"""Model ⊨ invariants: induction for any size, exhaustive search of a small one, and their mutants."""

import pytest

from checker.induction import prove
from checker.mutation import Mutant
from checker.obligation import obligation
from checker.reachability import check_reachable
from checker.verdict import Grade, Verdict
from model import span_state
from proofs.protocols.span_state.mutants import MODEL_MUTANTS
from proofs.protocols.span_state.replays import SHIPPED

GO = "runtime/mheap.go:343-363"
CLAIM = "every span the collector can find is complete and stays so"
SIZES = {"Span": 3, "Reader": 2}


@pytest.mark.fast
@obligation(technique="induction", cites=GO, expect=Grade.PROVED, statement=CLAIM)
def test_induction() -> Verdict:
    return prove(span_state.build())


@pytest.mark.fast
@obligation(technique="reachability", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_reachability() -> Verdict:
    return check_reachable(span_state.build(), SIZES, states=885)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="induction", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_induction_kills(mutant: Mutant) -> Verdict:
    return prove(mutant.bind("model").span_state.build(), variant=mutant.name)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", MODEL_MUTANTS, ids=str)
@obligation(technique="reachability", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_reachability_kills(mutant: Mutant) -> Verdict:
    return check_reachable(mutant.bind("model").span_state.build(), SIZES, variant=mutant.name)


@pytest.mark.fast
@obligation(
    technique="reachability",
    cites="runtime/mcentral.go:254",
    expect=Grade.REFUTED,
    finding="74288",
    statement="the limit of every span the collector can find is valid",
)
def test_shipped_machine_publishes_a_stale_limit() -> Verdict:
    return check_reachable(span_state.build(limit_first=False), SIZES, variant=SHIPPED)


@pytest.mark.fast
@obligation(
    technique="induction",
    cites=GO,
    expect=Grade.PROVED,
    statement=f"{CLAIM}, but for its limit, in the order of go1.21.13",
)
def test_induction_as_shipped() -> Verdict:
    machine = span_state.build(limit_first=False)
    del machine.invariants["visible_limit"]
    return prove(machine)
