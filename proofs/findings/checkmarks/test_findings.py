"""A known finding in go1.21.13: all objects of an arena share one checkmark.

setCheckmark takes the number of the arena where it means that of the word in the arena. In the debug
mode that uses it (GODEBUG=gccheckmark=1) the first object of an arena that is checkmarked hides all
others: they are taken for visited, so that what only they lead to is not checked. No mark is wrong
by it. Later releases take the word (setCheckmark and getCheckmark in mcheckmark.go); we know of no
issue about it.
"""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.cases import fixed, holds
from proofs.findings.checkmarks.mutants import CHECKMARK_MUTANTS
from proofs.findings.checkmarks.pairs import BY_WORD, GO, PAIRS

HARNESS = "checkmarks/pairs"


@pytest.mark.fast
@obligation(
    technique="port run",
    cites=GO,
    expect=Grade.REFUTED,
    finding="checkmark-index",
    statement=PAIRS.says,
)
def test_one_bit_for_an_arena() -> Verdict:
    return holds(PAIRS, harness=HARNESS)


@obligation(
    technique="port run",
    cites=GO,
    expect=Grade.EXHAUSTED,
    statement=f"{PAIRS.says}, once the index is that of its word",
)
def test_index_by_word() -> Verdict:
    return holds(PAIRS, harness=HARNESS, variant=BY_WORD)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", CHECKMARK_MUTANTS, ids=str)
@obligation(technique="port run", cites=GO, expect=Grade.REFUTED, statement=PAIRS.says)
def test_index_by_word_kills(mutant: Mutant) -> Verdict:
    return holds(PAIRS, harness=HARNESS, variant=fixed(BY_WORD, mutant))
