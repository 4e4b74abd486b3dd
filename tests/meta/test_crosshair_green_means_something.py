"""Each way in which a green run of CrossHair meant nothing, tried on our use of it: red."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crosshair.core_and_libs import AnalysisMessage, MessageType, run_checkables

from checker import contracts
from checker.contracts import Contract, check_contract
from checker.counterexample import Replay
from checker.verdict import Grade

WHERE = Replay("toy/contracts", [])

CONTRADICTION = '''
def half(n: int) -> int:
    """
    pre: n > 0
    pre: n < 0
    post: False
    """
    return n // 2
'''

FALSE = CONTRADICTION.replace("    pre: n < 0\n", "")

MASKED = '''
def masked(n: int) -> int:
    """
    pre: 0 <= n < 2**64
    post: _ <= n
    """
    return n & 0xffff_ffff_ffff_e000
'''


def silent(folder: Path, source: str, *options: str) -> bool:
    """CrossHair's own command says nothing about the file, and that it is fine."""
    file = folder / "case.py"
    file.write_text(source)
    command = [sys.executable, "-m", "crosshair", "check", str(file), *options]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return (run.returncode, run.stdout) == (0, "")


def test_crosshair_is_not_always_silent(tmp_path: Path) -> None:
    assert not silent(tmp_path, FALSE)


def grade(
    requires: Callable[..., bool], ensures: Callable[..., bool], seconds: float = 5.0
) -> Grade:
    return check_contract(Contract("toy", "", requires, ensures), WHERE, "", seconds).grade


def test_a_contradictory_precondition(tmp_path: Path) -> None:
    """It checks nothing, with a postcondition that is false, and exits with 0."""
    assert silent(tmp_path, CONTRADICTION)

    def requires(n: int) -> bool:
        return n > 0 and n < 0

    def ensures(n: int) -> bool:  # noqa: ARG001
        return False

    assert grade(requires, ensures) is Grade.VACUOUS


def test_not_confirmed(tmp_path: Path) -> None:
    """It gave up, and exits with 0."""
    assert silent(tmp_path, MASKED, "--per_condition_timeout", "1")

    def requires(n: int) -> bool:
        return 0 <= n < 1 << 64

    def ensures(n: int) -> bool:
        return n & 0xFFFF_FFFF_FFFF_E000 <= n

    assert grade(requires, ensures, seconds=1.0) is Grade.UNKNOWN


def test_a_non_linear_claim_that_is_false() -> None:
    """Its own default budget made it say that the precondition cannot be met."""

    def requires(x: int, y: int) -> bool:
        return x > 1 and y > 1

    def ensures(x: int, y: int) -> bool:
        return x * y != 1_000_003 * 999_983

    assert grade(requires, ensures, seconds=1.0) < Grade.SAMPLED


def test_a_precondition_that_raises() -> None:
    """CrossHair takes the arguments for which it raises as not meant."""

    def requires(n: int) -> bool:
        return 10 // (n - n) > 0

    def ensures(n: int) -> bool:  # noqa: ARG001
        return False

    assert grade(requires, ensures) is Grade.VACUOUS


def test_leading_assertions_that_contradict_are_confirmed_but_are_no_contract_here() -> None:
    """In CrossHair's `asserts` style that is confirmed; what has no path to its end is not."""

    def requires(n: int) -> bool:
        return n > 0

    def ensures(n: int) -> bool:
        assert n < 0
        return True

    assert grade(requires, ensures) is Grade.REFUTED


def test_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """No message at all, as for a function without conditions."""
    monkeypatch.setattr(contracts, "run_checkables", lambda _: [])
    assert grade(lambda n: n > 0, lambda n: n > 0) is Grade.VACUOUS


def test_a_confirmation_that_met_no_precondition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Confirmed is believed only beside arguments that meet the precondition."""
    real = run_checkables

    def confirm_everything(checkables: Any) -> list[AnalysisMessage]:
        messages = real(checkables)
        return [
            AnalysisMessage(
                MessageType.CONFIRMED, "", message.filename, message.line, message.column, ""
            )
            for message in messages
        ]

    monkeypatch.setattr(contracts, "run_checkables", confirm_everything)

    def requires(n: int) -> bool:
        return n > 0 and n < 0

    def ensures(n: int) -> bool:
        return n == n

    assert grade(requires, ensures) is Grade.VACUOUS


@pytest.mark.parametrize("said", ["post_fail", "exec_err"])
def test_a_counterexample_that_does_not_fail_is_no_refutation(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """A message of failure without arguments that really fail."""
    state = MessageType(said)
    message = AnalysisMessage(state, "false", "case.py", 1, 0, "")
    monkeypatch.setattr(contracts, "run_checkables", lambda _: [message])

    def anything(n: int) -> bool:
        return n == n

    assert grade(anything, anything) is Grade.UNKNOWN
