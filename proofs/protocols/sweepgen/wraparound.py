"""Equality modulo 2**32 is enough: a uint32 generation says which of the five meanings it has.

The model keeps generations relative to the heap's, the runtime keeps words that wrap around. With
words of two bits h-1 and h+3 would be the same, which is how this lemma can fail.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from checker.counterexample import Replay
from checker.logic import And, Iff, Implies, Not, Or
from checker.mutation import Mutant
from checker.obligation import Technique
from checker.symbolic import Engine, prove
from checker.verdict import Grade, Verdict
from harness.means import Means
from harness.replay import ReplayResult
from harness.subject import Theorem
from model.sweepgen import BEING_SWEPT, CACHED_STALE, CACHED_SWEPT, NEEDS_SWEEPING, SWEPT
from proofs.protocols.sweepgen.mutants import TWO_BITS

GO = "runtime/mheap.go:475-483"
CLAIM = "a generation has one meaning at most, and two more on the heap's word take two off it"
MEANINGS = (NEEDS_SWEEPING, BEING_SWEPT, SWEPT, CACHED_STALE, CACHED_SWEPT)


BITS = 32
"""How many bits a generation has."""


def meanings(variant: str = "") -> Verdict:
    """PROVED when words of so many bits keep the five meanings apart, cycle after cycle."""

    def claim(e: Engine) -> None:
        heap, span = (e.word(name, 0, 2**BITS - 1) for name in ("h.sweepgen", "s.sweepgen"))
        held = [span == (heap + each) % 2**BITS for each in MEANINGS]
        alone = [And(*(held[i] if i == k else Not(held[i]) for i in range(5))) for k in range(5)]
        e.check(Implies(Or(*held), Or(*alone)), "one meaning")
        later = (heap + 2) % 2**BITS
        moved = [span == (later + each - 2) % 2**BITS for each in MEANINGS]
        e.check(And(*(Iff(a, b) for a, b in zip(held, moved, strict=True))), "a cycle on")

    outcome = prove(claim, must_reach=["one meaning", "a cycle on"], cross_check=True)
    verdict = outcome.verdict(citation=GO, why=CLAIM)
    counterexample = verdict.counterexample
    if counterexample is None:
        return verdict
    replay = Replay("sweepgen/words", [], variant)
    return replace(verdict, counterexample=replace(counterexample, replay=replay))


def _check(_case: str, variant: Mutant | None, _means: Means | None = None) -> Verdict:
    if variant is None:
        return meanings()
    verdict: Verdict = variant.bind("proofs.protocols.sweepgen").wraparound.meanings(variant.name)
    return verdict


def replay_words(_choices: Sequence[Any], variant: str) -> ReplayResult:
    """The replay harness: there is nothing to choose but the variant."""
    verdict = _check("", TWO_BITS if variant else None)
    return ReplayResult(verdict.grade is Grade.REFUTED, f"the claim is {verdict.grade.name}")


WORDS = Theorem(
    "words", Technique.SYMBOLIC, CLAIM, GO, Grade.PROVED, _check, mutants=[(TWO_BITS, "")]
)
