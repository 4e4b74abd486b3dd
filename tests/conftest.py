"""Steady examples for all tests, and a little proofs folder on which the harness is tested."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import settings

# Loaded here so that pytester, which forgets what a run has imported, does not load it again.
import checker.plugin  # noqa: F401

pytest_plugins = ["pytester"]

# The same examples in every run, however slow the machine.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")

QUICK = ("-p", "checker.plugin", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""Our plugin, as if it were installed; not those that take long to load and are not needed."""

CONFTEST = """
from checker.settings import Settings

def pytest_obligation_settings(config):
    return Settings(replay_command="replay", others={"go": None})
"""

PRELUDE = """
from dataclasses import dataclass
import pytest
from checker.counterexample import Counterexample, Replay, Step
from checker.obligation import Claims, Obligation, Technique
from checker.verdict import Grade, Verdict

@dataclass(frozen=True)
class Mutant:
    name: str

STORY = Counterexample(
    invariant="one_owner",
    citation="mheap.go:475",
    why="two owners sweep twice",
    steps=[Step("t1", "acquire", "tryAcquire", "impl/mgcsweep.py:30", {"sweepgen": 3}, {"own": 1})],
    initial_concrete={"sweepgen": 2},
    initial_abstract={"own": 0},
    reproduction="port.try_acquire(span)",
    replay=Replay("toy/acquire", [0, 1]),
)
REFUTED = Verdict(Grade.REFUTED, counterexample=STORY)
PROVED = Verdict(Grade.PROVED)

DECLARED = []
SUBJECT = Claims({subject!r}, DECLARED)

def claim(expect=Grade.PROVED, **more):
    def declare(check):
        name = check.__name__
        DECLARED.append(
            Obligation(
                name, Technique.RUN, "it holds", "mheap.go:1", expect, lambda _: check(), **more
            )
        )
        return check

    return declare
"""

KILLED = """
@claim(Grade.REFUTED, mutant=Mutant("drop"), case="drop", refutes="holds")
def holds_kills():
    return REFUTED

if not any(each.name == "holds" for each in DECLARED):
    DECLARED.append(Obligation(
        "holds", Technique.RUN, "it holds", "mheap.go:1", Grade.PROVED, lambda _: PROVED
    ))
"""


class Folder:
    """A folder like proofs/ with the subject `toy`."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.root = pytester.path
        root = Path(__file__).parents[1]
        self._write("pytest.ini", f"[pytest]\npythonpath = {root}\nobligations = claims\n")
        self._write("claims/__init__.py", "")
        self._write("claims/conftest.py", CONFTEST)

    def add(self, body: str, subject: str = "toy", folder: str = "") -> None:
        """Add a subject that declares what `body` says after the prelude."""
        prelude = PRELUDE.replace("{subject!r}", repr(subject))
        place = f"claims/{folder or subject}"
        self._write(f"{place}/__init__.py", "")
        self._write(f"{place}/subject.py", prelude + dedent(body))

    def add_test(self, body: str) -> None:
        """Add an ordinary test among the obligations."""
        self._write("claims/toy/test_it.py", body)

    def add_conftest(self, body: str) -> None:
        """Add to what the folder tells pytest."""
        self._write("claims/conftest.py", CONFTEST + dedent(body))

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run pytest on the folder in this process."""
        return self.pytester.runpytest_inprocess(*QUICK, "claims", *arguments)

    def run_process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pytest on the folder as people do, for the exit code that they see."""
        command = [sys.executable, "-m", "pytest", *QUICK, "claims", *arguments]
        return subprocess.run(
            command, cwd=self.root, capture_output=True, text=True, check=False, timeout=60
        )

    def evidence(self, file: str = "build/evidence.json") -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.root / file).read_text())
        return document

    def record(self, identity: str) -> dict[str, Any]:
        """The one obligation of that id in the evidence."""
        found: dict[str, Any]
        (found,) = [each for each in self.evidence()["obligations"] if each["id"] == identity]
        return found

    def _write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def folder(pytester: pytest.Pytester) -> Folder:
    return Folder(pytester)


@pytest.fixture
def killed() -> str:
    """The source of a mutant that is refuted, as every subject must have one."""
    return KILLED
