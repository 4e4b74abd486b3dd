"""Contracts of pure functions, confirmed over all their paths by CrossHair.

    Contract("pages round up", requires=lambda ..., ensures=lambda ...)

CrossHair runs the very functions on symbolic arguments. It is silent where it did not succeed, so
here nothing but "confirmed" counts: not confirmed is unknown, a precondition that nothing meets is
vacuous, and a counterexample is run again on plain values before anyone sees it.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any

from crosshair.condition_parser import ConditionExpr, ConditionExprType, Conditions
from crosshair.core import ConditionCheckable
from crosshair.core_and_libs import AnalysisMessage, MessageType, run_checkables
from crosshair.fnutil import FunctionInfo
from crosshair.options import DEFAULT_OPTIONS, AnalysisOptionSet

from checker.counterexample import Counterexample, Replay, Step
from checker.verdict import Grade, Verdict

SECONDS = 20.0
"""CPU seconds that CrossHair may spend on one contract."""


@dataclass(frozen=True)
class Contract:
    """Whatever arguments meet `requires`, `ensures` is true of them and raises nothing.

    Both take the same arguments; their annotations (int, bool) are the domain. `cites` says where it is
    claimed. A `bound` says to which part of the real domain `requires` confines the arguments.
    """

    name: str
    cites: str
    requires: Callable[..., bool]
    ensures: Callable[..., bool]
    bound: str = ""

    def broken(self, arguments: Mapping[str, Any]) -> str:
        """How it fails for these plain arguments, empty if it does not."""
        if not self.requires(**arguments):
            return ""
        try:
            return "" if self.ensures(**arguments) else "it is false"
        except Exception as error:
            return f"it raises {type(error).__name__}: {error}"


@dataclass
class _CrossHairAnalysis:
    """What CrossHair said, and the arguments for which it said it."""

    messages: Sequence[AnalysisMessage] = ()
    inputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def states(self) -> set[MessageType]:
        return {message.state for message in self.messages}

    def text(self) -> str:
        return "; ".join(f"{each.state.value}: {each.message}" for each in self.messages)


def check_contract(
    contract: Contract, replay: Replay, program: str = "", seconds: float = SECONDS
) -> Verdict:
    """PROVED when it is confirmed over all paths, EXHAUSTED when its arguments have a bound.

    REFUTED when it fails on plain arguments; VACUOUS when no arguments are found that meet the
    precondition, or CrossHair says nothing; UNKNOWN in all other cases. The harness of `replay`
    gets the name and the arguments of a counterexample; `program` assigns the contract to
    `contract`, for the reproduction.
    """
    solver = f"crosshair {version('crosshair-tool')}"

    def verdict(grade: Grade, **details: Any) -> Verdict:
        return Verdict(grade, counts={"contracts": 1}, solver=solver, **details)

    found = _analyze(contract, contract.ensures, seconds)
    for inputs in found.inputs:
        why = contract.broken(inputs)
        if why:
            counterexample = _retrace(contract, inputs, why, replay, program)
            return verdict(Grade.REFUTED, counterexample=counterexample)
    if not found.messages:
        return verdict(Grade.VACUOUS, reason=f"{contract.name}: CrossHair has nothing to say")
    if MessageType.PRE_UNSAT in found.states:
        return verdict(Grade.VACUOUS, reason=f"{contract.name}: {found.text()}")
    if found.states != {MessageType.CONFIRMED}:
        return verdict(Grade.UNKNOWN, reason=f"{contract.name}: {found.text()}")
    met = _analyze(contract, _false_like(contract.ensures), seconds).inputs
    met = [inputs for inputs in met if contract.requires(**inputs)]
    if not met:
        return verdict(Grade.VACUOUS, reason=f"{contract.name}: nothing meets the precondition")
    vacuity_checks = {f"{contract.name}: precondition is met": _spelled(met[0])}
    if contract.bound:
        return verdict(Grade.EXHAUSTED, bound=contract.bound, vacuity_checks=vacuity_checks)
    return verdict(Grade.PROVED, vacuity_checks=vacuity_checks)


def _analyze(
    contract: Contract, ensures: Callable[..., bool], seconds: float
) -> _CrossHairAnalysis:
    analysis = _CrossHairAnalysis()

    def describe(arguments: inspect.BoundArguments, _: object, __: object) -> tuple[str, str]:
        analysis.inputs.append(dict(arguments.arguments))
        return _spelled(arguments.arguments), ""

    conditions = Conditions(
        fn=ensures,
        src_fn=ensures,
        pre=[_condition(ConditionExprType.PRECONDITION, contract.requires)],
        post=[_condition(ConditionExprType.POSTCONDITION, ensures)],
        raises=frozenset(),
        sig=inspect.signature(contract.ensures),
        mutable_args=None,
        fn_syntax_messages=[],
        counterexample_description_maker=describe,
    )
    limits = AnalysisOptionSet(per_condition_timeout=seconds, per_path_timeout=seconds / 2)
    options = DEFAULT_OPTIONS.overlay(limits)
    checkable = ConditionCheckable(FunctionInfo.from_fn(ensures), options, conditions)
    analysis.messages = run_checkables([checkable])
    return analysis


def _condition(kind: ConditionExprType, function: Callable[..., bool]) -> ConditionExpr:
    """A precondition evaluates the function, a postcondition looks at what it returned."""
    code = function.__code__
    names = tuple(inspect.signature(function).parameters)

    def evaluate(values: Mapping[str, Any]) -> bool:
        if kind is ConditionExprType.POSTCONDITION:
            return bool(values["__return__"])
        return function(**{name: values[name] for name in names})

    return ConditionExpr(kind, evaluate, code.co_filename, code.co_firstlineno, function.__name__)


def _false_like(function: Callable[..., bool]) -> Callable[..., bool]:
    """A function of the same place that is never true: its counterexamples meet the precondition."""

    def false(*_: Any, **__: Any) -> bool:
        return False

    false.__name__ = function.__name__
    return false


def _retrace(
    contract: Contract, inputs: dict[str, Any], why: str, where: Replay, program: str
) -> Counterexample:
    return Counterexample(
        invariant=contract.name,
        citation=contract.cites,
        why=f"the contract is broken: {why}",
        steps=[Step("main", f"{contract.name}({_spelled(inputs)})")],
        initial_concrete=inputs,
        diverging=why,
        reproduction=f"{program}\nprint(contract.broken({inputs!r}))",
        replay=replace(where, choices=[contract.name, inputs]),
    )


def _spelled(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())
