"""The order of the grades, and what a verdict must say to be one."""

import pytest

from checker.counterexample import Counterexample
from checker.verdict import Grade, Verdict, weakest

COUNTEREXAMPLE = Counterexample("one_owner", "mheap.go:475", "why", [])


def test_the_order_of_the_grades() -> None:
    assert sorted(Grade, reverse=True) == [
        Grade.PROVED,
        Grade.EXHAUSTED,
        Grade.SAMPLED,
        Grade.UNKNOWN,
        Grade.VACUOUS,
        Grade.REFUTED,
        Grade.NOT_RUN,
    ]


@pytest.mark.parametrize(
    ("grade", "lacks"),
    [
        (Grade.REFUTED, "counterexample"),
        (Grade.EXHAUSTED, "bound"),
        (Grade.SAMPLED, "bound"),
        (Grade.VACUOUS, "reason"),
        (Grade.UNKNOWN, "reason"),
        (Grade.NOT_RUN, "reason"),
    ],
)
def test_a_grade_must_be_explained(grade: Grade, lacks: str) -> None:
    with pytest.raises(ValueError, match=lacks):
        Verdict(grade)


def test_weakest_is_the_weakest_with_all_counts() -> None:
    combined = weakest(
        [
            Verdict(Grade.PROVED, counts={"queries": 2, "paths": 1}),
            Verdict(Grade.UNKNOWN, reason="limit", counts={"queries": 3}),
            Verdict(Grade.EXHAUSTED, bound="2 spans"),
        ]
    )
    assert combined.grade is Grade.UNKNOWN
    assert combined.reason == "limit"
    assert combined.counts == {"queries": 5, "paths": 1}


def test_weakest_never_hides_a_refutation_behind_what_claims_more() -> None:
    refuted = Verdict(Grade.REFUTED, counterexample=COUNTEREXAMPLE)
    assert weakest([Verdict(Grade.PROVED), refuted]).counterexample is COUNTEREXAMPLE


def test_weakest_of_nothing_is_not_a_proof() -> None:
    with pytest.raises(ValueError, match="no verdicts"):
        weakest([])


def test_with_counts_adds() -> None:
    verdict = Verdict(Grade.PROVED, counts={"paths": 1}).with_counts(queries=2)
    assert verdict.counts == {"paths": 1, "queries": 2}
