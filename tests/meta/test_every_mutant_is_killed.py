"""A deliberate bug that no obligation is asked to find is decoration, and so is an alarm for it."""

import importlib
import importlib.util
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.binding import StaleEdit
from checker.mutation import Mutant
from proofs.subjects import PACKAGES

SUBJECTS = sorted(PACKAGES)


def declared(subject: str) -> dict[str, tuple[str, Mutant]]:
    """The mutants of a subject, by name: where they are to be applied, and they."""
    mutants = importlib.import_module(f"{PACKAGES[subject]}.mutants")
    found = {each.name: ("model", each) for each in mutants.MODEL_MUTANTS}
    return found | {name: ("impl", each) for name, each in mutants.PORT_MUTANTS.items()}


def asked_for(subject: str) -> Iterator[Mutant]:
    """The mutants that the subject's obligations are asked to kill."""
    package = importlib.import_module(PACKAGES[subject])
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("test_"):
            module = importlib.import_module(f"{PACKAGES[subject]}.{info.name}")
            for test in vars(module).values():
                for mark in getattr(test, "pytestmark", ()):
                    if mark.name == "parametrize":
                        yield from _mutants(mark.args[1])


def _mutants(values) -> Iterator[Mutant]:
    for value in values:
        parts = value.values if hasattr(value, "values") and not isinstance(value, dict) else value
        parts = parts if isinstance(parts, tuple) else (parts,)
        yield from (part for part in parts if isinstance(part, Mutant))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_mutant_is_killed(subject):
    killed = set(asked_for(subject))
    forgotten = [name for name, (_, each) in declared(subject).items() if each not in killed]
    assert forgotten == []


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_mutant_applies(subject):
    for name, (package, mutant) in declared(subject).items():
        try:
            mutant.bind(package)
        except StaleEdit as error:
            pytest.fail(f"{name}: {error}")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_three_mutants_of_the_port_at_least(subject):
    packages = [package for package, _ in declared(subject).values()]
    assert packages.count("impl") >= 3


def mutated(package: str, mutant: Mutant) -> Iterator[tuple[str, str]]:
    """(Module, text) of each module that a mutant changes."""
    for module in sorted({edit.module for edit in mutant.edits}):
        spec = importlib.util.find_spec(f"{package}.{module}")
        text = Path(spec.origin).read_text()
        for edit in mutant.edits:
            if edit.module == module:
                text = text.replace(edit.old, edit.new)
        yield module, text


@pytest.mark.parametrize("subject", SUBJECTS)
def test_no_mutant_uses_an_undefined_name(subject, tmp_path):
    """A mutant that dies of a NameError says nothing of the check that kills it."""
    for name, (package, mutant) in declared(subject).items():
        for module, text in mutated(package, mutant):
            (tmp_path / f"{name}.{module}.py").write_text(text)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E9,F821", tmp_path]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
