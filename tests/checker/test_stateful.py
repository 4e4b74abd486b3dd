"""Random runs beside a model: what passes, what is refuted, and how it is told."""

from collections.abc import Callable
from typing import ClassVar

import pytest
from hypothesis.stateful import Bundle, invariant, precondition, rule
from hypothesis.strategies import sampled_from

from checker.binding import Edit
from checker.counterexample import Counterexample, Replay
from checker.mutation import Mutant
from checker.stateful import Comparison, check_stateful, retrace
from checker.verdict import Grade, Verdict
from tests.checker.counter_machine import TOO_FULL, Counter, Counting, Full
from tests.verdicts import counterexample_of


def sampled(machine: type[Comparison], seed: int = 3) -> Verdict:
    """What few runs of the machine come to."""
    return check_stateful(machine, examples=50, steps=10, seed=seed)


def refuted(machine: type[Comparison]) -> Counterexample:
    """How it fails."""
    return counterexample_of(sampled(machine))


def broken(**methods: Callable[[Counter], object]) -> type[Counting]:
    """The machine over a port some of whose methods are others."""
    counter = type("Counter", (Counter,), methods)
    return type(
        "Counting", (Counting,), {"kind": counter, "__module__": "tests.checker.counter_machine"}
    )


def test_a_faithful_port_is_sampled() -> None:
    verdict = sampled(Counting)
    assert verdict.grade is Grade.SAMPLED
    assert verdict.seed == 3
    runs = verdict.counts["runs"]
    assert runs >= 50
    assert verdict.bound == f"{runs} runs of up to 10 steps"
    counts = verdict.counts
    assert counts["steps"] == counts["rule:add"] + counts["rule:clear"]
    assert counts["invariant:agrees"] == counts["steps"] + runs
    assert counts["fired:add"] > 0
    assert counts["fired:drop"] == 0
    assert counts[f"threw:{TOO_FULL}"] > 0
    assert verdict.vacuity_checks["drop cannot fire"] == "the port has no such operation"


def test_the_same_seed_gives_the_same_runs() -> None:
    first, second = (sampled(Counting) for _ in range(2))
    assert first == second
    assert sampled(Counting, seed=4).counts != first.counts


def test_a_wrong_state_is_refuted_by_the_shortest_run() -> None:
    def clear(self: Counter) -> None:
        self.value = 0 if self.value < 2 else 1

    counterexample = refuted(broken(clear=clear))
    assert counterexample.invariant == "counter.count"
    assert counterexample.citation == "counter.go:1"
    assert counterexample.why == "count is 0 in the model and 1 in the port"
    assert [step.action for step in counterexample.steps] == ["add(times=2)", "clear()"]
    add = counterexample.steps[0]
    assert add.function == "counter.go Counter.Add"
    assert add.where.startswith("checker/counter_machine.py:")
    assert (add.concrete, add.abstract) == ({"value": 2}, {"count": 2})
    assert counterexample.initial_concrete == {"value": 0}
    assert counterexample.replay == Replay(
        "counter/stateful", [["add", {"times": 2}], ["clear", {}]]
    )


def test_the_reproduction_is_a_program_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def clear(self: Counter) -> None:
        pass

    machine = broken(clear=clear)
    counterexample = refuted(machine)
    monkeypatch.setattr("tests.checker.counter_machine.Counting", machine)
    with pytest.raises(Exception, match="count is 0 in the model and 1 in the port"):
        exec(counterexample.reproduction, {})


def test_the_reproduction_ends_with_the_invariant_that_fails() -> None:
    class Machine(Counting):
        @invariant()
        def is_small(self) -> None:
            self.same("small", self.counter.value < 2, True)

    counterexample = refuted(Machine)
    assert counterexample.invariant == "counter.small"
    assert counterexample.reproduction.splitlines()[-2:] == [
        "state.add(times=2)",
        "state.is_small()",
    ]


def test_a_missing_throw_is_refuted() -> None:
    def add(self: Counter) -> None:
        self.value = min(self.value + 1, 3)

    counterexample = refuted(broken(add=add))
    assert counterexample.why == f"add() is forbidden, but the port does not throw {TOO_FULL!r}"


def test_a_throw_with_another_text_is_refuted() -> None:
    def add(self: Counter) -> None:
        if self.value == 3:
            raise Full("overflow")
        self.value += 1

    counterexample = refuted(broken(add=add))
    assert counterexample.why == f"the port throws 'overflow' where {TOO_FULL!r} is due"


def test_a_throw_that_the_model_does_not_forbid_is_refuted() -> None:
    def add(_: Counter) -> None:
        raise Full(TOO_FULL)

    counterexample = refuted(broken(add=add))
    assert counterexample.why == f"the port throws {TOO_FULL!r}, but the model allows add()"
    assert counterexample.citation == "counter.go:10 Counter.Add"


def test_a_throw_that_changes_the_state_is_refuted() -> None:
    def add(self: Counter) -> None:
        self.value += 1
        if self.value == 4:
            raise Full(TOO_FULL)

    counterexample = refuted(broken(add=add))
    assert counterexample.why == "count is 3 in the model and 4 in the port"


def test_a_throw_where_nothing_expects_one_is_refuted() -> None:
    class Machine(Counting):
        @rule()
        def look(self) -> None:
            self.port_call(lambda: look(self.counter))

    def look(_: Counter) -> None:
        raise Full("unforeseen")

    counterexample = refuted(Machine)
    assert counterexample.why == "the port throws 'unforeseen', which nothing allows"


def test_an_error_in_the_port_is_refuted_and_says_where() -> None:
    def clear(self: Counter) -> None:
        self.nothing()  # type: ignore[attr-defined]  # the error in question

    counterexample = refuted(broken(clear=clear))
    assert counterexample.invariant == "counter.no_exception"
    assert "AttributeError" in counterexample.why
    assert "checker/test_stateful.py:" in counterexample.why


def test_an_error_in_a_rule_is_no_refutation() -> None:
    class Machine(Counting):
        @rule()
        def confused(self) -> None:
            raise KeyError("a bug of the test")

    verdict = sampled(Machine)
    assert verdict.grade is Grade.UNKNOWN
    assert verdict.reason == "the rules themselves fail: KeyError('a bug of the test')"


def test_a_failure_that_does_not_come_again_is_no_refutation() -> None:
    failures: list[int] = []

    def clear(self: Counter) -> None:
        if self.value and not failures:
            failures.append(self.value)
        else:
            self.value = 0

    verdict = sampled(broken(clear=clear))
    assert verdict.grade is Grade.UNKNOWN


def test_answers_are_compared() -> None:
    class Machine(Counting):
        @rule()
        def look(self) -> None:
            self.same("parity", self.counter.value % 2, 0)

    counterexample = refuted(Machine)
    assert counterexample.invariant == "counter.parity"
    assert counterexample.why == "parity is 1 in the port, 0 in the model"


@pytest.mark.parametrize(
    ("idle", "reason"),
    [
        ({}, "never ran: action drop"),
        ({"drop": "", "clear": ""}, "declared idle, but fired: clear; drop the declaration"),
    ],
)
def test_idle_actions_are_declared_exactly(idle: dict[str, str], reason: str) -> None:
    machine = type("Machine", (Counting,), {"idle": idle})
    verdict = sampled(machine)
    assert verdict.grade in (Grade.VACUOUS, Grade.UNKNOWN)
    assert verdict.reason == reason


def test_what_is_declared_idle_must_be_an_action() -> None:
    machine = type("Machine", (Counting,), {"idle": {"dorp": ""}})
    with pytest.raises(ValueError, match="no actions: dorp"):
        sampled(machine)


def test_bundles_are_refused() -> None:
    class Machine(Counting):
        numbers = Bundle("numbers")

        @rule(target=numbers)
        def number(self) -> int:
            return 1

    with pytest.raises(ValueError, match="cannot be written down"):
        sampled(Machine)


def test_a_forbidden_step_needs_a_declared_text() -> None:
    class Machine(Counting):
        throws = ()

    verdict = sampled(Machine)
    assert verdict.grade is Grade.UNKNOWN
    assert "is not declared in throws" in verdict.reason


def test_a_run_is_retraced() -> None:
    assert retrace(Counting, [("add", {"times": 2}), ("clear", {})]) is None
    with pytest.raises(KeyError):
        retrace(Counting, [("dorp", {})])


def test_the_trace_ends_where_the_failure_is() -> None:
    def clear(self: Counter) -> None:
        pass

    calls = [("add", {"times": 1}), ("clear", {}), ("add", {"times": 1})]
    counterexample = retrace(broken(clear=clear), calls)
    assert counterexample
    assert counterexample.replay
    assert len(counterexample.steps) == 2
    assert len(counterexample.replay.choices) == 2


def test_a_mutant_is_bound_by_name() -> None:
    edit = Edit("linked", "if other.first is None", "if True")
    mutant = Mutant("always-empty", "every list looks empty", (edit,))

    class Machine(Counting):
        package = "tests.checker.symbolic.systems"
        mutants: ClassVar = {mutant.name: mutant}

    assert Machine.on("") is Machine
    on = Machine.on("always-empty")
    assert on.mutant is mutant
    with pytest.raises(KeyError):
        Machine.on("dorp")


def test_an_invariant_under_a_precondition_is_checked_where_it_holds() -> None:
    class Machine(Counting):
        @precondition(lambda self: self.counter.value == 3)
        @invariant()
        def is_full(self) -> None:
            self.same("full", self.counter.value, 2)

    assert refuted(Machine).invariant == "counter.full"


def test_arguments_reach_the_trace() -> None:
    class Machine(Counting):
        @rule(what=sampled_from(("a",)))
        def say(self, what: str) -> None:
            self.same("word", what, "b")

    counterexample = refuted(Machine)
    assert counterexample.steps[-1].action == "say(what='a')"
    assert (counterexample.steps[-1].function, counterexample.steps[-1].where) == ("", "")
