"""The arithmetic of arenas meets its contracts, for every address and geometry."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from proofs.protocols.zeroed_base.contracts import CONTRACTS
from proofs.protocols.zeroed_base.mutants import PORT_MUTANTS

GO = "runtime/mheap.go:601-640, 1023-1074"
CLAIM = "arenas and their addresses are told apart; a lone allocNeedsZero answers right"

BREAKS = {
    "index-of-base": "arenas-from-address-zero",
    "base-of-index": "arena-base-does-not-wrap",
    "parts": "l2-one-bit-short",
    "beyond": "l1-within-bounds",
    "needs-zero": "needs-zero-a-page-late",
    "needs-zero-across": "answer-of-the-last-arena",
}
"""For each contract a mutant that breaks it, on windows/amd64, which has every feature."""


@pytest.mark.parametrize("name", CONTRACTS.names)
@obligation(technique="contract", cites=GO, expect=Grade.PROVED, statement=CLAIM)
def test_contract(name: str) -> Verdict:
    return CONTRACTS.check(name)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("name", "mutant"),
    [(f"{name}-windows", PORT_MUTANTS[mutant]) for name, mutant in BREAKS.items()],
    ids=str,
)
@obligation(technique="contract", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_contract_kills(name: str, mutant: Mutant) -> Verdict:
    return CONTRACTS.check(name, mutant.name)
