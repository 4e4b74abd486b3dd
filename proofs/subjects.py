"""All subjects: each folder here with a `subject.py`, which is loaded when it is asked for."""

import importlib
from collections.abc import Mapping
from pathlib import Path

from harness.replay import OTHER_VERSION, CannotReplay, Replayer
from harness.subject import Subject

MODULES = {
    path.parent.name: ".".join(("proofs", *path.relative_to(Path(__file__).parent).parts[:-1]))
    for path in sorted(Path(__file__).parent.glob("*/*/subject.py"))
}
"""The package of each subject, by the subject's name."""


def subject(name: str) -> Subject:
    """The subject of that name. Raises KeyError if there is none."""
    declared: Subject = importlib.import_module(f"{MODULES[name]}.subject").SUBJECT
    return declared


def subjects() -> list[Subject]:
    """All of them."""
    return [subject(name) for name in MODULES]


def replays_of(name: str) -> Mapping[str, Replayer]:
    """The harnesses of a subject. Raises CannotReplay if there is none, or it can't be loaded."""
    if name not in MODULES:
        raise CannotReplay(f"there is no subject {name!r}", OTHER_VERSION)
    try:
        return subject(name).replays()
    except Exception as error:
        reason = f"{MODULES[name]} cannot be loaded: {type(error).__name__}: {error}"
        raise CannotReplay(reason, "run the proofs again, they will say why") from error
