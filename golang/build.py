"""Build our workload on the instrumented runtime, and run it to get a trace.

A program is built once per content: its directory in the build cache is named by a hash of the
overlay (and so of the mutant), the workload and the Go version.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from golang.compile import compiled
from golang.errors import CannotCheck
from golang.mutants import GoMutant
from golang.overlay import generate
from golang.scan import check_stores_recorded
from golang.source import Source
from golang.toolchain import Toolchain
from golang.trace import shrink

WORKLOAD = Path(__file__).parent / "workload"
FLAGS = ("-trimpath", "-buildvcs=false", "-ldflags=-s -w")


@dataclass(frozen=True, slots=True)
class InstrumentedProgram:
    """The workload on the instrumented runtime, with the bug `mutant` ("" for none)."""

    path: Path
    mutant: str


@dataclass(frozen=True, slots=True)
class WorkloadRun:
    """What a run left: `status` is the exit status, None if the time limit killed it."""

    trace: Path
    status: int | None
    stderr: str
    seconds: float


def build(
    go: Toolchain, cache: Path, mutant: GoMutant | None = None, timeout: float = 300
) -> InstrumentedProgram:
    """Build the workload under the directory `cache`, or find it built there.

    Raises CannotCheck when a hook or a mutant does not fit, when a store is not recorded, and
    when the compiler refuses the result.
    """
    source = Source.read(go.runtime_source)
    edits = mutant.edits if mutant else ()
    overlay = generate(source, edits)
    program = compiled(
        go,
        WORKLOAD,
        overlay,
        cache,
        "workload",
        flags=FLAGS,
        remedy="check golang/hooks.py and golang/template against the installed source",
        timeout=timeout,
        before=lambda: check_stores_recorded(go, source.edited(edits), overlay),
    )
    return InstrumentedProgram(program, mutant.name if mutant else "")


def run(
    program: InstrumentedProgram,
    trace: Path,
    *,
    procs: int = 4,
    rounds: int = 250,
    arenas: int = 2,
    capacity: int = 1 << 22,
    delays: bool = False,
    godebug: str = "",
    timeout: float = 60,
) -> WorkloadRun:
    """Run `program` at GOMAXPROCS=`procs`, recording at most `capacity` events to `trace`.

    `rounds` and `arenas` are the workload's arguments; `delays` adds random sleeps around each
    ticket; `godebug` is the runtime's GODEBUG.  A program that dies or is killed leaves a readable prefix.
    """
    arguments = [str(rounds), str(arenas)]
    environment = {
        "GOMAXPROCS": str(procs),
        "MHEAP_TRACE": os.path.abspath(trace),
        "MHEAP_TRACE_CAPACITY": str(capacity),
        "MHEAP_TRACE_DELAYS": "1" if delays else "0",
        "GODEBUG": godebug,
    }
    start = time.monotonic()
    status: int | None
    try:
        done = subprocess.run(
            [program.path, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=timeout,
            check=False,
        )
        status, stderr = done.returncode, done.stderr
    except subprocess.TimeoutExpired as error:
        status, stderr = None, error.stderr or b""
    if not trace.exists():
        raise CannotCheck(
            program.path,
            f"the program recorded nothing: {stderr.decode(errors='replace')[:1000]}",
            "check that the directory of the trace is writable and the disk not full",
        )
    shrink(trace)
    return WorkloadRun(trace, status, stderr.decode(errors="replace"), time.monotonic() - start)
