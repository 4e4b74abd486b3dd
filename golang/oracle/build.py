"""Build the oracle: an ordinary program on a runtime to which our own files were added.

The overlay adds files to package runtime, so they may call whatever is in it, and lets `throw` tell
us before the program dies. All else is the runtime as installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

from golang.build import FLAGS
from golang.compile import compiled
from golang.oracle import ops, tables
from golang.overlay import Overlay
from golang.source import GoEdit, Source
from golang.toolchain import Toolchain

PROGRAM = Path(__file__).parent / "program"
TEMPLATES = Path(__file__).parent / "runtime"

_DYING = GoEdit(
    "panic.go", "throw", 'print("fatal error: "', 'oracleDying(s); print("fatal error: "'
)


def overlay(source: Source, edits: Sequence[GoEdit] = ()) -> Overlay:
    """Our files beside `source` after `edits`, of which only changed files are overlaid.

    Raises CannotCheck when an edit does not find its place.
    """
    edited = source.edited([*edits, _DYING])
    files = {
        name: "\n".join(lines)
        for name, lines in sorted(edited.files.items())
        if lines != list(source.files[name])
    }
    generated = {
        "ops": ops.go_constants(),
        "constants": tables.go_constants(),
        "tables": tables.go_tables(),
    }
    for path in sorted(TEMPLATES.glob("*.go.tmpl")):
        text = Template(path.read_text()).substitute(generated)
        files[f"zz_oracle_{path.name.removesuffix('.tmpl')}"] = text
    return Overlay(files, frozenset())


def build_oracle(
    go: Toolchain, cache: Path, edits: Sequence[GoEdit] = (), timeout: float = 300
) -> Path:
    """Build the oracle under the directory `cache`, or find it built there; return the program.

    `edits` put a deliberate bug into the runtime. Raises CannotCheck when one does not fit and when
    the compiler refuses the result.
    """
    files = overlay(Source.read(go.runtime_source), edits)
    return compiled(
        go,
        PROGRAM,
        files,
        cache,
        "oracle",
        flags=FLAGS,
        remedy="check golang/oracle/runtime against the installed source",
        timeout=timeout,
    )
