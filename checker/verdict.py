"""Verdicts: what a check really established, ordered so that "at least as strong" has a meaning.

Nothing weaker than what an obligation declares ever passes. In particular a solver that gave up, a
search that hit its limit and a precondition nobody can meet are grades of their own, below every
grade that claims something.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from checker.counterexample import Counterexample


class Grade(IntEnum):
    """The strength of a verdict, weakest first."""

    NOT_RUN = 0
    """The means to check it are absent on this machine (a compiler, say)."""
    REFUTED = 1
    """A counterexample exists and was confirmed by replaying it."""
    VACUOUS = 2
    """Nothing was checked: no state, no path or no run ever met the precondition."""
    UNKNOWN = 3
    """The engine gave up (solver limit, state limit): neither true nor false."""
    SAMPLED = 4
    """True on the runs that were tried."""
    EXHAUSTED = 5
    """True on every case within a stated bound."""
    PROVED = 6
    """True without bound."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of one obligation.

    `bound` says within which bound an EXHAUSTED or SAMPLED verdict holds, `counts` what was
    visited (states, transitions, paths, queries, events, ...), `vacuity checks` the checks that make
    the main one mean something (precondition satisfiable, every action fires, ...), each with its
    own result in words. `reason` explains every grade that claims nothing.
    """

    grade: Grade
    bound: str = ""
    reason: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    vacuity_checks: Mapping[str, str] = field(default_factory=dict)
    solver: str = ""
    seed: int | None = None
    counterexample: Counterexample | None = None

    def __post_init__(self) -> None:
        if self.grade is Grade.REFUTED and self.counterexample is None:
            raise ValueError("a refuted verdict needs its counterexample")
        if self.grade in (Grade.EXHAUSTED, Grade.SAMPLED) and not self.bound:
            raise ValueError(f"{self.grade.name} must state its bound")
        if self.grade in (Grade.VACUOUS, Grade.UNKNOWN, Grade.NOT_RUN) and not self.reason:
            raise ValueError(f"{self.grade.name} must state its reason")

    def with_counts(self, **counts: int) -> "Verdict":
        """The same verdict with more counts recorded."""
        return replace(self, counts={**self.counts, **counts})


def weakest(verdicts: Sequence[Verdict]) -> Verdict:
    """The weakest of several verdicts, with the counts of all of them added up.

    Raises ValueError on an empty list: nothing checked is not something proved.
    """
    if not verdicts:
        raise ValueError("no verdicts to combine")
    counts: dict[str, int] = {}
    for verdict in verdicts:
        for name, count in verdict.counts.items():
            counts[name] = counts.get(name, 0) + count
    # A counterexample says more than that another part could not be run.
    worst = min(verdicts, key=lambda each: (each.grade is not Grade.REFUTED, each.grade))
    return replace(worst, counts=counts)
