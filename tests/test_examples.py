"""The examples and the guide of checker: they run, and need nothing of ours but checker."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import checker

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "checker" / "README.md"
EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/__init__.py"))
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
QUOTED = re.compile(r"# (examples/[\w/]+\.py)\n")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_where_there_is_nothing_but_checker(example: str, tmp_path: Path) -> None:
    for room in ("checker", "examples"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"examples/{example}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_there_are_three_examples() -> None:
    assert EXAMPLES == ["bounded_queue", "free_list", "ticket_lock"]


def test_the_guide_does_what_it_says() -> None:
    """Its blocks run one after the other; what one prints is the text block after it.

    In a process of its own, since the counterexample that the solver finds depends on what it did.
    """
    programs, shown = [], []
    for kind, block in BLOCK.findall(GUIDE.read_text()):
        quoted = QUOTED.match(block)
        if quoted is not None:
            assert block[quoted.end() :] in (ROOT / quoted[1]).read_text()
        elif kind == "text":
            shown.append(block)
        else:
            programs.append(block)
    end = "-- end of the block --\n"
    run = subprocess.run(
        [sys.executable, "-c", f"print({end!r}, end='')\n".join(programs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert [printed for printed in run.stdout.split(end) if printed] == shown
    assert len(shown) == 4


def test_the_examples_use_public_modules_only() -> None:
    public = {f"checker.{name}" for name in checker.__all__}
    used = {
        module
        for path in (ROOT / "examples").rglob("*.py")
        for module in re.findall(r"^from (checker[\w.]*) import", path.read_text(), re.MULTILINE)
    }
    assert used <= public
    for name in checker.__all__:
        assert importlib.import_module(f"checker.{name}").__doc__
        assert f"`{name}`" in (checker.__doc__ or "")
