"""The three corners of the triangle, and which of them each check is about."""

from collections.abc import Iterator
from enum import StrEnum

from checker.obligation import Obligation, Technique
from harness.subject import Subject
from proofs.subjects import subjects


class Corner(StrEnum):
    """Of what a check says something."""

    MODEL = "model"
    PORT = "port"
    RUNTIME = "real runtime"


_OTHERS = {
    Technique.INDUCTION: Corner.MODEL,
    Technique.REACHABILITY: Corner.MODEL,
    Technique.TRACE: Corner.RUNTIME,
}


def corner(obligation: Obligation) -> Corner:
    """The model or a recording of the real runtime; all other techniques run the port."""
    return _OTHERS.get(obligation.technique, Corner.PORT)


def checks() -> dict[str, Corner]:
    """Each name that may turn red: obligations with and without their cases, invariants, claims."""
    return {name: about for subject in subjects() for name, about in _checks(subject)}


def _checks(subject: Subject) -> Iterator[tuple[str, Corner]]:
    for each in subject.obligations():
        if each.mutant is None:
            yield f"{subject.name}.{each.name}", corner(each)
            yield f"{subject.name}.{each.title}", corner(each)
    if subject.machine is not None:
        machine = subject.machine()
        for name in (*machine.invariants, *machine.transitions):
            yield f"{subject.name}.{name}", Corner.MODEL
    for name in subject.claims:
        yield f"{subject.name}.{name}", Corner.PORT
