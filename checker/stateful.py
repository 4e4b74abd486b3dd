"""Random runs of a port beside its model, driven by Hypothesis and shrunk when they disagree.

    class Lists(Comparison):
        abstraction, sizes = ABSTRACTION, {"Node": 4, "Chain": 2}

        @rule(l=integers(0, 1), s=integers(0, 3))
        def insert(self, l, s):
            self.operate(self.lists[l].insert, self.nodes[s],
                         step=("insert", l, s), throws="it is on a list")

A rule calls the port and says which model steps that stands for; after every rule the two are
compared. Hypothesis passes a test in which a rule, an invariant or half of the model never ran, so
`check_stateful` counts them all and calls such a test vacuous.
"""

import functools
import inspect
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import seed as seeded
from hypothesis.errors import FailedHealthCheck, Flaky, InvalidDefinition, Unsatisfiable
from hypothesis.stateful import (
    INVARIANT_MARKER,
    RULE_MARKER,
    invariant,
    run_state_machine_as_test,
)

from checker.binding import over_stand_ins
from checker.counterexample import Counterexample, Replay, Scalar, Step, changed, place
from checker.draws import uniform
from checker.exercise import Exercise
from checker.plain import Instance
from checker.refinement import Abstraction, Diverged, ModelRun
from checker.spec import applied
from checker.verdict import Grade, Verdict

RuleCall = tuple[str, dict[str, Any]]
"""A rule and its arguments."""


class Comparison(Exercise):
    """A port and a model that take the same steps.

    `throws` are the texts of the throws that the rules must provoke, and `idle` names the model
    actions that they cannot reach, each with a reason.
    """

    abstraction: ClassVar[Abstraction]
    sizes: ClassVar[Mapping[str, int]]
    constants: ClassVar[Mapping[str, int]] = {}
    idle: ClassVar[Mapping[str, str]] = {}

    def __init__(self) -> None:
        self.run = ModelRun(_instance(type(self)), self.abstraction)
        super().__init__()

    @classmethod
    def subject(cls) -> str:
        """The model's name."""
        return cls.abstraction.machine.name

    @classmethod
    def actions(cls) -> Collection[str]:
        """The model's actions."""
        return cls.abstraction.machine.actions

    @classmethod
    def excused(cls) -> Mapping[str, str]:
        """The actions that are declared idle."""
        return cls.idle

    def fired(self) -> Mapping[str, int]:
        """How often the model took each action."""
        return self.run.fired

    def abstract(self) -> Mapping[str, Scalar]:
        """The model's state."""
        return self.run.describe()

    @invariant()
    def agrees(self) -> None:
        """The port shows the model's state."""
        self.run.compare(self.view)

    def operate(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        step: tuple[Any, ...],
        then: Sequence[tuple[Any, ...]] = (),
        throws: str = "",
    ) -> Any:
        """Calls the port and takes the model's step and those `then`; returns the port's result.

        Where the model forbids the step, the port must throw the text `throws` and the state must
        not change (the result is None then); where the model allows it, it must not throw.
        """
        name = applied(self.abstraction.machine.actions[step[0]], step[1:])
        if not self.run.allows(*step):
            self.refused(function, *arguments, throws=throws, because=name)
            return None
        try:
            result = self.port_call(function, *arguments)
        except self.throw as error:
            why = f"the port throws {str(error)!r}, but the model allows {name}"
            raise self.divergence(step[0], why) from error
        for each in (step, *then):
            self.run.take(*each)
        return result

    def same(self, what: str, port: Any, model: Any) -> None:
        """Compares an answer of the port with the model's. Raises Diverged when they differ."""
        if port != model:
            raise self.divergence(what, f"{what} is {port!r} in the port, {model!r} in the model")

    def divergence(self, name: str, why: str) -> Diverged:
        """A disagreement about an action, or about an answer of that name."""
        action = self.abstraction.machine.actions.get(name)
        return self.broken(name, action.cites if action else self.abstraction.machine.cites, why)


@dataclass
class RunCoverage:
    """What really ran. `calls` are those of the latest run, the one Hypothesis ends with."""

    rules: Counter[str] = field(default_factory=Counter)
    invariants: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    throws: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    calls: list[RuleCall] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """All of it, flat."""
        kinds = {
            "rule": self.rules,
            "invariant": self.invariants,
            "fired": self.actions,
            "threw": self.throws,
        }
        named = {
            f"{kind}:{name}": many[name] for kind, many in kinds.items() for name in sorted(many)
        }
        return {"runs": self.runs, "steps": self.rules.total(), **named}

    def never(self, idle: Mapping[str, str]) -> list[str]:
        """The rules, invariants, actions not declared idle, and throws that never came about."""
        kinds: tuple[tuple[str, Counter[str], Collection[str]], ...] = (
            ("rule", self.rules, ()),
            ("invariant", self.invariants, ()),
            ("action", self.actions, idle),
            ("throw", self.throws, ()),
        )
        return [
            f"{kind} {name}"
            for kind, many, excused in kinds
            for name, count in sorted(many.items())
            if not count and name not in excused
        ]


def check_stateful(
    exercise: type[Exercise], *, examples: int, steps: int, seed: int, costly: bool = False
) -> Verdict:
    """SAMPLED when `examples` random runs of at most `steps` rules found nothing.

    A failing run is shrunk by Hypothesis or, with `costly`, by leaving out calls, which is cruder
    and needs fewer runs.

    VACUOUS when a rule or an invariant never ran to its end, a model action not declared idle never
    fired, or a throw never came. UNKNOWN when Hypothesis could not do its work, the rules fail by
    themselves, a failure does not come again, or an action declared idle fired.
    """
    tally = RunCoverage(
        actions=Counter(dict.fromkeys(exercise.actions(), 0)),
        throws=Counter(dict.fromkeys(exercise.throws, 0)),
    )
    idle = exercise.excused()
    unknown = set(idle) - set(tally.actions)
    if unknown:
        raise ValueError(f"declared idle, but no actions: {', '.join(sorted(unknown))}")
    counted = _counted(exercise, tally)

    def verdict(grade: Grade, **details: Any) -> Verdict:
        return Verdict(grade, counts=tally.counts(), seed=seed, **details)

    try:
        chosen = _settings(examples, steps, seed, shrink=not costly)
        run_state_machine_as_test(seeded(seed)(counted), settings=chosen)
    except (FailedHealthCheck, Flaky, InvalidDefinition, Unsatisfiable) as error:
        return verdict(Grade.UNKNOWN, reason=f"{type(error).__name__}: {error}")
    except (Diverged, exercise.throw) as error:
        counterexample = retrace(
            exercise, shorter(exercise, tally.calls) if costly else tally.calls
        )
        if counterexample is None:
            reason = f"the failure did not come again when the run was repeated: {error!r}"
            return verdict(Grade.UNKNOWN, reason=reason)
        return verdict(Grade.REFUTED, counterexample=counterexample)
    except Exception as error:
        return verdict(Grade.UNKNOWN, reason=f"the rules themselves fail: {error!r}")
    never = tally.never(idle)
    if never or not tally.rules:
        reason = f"never ran: {', '.join(never) or 'any rule'}"
        return verdict(Grade.VACUOUS, reason=reason)
    awake = sorted(name for name in idle if tally.actions[name])
    if awake:
        reason = f"declared idle, but fired: {', '.join(awake)}; drop the declaration"
        return verdict(Grade.UNKNOWN, reason=reason)
    vacuity_checks = {
        "every rule runs": f"{len(tally.rules)} of {len(tally.rules)}",
        "every invariant is evaluated": f"{len(tally.invariants)} of {len(tally.invariants)}",
        "every action fires": f"{len(tally.actions) - len(idle)} of {len(tally.actions)}",
        "every throw is provoked": f"{len(tally.throws)} of {len(tally.throws)}",
        **{f"{name} cannot fire": why for name, why in sorted(idle.items())},
    }
    bound = f"{tally.runs} runs of up to {steps} steps{over_stand_ins(exercise.bound())}"
    return verdict(Grade.SAMPLED, bound=bound, vacuity_checks=vacuity_checks)


def retrace(exercise: type[Exercise], calls: Sequence[RuleCall]) -> Counterexample | None:
    """Runs the calls once more, without Hypothesis, as a trace; None when nothing fails.

    Raises KeyError when there is no rule of that name.
    """
    rules = {each.function.__name__: each.function for each in exercise.setup_state().rules}
    state = exercise()
    initial = concrete, abstract = dict(state.concrete()), dict(state.abstract())
    steps: list[Step] = []
    failure = _failure(state, lambda: None)
    for name, arguments in calls:
        if failure is not None:
            break
        state.called = None
        failure = _failure(state, functools.partial(rules[name], state, **arguments))
        before, concrete = concrete, dict(state.concrete())
        abstract_before, abstract = abstract, dict(state.abstract())
        function, where = _place(state.called)
        steps.append(
            Step(
                thread="main",
                action=_spelled(name, arguments),
                function=function,
                where=where,
                concrete=changed(before, concrete),
                abstract=changed(abstract_before, abstract),
            )
        )
    if failure is None:
        return None
    divergence, broken = failure
    return Counterexample(
        invariant=divergence.invariant,
        citation=divergence.citation,
        why=divergence.why,
        steps=steps,
        initial_concrete=initial[0],
        initial_abstract=initial[1],
        diverging=divergence.why,
        reproduction=_program(exercise, calls[: len(steps)], broken),
        replay=Replay(
            f"{exercise.subject()}/{exercise.harness}",
            [[name, arguments] for name, arguments in calls[: len(steps)]],
            _variant(exercise),
        ),
    )


def shorter(exercise: type[Exercise], calls: Sequence[RuleCall]) -> list[RuleCall]:
    """The calls without those that the failure at their end does not need; all if none fails."""
    kept = list(calls)
    size = len(kept)
    while size > 0:
        at = 0
        while at < len(kept):
            fewer = _fails(exercise, kept[:at] + kept[at + size :])
            if fewer is None:
                at += size
            else:
                kept = fewer
        size //= 2
    return kept


def _fails(exercise: type[Exercise], calls: Sequence[RuleCall]) -> list[RuleCall] | None:
    """The calls up to the first failure, without those whose preconditions are false."""
    rules = {each.function.__name__: each for each in exercise.setup_state().rules}
    state = exercise()
    made: list[RuleCall] = []
    for name, arguments in calls:
        rule = rules[name]
        if all(precondition(state) for precondition in rule.preconditions):
            made.append((name, arguments))
            if _failure(state, functools.partial(rule.function, state, **arguments)) is not None:
                return made
    return None


def _failure(state: Exercise, rule: Callable[[], None]) -> tuple[Diverged, str] | None:
    """What is wrong, and the name of the invariant that sees it: none if the rule itself does."""
    checking = ""
    try:
        rule()
        for each in state.invariants:
            checking = each.function.__name__
            if all(precondition(state) for precondition in each.preconditions):
                each.function(state)
    except Diverged as failure:
        return failure, checking
    except state.throw as error:
        why = f"the port throws {str(error)!r}, which nothing allows"
        return state.divergence("throws", why), checking
    return None


def _program(exercise: type[Exercise], calls: Sequence[RuleCall], broken: str) -> str:
    """The run as a program that fails as the run does."""
    variant = _variant(exercise)
    made = f"{exercise.__name__}.on({variant!r})" if variant else exercise.__name__
    lines = [f"from {exercise.__module__} import {exercise.__name__}", "", f"state = {made}()"]
    lines += [f"state.{_spelled(name, arguments)}" for name, arguments in calls]
    return "\n".join([*lines, *([f"state.{broken}()"] if broken else [])])


def _spelled(name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def _place(function: Callable[..., Any] | None) -> tuple[str, str]:
    """What a port function ports, in the words its docstring begins with, and where it is."""
    code = getattr(inspect.unwrap(function), "__code__", None) if function else None
    if function is None or code is None:
        return "", ""
    cited = (function.__doc__ or "").partition(":")[0]
    return cited, place(code.co_filename, code.co_firstlineno)


def _settings(examples: int, steps: int, seed: int, *, shrink: bool) -> settings:
    return settings(
        backend=uniform(seed),
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
        # How fast the machine is today decides nothing; all other health checks stay on.
        suppress_health_check=[HealthCheck.too_slow],
    )


def _counted(exercise: type[Exercise], tally: RunCoverage) -> type[Exercise]:
    """The exercise with its rules and invariants counted once they ran to their end."""
    namespace: dict[str, Any] = {"__init__": _starting(exercise, tally), "teardown": _ending(tally)}
    for name, member in inspect.getmembers(exercise):
        rule, checked = getattr(member, RULE_MARKER, None), getattr(member, INVARIANT_MARKER, None)
        if rule is not None:
            if rule.targets or rule.bundles:
                raise ValueError(f"the rule {name} uses a bundle: its runs cannot be written down")
            function = _counting_rule(rule.function, tally)
            setattr(function, RULE_MARKER, replace(rule, function=function))
            namespace[name] = function
        elif checked is not None:
            function = _counting_invariant(checked.function, tally)
            setattr(function, INVARIANT_MARKER, replace(checked, function=function))
            namespace[name] = function
    return type(exercise.__name__, (exercise,), namespace)


def _starting(exercise: type[Exercise], tally: RunCoverage) -> Callable[[Any], None]:
    def start(self: Any) -> None:
        exercise.__init__(self)
        tally.calls = []

    return start


def _ending(tally: RunCoverage) -> Callable[[Any], None]:
    def end(self: Any) -> None:
        tally.runs += bool(tally.calls)
        tally.actions.update(self.fired())
        tally.throws.update(self.thrown)

    return end


def _counting_rule(function: Callable[..., None], tally: RunCoverage) -> Callable[..., None]:
    tally.rules[function.__name__] = 0

    @functools.wraps(function)
    def rule(self: Any, **arguments: Any) -> None:
        tally.calls.append((function.__name__, arguments))
        function(self, **arguments)
        tally.rules[function.__name__] += 1

    return rule


def _counting_invariant(function: Callable[..., None], tally: RunCoverage) -> Callable[..., None]:
    tally.invariants[function.__name__] = 0

    @functools.wraps(function)
    def check(self: Any) -> None:
        function(self)
        tally.invariants[function.__name__] += 1

    return check


def _variant(exercise: type[Exercise]) -> str:
    return exercise.mutant.name if exercise.mutant else ""


@functools.cache
def _instance(exercise: type[Comparison]) -> Instance:
    return Instance(exercise.abstraction.machine, exercise.sizes, exercise.constants)
