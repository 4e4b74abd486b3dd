"""Every part of the port says which part of Go it ports, and throws Go's texts word for word."""

import ast
from collections.abc import Iterator
from pathlib import Path

from port_heap import go_runtime_file

import impl
from mheap.citations import citation

PORT = {
    path.stem: ast.parse(path.read_text())
    for path in sorted(Path(impl.__file__).parent.glob("*.py"))
    if path.stem != "__init__"
}


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
