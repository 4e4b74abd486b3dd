"""Build our workload on the instrumented runtime, and run it to get a trace.

A program is built once per content: its directory in the build cache is named by a hash of the
overlay (and so of the mutant), the workload and the Go version.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

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
    digest = hashlib.sha256("\0".join([go.version, *FLAGS, overlay.digest]).encode())
    for path in sorted(WORKLOAD.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    place = cache / digest.hexdigest()[:24]
    program = InstrumentedProgram(place / "workload", mutant.name if mutant else "")
    if program.path.exists():
        return program

    check_stores_recorded(go, source.edited(edits), overlay)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as directory:
        fresh = Path(directory) / "new"
        index = overlay.write(fresh, go.runtime_source)
        command = ["build", *FLAGS, "-overlay", str(index), "-o", str(fresh / "workload"), "."]
        answer = go.run(command, WORKLOAD, timeout)
        if answer.returncode != 0:
            raise CannotCheck(
                "go build",
                f"the instrumented runtime does not compile:\n{answer.stderr[:4000]}",
                "check golang/hooks.py and golang/template against the installed source",
            )
        try:
            fresh.rename(place)
        except OSError:
            # Somebody else built the same program meanwhile; theirs is as good.
            if not program.path.exists():
                raise
    return program


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
