"""What of Go the port says it ports, read from the docstrings of impl/.

A docstring of a function, a class, a constant or a field is a citation if it begins with a file of
Go and a name in it: "runtime/mheap.go mheap.grow: adds at least npage pages". `len(mheap.arenas)`
cites mheap.arenas. There is no other list of what is ported: the drift alarm and the table of where
is what are made from this one.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import impl
from golang.fingerprint import Cited

ROOT = Path(impl.__file__).parent
_CITATION = re.compile(r"((?:runtime|internal)/[\w/]+\.go) (?:len\()?([\w.]+)\S*: ")
_DOCUMENTED = (ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class PortPlace:
    """A named piece of the port: a class, a function, a constant, or a field of a class.

    `path` is from the root of the repository; `bases` are the names of a class's base classes.
    """

    path: str
    name: str
    kind: str
    cited: Cited | None
    bases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path} {self.name}"


def citation(docstring: str | None) -> Cited | None:
    """The Go file and name with which a docstring begins."""
    found = _CITATION.match(docstring or "")
    return Cited(found[1], found[2]) if found else None


@cache
def places(root: Path = ROOT) -> tuple[PortPlace, ...]:
    """All pieces of the port, in the order of their files and lines."""
    found: list[PortPlace] = []
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root.parent).as_posix()
        found += _places(name, "", ast.parse(path.read_text()).body)
    return tuple(found)


def cited(root: Path = ROOT) -> frozenset[Cited]:
    """The declarations of Go that the port cites."""
    return frozenset(place.cited for place in places(root) if place.cited is not None)


def _places(path: str, owner: str, body: list[ast.stmt]) -> Iterator[PortPlace]:
    for node, following in zip(body, [*body, None][1:], strict=True):
        if isinstance(node, _DOCUMENTED):
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            bases = (
                tuple(ast.unparse(base) for base in node.bases)
                if isinstance(node, ast.ClassDef)
                else ()
            )
            yield PortPlace(path, owner + node.name, kind, citation(ast.get_docstring(node)), bases)
            if isinstance(node, ast.ClassDef):
                yield from _places(path, f"{owner}{node.name}.", node.body)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id == "__slots__" and node.value:
                    slots = ast.literal_eval(node.value)
                    yield from (PortPlace(path, owner + slot, "field", None) for slot in slots)
                elif isinstance(target, ast.Name):
                    kind = "field" if owner else "constant"
                    yield PortPlace(path, owner + target.id, kind, citation(_below(following)))


def _below(following: ast.stmt | None) -> str | None:
    """The text that documents a constant or field, which is the statement after it."""
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        value = following.value.value
        return value if isinstance(value, str) else None
    return None
