"""Each way in which a green run of Hypothesis meant nothing, tried on our use of it: red.

The machine counts to three beside its model; every test first shows that Hypothesis is content.
"""

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import integers

from checker.stateful import check_stateful
from checker.verdict import Grade
from tests.checker.counter_machine import Counting

SMALL = {"examples": 30, "steps": 10, "seed": 1}
QUIET = settings(max_examples=30, stateful_step_count=10, database=None, deadline=None)


def expect_vacuous(machine, name):
    """Hypothesis passes the machine; we call it vacuous, and say what never ran."""
    run_state_machine_as_test(machine, settings=QUIET)
    verdict = check_stateful(machine, **SMALL)
    assert verdict.grade is Grade.VACUOUS
    assert verdict.reason == f"never ran: {name}"


def test_a_rule_that_can_never_run():
    class Machine(Counting):
        @precondition(lambda self: self.port.value > 3)
        @rule()
        def overflow(self):
            raise AssertionError

    expect_vacuous(Machine, "rule overflow")


def test_an_invariant_that_is_never_evaluated():
    class Machine(Counting):
        @precondition(lambda self: self.port.value > 3)
        @invariant()
        def overflow(self):
            raise AssertionError

    expect_vacuous(Machine, "invariant overflow")


def test_both_at_once():
    class Machine(Counting):
        @precondition(lambda _: False)
        @rule()
        def nothing(self):
            raise AssertionError

        @precondition(lambda _: False)
        @invariant()
        def never(self):
            raise AssertionError

    expect_vacuous(Machine, "rule nothing, invariant never")


def test_half_of_the_model_is_never_tried():
    expect_vacuous(type("Machine", (Counting,), {"idle": {}}), "action drop")


def test_a_throw_is_never_provoked():
    machine = type("Machine", (Counting,), {"throws": (*Counting.throws, "out of memory")})
    expect_vacuous(machine, "throw out of memory")


def test_a_rule_whose_arguments_are_filtered_away():
    class Machine(Counting):
        @rule(n=integers(0, 1 << 64).filter(lambda n: n % 10000 == 9999))
        def rare(self, n):
            assert n % 10000 == 9999

    expect_vacuous(Machine, "rule rare")


def test_no_state_lets_any_rule_run():
    class Machine(Counting):
        @precondition(lambda _: False)
        @rule()
        def add(self):
            raise AssertionError

        @precondition(lambda _: False)
        @rule()
        def clear(self):
            raise AssertionError

    assert check_stateful(Machine, **SMALL).grade < Grade.SAMPLED


@pytest.mark.parametrize("examples", [1, 30])
def test_the_bound_counts_the_runs_that_there_were(examples):
    verdict = check_stateful(Counting, examples=examples, steps=10, seed=1)
    if examples == 1:
        assert verdict.grade is Grade.VACUOUS
    else:
        assert verdict.bound.startswith(f"{verdict.counts['runs']} runs")
