"""What tests ask of verdicts."""

from checker.counterexample import Counterexample
from checker.verdict import Grade, Verdict


def counterexample_of(verdict: Verdict) -> Counterexample:
    """Of a verdict that must be a refutation."""
    assert verdict.grade is Grade.REFUTED
    assert verdict.counterexample
    return verdict.counterexample
