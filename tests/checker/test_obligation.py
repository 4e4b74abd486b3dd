"""Obligations: how they are called, and when an outcome passes."""

from dataclasses import replace

import pytest

from checker.counterexample import Counterexample
from checker.obligation import Judgement, Obligation, Technique
from checker.verdict import Grade, Verdict

COUNTEREXAMPLE = Counterexample("one_owner", "mheap.go:475", "why", [])
VERDICTS = {
    Grade.PROVED: Verdict(Grade.PROVED),
    Grade.EXHAUSTED: Verdict(Grade.EXHAUSTED, bound="2"),
    Grade.SAMPLED: Verdict(Grade.SAMPLED, bound="2"),
    Grade.UNKNOWN: Verdict(Grade.UNKNOWN, reason="limit"),
    Grade.VACUOUS: Verdict(Grade.VACUOUS, reason="no state"),
    Grade.REFUTED: Verdict(Grade.REFUTED, counterexample=COUNTEREXAMPLE),
    Grade.NOT_RUN: Verdict(Grade.NOT_RUN, reason="no Go"),
}
PASSES = {
    Grade.PROVED: {Grade.PROVED},
    Grade.EXHAUSTED: {Grade.PROVED, Grade.EXHAUSTED},
    Grade.SAMPLED: {Grade.PROVED, Grade.EXHAUSTED, Grade.SAMPLED},
    Grade.REFUTED: {Grade.REFUTED},
}


def declared(expect: Grade, case: str = "") -> Obligation:
    return Obligation(
        "holds", Technique.RUN, "it holds", "a.py:1", expect, lambda _: VERDICTS[expect], case
    )


@pytest.mark.parametrize("expect", PASSES)
@pytest.mark.parametrize("grade", Grade)
def test_what_passes(expect: Grade, grade: Grade) -> None:
    outcome = Judgement("a.b", "a", declared(expect), VERDICTS[grade], 0.1)
    assert outcome.passes == (grade in PASSES[expect])
    assert outcome.not_run == (grade is Grade.NOT_RUN)


def test_a_case_is_part_of_the_title() -> None:
    assert declared(Grade.PROVED).title == "holds"
    assert declared(Grade.PROVED, "two threads").title == "holds[two threads]"


@pytest.mark.parametrize(
    ("violates", "astray"),
    [
        (["throw"], False),
        (["throw: IndexError: 1"], False),
        (["throw: IndexError: 2"], True),
        (["one_owner"], True),
        (["one_owner", "throw: IndexError: 1"], False),
        ([], False),
    ],
)
def test_a_finding_must_violate_what_it_names(violates: list[str], astray: bool) -> None:
    crash = Counterexample("throw", "a.py:1", "why", [], diverging="T0: IndexError: 1")
    expected = replace(declared(Grade.REFUTED), violates=frozenset(violates))
    verdict = Verdict(Grade.REFUTED, counterexample=crash)
    judged = Judgement("a.b", "a", expected, verdict, 0.1)
    assert judged.astray == astray
    assert judged.passes == (not astray)
