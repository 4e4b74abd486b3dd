"""A known finding in go1.21.13: all objects of an arena share one checkmark.

setCheckmark takes the number of the arena where it means that of the word in the arena. In the debug
mode that uses it (GODEBUG=gccheckmark=1) the first object of an arena that is checkmarked hides all
others: they are taken for visited, so that what only they lead to is not checked. No mark is wrong
by it. Later releases take the word (setCheckmark and getCheckmark in mcheckmark.go); we know of no
issue about it.
"""

from harness.subject import Subject
from harness.theorems import case_by_case, case_theorem
from proofs.findings.checkmarks.mutants import CHECKMARK_MUTANTS
from proofs.findings.checkmarks.pairs import BY_WORD, GO, PAIRS

HARNESS = "checkmarks/pairs"

SUBJECT = Subject(
    "checkmarks",
    statement="an object is checkmarked if it was visited",
    groups=(
        case_by_case(
            {"pairs": [PAIRS]},
            case_theorem(
                PAIRS, "one_bit_for_an_arena", HARNESS, cites=GO, finding="checkmark-index"
            ),
            case_theorem(
                PAIRS,
                "index_by_word",
                HARNESS,
                cites=GO,
                statement=f"{PAIRS.statement}, once the index is that of its word",
                variant=BY_WORD,
                mutants=CHECKMARK_MUTANTS,
            ),
        ),
    ),
    fast=frozenset({"index_by_word_kills", "one_bit_for_an_arena"}),
)
