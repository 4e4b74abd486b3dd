"""Obligations: what must be shown, how, and the least that counts as showing it.

    @obligation(technique="induction", cites="runtime/mheap.go:475", expect=Grade.PROVED,
                statement="every span's sweepgen has one of its five meanings")
    def test_meanings() -> Verdict: ...

makes an ordinary pytest test. The wrapper judges the verdict, records the evidence, and fails the
test with the counterexample when the verdict is weaker than declared. A *known finding* and a
*mutant* expect REFUTED and are as strict the other way: no longer being refuted fails them.
"""

import functools
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from checker.verdict import Grade, Verdict


@dataclass(frozen=True)
class Obligation:
    """The declaration of one check.

    `expect` is the least grade that passes; with REFUTED exactly that grade passes.
    `finding` is the issue number of a known finding in Go, `mutant` the name of the deliberate bug
    this obligation must refute.
    """

    technique: str
    statement: str
    cites: str
    expect: Grade
    finding: str = ""
    mutant: str = ""


@dataclass(frozen=True)
class Judgement:
    """An obligation with the verdict it received."""

    identity: str
    subject: str
    obligation: Obligation
    verdict: Verdict
    seconds: float

    @property
    def passes(self) -> bool:
        """Whether the verdict is what was declared or stronger."""
        grade, expect = self.verdict.grade, self.obligation.expect
        return grade is Grade.REFUTED if expect is Grade.REFUTED else grade >= expect

    @property
    def not_run(self) -> bool:
        """Whether the means to check are absent: neither a pass nor a failure."""
        return self.verdict.grade is Grade.NOT_RUN


def obligation(
    *,
    technique: str,
    statement: str,
    cites: str,
    expect: Grade,
    finding: str = "",
    mutant: str = "",
) -> Callable[[Callable[..., Verdict]], Callable[..., None]]:
    """Turns a function that returns a Verdict into a pytest test that judges it.

    The function may take fixtures and parametrized arguments. Of these, `mutant` is special: when
    it has a `name`, the recorded obligation is that mutant's. The test needs the fixture `judge`,
    which the pytest plugin in `checker.plugin` provides.
    """
    declared = Obligation(technique, statement, cites, expect, finding, mutant)

    def decorate(check: Callable[..., Verdict]) -> Callable[..., None]:
        @functools.wraps(check)
        def test(*, judge: Callable[[Obligation, Verdict, float], None], **arguments: Any) -> None:
            one = arguments.get("mutant")
            exact = _with_mutant(declared, one.name) if one is not None else declared
            start = time.perf_counter()
            verdict = check(**arguments)
            judge(exact, verdict, time.perf_counter() - start)

        signature = inspect.signature(check)
        parameters = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for each in signature.parameters.values()
        ]
        parameters.append(inspect.Parameter("judge", inspect.Parameter.KEYWORD_ONLY))
        test.__signature__ = signature.replace(parameters=parameters, return_annotation=None)  # type: ignore[attr-defined]  # read by pytest
        test.obligation = declared  # type: ignore[attr-defined]  # read by the pytest plugin
        return test

    return decorate


def _with_mutant(declared: Obligation, name: str) -> Obligation:
    return Obligation(
        declared.technique,
        declared.statement,
        declared.cites,
        declared.expect,
        declared.finding,
        name,
    )
