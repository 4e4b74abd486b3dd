"""A deliberate bug that no obligation is asked to find is decoration, and so is an alarm for it."""

import importlib
import importlib.util
import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from checker.binding import StaleEdit
from checker.mutation import Mutant
from proofs.subjects import MODULES, subject

SUBJECTS = sorted(MODULES)


def asked_for(name: str) -> set[Mutant]:
    """The mutants of model and port that the subject's obligations are asked to kill."""
    return {each for each in subject(name).mutants() if isinstance(each, Mutant)}


def remedies(name: str) -> set[Mutant]:
    """The variants for which the subject makes a claim."""
    theorems = [theorem for group in subject(name).groups for theorem in group.theorems]
    return {each.variant for each in theorems if isinstance(each.variant, Mutant)}


def defined(name: str) -> set[Mutant]:
    """All mutants and remedies in the modules of the subject."""
    package = importlib.import_module(MODULES[name])
    modules = [
        importlib.import_module(f"{MODULES[name]}.{info.name}")
        for info in pkgutil.iter_modules(package.__path__)
    ]
    return {each for module in modules for value in vars(module).values() for each in _in(value)}


def _in(value: object) -> Iterator[Mutant]:
    if isinstance(value, Mutant):
        yield value
    elif isinstance(value, Mapping):
        yield from _in(list(value.keys()))
        yield from _in(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _in(each)


def package_of(mutant: Mutant, name: str) -> str:
    """Whose source the mutant edits: the model's, the port's, or that of the subject's lemmas."""
    modules = {edit.module for edit in mutant.edits}
    assert modules, f"{mutant} edits nothing"
    for package in ("model", "impl", MODULES[name]):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        names = {each.name for each in pkgutil.iter_modules(spec.submodule_search_locations)}
        if modules <= names:
            return package
    raise AssertionError(f"{mutant}: no package has {sorted(modules)}")


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_subject_is_called_like_its_folder(name: str) -> None:
    assert subject(name).name == name


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_mutant_is_killed(name: str) -> None:
    forgotten = {each.edits for each in defined(name)} - {
        each.edits for each in asked_for(name) | remedies(name)
    }
    planted_in_a_remedy = {
        each.edits
        for each in defined(name)
        for remedy in remedies(name)
        if any(killed.edits == remedy.edits + each.edits for killed in asked_for(name))
    }
    assert forgotten - planted_in_a_remedy == set()


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_mutant_applies(name: str) -> None:
    for mutant in asked_for(name) | remedies(name):
        try:
            mutant.bind(package_of(mutant, name))
        except StaleEdit as error:
            pytest.fail(f"{mutant}: {error}")


@pytest.mark.parametrize("name", SUBJECTS)
def test_three_mutants_of_the_port_at_least(name: str) -> None:
    assert sum(package_of(each, name) == "impl" for each in asked_for(name)) >= 3


def mutated(package: str, mutant: Mutant) -> Iterator[tuple[str, str]]:
    """(Module, text) of each module that a mutant changes."""
    for module in sorted({edit.module for edit in mutant.edits}):
        spec = importlib.util.find_spec(f"{package}.{module}")
        assert spec
        assert spec.origin
        text = Path(spec.origin).read_text()
        for edit in mutant.edits:
            if edit.module == module:
                text = text.replace(edit.old, edit.new)
        yield module, text


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_mutant_uses_an_undefined_name(name: str, tmp_path: Path) -> None:
    """A mutant that dies of a NameError says nothing of the check that kills it."""
    for mutant in asked_for(name):
        package = package_of(mutant, name)
        for module, text in mutated(package, mutant):
            (tmp_path / f"{package}-{mutant}.{module}.py").write_text(text)
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E9,F821"]
    found = subprocess.run([*command, tmp_path], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
