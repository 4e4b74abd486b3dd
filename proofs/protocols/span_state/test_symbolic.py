"""Port refines model: spans at every address, executed symbolically."""

import pytest

from checker.mutation import Mutant
from checker.verdict import Grade, Verdict
from harness.symbolic import named
from proofs.protocols.span_state.symbolic import (
    VARIANTS,
    aligning,
    freeing,
    limiting,
    looking_up,
    publishing,
)
from proofs.protocols.span_state.variants import LIMIT_BEFORE_STATE

PUBLISHING = named(
    VARIANTS,
    "state-before-fields",
    "bitmap-after-state",
    "generation-after-state",
    "manual-limit-after-state",
)
LOOKING_UP = named(
    VARIANTS, "scan-finds-manual-spans", "scan-ignores-limit", "look-up-without-state"
)
FREEING = named(VARIANTS, "free-of-dead-spans", "free-of-live-objects", "freed-but-not-dead")
ALIGNING = named(VARIANTS, "div-rounds-down", "align-up-beyond", "align-down-clears-one-bit")


@publishing.obligation(Grade.PROVED)
def test_symbolic_publishing() -> Verdict:
    return publishing.prove()


@pytest.mark.parametrize("mutant", PUBLISHING, ids=str)
@publishing.obligation(Grade.REFUTED)
def test_symbolic_publishing_kills(mutant: Mutant) -> Verdict:
    return publishing.refute(mutant)


@pytest.mark.fast
@looking_up.obligation(Grade.PROVED)
def test_symbolic_looking_up() -> Verdict:
    return looking_up.prove()


@pytest.mark.fast
@pytest.mark.parametrize("mutant", LOOKING_UP, ids=str)
@looking_up.obligation(Grade.REFUTED)
def test_symbolic_looking_up_kills(mutant: Mutant) -> Verdict:
    return looking_up.refute(mutant)


@pytest.mark.fast
@freeing.obligation(Grade.PROVED)
def test_symbolic_freeing() -> Verdict:
    return freeing.prove()


@pytest.mark.fast
@pytest.mark.parametrize("mutant", FREEING, ids=str)
@freeing.obligation(Grade.REFUTED)
def test_symbolic_freeing_kills(mutant: Mutant) -> Verdict:
    return freeing.refute(mutant)


@aligning.obligation(Grade.PROVED)
def test_symbolic_aligning() -> Verdict:
    return aligning.prove()


@pytest.mark.fast
@pytest.mark.parametrize("mutant", ALIGNING, ids=str)
@aligning.obligation(Grade.REFUTED)
def test_symbolic_aligning_kills(mutant: Mutant) -> Verdict:
    return aligning.refute(mutant)


@pytest.mark.fast
@limiting.obligation(Grade.REFUTED, finding="74288")
def test_symbolic_limiting_as_shipped() -> Verdict:
    return limiting.prove()


@limiting.obligation(Grade.PROVED)
def test_symbolic_limiting_before_state() -> Verdict:
    return limiting.prove(LIMIT_BEFORE_STATE)
