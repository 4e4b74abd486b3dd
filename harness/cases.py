"""Claims that are checked case by case, on the plain substrate, by running the port.

A claim is told as a trace only where it fails. How far a claim that holds in all its cases is shown
depends on whether they are all there are: `every` says of what they are all.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from checker.binding import Binding, Edit
from checker.counterexample import Counterexample, Replay, Step
from checker.mutation import Mutant
from checker.verdict import Grade, Verdict
from harness.replay import CannotReplay, Replayer, ReplayResult
from impl.rt.thread import start_anew

Case = tuple[Any, ...]
"""Numbers and texts, so that a case can be written down."""


class CallTrace:
    """The calls of the port that a case makes, as the steps of a trace."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def did(self, action: str, result: Any, where: str = "") -> None:
        self.steps.append(Step("M0", f"{action} -> {result}", where=where))


@dataclass(frozen=True)
class Claim:
    """A claim that Go states at `go`. `check` runs a case, and says what is wrong, or nothing.

    With `every`, the cases are all there are: it says of what.
    """

    name: str
    cites: str
    statement: str
    cases: Callable[[], Iterable[Case]]
    check: Callable[[Any, Case, CallTrace], str]
    every: str = ""


def holds(claim: Claim, *, harness: str, variant: Mutant | None = None) -> Verdict:
    """EXHAUSTED or SAMPLED when the claim is true in all its cases, REFUTED at the first it isn't."""
    port = _bound(variant.edits if variant is not None else ())
    count = 0
    for case in claim.cases():
        count += 1
        why, calls = _run(port, claim, case)
        if why:
            replay = Replay(harness, [claim.name, *case], variant.name if variant else "")
            counts = {"cases": count}
            counterexample = _counterexample(claim, why, calls, replay)
            return Verdict(Grade.REFUTED, counts=counts, counterexample=counterexample)
    if not count:
        return Verdict(Grade.VACUOUS, reason="there are no cases")
    if claim.every:
        return Verdict(Grade.EXHAUSTED, bound=claim.every, counts={"cases": count})
    return Verdict(Grade.SAMPLED, bound=f"{count} cases", counts={"cases": count})


def fixed(fix: Mutant, mutant: Mutant) -> Mutant:
    """A mutant of the port that has been mended, under the mutant's name."""
    return Mutant(mutant.name, mutant.statement, fix.edits + mutant.edits)


def replay_cases(claims: Iterable[Claim], variants: Iterable[Mutant]) -> Replayer:
    """The replay harness of a subject: choices are the claim's name and the case."""
    by_name: Mapping[str, Claim] = {each.name: each for each in claims}
    known = {each.name: each for each in variants}

    def run(choices: Sequence[Any], variant: str) -> ReplayResult:
        name, *case = choices
        if name not in by_name or (variant and variant not in known):
            raise CannotReplay(
                f"there is no claim {name!r} or variant {variant!r}",
                "was the file written by another version? run the proofs again",
            )
        port = _bound(known[variant].edits if variant else ())
        why, _ = _run(port, by_name[name], tuple(case))
        return ReplayResult(bool(why), why or "the claim holds in this case")

    return run


@cache
def _bound(edits: tuple[Edit, ...]) -> Binding:
    return Binding("impl", edits=edits)


def _run(port: Binding, claim: Claim, case: Case) -> tuple[str, CallTrace]:
    # A case that ended in a throw has left its locks behind.
    start_anew()
    calls = CallTrace()
    return claim.check(port, case, calls), calls


def _counterexample(claim: Claim, why: str, calls: CallTrace, replay: Replay) -> Counterexample:
    return Counterexample(
        invariant=claim.name,
        citation=claim.cites,
        why=claim.statement,
        steps=calls.steps,
        diverging=why,
        replay=replay,
    )
