"""Compiling a program of ours with the installed Go, once for each state of what goes into it."""

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from golang.errors import CannotCheck
from golang.overlay import Overlay
from golang.toolchain import Toolchain


def compiled(
    go: Toolchain,
    folder: Path,
    overlay: Overlay,
    cache: Path,
    name: str,
    *,
    flags: Sequence[str],
    remedy: str,
    timeout: float,
    before: Callable[[], object] = lambda: None,
) -> Path:
    """The program `name` made of the package in `folder` on the runtime under the overlay.

    It is found in a directory of `cache` named after all that goes into it, or built there; `before`
    is called only in the second case. Raises CannotCheck, which names the remedy, when the compiler
    refuses it.
    """
    digest = hashlib.sha256("\0".join([go.version, *flags, overlay.digest]).encode())
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    place = cache / f"{name}-{digest.hexdigest()[:24]}"
    program = place / name
    if program.exists():
        return program
    before()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        fresh = Path(directory) / "new"
        index = overlay.write(fresh, go.runtime_source)
        command = ["build", *flags, "-overlay", str(index), "-o", str(fresh / name), "."]
        answer = go.run(command, folder, timeout)
        if answer.returncode != 0:
            reason = f"the {name} does not compile:\n{answer.stderr[:4000]}"
            raise CannotCheck("go build", reason, remedy)
        try:
            fresh.rename(place)
        except OSError:
            # Somebody else built the same program meanwhile; theirs is as good.
            if not program.exists():
                raise
    return program
