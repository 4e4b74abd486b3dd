"""Inductive proof: the properties hold initially and every action keeps them, for any sizes.

One question for each action and property: "is there a state that satisfies all properties, in which
the action is enabled, after which this property fails?". Z3 must answer no under every seed and
cvc5 must not disagree. The vacuity checks ask whether the question meant anything: can the action fire
at all, could the property fail at all, which hypotheses did the answer need?
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3

from checker.formulas import (
    FormulaState,
    Successor,
    Vocabulary,
    arbitrary_state,
    guards,
    initial_state,
    lookup,
    state_after,
    statement,
    written,
)
from checker.logic import And, Not, to_z3
from checker.solver import DEFAULT_RLIMIT, Answer, Questions, second_opinion, solve, version
from checker.spec import Action, Domain, Machine, Property
from checker.verdict import Grade, Verdict
from checker.witness import Witness

SEEDS = (0, 1, 2)
SMALL_SIZES = (1, 2, 3, 4, 8, 16)


@dataclass(frozen=True)
class Question:
    """`hypotheses` and `facts` imply the goal, asked as: can they hold while the goal fails?"""

    action: Action | None
    goal: str
    prop: Property | None
    facts: tuple[Any, ...]
    hypotheses: dict[str, Any]
    negated_goal: Any
    arguments: tuple[Any, ...] = ()
    goal_arguments: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.action.name if self.action else 'initially'} keeps {self.goal}"


@dataclass
class _Tally:
    questions: int = 0
    agreed: int = 0
    rlimit: int = 0
    needed: set[str] = field(default_factory=set)
    facts: tuple[Any, ...] | None = None
    asking: dict[int, Questions] = field(default_factory=dict)
    """By seed, the questions with these facts: those about one action."""


def prove(
    machine: Machine,
    *,
    seeds: Sequence[int] = SEEDS,
    rlimit: int = DEFAULT_RLIMIT,
    variant: str = "",
) -> Verdict:
    """PROVED when the machine's properties are inductive for any number of elements.

    REFUTED carries a counterexample to induction: a state that satisfies every property and a step
    that breaks one. The state may be unreachable; then a lemma is missing. `variant` names a
    mutated machine in the replay of its counterexample.
    """
    vocabulary = Vocabulary(machine)
    tally = _Tally()
    for question in questions(vocabulary):
        verdict = _settle(vocabulary, question, tally, seeds, rlimit, variant)
        if verdict is not None:
            return verdict
    vacuity_checks, weak = _vacuity_checks(vocabulary, rlimit)
    lemmas = {name for name, prop in machine.invariants.items() if prop.lemma}
    vacuity_checks["lemmas no other proof needed"] = (
        ", ".join(sorted(lemmas - tally.needed)) or "none"
    )
    vacuity_checks["cvc5 agrees"] = f"{tally.agreed} of {tally.questions}"
    counts = {
        "questions": tally.questions,
        "seeds": len(seeds),
        "actions": len(machine.actions),
        "properties": len(machine.invariants) + len(machine.transitions),
        "max_rlimit": tally.rlimit,
    }
    if weak is not None:
        grade, reason = weak
        return Verdict(
            grade, reason=reason, counts=counts, vacuity_checks=vacuity_checks, solver=version()
        )
    return Verdict(Grade.PROVED, counts=counts, vacuity_checks=vacuity_checks, solver=version())


def questions(vocabulary: Vocabulary) -> Iterator[Question]:
    """Every question whose answer must be no."""
    machine = vocabulary.machine
    before = arbitrary_state(vocabulary)
    facts = tuple(_facts(vocabulary, before))
    hypotheses = {
        name: statement(vocabulary, prop, before) for name, prop in machine.invariants.items()
    }
    initial = initial_state(vocabulary)
    for prop in machine.invariants.values():
        yield _ask(vocabulary, None, prop, (), {}, (initial,), ())
    for action in machine.actions.values():
        state, after, arguments, enabled = fire(vocabulary, before, action)
        given = (*facts, *enabled)
        for prop in machine.invariants.values():
            yield _ask(
                vocabulary, action, prop, given, hypotheses, (state_after(after),), arguments
            )
        for prop in machine.transitions.values():
            states = (state, state_after(after))
            yield _ask(vocabulary, action, prop, given, hypotheses, states, arguments)
        for name in written(after):
            kept = vocabulary.types_hold(machine.variables[name], lookup(state_after(after), name))
            negated = z3.Not(kept)
            yield Question(action, f"type of {name}", None, given, hypotheses, negated, arguments)


def fire(
    vocabulary: Vocabulary, before: FormulaState, action: Action
) -> tuple[FormulaState, Successor, tuple[Any, ...], list[Any]]:
    """One symbolic step: the state before, the state after, the arguments, what enables it."""
    state = FormulaState(vocabulary, {n: lookup(before, n) for n in vocabulary.machine.variables})
    after = Successor(state)
    arguments, enabled = _values(vocabulary, action.params)
    action.body(state, after, *arguments)
    return state, after, arguments, [*enabled, *guards(state)]


def _ask(
    vocabulary: Vocabulary,
    action: Action | None,
    prop: Property,
    facts: tuple[Any, ...],
    hypotheses: dict[str, Any],
    states: tuple[FormulaState, ...],
    arguments: tuple[Any, ...],
) -> Question:
    values, inside = _values(vocabulary, prop.params)
    if action is None:
        inside += [
            to_z3(c >= vocabulary.machine.constants[n]) for n, c in vocabulary.constants.items()
        ]
    negated = z3.And(*inside, to_z3(Not(prop.body(*states, *values))))
    return Question(action, prop.name, prop, facts, hypotheses, negated, arguments, values)


def _values(
    vocabulary: Vocabulary, params: Sequence[tuple[str, Domain]]
) -> tuple[tuple[Any, ...], list[Any]]:
    values = tuple(vocabulary.fresh(name, domain) for name, domain in params)
    inside = And(*(vocabulary.within(d, v) for (_, d), v in zip(params, values, strict=True)))
    return values, [to_z3(inside)]


def _facts(vocabulary: Vocabulary, state: FormulaState) -> Iterator[Any]:
    """What holds of any state by declaration: the types and the least values of the constants."""
    for name, variable in vocabulary.machine.variables.items():
        yield vocabulary.types_hold(variable, lookup(state, name))
    for name, least in vocabulary.machine.constants.items():
        yield to_z3(vocabulary.constants[name] >= least)


def _settle(
    vocabulary: Vocabulary,
    question: Question,
    tally: _Tally,
    seeds: Sequence[int],
    rlimit: int,
    variant: str,
) -> Verdict | None:
    """None when the answer is no; otherwise the verdict that ends the proof."""
    tally.questions += 1
    plain = [*question.facts, question.negated_goal]
    if question.facts is not tally.facts:
        tally.facts, tally.asking = question.facts, {}
    for seed in seeds:
        if seed not in tally.asking:
            tally.asking[seed] = Questions(
                question.facts, question.hypotheses, seed=seed, rlimit=rlimit
            )
        answer = tally.asking[seed].ask(question.negated_goal)
        tally.rlimit = max(tally.rlimit, answer.rlimit_used)
        if answer.status == "unknown":
            reason = (
                f"{question.name}: the solver gave up ({answer.reason}), seed {seed}; "
                "allow it more (rlimit), or split the property or strengthen it by a lemma"
            )
            return Verdict(Grade.UNKNOWN, reason=reason, solver=version(), seed=seed)
        if answer.status == "sat":
            return _refuted(vocabulary, question, answer, rlimit, variant)
        tally.needed |= answer.core - {question.goal}
    other = second_opinion([*plain, *question.hypotheses.values()])
    if other == "sat":
        reason = f"{question.name}: z3 says unsat, cvc5 says sat"
        return Verdict(Grade.UNKNOWN, reason=reason, solver=version())
    tally.agreed += other == "unsat"
    return None


def _refuted(
    vocabulary: Vocabulary, question: Question, answer: Answer, rlimit: int, variant: str
) -> Verdict:
    witness = Witness(vocabulary, _smallest(vocabulary, question, answer, rlimit).model, variant)
    counterexample = witness.confirm(
        question.action, question.arguments, question.prop, question.goal_arguments
    )
    if counterexample is None:
        reason = f"{question.name}: the solver's model is not confirmed by the plain reading"
        return Verdict(Grade.UNKNOWN, reason=reason, solver=version())
    return Verdict(
        Grade.REFUTED, counterexample=counterexample, solver=version(), reason=question.name
    )


def _smallest(vocabulary: Vocabulary, question: Question, answer: Answer, rlimit: int) -> Answer:
    """The answer for the least constants that still have one, since a person will read it."""
    asked = [*question.facts, question.negated_goal, *question.hypotheses.values()]
    if vocabulary.constants:
        for size in SMALL_SIZES:
            small = [to_z3(constant <= size) for constant in vocabulary.constants.values()]
            smaller = solve([*asked, *small], rlimit=rlimit)
            if smaller.status == "sat":
                return smaller
    return answer


def _vacuity_checks(
    vocabulary: Vocabulary, rlimit: int
) -> tuple[dict[str, str], tuple[Grade, str] | None]:
    """Checks that the proof means something; the second part says why it does not."""
    machine = vocabulary.machine
    before = arbitrary_state(vocabulary)
    facts = list(_facts(vocabulary, before))
    holding = [statement(vocabulary, prop, before) for prop in machine.invariants.values()]
    weak: tuple[Grade, str] | None = None
    for action in machine.actions.values():
        _, _, _, enabled = fire(vocabulary, before, action)
        status = solve([*facts, *holding, *enabled], rlimit=rlimit).status
        weak = weak or _meaning(status, f"{action.name} can fire where the properties hold")
    for prop in machine.invariants.values():
        values, inside = _values(vocabulary, prop.params)
        broken = to_z3(Not(prop.body(before, *values)))
        status = solve([*facts, *inside, broken], rlimit=rlimit).status
        weak = weak or _meaning(status, f"{prop.name} can fail in some state")
    vacuity_checks = {
        "every action can fire": f"{len(machine.actions)} of {len(machine.actions)}",
        "every property can fail": f"{len(machine.invariants)} of {len(machine.invariants)}",
    }
    return ({}, weak) if weak else (vacuity_checks, None)


def _meaning(status: str, claim: str) -> tuple[Grade, str] | None:
    if status == "sat":
        return None
    if status == "unsat":
        return Grade.VACUOUS, f"not so: {claim}"
    return Grade.UNKNOWN, f"the solver could not tell whether {claim}"
