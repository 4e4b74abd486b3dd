"""Replay: run a counterexample's harness again on the port as it is now.

A harness `replay_schedule(choices, variant)` drives the port along the recorded choices and says
whether the invariant is violated. `variant` names the binding: "" for the port itself, else one of
the subject's mutants or remedies; it raises CannotReplay for a name it does not know. A subject
declares its harnesses (`harness/subject.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker.binding import StaleEdit
from checker.counterexample import Counterexample
from golang.errors import CannotCheck

OTHER_VERSION = "was the file written by another version? run the proofs again"


@dataclass(frozen=True)
class ReplayResult:
    """What the replay found; `text` says it in words, step by step if that helps."""

    violated: bool
    text: str


Replayer = Callable[[Sequence[Any], str], ReplayResult]


class CannotReplay(Exception):
    """The replay came to no result: `reason` says why, `remedy` what to do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"cannot replay: {reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


def replay(
    counterexample: Counterexample, replays: Callable[[str], Mapping[str, Replayer]]
) -> ReplayResult:
    """Run it again. Raises CannotReplay whenever that gives no clear yes or no.

    `replays` gives the harnesses of a subject, by name.
    """
    spec = counterexample.replay
    if spec is None:
        raise CannotReplay(
            "the counterexample does not say how it was made",
            "run the program at its end instead (mheap show FILE)",
        )
    harness = _find(spec.harness, replays)
    try:
        result = harness(spec.choices, spec.variant)
    except CannotReplay:
        raise
    except StaleEdit as error:
        raise CannotReplay(
            f"the mutant {spec.variant!r} no longer fits the port: {error}",
            "run the proofs again, with the mutant brought up to date",
        ) from error
    except CannotCheck as error:
        raise CannotReplay(f"{error.subject}: {error.reason}", error.remedy) from error
    except Exception as error:
        raise CannotReplay(
            f"the harness {spec.harness} could not follow the recorded choices: "
            f"{type(error).__name__}: {error}",
            "the port has changed since: run the proofs again to see whether they still fail",
        ) from error
    if not isinstance(result, ReplayResult) or not isinstance(result.violated, bool):
        raise CannotReplay(
            f"the harness {spec.harness} returned {result!r}",
            "make it return a ReplayResult that says True or False",
        )
    return result


def _find(name: str, replays: Callable[[str], Mapping[str, Replayer]]) -> Replayer:
    subject, _, rest = name.partition("/")
    harnesses = replays(subject)
    if rest not in harnesses:
        known = ", ".join(f"{subject}/{each}" for each in sorted(harnesses)) or "none"
        raise CannotReplay(f"there is no harness {name!r}, only {known}", OTHER_VERSION)
    return harnesses[rest]
