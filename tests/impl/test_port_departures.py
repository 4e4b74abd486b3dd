"""A waiting loop of the port gives way as Go's does, or its function says that Go's spins.

The explorer must be told of a wait (osyield), since it would follow a bare spin without end.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import impl
from golang.declarations import declarations
from mheap.citations import citation
from tests.impl.port_heap import go_runtime_file

DEPARTS = "Departs: gives way (osyield) where Go spins."


class Waiting(NamedTuple):
    """A function that calls osyield, and its docstring in one line."""

    name: str
    docstring: str

    @property
    def declared(self) -> bool:
        return self.docstring.endswith(DEPARTS)


def waiting(path: Path) -> Iterator[Waiting]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(each, ast.Call) and ast.unparse(each.func) == "osyield"
            for each in ast.walk(node)
        ):
            docstring = ast.get_docstring(node) or ""
            yield Waiting(f"{path.stem}.{node.name}", " ".join(docstring.split()))


WAITING = [each for path in sorted(Path(impl.__path__[0]).glob("*.py")) for each in waiting(path)]


def test_these_functions_wait() -> None:
    assert {each.name: each.declared for each in WAITING} == {
        "mgcpacer.memory_limit_heap_goal": True,
        "mgcsweep.ensure_swept": False,
        "mspanset.pop": True,
        "mstats.read": True,
    }


@pytest.mark.parametrize("function", WAITING, ids=lambda each: each.name)
def test_it_gives_way_where_go_does_or_says_so(function: Waiting) -> None:
    cited = citation(function.docstring)
    assert cited is not None
    file = cited.file.removeprefix("runtime/")
    go = declarations(go_runtime_file(file), file)[cited.name]
    assert function.declared == ("osyield" not in go.code)
