"""Every part of the port says which part of Go it ports, and throws Go's texts word for word."""

import ast
from collections.abc import Iterator
from pathlib import Path

import impl
from mheap.citations import citation
from tests.impl.port_heap import go_runtime_file

ROOT = Path(impl.__file__).parents[1]
PORT = {
    path.stem: ast.parse(path.read_text())
    for path in sorted(Path(impl.__file__).parent.glob("*.py"))
    if path.stem != "__init__"
}


ROOMS = ("impl", "harness", "proofs", "mheap", "golang", "bench")
"""Where a use counts. What only tests use is dead."""


def public_functions(tree: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """(name, definition) of every public function and method."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from public_functions(node, f"{prefix}.{node.name}")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{prefix}.{node.name}", node


FUNCTIONS = {
    name: node for module, tree in PORT.items() for name, node in public_functions(tree, module)
}


def thrown_texts(node: ast.FunctionDef) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "throw":
            yield ast.literal_eval(call.args[0])


def test_each_function_names_its_go_source() -> None:
    assert len(FUNCTIONS) > 100
    nameless = [name for name, node in FUNCTIONS.items() if not citation(ast.get_docstring(node))]
    assert nameless == []


def test_each_throw_is_gos_word_for_word() -> None:
    count = 0
    for name, node in FUNCTIONS.items():
        for text in thrown_texts(node):
            cited = citation(ast.get_docstring(node))
            assert cited, f"{name} does not begin its docstring with its Go source"
            source = go_runtime_file(cited.file.removeprefix("runtime/"))
            assert f'throw("{text}")' in source, f"{name}: {cited.file} has no {text!r}"
            count += 1
    assert count > 30


def test_each_module_says_what_it_is() -> None:
    assert [name for name, tree in PORT.items() if not ast.get_docstring(tree)] == []


def uses(tree: ast.AST, within: tuple[str, ...] = ()) -> Iterator[str]:
    """Each name that is read or imported, but for a function's calls of itself."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in within:
            yield node.id
        elif isinstance(node, ast.Attribute):
            itself = ast.unparse(node.value) == "self" and node.attr in within
            yield "" if itself else node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)
        yield from uses(node, (*within, node.name) if isinstance(node, ast.FunctionDef) else within)


def unused(root: Path) -> list[str]:
    """The public functions and methods of the port that no room uses, but for their own bodies."""
    port = {path: ast.parse(path.read_text()) for path in sorted((root / "impl").rglob("*.py"))}
    others = [path for room in ROOMS for path in sorted((root / room).rglob("*.py"))]
    used: set[str] = set()
    for path in others:
        if path.name != "__init__.py":
            tree = port.get(path) or ast.parse(path.read_text())
            used |= set(uses(tree))
    functions = (pair for tree in port.values() for pair in public_functions(tree, ""))
    names = (name.removeprefix(".") for name, _ in functions)
    return sorted(name for name in names if name.rpartition(".")[2] not in used)


def test_each_function_is_used_by_more_than_tests() -> None:
    assert unused(ROOT) == []


def test_a_function_that_only_calls_itself_is_unused(tmp_path: Path) -> None:
    (tmp_path / "impl").mkdir()
    (tmp_path / "proofs").mkdir()
    (tmp_path / "impl" / "a.py").write_text(
        "class A:\n"
        "    def dead(self): return self.dead()\n"
        "    def live(self): return 0\n"
        "def gone(): ...\n"
        "def taken(): ...\n"
    )
    (tmp_path / "proofs" / "b.py").write_text("from impl.a import taken\nA().live\n")
    assert unused(tmp_path) == ["A.dead", "gone"]


def test_what_a_thread_keeps_to_itself_has_plain_fields() -> None:
    """A field's type in quotes alone would have dataclass look for the module, which has no name."""
    found = {
        f"{module}.{node.name}": [
            (decorated, ast.unparse(each.annotation).partition("[")[0])
            for decorated in map(ast.unparse, node.decorator_list)
            for each in node.body
            if isinstance(each, ast.AnnAssign)
        ]
        for module, tree in PORT.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and "Local" in map(ast.unparse, node.bases)
    }
    assert found
    for name, fields in found.items():
        assert set(fields) == {("dataclass(slots=True)", "Plain")}, name
