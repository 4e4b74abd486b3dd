"""What a room may know of the others, by name or in a string: import-linter sees imports only."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

ABOVE = {
    "checker": ("impl", "model", "golang", "harness", "proofs", "mheap", "bench"),
    "impl": ("checker", "model", "golang", "harness", "proofs", "mheap", "bench"),
    "model": ("impl", "golang", "harness", "proofs", "mheap", "bench"),
    "golang": ("impl", "model", "harness", "proofs", "mheap", "bench"),
    "harness": ("proofs", "mheap", "bench"),
    "proofs": ("mheap", "bench"),
    "examples": ("impl", "model", "golang", "harness", "proofs", "mheap", "bench"),
}
"""For each room, those it must not know."""

CHECKER_ONLY = ("tests/checker", "examples")
"""Folders whose files import nothing of ours but checker, each other and some helpers."""

HELPERS = ("tests/conftest.py", "tests/verdicts.py")
"""What tests share; it imports nothing else either."""

FOREIGN = re.compile(
    r"\b(?:Go(?:lang)?|golang|goroutines?|[Mm]heap|mspan|[Ss]pans?|[Aa]renas?|[Ss]weep\w*)\b"
    r"|\b\w+\.go\b"
)
"""Words of the heap and of its language: names, strings and comments of checker/ have none."""

TEXT = {tokenize.NAME, tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}


def words(path: Path) -> Iterator[tuple[int, str]]:
    """The names, strings and comments of a file, each with its line."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type in TEXT:
                yield token.start[0], token.string


def found(room: str, pattern: re.Pattern[str]) -> dict[str, list[str]]:
    """What in a room's texts matches, by file and line."""
    return {
        f"{path.relative_to(ROOT).as_posix()}:{line}": matches
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, text in words(path)
        if (matches := pattern.findall(text))
    }


def exists(name: str) -> bool:
    """Whether a dotted name or a path is a module, a folder or a file of ours."""
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def dotted(path: Path) -> str:
    """The name under which a file is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def test_checker_names_neither_the_heap_nor_its_language() -> None:
    assert found("checker", FOREIGN) == {}


@pytest.mark.parametrize("room", ABOVE)
def test_no_room_names_one_that_it_must_not_know(room: str) -> None:
    """As a module or a file, in a string or comment too; `mheap.grow` may also be a name of Go's."""
    path = re.compile(rf"(?<![\w./-])((?:{'|'.join(ABOVE[room])})[./]\w+)")
    named = {
        at: [each for each in names if exists(each)] for at, names in found(room, path).items()
    }
    assert {at: names for at, names in named.items() if names} == {}


@pytest.mark.parametrize("folder", CHECKER_ONLY)
def test_what_is_for_the_checker_alone_imports_nothing_else_of_ours(folder: str) -> None:
    ours = {path.name for path in ROOT.iterdir() if path.is_dir()}
    own = ["checker", folder.replace("/", "."), *(dotted(ROOT / each) for each in HELPERS)]
    files = [*sorted((ROOT / folder).rglob("*.py")), *(ROOT / each for each in HELPERS)]
    wrong = [
        f"{path.relative_to(ROOT)}: {module}"
        for path in files
        for module in imported(path)
        if module.partition(".")[0] in ours
        and not f"{module}.".startswith(tuple(f"{each}." for each in own))
    ]
    assert not wrong


def test_no_module_of_checker_has_a_variable_that_changes() -> None:
    """What changes while engines run is in their objects, and in checker/context.py."""
    changing = []
    for path in sorted((ROOT / "checker").rglob("*.py")):
        tree = ast.parse(path.read_text())
        changing += [
            f"{path.relative_to(ROOT)}: global {', '.join(node.names)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Global)
        ]
        # One that starts empty is there to be filled.
        changing += [
            f"{path.relative_to(ROOT)}: {ast.unparse(node)}"
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and ast.unparse(node.value or ast.Pass()) in ("[]", "{}", "set()", "dict()", "list()")
        ]
    assert not changing


@pytest.mark.parametrize(
    "text", ["x = 'mheap.go'", "'as it panics in Go'", "# of any span", "arena = 1", "f'{x} Span'"]
)
def test_a_foreign_word_is_seen(text: str, tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(f"{text}\n")
    assert any(FOREIGN.search(each) for _, each in words(file))
