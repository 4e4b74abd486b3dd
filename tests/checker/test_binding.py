"""Bindings: the same source over another substrate, private copies, edits that must apply."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.binding import Binding, Edit, StaleEdit, over_stand_ins


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package `port` of two modules over the substrate `port.rt`."""
    root = tmp_path / "port"
    (root / "rt").mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "rt" / "__init__.py").write_text("def load(x):\n    return x\n\nSIZE = 8\n")
    (root / "words.py").write_text("from port.rt import SIZE, load\n\nWORD = load(SIZE)\n")
    (root / "heap.py").write_text(
        "import json\n\nfrom port import words\nfrom port.rt import load\nfrom port.words import WORD\n"
        "\n\ndef grow(n):\n    return load(n) * WORD\n\n\ndef same():\n    return words.WORD is WORD\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "port"
    for name in [name for name in sys.modules if name.partition(".")[0] == "port"]:
        del sys.modules[name]


def test_the_plain_substrate(package: str) -> None:
    port = Binding(package)
    assert port.heap.grow(3) == 24
    assert port.heap.same()


def test_another_substrate_reaches_every_module(package: str) -> None:
    port = Binding(package, substrate={"load": lambda x: x + 1})
    assert port.words.WORD == 9
    assert port.heap.grow(3) == 4 * 9


def test_bindings_are_private(package: str) -> None:
    one, two = Binding(package), Binding(package)
    assert one.heap is one.heap
    assert one.heap is not two.heap
    vars(one.words)["WORD"] = 5
    assert two.words.WORD == 8
    assert f"{package}.heap" not in sys.modules


def test_an_edit_changes_one_module_of_one_binding(package: str) -> None:
    mutant = Binding(package, edits=[Edit("heap", "load(n) * WORD", "load(n)")])
    assert mutant.heap.grow(3) == 3
    assert Binding(package).heap.grow(3) == 24


@pytest.mark.parametrize("old", ["not there", "WORD"])
def test_a_stale_edit_is_refused_at_once(package: str, old: str) -> None:
    with pytest.raises(StaleEdit, match="heap: the text to replace occurs"):
        Binding(package, edits=[Edit("heap", old, "")])


def test_an_edit_of_no_module_is_refused(package: str) -> None:
    with pytest.raises(ImportError, match=r"no module port\.nothing"):
        Binding(package, edits=[Edit("nothing", "a", "b")])


def test_a_transform_sees_every_module(package: str) -> None:
    class Double(ast.NodeTransformer):
        def visit_Mult(self, node: ast.Mult) -> ast.Add:
            return ast.copy_location(ast.Add(), node)

    port = Binding(package, transform=lambda tree: ast.fix_missing_locations(Double().visit(tree)))
    assert port.heap.grow(3) == 11


def test_a_stand_in_takes_the_place_of_a_module_on_the_same_substrate(
    package: str, tmp_path: Path
) -> None:
    (tmp_path / "stand_in.py").write_text("from port.rt import load\n\nWORD = load(100)\n")
    substrate = {"load": lambda x: x + 1}
    port = Binding(package, substrate=substrate, stand_ins={"words": "stand_in"})
    assert port.words.WORD == 101
    assert port.heap.grow(3) == 4 * 101
    assert Binding(package).words.WORD == 8
    assert (over_stand_ins(port), over_stand_ins(Binding(package))) == (
        ", with stand-ins for words",
        "",
    )


def test_errors_show_the_places_in_the_source(package: str) -> None:
    port = Binding(package)
    with pytest.raises(TypeError) as caught:
        port.heap.grow(None)
    assert Path(caught.traceback[-1].path).name == "heap.py"
    assert caught.traceback[-1].lineno + 1 == 9


def test_private_names_are_not_modules(package: str) -> None:
    with pytest.raises(AttributeError):
        _ = Binding(package)._nothing
