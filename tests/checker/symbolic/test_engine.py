"""The proving engine covers every path, finds planted bugs, and claims nothing it did not show."""

from collections.abc import Iterator
from typing import Any

import pytest
import z3

from checker import solver
from checker.bitvectors import as_word
from checker.context import CONTEXT
from checker.logic import And, If, Implies, Not
from checker.symbolic import Engine, Limits, SymbolicOutcome, prove, replay, sample
from checker.terms import Bool, Int, Word, running
from checker.verdict import Grade

U64 = 2**64 - 1


def trailing_zeros(x: Any) -> Any:
    if x & 0xFFFFFFFF:
        n = 0
    else:
        n, x = 32, x >> 32
    for k in (16, 8, 4, 2, 1):
        if x & ((1 << k) - 1) == 0:
            n, x = n + k, x >> k
    return n


def trailing_zeros_harness(e: Engine) -> None:
    x = e.word("x", 1, U64)
    n = trailing_zeros(x)
    e.check((x >> n) & 1 == 1, "the bit is set")
    e.check(x & ((1 << n) - 1) == 0, "the bits below are clear")


def test_every_path_of_a_correct_function_is_proved() -> None:
    outcome = prove(trailing_zeros_harness)
    assert outcome.status == "proved", outcome.text()
    assert outcome.paths == 64
    assert outcome.labels == {"the bit is set": 64, "the bits below are clear": 64}
    assert outcome.verdict().grade is Grade.PROVED
    assert outcome.verdict(bound="64 bits").grade is Grade.EXHAUSTED


def planted(e: Engine) -> None:
    """Wrong at one value of 2**64."""
    x = e.word("x", 0, U64)
    y = x ^ 0xDEADBEEF
    if y == 12345 << 20:
        y = y + 1
    e.check((y ^ x) == 0xDEADBEEF, "undone")


def test_planted_bug_is_found_and_confirmed() -> None:
    outcome = prove(planted)
    assert outcome.status == "refuted"
    assert outcome.failure is not None
    assert outcome.failure.label == "undone"
    (x,) = outcome.failure.inputs
    assert x.value == (12345 << 20) ^ 0xDEADBEEF
    assert any("test_engine.py" in each and each.endswith("True") for each in outcome.failure.path)
    verdict = outcome.verdict(citation="here", why="test")
    assert verdict.grade is Grade.REFUTED
    assert verdict.counterexample is not None
    assert verdict.counterexample.initial_concrete == {"x": x.value}
    again = replay(planted, outcome.failure.inputs)
    assert again is not None
    assert again.label == "undone"


def test_sampling_runs_the_same_harness() -> None:
    assert sample(trailing_zeros_harness, 50).status == "sampled"

    def wrong(e: Engine) -> None:
        x = e.integer("x", 0, 1000)
        e.check(x < 500, "small")

    outcome = sample(wrong)
    assert outcome.status == "refuted"
    assert outcome.failure is not None
    assert outcome.failure.inputs[0].value == 500, "the smallest failing input"


def test_exception_of_the_code_is_a_failure() -> None:
    def harness(e: Engine) -> None:
        i = e.integer("i", 0, 10)
        table = [0] * 10
        e.check(table[i] == 0, "zero")

    outcome = prove(harness)
    assert outcome.status == "refuted"
    assert outcome.failure is not None
    assert outcome.failure.label.startswith("raises IndexError")
    assert outcome.failure.inputs[0].value == 10


@pytest.mark.parametrize(
    ("kind", "expected"), [("nothing", "claims nothing"), ("infeasible", "no feasible path")]
)
def test_vacuous_harness_is_vacuous(kind: str, expected: str) -> None:
    def harness(e: Engine) -> None:
        x = e.integer("x")
        e.assume(x > 3)
        if kind == "infeasible":
            e.assume(x < 2)
            e.check(x == 7, "anything")

    outcome = prove(harness)
    assert outcome.status == "vacuous"
    assert expected in outcome.reason
    assert outcome.verdict().grade is Grade.VACUOUS
    assert sample(harness, 20).status == "vacuous"


def test_place_that_is_never_reached_is_vacuous() -> None:
    def harness(e: Engine) -> None:
        x = e.word("x", 0, 255)
        if x > 300:
            e.reach("large")
        e.check(x < 256, "in range")

    assert prove(harness, must_reach=["in range"]).status == "proved"
    outcome = prove(harness, must_reach=["in range", "large"])
    assert outcome.status == "vacuous"
    assert "large" in outcome.reason


def test_solver_without_resources_is_unknown() -> None:
    outcome = prove(trailing_zeros_harness, limits=Limits(rlimit=1))
    assert outcome.status == "unknown"
    assert "gave up" in outcome.reason
    assert outcome.verdict().grade is Grade.UNKNOWN


def test_loop_without_bound_is_unknown() -> None:
    def harness(e: Engine) -> None:
        n, i = e.integer("n", 0), 0
        while i < n:
            i += 1
        e.check(i == n, "counted")

    outcome = prove(harness, limits=Limits(decisions=40))
    assert outcome.status == "unknown"
    assert "decisions on one path" in outcome.reason

    def spin(e: Engine) -> None:
        while True:
            e.reach("round")

    outcome = prove(spin, limits=Limits(lines=1000))
    assert outcome.status == "unknown"
    assert "lines on one path" in outcome.reason


def test_path_limit_is_unknown() -> None:
    outcome = prove(trailing_zeros_harness, limits=Limits(paths=5))
    assert outcome.status == "unknown"
    assert "paths" in outcome.reason


def test_unsupported_operation_is_unknown_even_behind_except() -> None:
    def harness(e: Engine) -> None:
        i, j = e.integer("i"), e.integer("j")
        try:
            i * j
        except Exception:
            e.reach("swallowed")
        e.check(True, "done")

    outcome = prove(harness)
    assert outcome.status == "unknown"
    assert "product" in outcome.reason


def test_every_value_of_an_index_is_tried() -> None:
    table = [3, 1, 4, 1, 5]

    def harness(e: Engine) -> None:
        i = e.word("i", 0, 4)
        e.check(table[i] <= 5, "bounded")

    assert prove(harness).paths == 5


def test_choices_are_exhausted() -> None:
    seen = set()

    def harness(e: Engine) -> None:
        a, b = e.choose(3, "a"), e.choose(2, "b")
        seen.add((a, b))
        e.check(a + b < 4, "sum")

    assert prove(harness).paths == 6
    assert len(seen) == 6


def test_elements_can_only_be_told_apart() -> None:
    def harness(e: Engine) -> None:
        a, b, c = (e.element(name, "Span") for name in "abc")
        e.assume(And(a != b, b != c))
        e.check(a != c, "all differ")

    outcome = prove(harness)
    assert outcome.status == "refuted"
    assert outcome.failure is not None
    assert [each.value for each in outcome.failure.inputs] == [0, 1, 0]


def test_shift_by_a_bounded_symbolic_amount() -> None:
    def harness(e: Engine) -> None:
        n = e.word("n", 0, U64)
        e.assume(n < 64)
        e.check((1 << n) >> n == 1, "back")

    assert prove(harness).status == "proved"


def test_second_solver_confirms_each_claim() -> None:
    def harness(e: Engine) -> None:
        x = e.word("x", 1, U64)
        e.check((x & (x - 1)) < x, "smaller")
        e.check((x & 7) + (x & ~7) == x, "split")

    outcome = prove(harness, cross_check=True)
    assert outcome.status == "proved"
    assert outcome.confirmed > 0


def test_implicit_conjunction_is_split() -> None:
    def harness(e: Engine) -> None:
        x = e.integer("x", 0, 9)
        e.check(And(x >= 0, x <= 9, Implies(x > 3, Not(x < 2)), If(x > 5, x, 6) > 5), "all")

    assert prove(harness).status == "proved"


# Lies that the replay in CPython must catch.


def test_planted_wrong_encoding_that_proves_too_much_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A machine-word reading of subtraction, which wraps: the proof would be of another program."""

    def wrapped(self: Word, other: Any) -> Any:
        o = as_word(other)
        return Word(self.at(64) - o.at(64), 0, U64)

    def harness(e: Engine) -> None:
        a, b = e.word("a", 0, U64), e.word("b", 0, U64)
        e.assume(a < b)
        e.check(a - b >= 0, "never negative")

    assert prove(harness).status == "refuted"
    monkeypatch.setattr(Word, "__sub__", wrapped)
    outcome = prove(harness)
    assert outcome.status == "unknown"
    assert "encoding artefact" in outcome.reason


def test_planted_wrong_encoding_that_refutes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Int, "__add__", lambda self, other: Int(self.t + other + 1))

    def harness(e: Engine) -> None:
        x = e.integer("x", 0, 9)
        e.check(x + 1 <= 10, "bounded")

    outcome = prove(harness)
    assert outcome.status == "unknown"
    assert "encoding artefact" in outcome.reason
    assert outcome.failure is None


def test_vanished_path_is_caught_when_lines_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """A branch that silently takes one side only."""
    monkeypatch.setattr(Bool, "__bool__", lambda _: False)

    def harness(e: Engine) -> None:
        x = e.integer("x", 5, 9)
        y = 0
        if x > 3:
            y = 1
        e.check(y in (0, 1), "either")

    outcome = prove(harness)
    assert outcome.status == "unknown"
    assert "encoding artefact" in outcome.reason


def test_harness_that_keeps_state_between_runs_is_refused() -> None:
    runs = iter(range(1000))

    def harness(e: Engine) -> None:
        x = e.integer("x", 0, 9)
        if x > next(runs):
            e.check(x > 0, "positive")
        if x > 5:
            e.check(x > 4, "large")

    outcome = prove(harness)
    assert outcome.status == "unknown"


def test_engine_is_gone_after_a_proof() -> None:
    prove(planted)
    with pytest.raises(TypeError, match=r"use If\(\)"):
        bool(Int.var("x") > 1)


def test_nested_engine_is_restored() -> None:
    class Yes:
        def branch(self, condition: Any) -> bool:  # noqa: ARG002
            return True

        def concretise(self, number: Any) -> int:  # noqa: ARG002
            return 0

        def upper_bound(self, number: Any) -> int:  # noqa: ARG002
            return 0

    with running(Yes()):
        prove(planted)
        assert bool(Int.var("x") > 1) is True


@pytest.fixture(autouse=True)
def _no_engine_left() -> Iterator[None]:
    yield
    assert CONTEXT.forker is None


def test_outcome_tells_its_seed_and_work() -> None:
    outcome: SymbolicOutcome = prove(trailing_zeros_harness, seed=3)
    assert outcome.seed == 3
    assert outcome.solver_calls > 0
    assert outcome.rlimit > 0
    assert outcome.text().startswith("PROVED: 64 paths")
    assert z3.get_version_string() in outcome.verdict().solver


def test_disagreement_of_the_solvers_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "second_opinion", lambda _: "sat")
    outcome = prove(trailing_zeros_harness, cross_check=True)
    assert outcome.status == "unknown"
    assert "disagree" in outcome.reason
