"""Obligations: what must be shown, how, and the least that counts as showing it.

    SUBJECT = Claims("ticket_lock", [
        Obligation(
            "induction",
            Technique.INDUCTION,
            statement="no two threads hold the lock",
            cites="ticket_lock.py:12",
            expect=Grade.PROVED,
            check=lambda _: prove(build()),
        ),
    ])

A file `subject.py` declares what there is to show about one subject. The pytest plugin makes each
obligation a test: it judges the verdict, records the evidence, and fails with the counterexample
when the verdict is weaker than declared. A *known finding* and a *mutant* expect REFUTED and are as
strict the other way: no longer being refuted fails them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from checker.verdict import Grade, Verdict


class Technique(StrEnum):
    """How something was checked, as the evidence names it."""

    INDUCTION = "induction"
    REACHABILITY = "reachability"
    SYMBOLIC = "symbolic"
    CONTRACT = "contract"
    INTERLEAVINGS = "interleavings"
    RACES = "races"
    SCHEDULE = "schedule"
    """One order of the steps of several threads."""
    STATEFUL = "stateful"
    CASES = "cases"
    """Case by case, on the code as it is."""
    TRACE = "trace"
    """A recording of the real system, read by a monitor."""
    DIFFERENTIAL = "differential"
    """The same operations on the code and on the real system."""
    RUN = "run"
    """One run of one program."""


class Named(Protocol):
    """What an obligation must know of a mutant."""

    @property
    def name(self) -> str: ...


@dataclass(frozen=True)
class Obligation:
    """The declaration of one check.

    `name` is unique in its subject, together with `case`, which tells the scenarios and mutants of
    one claim apart. `expect` is the least grade that passes; with REFUTED exactly that grade passes.
    `check` is given what the session provides to all checks (`Settings.means`). `finding` names a
    known finding, of which `violates` says what invariants a counterexample may violate (of a crash,
    as "throw: " and its text). `mutant` is the deliberate bug that must be refuted, and `refutes` then
    names the claim, within the subject, of which this shows that it can fail. A `fast` one is part of
    the tier that ends within a minute.
    """

    name: str
    technique: Technique
    statement: str
    cites: str
    expect: Grade
    check: Callable[[Any], Verdict]
    case: str = ""
    finding: str = ""
    violates: frozenset[str] = frozenset()
    mutant: Named | None = None
    refutes: str = ""
    fast: bool = False

    @property
    def title(self) -> str:
        """`name[case]`, or `name` where there is no case."""
        return f"{self.name}[{self.case}]" if self.case else self.name


class DeclaredSubject(Protocol):
    """What a file `subject.py` declares as its SUBJECT."""

    @property
    def name(self) -> str:
        """The first part of the ids of its obligations."""

    def obligations(self) -> Sequence[Obligation]:
        """All of them, in the order in which they are to be run."""


@dataclass(frozen=True)
class Claims:
    """The plainest subject: a list."""

    name: str
    listed: Sequence[Obligation]

    def obligations(self) -> Sequence[Obligation]:
        """The list."""
        return self.listed


@dataclass(frozen=True)
class Judgement:
    """An obligation with the verdict it received."""

    identity: str
    subject: str
    obligation: Obligation
    verdict: Verdict
    seconds: float

    @property
    def passes(self) -> bool:
        """Whether the verdict is what was declared or stronger."""
        grade, expect = self.verdict.grade, self.obligation.expect
        if expect is not Grade.REFUTED:
            return grade >= expect
        return grade is Grade.REFUTED and not self.astray

    @property
    def astray(self) -> bool:
        """Whether a known finding is refuted, but by the violation of something else."""
        found, named = self.verdict.counterexample, self.obligation.violates
        if found is None or not named:
            return False
        return not any(
            each == found.invariant
            or (
                each.startswith(f"{found.invariant}: ")
                and found.diverging.endswith(each.removeprefix(f"{found.invariant}: "))
            )
            for each in named
        )

    @property
    def not_run(self) -> bool:
        """Whether the means to check are absent: neither a pass nor a failure."""
        return self.verdict.grade is Grade.NOT_RUN
