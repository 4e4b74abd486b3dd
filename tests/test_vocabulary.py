"""One name for one thing in the source rooms, and one word: docs/glossary.md says which."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.verdict import Grade
from harness.explored import EXPLORED
from harness.stand_ins import STAND_INS
from impl.rt import Access

ROOT = Path(__file__).parent.parent
ROOMS = ("checker", "harness", "impl", "model", "golang", "proofs", "mheap", "bench")

SUBSTITUTES = {
    **{stand_in: f"impl.{module}" for module, stand_in in STAND_INS.items()},
    **{each.__module__: "impl.rt" for each in EXPLORED.values() if isinstance(each, type)},
    "checker.shared": "impl.rt",  # what impl.rt is for the port, for programs of any kind
}
"""Modules that take the place of others, and so must have their names."""


def names_of(tree: ast.Module) -> Iterator[str]:
    """The classes of a module, wherever they are, and its type aliases."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
                # Constants are in capitals and variables in small letters: this is a type.
                if name.lstrip("_")[:1].isupper() and not name.isupper():
                    yield name


def defined() -> dict[str, list[str]]:
    """Each class and type alias of the source rooms, with the modules that define it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for name in names_of(ast.parse(path.read_text())):
            found[name].append(module)
    return dict(found)


def takes_the_place(module: str, others: list[str]) -> bool:
    """Whether the module is a substitute for one of the others, or for the package it is in."""
    replaced = SUBSTITUTES.get(module)
    return replaced is not None and any(f"{each}.".startswith(f"{replaced}.") for each in others)


def test_no_class_and_no_type_alias_has_the_name_of_another() -> None:
    names = defined()
    twice = {
        name: modules
        for name, modules in names.items()
        if len([each for each in modules if not takes_the_place(each, modules)]) > 1
    }
    assert not twice
    excused = {name for name, modules in names.items() if len(modules) > 1}
    assert {"PageAlloc", "SpanSet", "GcBits", "Mutex"} <= excused


INSTEAD = {
    "story": "trace",
    "deed": "misuse",
    "companion": "vacuity check",
    "teller": "trace",
}
"""What the field has another word for."""


def singular(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")


def words_of(path: Path) -> Iterator[tuple[int, str]]:
    """The words of a source's names and texts, in small letters, each with its line."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type in (tokenize.NAME, tokenize.STRING, tokenize.COMMENT):
            apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", token.string)
            for word in re.findall(r"[A-Za-z]+", apart):
                yield token.start[0], word.lower()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_speaks_of_things_by_their_terms(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {word}, say {INSTEAD[singular(word)]}"
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, word in words_of(path)
        if singular(word) in INSTEAD
    ]
    assert not wrong


def test_the_glossary_has_each_grade_and_each_access_class() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text()
    missing = [
        name
        for name in (*Grade.__members__, *(each.value.capitalize() for each in Access))
        if name not in glossary
    ]
    assert not missing
