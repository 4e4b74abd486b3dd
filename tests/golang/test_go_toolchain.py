"""Finding Go: the exact version or a refusal that says how to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from golang import toolchain
from golang.errors import CannotCheck, GoMissing
from golang.toolchain import GO_VERSION, Toolchain, find_go


@pytest.fixture
def goroot(tmp_path: Path) -> Path:
    root = tmp_path / "go"
    root.mkdir()
    (root / "VERSION").write_text(f"{GO_VERSION}\ntime 2024-07-31T19:43:06Z\n")
    return root


def test_the_installed_go(go: Toolchain) -> None:
    assert go.version == GO_VERSION
    assert (go.runtime_source / "mheap.go").is_file()
    assert go.run(["version"], go.goroot, 30).stdout.startswith(f"go version {GO_VERSION} ")


def test_the_environment_of_builds_is_pinned(goroot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLAGS", "-race")
    monkeypatch.setenv("GOTOOLCHAIN", "auto")
    environment = find_go(goroot).environment()
    assert environment["GOFLAGS"] == ""
    assert environment["GOTOOLCHAIN"] == "local"
    assert environment["GOPROXY"] == "off"
    assert environment["GOROOT"] == str(goroot)


def test_another_version_is_refused(goroot: Path) -> None:
    (goroot / "VERSION").write_text("go1.21.12")
    with pytest.raises(CannotCheck, match=r"this is go1\.21\.12, .*pip install") as caught:
        find_go(goroot)
    assert not isinstance(caught.value, GoMissing)


def test_no_go_is_a_kind_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GoMissing, match="no Go toolchain there"):
        find_go(tmp_path)
    monkeypatch.setattr(toolchain, "_package_goroot", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GoMissing, match="no Go toolchain is installed"):
        find_go()


def test_go_on_the_path(goroot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "go-program" / "go"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho {goroot}\n")
    program.chmod(0o755)
    monkeypatch.setattr(toolchain, "_package_goroot", lambda: None)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    assert find_go().goroot == goroot
    program.write_text("#!/bin/sh\necho broken >&2; exit 1\n")
    with pytest.raises(CannotCheck, match="broken"):
        find_go()


def test_an_unwritable_build_cache_is_refused(
    goroot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GOCACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(CannotCheck, match="build cache cannot be written"):
        find_go(goroot)


def test_another_platform_is_refused(goroot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(CannotCheck, match="Linux/aarch64"):
        find_go(goroot)


def test_a_slow_build_is_cut_off(go: Toolchain, tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match="took more than"):
        go.run(["version"], tmp_path, 0.0001)
