"""Contracts: only what CrossHair confirmed counts, and a counterexample is run again."""

from collections.abc import Callable

import pytest

from checker.contracts import Contract, check_contract
from checker.counterexample import Replay
from checker.verdict import Grade, Verdict
from tests.verdicts import counterexample_of

WHERE = Replay("toy/contracts", [], "mutant")
PROGRAM = "from toy import contract"


def half(n: int) -> int:
    return n // 2


def natural(n: int) -> bool:
    return n >= 0


def halves(n: int) -> bool:
    return half(n) * 2 <= n < half(n) * 2 + 2


def check(
    requires: Callable[..., bool],
    ensures: Callable[..., bool],
    bound: str = "",
    seconds: float = 5.0,
) -> Verdict:
    contract = Contract("half", "stubs.go half", requires, ensures, bound)
    return check_contract(contract, WHERE, PROGRAM, seconds)


def test_what_holds_of_all_is_proved() -> None:
    verdict = check(natural, halves)
    assert verdict.grade is Grade.PROVED
    assert verdict.solver.startswith("crosshair ")
    assert verdict.vacuity_checks == {"half: precondition is met": "n=0"}


def test_with_a_bound_it_is_exhausted() -> None:
    verdict = check(natural, halves, "natural numbers")
    assert verdict.grade is Grade.EXHAUSTED
    assert verdict.bound == "natural numbers"


def test_what_fails_is_refuted_with_its_arguments() -> None:
    def ensures(n: int) -> bool:
        return half(n) < 1000

    counterexample = counterexample_of(check(natural, ensures))
    (n,) = counterexample.initial_concrete.values()
    assert isinstance(n, int)
    assert n >= 2000
    assert (counterexample.invariant, counterexample.citation) == ("half", "stubs.go half")
    assert counterexample.why == "the contract is broken: it is false"
    assert counterexample.replay == Replay("toy/contracts", ["half", {"n": n}], "mutant")
    assert counterexample.reproduction == f"{PROGRAM}\nprint(contract.broken({{'n': {n}}}))"


def test_an_exception_refutes() -> None:
    def ensures(n: int) -> bool:
        return 100 // (n - 7) < 1000

    counterexample = counterexample_of(check(natural, ensures))
    assert counterexample.initial_concrete == {"n": 7}
    assert counterexample.why == "the contract is broken: it raises ZeroDivisionError: " + (
        "integer division or modulo by zero"
    )


def test_arguments_of_several_types() -> None:
    def requires(n: int, up: bool) -> bool:  # noqa: ARG001
        return n >= 0

    def ensures(n: int, up: bool) -> bool:
        return half(n + 1) >= half(n) if up else half(n) <= n

    assert check(requires, ensures).grade is Grade.PROVED


def test_a_contract_says_how_it_is_broken() -> None:
    contract = Contract("half", "", natural, lambda n: half(n) == 3)
    assert contract.broken({"n": 7}) == ""
    assert contract.broken({"n": 8}) == "it is false"
    assert contract.broken({"n": -1}) == ""
    assert Contract("", "", natural, lambda n: 1 // n > 0).broken({"n": 0}).startswith("it raises")


@pytest.mark.parametrize("seconds", [0.5])
def test_giving_up_is_unknown(seconds: float) -> None:
    def requires(n: int) -> bool:
        return 0 <= n < 1 << 64

    def ensures(n: int) -> bool:
        return n & 0xFFFF_FFFF_FFFF_E000 <= n

    verdict = check(requires, ensures, seconds=seconds)
    assert verdict.grade is Grade.UNKNOWN
    assert "cannot_confirm" in verdict.reason
