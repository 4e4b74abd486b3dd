"""The proving engine: a harness is run again and again, each time along another feasible path.

Python itself executes the code; only a symbolic condition asks which way to go. The run is a
function of its decisions, so a new path is the same run with its last open decision turned, found
depth first. Every question is put to the solver afresh, with the path condition this module keeps.

Nothing is believed on the word of the encoding alone. A finished path is run once more by CPython
on the plain inputs of the path's model and must execute the same lines; a failed claim must fail
there too. Otherwise the outcome is "unknown", whatever else was shown.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import z3

from checker import solver
from checker.logic import to_z3
from checker.symbolic.harness import Harness, PathEnd
from checker.symbolic.lines import Recording, SourceLine, first_difference, position
from checker.symbolic.outcome import Failure, Input, SymbolicOutcome
from checker.symbolic.replay import raised, run_plain, same_error
from checker.symbolic.subset import executed_outside
from checker.symbolic.trail import Decision, Trail
from checker.terms import Bool, Elem, Int, OutsideSubset, Symbolic, Word, running


@dataclass(frozen=True)
class Limits:
    """Beyond any of these the outcome is "unknown"."""

    decisions: int = 1000
    """On one path; a loop whose exit depends on inputs exceeds it."""
    paths: int = 20_000
    lines: int = 1_000_000
    """Executed on one path."""
    rlimit: int = solver.DEFAULT_RLIMIT
    """Z3's resource units for one question."""


class _Refuted(BaseException):
    """A confirmed failure ends the exploration."""


class Proving:
    """The engine over symbolic inputs. Implements `Engine`, and `Forker` for the terms."""

    def __init__(self, harness: Harness, limits: Limits, seed: int, cross_check: bool) -> None:
        self._harness, self._limits = harness, limits
        self._seed, self._cross_check = seed, cross_check
        self._trail = Trail(limits.decisions)
        self._doubts: list[str] = []
        self._totals = SymbolicOutcome("proved", seed=seed)
        self._failure: Failure | None = None
        self._executed: set[SourceLine] = set()
        self._begin()

    def _begin(self) -> None:
        """Clears what belongs to one path."""
        self._trail.restart()
        self._stopped = False
        self._condition: Any = z3.BoolVal(True)
        self._decided: dict[int, tuple[Any, bool]] = {}
        self._model: Any = None
        self._inputs: list[tuple[str, Any]] = []
        self._path_goals = 0
        self._havocked = False
        self._path_labels: list[str] = []

    def explore(self, must_reach: Sequence[str]) -> SymbolicOutcome:
        """Runs the harness along every feasible path, or up to the first confirmed failure."""
        try:
            self._run_path()
            while self._trail.backtrack():
                if self._totals.runs >= self._limits.paths:
                    self._doubts.append(f"more than {self._limits.paths} paths")
                    break
                self._run_path()
        except _Refuted:
            if self._havocked:
                self._doubts.insert(0, "counterexample to induction: the invariant is too weak")
                return replace(self._judge(()), failure=self._failure)
            return replace(self._totals, status="refuted", failure=self._failure)
        except OutsideSubset as reason:
            self._doubts.insert(0, str(reason))
        return self._judge(must_reach)

    def _judge(self, must_reach: Sequence[str]) -> SymbolicOutcome:
        totals = self._totals
        self._doubts += [f"outside the subset: {each}" for each in executed_outside(self._executed)]
        if self._doubts:
            return replace(totals, status="unknown", reason=self._doubts[0])
        if totals.paths == 0:
            return replace(totals, status="vacuous", reason="no feasible path was finished")
        if totals.goals == 0:
            return replace(totals, status="vacuous", reason="the harness claims nothing")
        missed = [label for label in must_reach if label not in totals.labels]
        if missed:
            return replace(totals, status="vacuous", reason=f"never reached: {', '.join(missed)}")
        return totals

    def _run_path(self) -> None:
        self._begin()
        error: Exception | None = None
        with running(self), Recording(self._limits.lines) as recording:
            try:
                self._harness(self)
            except PathEnd:
                if not self._stopped:
                    return
            except Exception as caught:
                error = caught
            finally:
                self._executed.update(recording.lines)
        if not self._trail.at_end:
            raise OutsideSubset(
                "the harness is not deterministic: a path ended early when repeated"
            )
        if not self._have_model():
            return
        if error is not None:
            self._refute(raised(error), self._model)
        elif self._model is not None:
            self._repeat_in_python(recording.lines)

    def _repeat_in_python(self, lines: list[SourceLine]) -> None:
        """One run of a finished path by CPython, on the plain inputs of the path's model."""
        run = run_plain(self._harness, self._plain_inputs(self._model), self._limits.lines)
        if run.ended != "passed":
            self._doubts.append(
                f"encoding artefact: a proved path {run.ended} in CPython: {run.what}"
            )
        elif lines != run.lines and (again := first_difference(self._lines_again(), run.lines)):
            self._doubts.append(f"encoding artefact: {again}")
        labels = dict(self._totals.labels)
        for label in self._path_labels:
            labels[label] = labels.get(label, 0) + 1
        self._count(covered=1) if self._stopped else self._count(paths=1)
        self._totals = replace(self._totals, labels=labels)

    def _lines_again(self) -> list[SourceLine]:
        """The lines of the same path repeated: what the code caches is computed only once."""
        totals, labels = self._totals, self._path_labels
        self._begin()
        with running(self), Recording(self._limits.lines) as recording, suppress(PathEnd):
            self._harness(self)
        self._totals, self._path_labels = totals, labels
        return recording.lines

    # What the terms ask

    def branch(self, condition: Any) -> bool:
        condition = z3.simplify(condition)
        if z3.is_true(condition) or z3.is_false(condition):
            return bool(z3.is_true(condition))
        key = condition.get_id()
        if key in self._decided:  # terms are shared, and kept alive here: one id, one term
            return self._decided[key][1]
        decision = self._repeated(condition)
        if decision is None:
            decision = self._decide(condition)
        side = bool(decision.value)
        if decision.open:
            self._condition = z3.And(self._condition, condition if side else z3.Not(condition))
        self._decided[key] = condition, side
        return side

    def _decide(self, condition: Any) -> Decision:
        if not self._have_model():
            raise PathEnd
        side = self._model is None or z3.is_true(self._model.eval(condition, model_completion=True))
        other = self._ask(z3.Not(condition) if side else condition)
        decision = self._record(condition, side, 0 if other.status == "unsat" else 1)
        decision.alternative = other.model
        return decision

    def concretise(self, number: Symbolic) -> int:
        while True:
            value = self._remember(lambda: self._some_value(number))
            if self.branch(to_z3(number == value)):
                return value

    def _some_value(self, number: Symbolic) -> int:
        if not self._have_model():
            raise PathEnd
        if self._model is None:
            raise OutsideSubset(f"no value known for a symbolic index at {position()}")
        return int(_plain_value(number, self._model, []))

    def upper_bound(self, number: Word) -> int:
        def search() -> int:
            lo, hi = number.lo, number.hi
            while lo < hi:
                middle = (lo + hi) // 2
                if self._ask(to_z3(number > middle)).status == "unsat":
                    hi = middle
                else:
                    lo = middle + 1
            return hi

        return self._remember(search)

    # What the harness asks

    def word(self, name: str, lo: int, hi: int) -> Any:
        if lo >= hi:
            raise ValueError(f"{name}: [{lo}, {hi}] is not a range of several integers")
        word, within = Word.var(self._input_name(name), lo, hi)
        self._inputs.append((name, word))
        self.assume(within)
        return word

    def integer(self, name: str, lo: int | None = None, hi: int | None = None) -> Any:
        number = Int.var(self._input_name(name))
        self._inputs.append((name, number))
        if lo is not None:
            self.assume(number >= lo)
        if hi is not None:
            self.assume(number <= hi)
        return number

    def flag(self, name: str) -> Any:
        flag = Bool.var(self._input_name(name))
        self._inputs.append((name, flag))
        return flag

    def element(self, name: str, sort: str) -> Any:
        element = Elem.var(self._input_name(name), z3.DeclareSort(sort))
        self._inputs.append((name, element))
        return element

    def choose(self, n: int, label: str) -> int:
        if n < 1:
            raise ValueError(f"{label}: nothing to choose from")
        decision = self._repeated(None) or self._record(None, 0, n - 1)
        value = int(decision.value)
        self._inputs.append((label, value))
        return value

    def assume(self, condition: Any) -> None:
        term = z3.simplify(to_z3(condition))
        if z3.is_true(term):
            return
        if z3.is_false(term):
            raise self._infeasible()
        self._condition = z3.And(self._condition, term)
        if self._model is not None and not z3.is_true(
            self._model.eval(term, model_completion=True)
        ):
            self._model = None

    def check(self, condition: Any, label: str) -> None:
        self._path_goals += 1
        self._path_labels.append(label)
        if self._trail.at_end:  # else it was shown on the path that shares this prefix
            self._count(goals=1)
            self._prove(to_z3(condition), label)

    def fail(self, label: str) -> None:
        self.check(False, label)

    def reach(self, label: str) -> None:
        self._path_labels.append(label)

    def havoc(self) -> None:
        self._havocked = True

    def stop(self) -> NoReturn:
        self._stopped = True
        raise PathEnd

    # Goals

    def _prove(self, goal: Any, label: str) -> None:
        if z3.is_and(goal):  # several small questions are far quicker than a big one
            for part in goal.children():
                self._prove(part, label)
            return
        goal = z3.simplify(goal)
        if z3.is_true(goal):
            return
        answer = self._ask(z3.Not(goal))
        if answer.status == "sat":
            self._refute(label, answer.model)

    def _refute(self, label: str, model: Any) -> None:
        """Ends the exploration if CPython confirms the failure on the model's plain inputs."""
        if model is None:
            self._doubts.append(f"no inputs known for: {label}")
            return
        inputs = self._plain_inputs(model)
        run = run_plain(self._harness, inputs, self._limits.lines)
        if run.ended == "failed" and (run.what == label or same_error(run.what, label)):
            self._failure = Failure(run.what, tuple(inputs), self._trail.text())
            raise _Refuted
        self._doubts.append(
            f"encoding artefact: {label!r} fails in the encoding; CPython {run.ended} {run.what}".strip()
        )

    def _plain_inputs(self, model: Any) -> list[Input]:
        universe: list[Any] = []
        return [Input(name, _plain_value(x, model, universe)) for name, x in self._inputs]

    # The record of decisions

    def _repeated(self, condition: Any) -> Decision | None:
        decision = self._trail.repeat(condition, self._path_goals)
        if decision is not None:
            self._model = decision.model if self._trail.at_end else None
        return decision

    def _record(self, condition: Any, value: Any, left: int) -> Decision:
        return self._trail.record(condition, value, left, self._path_goals, self._model)

    def _remember(self, compute: Callable[[], int]) -> int:
        """A plain value found with the solver's help, the same whenever this path is repeated."""
        decision = self._repeated(None)
        if decision is None:
            value = compute()
            decision = self._record(None, value, 0)
        return int(decision.value)

    # The solver

    def _have_model(self) -> bool:
        """Looks for a model of the path condition; False when there is none for sure.

        When the solver gives up, the path is explored without a model: that is sound, and the
        doubt is on record.
        """
        if self._model is None:
            answer = self._ask(z3.BoolVal(True))
            if answer.status == "unsat":
                self._count(infeasible=1)
                return False
            self._model = answer.model
        return True

    def _ask(self, extra: Any) -> solver.Answer:
        question = [self._condition, extra]
        answer = solver.solve(
            question, logic=_logic(question), rlimit=self._limits.rlimit, seed=self._seed
        )
        self._count(solver_calls=1, rlimit=answer.rlimit_used)
        if answer.status == "unknown":
            self._doubts.append(f"the solver gave up at {position()}: {answer.reason}")
        if answer.status == "unsat" and self._cross_check:
            opinion = solver.second_opinion(question)
            if opinion == "sat":
                self._doubts.append(f"the solvers disagree at {position()}")
            self._count(confirmed=int(opinion == "unsat"))
        return answer

    def _infeasible(self) -> PathEnd:
        self._count(infeasible=1)
        return PathEnd()

    def _input_name(self, name: str) -> str:
        plain = re.sub(r"\W", "_", name)  # a second solver reads the names as text
        return f"{plain}!{len(self._inputs)}"

    def _count(self, **more: int) -> None:
        now: dict[str, Any] = {name: getattr(self._totals, name) + more[name] for name in more}
        self._totals = replace(self._totals, **now)


def prove(
    harness: Harness,
    *,
    must_reach: Sequence[str] = (),
    limits: Limits = Limits(),
    seed: int = 0,
    cross_check: bool = False,
) -> SymbolicOutcome:
    """Explores every feasible path of the harness over symbolic inputs.

    `must_reach` names labels of `check` or `reach` without which the outcome is "vacuous".
    `cross_check` has a second solver confirm each "unsat", of claims and of branches not taken.
    """
    return Proving(harness, limits, seed, cross_check).explore(must_reach)


def _plain_value(x: Any, model: Any, universe: list[Any]) -> int | bool:
    """The plain value of an input under a model; `universe` numbers the elements met so far."""
    if not isinstance(x, Symbolic):
        return int(x)
    value = model.eval(x.t, model_completion=True)
    if isinstance(x, Bool):
        return bool(z3.is_true(value))
    if isinstance(x, Word):
        return int(value.as_signed_long() if x.lo < 0 else value.as_long())
    if isinstance(x, Int):
        return int(value.as_long())
    for number, element in enumerate(universe):
        if element.eq(value):
            return number
    universe.append(value)
    return len(universe) - 1


def _logic(assertions: Sequence[Any]) -> str | None:
    """The logic whose specialised solver is much faster on pure bit-vectors."""
    goal = z3.Goal()
    goal.add(*assertions)
    return "QF_BV" if z3.Probe("is-qfbv")(goal) else None
