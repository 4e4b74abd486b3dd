"""One name for one thing in the source rooms."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from harness.explored import EXPLORED
from harness.stand_ins import STAND_INS

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
