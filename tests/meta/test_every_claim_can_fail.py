"""A claim about the whole heap that no mutant breaks is decoration."""

from proofs.port.whole_heap.invariants import CLAIMS
from proofs.port.whole_heap.mutants import BREAKS, PORT_MUTANTS


def test_each_claim_has_a_mutant_of_its_own() -> None:
    claims = {each.name for each in CLAIMS} | {"not_handed_out_twice"}
    assert set(BREAKS.values()) == claims
    assert set(BREAKS) <= set(PORT_MUTANTS)
