"""The decorator: what it declares, what it passes on, when an outcome passes."""

import inspect
from dataclasses import dataclass

import pytest

from checker.counterexample import Counterexample
from checker.obligation import Judgement, Obligation, obligation
from checker.verdict import Grade, Verdict

STORY = Counterexample("one_owner", "mheap.go:475", "why", [])
VERDICTS = {
    Grade.PROVED: Verdict(Grade.PROVED),
    Grade.EXHAUSTED: Verdict(Grade.EXHAUSTED, bound="2"),
    Grade.SAMPLED: Verdict(Grade.SAMPLED, bound="2"),
    Grade.UNKNOWN: Verdict(Grade.UNKNOWN, reason="limit"),
    Grade.VACUOUS: Verdict(Grade.VACUOUS, reason="no state"),
    Grade.REFUTED: Verdict(Grade.REFUTED, counterexample=STORY),
    Grade.NOT_RUN: Verdict(Grade.NOT_RUN, reason="no Go"),
}
PASSES = {
    Grade.PROVED: {Grade.PROVED},
    Grade.EXHAUSTED: {Grade.PROVED, Grade.EXHAUSTED},
    Grade.SAMPLED: {Grade.PROVED, Grade.EXHAUSTED, Grade.SAMPLED},
    Grade.REFUTED: {Grade.REFUTED},
}


@dataclass(frozen=True)
class Mutant:
    name: str


def declared(**more):
    values = {"technique": "toy", "statement": "it holds", "cites": "mheap.go:1"}
    return obligation(**(values | {"expect": Grade.PROVED} | more))


def judged(test, **arguments):
    seen = []
    test(judge=lambda *what: seen.append(what), **arguments)
    (one,) = seen
    return one


@pytest.mark.parametrize("expect", PASSES)
@pytest.mark.parametrize("grade", Grade)
def test_what_passes(expect, grade):
    outcome = Judgement("a.b", "a", Obligation("t", "s", "g", expect), VERDICTS[grade], 0.1)
    assert outcome.passes == (grade in PASSES[expect])
    assert outcome.not_run == (grade is Grade.NOT_RUN)


def test_the_verdict_is_judged_with_its_declaration():
    @declared(finding="go.dev/issue/1")
    def check():
        return VERDICTS[Grade.PROVED]

    obligation_, verdict, seconds = judged(check)
    assert obligation_ == Obligation(
        "toy", "it holds", "mheap.go:1", Grade.PROVED, finding="go.dev/issue/1"
    )
    assert verdict is VERDICTS[Grade.PROVED]
    assert seconds >= 0


def test_a_mutant_argument_names_the_mutant():
    @declared(expect=Grade.REFUTED)
    def check(mutant):
        assert mutant.name == "drop"
        return VERDICTS[Grade.REFUTED]

    assert judged(check, mutant=Mutant("drop"))[0].mutant == "drop"


def test_fixtures_are_passed_on_and_judge_is_asked_for():
    @declared()
    def check(port, size=3):
        assert (port, size) == ("port", 4)
        return VERDICTS[Grade.PROVED]

    assert list(inspect.signature(check).parameters) == ["port", "size", "judge"]
    judged(check, port="port", size=4)


def test_an_exception_is_not_judged():
    @declared()
    def check():
        raise KeyError("broken")

    with pytest.raises(KeyError):
        judged(check)
