"""The readings of a machine agree, and neither induction nor reachability can be fooled."""

from functools import partial

import pytest
import z3

from checker.htmlpage import page
from checker.induction import prove
from checker.monitor import UNSEEN, Monitor, Rejected
from checker.plain import Disabled, Instance, SpecError
from checker.reachability import check_reachable
from checker.solver import Answer, Questions, second_opinion, solve
from checker.spec import (
    ALL,
    BOOL,
    And,
    Choice,
    Element,
    Enumeration,
    If,
    Implies,
    Machine,
    Next,
    Not,
    Range,
    State,
    Truth,
    applied,
    spell,
)
from checker.verdict import Grade


def lock(*, check: bool = True) -> Machine:
    """A mutex: one holder at a time, unless taking it does not check."""
    machine = Machine("lock", cites="-", why="-")
    thread = machine.sort("Thread")
    machine.var("holds", thread, type=BOOL, init=False)

    @machine.action(t=thread, cites="-")
    def take(x: State, n: Next, t: Element) -> None:
        if check:
            x.require(x.all(thread, lambda u: Not(x.holds[u])))
        n.holds[t] = True

    @machine.action(t=thread, cites="-")
    def leave(x: State, n: Next, t: Element) -> None:
        x.require(x.holds[t])
        n.holds[t] = False

    @machine.invariant(t=thread, u=thread, cites="-")
    def exclusive(x: State, t: Element, u: Element) -> Truth:
        return Implies(And(x.holds[t], x.holds[u]), t == u)

    return machine


def counter(limit: int | None) -> Machine:
    """Counts up for ever, or to a limit that a constant sets."""
    machine = Machine("counter", cites="-", why="-")
    machine.constant("top", least=1)
    machine.var("n", type=Range(0, None), init=0)

    @machine.action(cites="-")
    def up(x: State, n: Next) -> None:
        if limit is not None:
            x.require(x.n < x.top)
        n.n = x.n + 1

    @machine.transition(cites="-")
    def grows(x: State, n: State) -> Truth:
        return x.n < n.n

    @machine.invariant(cites="-")
    def bounded(x: State) -> Truth:
        return x.n <= (x.top if limit is not None else 100)

    return machine


class TestInduction:
    def test_proves_a_mutex(self) -> None:
        verdict = prove(lock())
        assert verdict.grade is Grade.PROVED
        assert verdict.counts["questions"] > 0

    def test_refutes_a_broken_mutex_with_a_confirmed_step(self) -> None:
        verdict = prove(lock(check=False))
        assert verdict.grade is Grade.REFUTED
        assert verdict.counterexample is not None
        assert verdict.counterexample.steps[0].action.startswith("take")

    def test_constants_stay_symbolic(self) -> None:
        assert prove(counter(limit=3)).grade is Grade.PROVED

    def test_a_contradictory_lemma_is_vacuous_not_proved(self) -> None:
        machine = lock(check=False)
        thread = machine.sorts[0]

        @machine.invariant(t=thread, cites="-", lemma=True)
        def nonsense(x: State, t: Element) -> Truth:
            return And(x.holds[t], Not(x.holds[t]))

        verdict = prove(machine)
        assert verdict.grade is Grade.REFUTED  # it already fails initially

    def test_an_action_no_state_allows_is_vacuous(self) -> None:
        machine = lock()

        @machine.action(t=machine.sorts[0], cites="-")
        def never(x: State, n: Next, t: Element) -> None:
            x.require(And(x.holds[t], Not(x.holds[t])))
            n.holds[t] = False

        verdict = prove(machine)
        assert verdict.grade is Grade.VACUOUS
        assert "never can fire" in verdict.reason

    def test_a_property_that_cannot_fail_is_vacuous(self) -> None:
        machine = lock()

        @machine.invariant(t=machine.sorts[0], cites="-")
        def trivial(_x: State, t: Element) -> Truth:
            return t == t  # trivial on purpose

        verdict = prove(machine)
        assert verdict.grade is Grade.VACUOUS


class TestReachability:
    def test_visits_every_state_once(self) -> None:
        verdict = check_reachable(lock(), {"Thread": 3}, states=4)
        assert verdict.grade is Grade.EXHAUSTED

    def test_finds_a_shortest_violation(self) -> None:
        verdict = check_reachable(lock(check=False), {"Thread": 3})
        assert verdict.grade is Grade.REFUTED
        assert verdict.counterexample is not None
        assert len(verdict.counterexample.steps) == 2

    def test_a_state_limit_is_unknown(self) -> None:
        verdict = check_reachable(counter(limit=None), {}, {"top": 1}, state_limit=50)
        assert verdict.grade is Grade.UNKNOWN

    def test_a_changed_state_count_is_unknown(self) -> None:
        verdict = check_reachable(lock(), {"Thread": 3}, states=5)
        assert verdict.grade is Grade.UNKNOWN
        assert "the machine changed" in verdict.reason

    def test_an_action_that_never_fires_is_vacuous(self) -> None:
        machine = lock()

        @machine.action(t=machine.sorts[0], cites="-")
        def never(x: State, n: Next, t: Element) -> None:
            x.require(x.all(machine.sorts[0], lambda u: x.holds[u]))
            x.require(Not(x.holds[t]))
            n.holds[t] = False

        assert check_reachable(machine, {"Thread": 2}).grade is Grade.VACUOUS

    def test_a_broken_step_property_is_found(self) -> None:
        machine = counter(limit=3)

        @machine.action(cites="-")
        def down(x: State, n: Next) -> None:
            x.require(x.n > 0)
            n.n = x.n - 1

        assert check_reachable(machine, {}, {"top": 2}).grade is Grade.REFUTED


class TestPlainReading:
    def test_a_value_outside_its_type_is_an_error(self) -> None:
        machine = Machine("m", cites="-", why="-")
        machine.var("n", type=Range(0, 1), init=0)

        @machine.action(cites="-")
        def jump(_x: State, n: Next) -> None:
            n.n = 5

        instance = Instance(machine, {})
        with pytest.raises(SpecError, match="outside its type"):
            instance.step(instance.initial, machine.actions["jump"], ())

    def test_words_of_the_language_cannot_be_names(self) -> None:
        machine = Machine("m", cites="-", why="-")
        with pytest.raises(ValueError, match="word of the language"):
            machine.var("require", type=BOOL, init=False)

    def test_a_rejected_step_changes_nothing(self) -> None:
        monitor = Monitor(lock())
        monitor.step("take", "a")
        with pytest.raises(Rejected):
            monitor.step("take", "b")
        assert monitor.read("holds", "a")
        assert not monitor.read("holds", "b")

    def test_unseen_elements_follow_steps_that_write_all(self) -> None:
        machine = Machine("m", cites="-", why="-")
        thing = machine.sort("Thing")
        machine.var("old", thing, type=BOOL, init=False)

        @machine.action(cites="-")
        def age(_x: State, n: Next) -> None:
            n.old[ALL] = lambda _: True

        monitor = Monitor(machine)
        monitor.step("age")
        assert monitor.read("old", "somebody new")
        assert monitor.read("old", UNSEEN)

    def test_only_elements_as_they_were_initially_can_be_forgotten(self) -> None:
        monitor = Monitor(lock())
        monitor.step("take", "a")
        with pytest.raises(SpecError):
            monitor.forget("Thread", "a")
        monitor.step("leave", "a")
        monitor.forget("Thread", "a")
        assert not monitor.knows("Thread", "a")


class Light(Enumeration):
    """Not all values between the least and the greatest have a name."""

    BROKEN = -1
    RED = 0
    GREEN = 2


class Mode(Enumeration):
    DAY = 0
    NIGHT = 1


def crossing(*, careful: bool = True) -> Machine:
    """A road with lights of several ways, green one at a time if somebody is careful."""
    machine = Machine("crossing", cites="-", why="-")
    way = machine.sort("OneWay")
    machine.var("light", way, type=Range(-1, 2, Light), init=Light.RED)
    machine.var("mode", type=Choice(Mode), init=Mode.DAY)
    machine.next("go", "change", "dusk")

    @machine.action(w=way, cites="-")
    def go(x: State, n: Next, w: Element) -> None:
        x.require(And(x.mode == Mode.DAY, x.light[w] == Light.RED))
        if careful:
            x.require(x.all(way, lambda v: x.light[v] != Light.GREEN))
        n.light[w] = Light.GREEN

    @machine.action(w=way, cites="-")
    def change(x: State, n: Next, w: Element) -> None:
        x.require(x.light[w] == Light.GREEN)
        n.light[w] = x.light[w] - 2

    @machine.action(m=Choice(Mode), cites="-")
    def dusk(_: State, n: Next, m: Element) -> None:
        n.mode = m

    @machine.invariant(v=way, w=way, cites="-")
    def one_green(x: State, v: Element, w: Element) -> Truth:
        return Implies(And(x.light[v] == Light.GREEN, x.light[w] == Light.GREEN), v == w)

    return machine


class TestNames:
    def test_traces_have_names_not_numbers(self) -> None:
        counterexample = check_reachable(crossing(careful=False), {"OneWay": 2}).counterexample
        assert counterexample is not None
        assert counterexample.initial_abstract == {
            "light[0]": "RED",
            "light[1]": "RED",
            "mode": "DAY",
        }
        assert [(step.action, dict(step.abstract)) for step in counterexample.steps] == [
            ("go(w=one way 0)", {"light[0]": "GREEN"}),
            ("go(w=one way 1)", {"light[1]": "GREEN"}),
        ]
        assert counterexample.diverging == "one_green(v=one way 0, w=one way 1) is false"
        assert "initially: light[*]=RED, mode=DAY\n" in counterexample.text()

    def test_a_counterexample_to_induction_has_them_too(self) -> None:
        counterexample = prove(crossing(careful=False)).counterexample
        assert counterexample is not None
        assert counterexample.initial_abstract["mode"] == "DAY"
        assert list(counterexample.steps[0].abstract.values()) == ["GREEN"]
        assert "GREEN" in page(counterexample, "crossing")

    def test_numbers_are_what_is_computed_with(self) -> None:
        assert prove(crossing()).grade is Grade.PROVED
        assert check_reachable(crossing(), {"OneWay": 2}, states=6).grade is Grade.EXHAUSTED

    def test_a_monitor_describes_with_names(self) -> None:
        monitor = Monitor(crossing())
        monitor.step("go", "north")
        assert monitor.describe() == {"light[north]": "GREEN", "mode": "DAY"}

    def test_an_argument_is_named_too(self) -> None:
        machine = crossing()
        assert applied(machine.actions["dusk"], [1]) == "dusk(m=NIGHT)"

    def test_a_number_without_a_name_is_itself(self) -> None:
        assert spell(Range(-1, 2, Light), 1) == 1
        assert spell(Range(-1, 2, Light), 2) == "GREEN"

    def test_a_choice_is_counted_from_zero(self) -> None:
        with pytest.raises(ValueError, match="are not 0, 1"):
            Choice(Light)


class TestWhatATraceReads:
    """A trace begins with what its steps and its claim look at, and nothing else."""

    def machine(self) -> Machine:
        machine = lock(check=False)
        thread = machine.sorts[0]
        machine.var("hats", thread, type=BOOL, init=False)
        return machine

    def test_of_a_reachable_violation(self) -> None:
        counterexample = check_reachable(self.machine(), {"Thread": 3}).counterexample
        assert counterexample is not None
        assert counterexample.reads == ("holds[0]", "holds[1]")
        assert "initially: holds[*]=False\n" in counterexample.text()
        assert "hats[2]" in counterexample.initial_abstract

    def test_of_an_inductive_one(self) -> None:
        counterexample = prove(self.machine()).counterexample
        assert counterexample is not None
        assert {name.partition("[")[0] for name in counterexample.reads} == {"holds"}
        assert "hats" not in counterexample.text()

    def test_of_a_step_property(self) -> None:
        machine = self.machine()

        @machine.transition(t=machine.sorts[0], cites="-")
        def never_let_go(x: State, n: State, t: Element) -> Truth:
            return Implies(x.holds[t], n.holds[t])

        counterexample = check_reachable(machine, {"Thread": 1}).counterexample
        assert counterexample is not None
        assert [step.action for step in counterexample.steps] == [
            "take(t=thread 0)",
            "leave(t=thread 0)",
        ]
        assert counterexample.reads == ("holds[0]",)


class TestTheListOfActions:
    def machine(self) -> Machine:
        machine = Machine("m", cites="-", why="-")
        machine.var("n", type=Range(0, 1), init=0)
        machine.next("up", "down")
        return machine

    def test_another_action_is_refused(self) -> None:
        machine = self.machine()
        with pytest.raises(ValueError, match="listed, and not with 'down' here"):

            @machine.action(cites="-")
            def down(_: State, n: Next) -> None:
                n.n = 0

    def test_no_engine_takes_a_machine_without_them_all(self) -> None:
        machine = self.machine()

        @machine.action(cites="-")
        def up(_: State, n: Next) -> None:
            n.n = 1

        for engine in (prove, Monitor, Machine.copy, partial(check_reachable, sizes={})):
            with pytest.raises(ValueError, match="without bodies: down"):
                engine(machine)


def test_a_copy_is_a_machine_of_its_own() -> None:
    original = lock()

    def barge_in(_: State, n: Next, t: Element) -> None:
        n.holds[t] = True

    careless = original.copy(take=barge_in)
    del careless.actions["leave"]
    assert prove(original).grade is Grade.PROVED
    assert prove(careless).grade is Grade.REFUTED


def test_an_answer_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="three outcomes"):
        bool(solve([z3.BoolVal(True)]))


def test_the_second_solver_disagrees_with_a_wrong_claim() -> None:
    x = z3.Int("x")
    assert second_opinion([x > 0]) == "sat"
    assert second_opinion([x > 0, x < 0]) == "unsat"


@pytest.mark.parametrize("name", ["x", "x!1", "x'", "let", "_", "a b", "1x", "é", "forall"])
def test_the_second_solver_reads_any_name(name: str) -> None:
    """Z3 takes any text for a name; cvc5 is handed one that it reads."""
    x = z3.Int(name)
    f = z3.Function(f"{name}.f", z3.IntSort(), z3.IntSort())
    assert second_opinion([f(x) > x]) == "sat"
    assert second_opinion([f(x) > x, f(x) < x]) == "unsat"


def test_questions_with_much_in_common_have_the_answers_of_each_by_itself() -> None:
    x, y = z3.Ints("x y")
    given, hypotheses = [x >= 0], {"small": x <= 3, "even": y % 2 == 0, "equal": x == y}
    asked = Questions(given, hypotheses)
    more = [x == 5, z3.And(x == y, x == 1), x == 2, x + y == 3, y == 8]
    for each in [*more, *reversed(more)]:
        answer = asked.ask(each)
        alone = solve([*given, each], tracked=hypotheses)
        assert answer.status == alone.status
        if alone.status == "sat":
            assert [answer.model.eval(each) for each in (x, y)] == [
                alone.model.eval(each) for each in (x, y)
            ]
        else:
            needed = [hypotheses[name] for name in answer.core]
            assert solve([*given, each, *needed]).status == "unsat"
    assert {asked.ask(each).status for each in more} == {"sat", "unsat"}


def test_a_question_that_is_too_hard_beside_others_is_asked_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the shared solver does not settle is no answer yet."""
    monkeypatch.setattr(z3.Solver, "check", lambda _: z3.unknown)
    asked = Questions([z3.BoolVal(True)], {})
    monkeypatch.setattr("checker.solver.solve", lambda *_, **__: Answer("unsat"))
    assert asked.ask(z3.BoolVal(False)).status == "unsat"


def test_rlimit_is_counted_for_each_question() -> None:
    x = z3.Int("x")
    first = solve([x > 0, x * x == 16]).rlimit_used
    again = solve([x > 0, x * x == 16]).rlimit_used
    assert abs(first - again) <= max(first, again) // 2


def test_disabled_is_not_an_error_of_the_machine() -> None:
    assert not issubclass(Disabled, SpecError)
    assert If(True, 1, 2) == 1
