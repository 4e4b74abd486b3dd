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

QUICK = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""Without the plugins that these runs do not need and that take long to load."""

CONFTEST = """
import sys
sys.path.insert(0, {root!r})
from checker.plugin import *
from checker.plugin import configure

def pytest_configure(config):
    configure(config, replay_command="replay", others={{"go": None}})
"""

PRELUDE = """
from dataclasses import dataclass
import pytest
from checker.counterexample import Counterexample, Replay, Step
from checker.obligation import obligation
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

def claim(expect=Grade.PROVED, **more):
    return obligation(
        technique="toy", statement="it holds", cites="mheap.go:1", expect=expect, **more
    )
"""

KILLED = """
@pytest.mark.parametrize("mutant", [Mutant("drop")], ids=lambda each: each.name)
@claim(Grade.REFUTED)
def test_holds_kills(mutant):
    return REFUTED
"""


class Folder:
    """A folder like proofs/ with the subject `toy`."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.root = pytester.path
        conftest = CONFTEST.format(root=str(Path(__file__).parents[1]))
        self._write("claims/conftest.py", conftest)

    def add(self, body: str, name: str = "test_claims", subject: str = "toy") -> None:
        """Add a test file made of the prelude and `body`."""
        self._write(f"claims/{subject}/{name}.py", PRELUDE + dedent(body))

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
