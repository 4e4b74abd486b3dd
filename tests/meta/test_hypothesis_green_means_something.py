"""Each way in which a green run of Hypothesis meant nothing, tried on our use of it: red.

The machine counts to three beside its model; every test first shows that Hypothesis is content.
"""

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import integers

from checker.stateful import Comparison, check_stateful
from checker.verdict import Grade, Verdict
from tests.checker.counter_machine import Counting

QUIET = settings(max_examples=30, stateful_step_count=10, database=None, deadline=None)


def sampled(machine: type[Comparison], examples: int = 30) -> Verdict:
    return check_stateful(machine, examples=examples, steps=10, seed=1)


def expect_vacuous(machine: type[Comparison], name: str) -> None:
    """Hypothesis passes the machine; we call it vacuous, and say what never ran."""
    run_state_machine_as_test(machine, settings=QUIET)
    verdict = sampled(machine)
    assert verdict.grade is Grade.VACUOUS
    assert verdict.reason == f"never ran: {name}"


def test_a_rule_that_can_never_run() -> None:
    class Machine(Counting):
        @precondition(lambda self: self.counter.value > 3)
        @rule()
        def overflow(self) -> None:
            raise AssertionError

    expect_vacuous(Machine, "rule overflow")


def test_an_invariant_that_is_never_evaluated() -> None:
    class Machine(Counting):
        @precondition(lambda self: self.counter.value > 3)
        @invariant()
        def overflow(self) -> None:
            raise AssertionError

    expect_vacuous(Machine, "invariant overflow")


def test_both_at_once() -> None:
    class Machine(Counting):
        @precondition(lambda _: False)
        @rule()
        def nothing(self) -> None:
            raise AssertionError

        @precondition(lambda _: False)
        @invariant()
        def never(self) -> None:
            raise AssertionError

    expect_vacuous(Machine, "rule nothing, invariant never")


def test_half_of_the_model_is_never_tried() -> None:
    expect_vacuous(type("Machine", (Counting,), {"idle": {}}), "action drop")


def test_a_throw_is_never_provoked() -> None:
    machine = type("Machine", (Counting,), {"throws": (*Counting.throws, "out of memory")})
    expect_vacuous(machine, "throw out of memory")


def test_a_rule_whose_arguments_are_filtered_away() -> None:
    class Machine(Counting):
        @rule(n=integers(0, 1 << 64).filter(lambda n: n % 10000 == 9999))
        def rare(self, n: int) -> None:
            assert n % 10000 == 9999

    expect_vacuous(Machine, "rule rare")


def test_no_state_lets_any_rule_run() -> None:
    class Machine(Counting):
        @precondition(lambda _: False)
        @rule()
        def add(self) -> None:
            raise AssertionError

        @precondition(lambda _: False)
        @rule()
        def clear(self) -> None:
            raise AssertionError

    assert sampled(Machine).grade < Grade.SAMPLED


@pytest.mark.parametrize("examples", [1, 30])
def test_the_bound_counts_the_runs_that_there_were(examples: int) -> None:
    verdict = sampled(Counting, examples)
    if examples == 1:
        assert verdict.grade is Grade.VACUOUS
    else:
        assert verdict.bound.startswith(f"{verdict.counts['runs']} runs")
