"""Replay: run a counterexample's harness again on the port as it is now.

Each subject registers its harnesses in a module `replays` of its package:

    register("sweepgen/interleaving", replay_schedule)

where `replay_schedule(choices, variant)` drives the port along the recorded choices and says
whether the invariant is violated. `variant` names the binding: "" for the port itself, else one of
the subject's mutants or variants; it raises CannotReplay for a name it does not know.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker.binding import StaleEdit
from checker.counterexample import Counterexample
from golang.errors import CannotCheck


@dataclass(frozen=True)
class ReplayResult:
    """What the replay found; `text` says it in words, step by step if that helps."""

    violated: bool
    text: str


Replayer = Callable[[Sequence[Any], str], ReplayResult]

_HARNESSES: dict[str, Replayer] = {}


class CannotReplay(Exception):
    """The replay came to no result: `reason` says why, `remedy` what to do about it."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"cannot replay: {reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


def register(name: str, harness: Replayer) -> None:
    """Make `harness` known as `name`, "<subject>/<name>". Raises ValueError if it is taken."""
    subject, slash, rest = name.partition("/")
    if not (subject.isidentifier() and slash and rest):
        raise ValueError(f"a harness is called <subject>/<name>, not {name!r}")
    if _HARNESSES.setdefault(name, harness) is not harness:
        raise ValueError(f"there are two harnesses called {name!r}")


def replay(counterexample: Counterexample, packages: Mapping[str, str]) -> ReplayResult:
    """Run it again. Raises CannotReplay whenever that gives no clear yes or no.

    `packages` gives each subject's package.
    """
    spec = counterexample.replay
    if spec is None:
        raise CannotReplay(
            "the counterexample does not say how it was made",
            "run the program at its end instead (mheap show FILE)",
        )
    harness = _find(spec.harness, packages)
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


def _find(name: str, packages: Mapping[str, str]) -> Replayer:
    subject = name.partition("/")[0]
    remedy = "was the file written by another version? run the proofs again"
    module = f"{packages.get(subject)}.replays"
    if subject not in packages or not _exists(module):
        raise CannotReplay(f"there is no subject {subject!r} with replays", remedy)
    try:
        importlib.import_module(module)
    except Exception as error:
        reason = f"{module} cannot be loaded: {type(error).__name__}: {error}"
        raise CannotReplay(reason, "run the proofs again, they will say why") from error
    harness = _HARNESSES.get(name)
    if harness is None:
        known = ", ".join(each for each in sorted(_HARNESSES) if each.startswith(f"{subject}/"))
        raise CannotReplay(f"there is no harness {name!r}, only {known or 'none'}", remedy)
    return harness


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
