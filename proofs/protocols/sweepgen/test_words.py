"""The lemma about words: model and runtime speak of the same generations."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from proofs.protocols.sweepgen.words import CLAIM, GO, meanings

TWO_BITS = Mutant("two-bit-generations", "a generation is a word of two bits", ())
BITS = {"": 32, TWO_BITS.name: 2}


@pytest.mark.fast
@obligation(technique="symbolic", cites=GO, expect=Grade.PROVED, statement=CLAIM)
def test_words() -> Verdict:
    return meanings(BITS[""])


@pytest.mark.fast
@pytest.mark.parametrize("mutant", [TWO_BITS], ids=str)
@obligation(technique="symbolic", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_words_kills(mutant: Mutant) -> Verdict:
    return meanings(BITS[mutant.name])
