"""Collection: a file `subject.py` becomes a test for each obligation that its SUBJECT declares."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from checker.obligation import DeclaredSubject, Obligation
from checker.verdict import Verdict

FILE = "subject.py"

MEANS = pytest.StashKey[Any]()
"""In the configuration: what the session provides to all checks."""


class ObligationItem(pytest.Item):
    """One obligation as a test."""

    def __init__(self, *, subject: str, obligation: Obligation, **more: Any) -> None:
        super().__init__(**more)
        self.subject = subject
        self.obligation = obligation
        self.result: tuple[Verdict, float] | None = None
        """What the check came to, in how many seconds."""
        self.extra_keyword_matches.update(_keywords(obligation))
        if obligation.fast:
            self.add_marker("fast")

    def runtest(self) -> None:
        """Checks the obligation; what the verdict means is for the plugin to say."""
        start = time.perf_counter()
        verdict = self.obligation.check(self.config.stash[MEANS])
        self.result = verdict, time.perf_counter() - start

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it is declared, as pytest heads a failure."""
        return self.path, 0, f"{self.subject}.{self.name}"


class SubjectFile(pytest.Module):
    """A module that declares a SUBJECT."""

    def collect(self) -> Iterable[pytest.Item]:
        """An item for each obligation."""
        subject: DeclaredSubject | None = getattr(self.obj, "SUBJECT", None)
        if subject is None:
            raise self.CollectError(f"{self.nodeid} declares no SUBJECT")
        for each in subject.obligations():
            yield ObligationItem.from_parent(
                self, name=each.title, subject=subject.name, obligation=each
            )


def _keywords(obligation: Obligation) -> set[str]:
    """What `-k` finds it by, beside its id: the technique, and what kind of obligation it is."""
    kinds = {"mutant": obligation.mutant is not None, "finding": bool(obligation.finding)}
    words = {obligation.technique.value, obligation.finding}
    return {word for word in words if word} | {kind for kind, is_one in kinds.items() if is_one}
