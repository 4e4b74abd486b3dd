"""Pure functions of the port meet their contracts, whatever their arguments.

`align_up` and `align_down` are confirmed for few values only: CrossHair takes a mask apart value by
value, and does not get through all words.
"""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from proofs.protocols.span_state.contracts import CONTRACTS
from proofs.protocols.span_state.mutants import PORT_MUTANTS

GO = "runtime/mheap.go:510-587, runtime/stubs.go:424-436, runtime/mbitmap.go:209"
CLAIM = "span classes, rounding and object indexes are computed right"

BOUNDED = ("align-up", "align-down")
WHOLE = [name for name in CONTRACTS.names if name not in BOUNDED]
BREAKS = {
    "encode-span-class": "noscan-not-encoded",
    "decode-span-class": "sizeclass-not-decoded",
    "div-round-up": "div-rounds-down",
    "align-up": "align-up-beyond",
    "align-down": "align-down-clears-one-bit",
    "divide-by-elem-size": "magic-too-small",
    "layout": "layout-counts-a-rest",
}
"""For each contract a mutant that breaks it."""


@pytest.mark.parametrize("name", WHOLE)
@obligation(technique="contract", cites=GO, expect=Grade.PROVED, statement=CLAIM)
def test_contract(name: str) -> Verdict:
    return CONTRACTS.check(name)


@pytest.mark.parametrize("name", BOUNDED)
@obligation(technique="contract", cites=GO, expect=Grade.EXHAUSTED, statement=CLAIM)
def test_contract_within_a_bound(name: str) -> Verdict:
    return CONTRACTS.check(name)


@pytest.mark.parametrize(
    ("name", "mutant"), [(name, PORT_MUTANTS[BREAKS[name]]) for name in CONTRACTS.names], ids=str
)
@obligation(technique="contract", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_contract_kills(name: str, mutant: Mutant) -> Verdict:
    return CONTRACTS.check(name, mutant.name)
