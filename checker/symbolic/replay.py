"""Running a harness on recorded plain inputs: what a proof says must happen in CPython too."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NoReturn

from checker.bitvectors import OutsideSubset, running
from checker.symbolic.harness import Harness, PathEnd
from checker.symbolic.lines import Recording, SourceLine
from checker.symbolic.outcome import Failure, Input


class CheckFailed(AssertionError):
    """A claim of the harness is false on this run."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class UnexpectedRequest(BaseException):
    """The run asks for something else than was recorded."""


class Replaying:
    """The engine that answers from a record. Implements `Engine`."""

    def __init__(self, inputs: Sequence[Input]) -> None:
        self._inputs = list(inputs)
        self._next = 0

    def word(self, name: str, lo: int, hi: int) -> int:
        return self.integer(name, lo, hi)

    def integer(self, name: str, lo: int | None = None, hi: int | None = None) -> int:
        value = self._take(name)
        if (lo is not None and value < lo) or (hi is not None and value > hi):
            raise UnexpectedRequest(f"{name}={value} is not in [{lo}, {hi}]")
        return value

    def flag(self, name: str) -> bool:
        return bool(self._take(name))

    def element(self, name: str, sort: str) -> int:  # noqa: ARG002  # any plain values do
        return self._take(name)

    def choose(self, n: int, label: str) -> int:
        return self.integer(label, 0, n - 1)

    def assume(self, condition: bool) -> None:
        if not condition:
            raise UnexpectedRequest("the recorded inputs break an assumption")

    def check(self, condition: bool, label: str) -> None:
        if not condition:
            raise CheckFailed(label)

    def fail(self, label: str) -> None:
        raise CheckFailed(label)

    def reach(self, label: str) -> None:
        """Reaching a place matters to a proof only."""

    def havoc(self) -> None:
        """The recorded inputs hold the arbitrary state too."""

    def stop(self) -> NoReturn:
        raise PathEnd

    def _take(self, name: str) -> int:
        if self._next == len(self._inputs):
            raise UnexpectedRequest(f"the run asks for {name!r}, which was not recorded")
        each = self._inputs[self._next]
        if each.name != name:
            raise UnexpectedRequest(f"the run asks for {name!r} where {each.name!r} was recorded")
        self._next += 1
        return each.value


@dataclass(frozen=True)
class PlainRun:
    """How a plain run ended; `what` is the label of the failed claim or the error."""

    ended: Literal["passed", "failed", "diverged"]
    what: str = ""
    lines: list[SourceLine] = field(default_factory=list)


def run_plain(harness: Harness, inputs: Sequence[Input], max_lines: int) -> PlainRun:
    """Runs the harness on plain inputs and says how it ended."""
    with running(None), Recording(max_lines) as recording:
        try:
            harness(Replaying(inputs))
        except PathEnd:
            return PlainRun("passed", "stopped", recording.lines)
        except CheckFailed as failure:
            return PlainRun("failed", failure.label, recording.lines)
        except (UnexpectedRequest, OutsideSubset) as reason:
            return PlainRun("diverged", str(reason), recording.lines)
        except Exception as error:
            return PlainRun("failed", raised(error), recording.lines)
    return PlainRun("passed", lines=recording.lines)


def replay(harness: Harness, inputs: Sequence[Input], max_lines: int = 1_000_000) -> Failure | None:
    """The failure the harness shows on these inputs; None when every claim holds.

    Raises ValueError when the inputs do not fit the harness.
    """
    run = run_plain(harness, inputs, max_lines)
    if run.ended == "diverged":
        raise ValueError(run.what)
    return Failure(run.what, tuple(inputs)) if run.ended == "failed" else None


def raised(error: Exception) -> str:
    """The label of the implicit claim that a harness ends without an exception."""
    return f"raises {type(error).__name__}: {error}"


def same_error(a: str, b: str) -> bool:
    """Whether two labels made by `raised` tell of one class; texts may show symbolic values."""
    return a.startswith("raises ") and a.partition(":")[0] == b.partition(":")[0]
