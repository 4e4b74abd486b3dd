"""The repository itself: what its documents and citations point to exists."""

import re
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from golang.errors import CannotCheck
from golang.source import Source
from golang.toolchain import find_go
from mheap.cli import cli
from proofs.subjects import MODULES, subject

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "checker/README.md"])
ROOMS = (
    "impl",
    "model",
    "checker",
    "golang",
    "harness",
    "proofs",
    "mheap",
    "tests",
    "docs",
    "bench",
    "examples",
)
LONGEST = 500
LISTS = {  # as long as what they list
    "docs/where-is-what.md",
    "golang/fingerprints.json",
    "harness/invariants.toml",
}

CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
FILE = re.compile(rf"(?<![\w/.-])(?:(?:{'|'.join(ROOMS)})/[\w/.-]*|[\w-]+\.(?:md|toml|txt))")
LINK = re.compile(r"\]\(([^):#]+)\)")
MACHINE_PATH = re.compile(rf"(?<![\w.*-])/({'|'.join(('tmp', 'work', 'root', 'home'))})\b")
CITATION = re.compile(r"\bruntime/(\w+\.go):(\d+)(?:-(\d+))?(?: ((?:\w+\.)?\w+))?")
PIN = re.compile(r"([\w.-]+)==[\w.]+")


def tracked() -> list[Path]:
    """The files of the repository, new ones included."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip(f"no list of the repository's files: {listing.stderr.strip()}")
    paths = sorted({ROOT / name for name in listing.stdout.split("\0") if name})
    return [path for path in paths if path.is_file()]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_in(document: Path) -> Iterator[str]:
    """The lines of code blocks and the code within sentences."""
    for block, inline in CODE.findall(document.read_text()):
        yield from (block or inline).splitlines()


def documented_from(lines: Sequence[str], start: int) -> int:
    """Where the comment above a function begins."""
    while lines[start - 1].startswith("//"):
        start -= 1
    return start


def test_no_file_is_too_long() -> None:
    lengths = {named(path): len(path.read_text().splitlines()) for path in tracked()}
    long = {name: length for name, length in lengths.items() if length > LONGEST}
    assert long.keys() <= LISTS, long


def test_no_file_names_a_place_on_one_machine() -> None:
    found = {
        named(path): match[0]
        for path in tracked()
        if (match := MACHINE_PATH.search(path.read_text()))
    }
    assert found == {}


def test_a_protocol_has_a_model_and_something_in_the_fast_tier() -> None:
    protocols = [name for name, module in MODULES.items() if ".protocols." in module]
    assert len(protocols) >= 4
    for name in protocols:
        declared = subject(name)
        assert declared.machine is not None, name
        assert declared.abstraction is not None, name
        assert declared.monitors(), name
        assert (ROOT / "model" / f"{name}.py").is_file()
        assert declared.fast, f"{name}: nothing is in the fast tier"


def test_each_folder_of_theorems_declares_a_subject() -> None:
    """A folder that was forgotten would be missing from every run, and nobody would see it."""
    folders = {path.parent for path in (ROOT / "proofs").glob("*/*/*.py")}
    assert {path.name for path in folders} == set(MODULES)
    named_in_readme = (ROOT / "README.md").read_text()
    for name in MODULES:
        assert name in named_in_readme


def test_each_command_in_a_document_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        for line in code_in(document):
            for target in re.findall(r"^(?:\$ )?make ([a-z]+)", line):
                assert target in targets, f"{named(document)}: {line}"
            for command in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?mheap ([a-z]+)", line):
                assert command in cli.commands, f"{named(document)}: {line}"


def test_each_file_in_a_document_exists() -> None:
    for document in DOCUMENTS:
        places = {match for line in code_in(document) for match in FILE.findall(line)}
        for place in sorted(places):
            assert (ROOT / place.rstrip(".")).exists(), f"{named(document)}: {place}"
        for target in LINK.findall(document.read_text()):
            assert (document.parent / target).exists(), f"{named(document)}: {target}"


def test_the_readme_promises_the_exit_codes_that_the_help_does() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    shown = CliRunner().invoke(cli, ["--help"]).output
    for meaning in ("it holds", "it is violated", "no answer"):
        assert meaning in " ".join(shown.split())
        assert meaning in readme


def test_each_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = {re.split(r"[=><\[]", each)[0] for group in groups for each in group}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {match[1].replace("_", "-") for line in lines if (match := PIN.fullmatch(line))}
    assert len(pins) == len(lines), "constraints.txt pins exactly, one package a line"
    assert wanted - pins == set()


def test_each_citation_is_in_the_installed_go() -> None:
    """A cited line is not blank; where a function is named as well, the line is in it or above."""
    try:
        source = Source.read(find_go().runtime_source)
    except CannotCheck as error:
        pytest.skip(str(error))
    functions = source.functions()
    wrong = []
    cited = [path for path in tracked() if path.suffix in (".py", ".md", ".toml")]
    for path in cited:
        if ROOT / "tests" in path.parents:
            continue  # made-up places, to test with
        for match in CITATION.finditer(path.read_text()):
            file, first, last, name = match.groups(default="")
            lines = source.files.get(file, ())
            start, end = int(first), int(last or first)
            text = " ".join(lines[start - 1 : end])
            there = text.strip() and end <= len(lines)
            if name and there and not re.search(rf"\b{name.split('.')[-1]}\b", text):
                bodies = [each for each in functions.get(name, []) if each.file == file]
                there = any(
                    documented_from(lines, each.start) <= start - 1 <= each.end for each in bodies
                )
            if not there:
                wrong.append(f"{named(path)}: {match[0]}")
    assert not wrong, "\n".join(sorted(set(wrong)))
