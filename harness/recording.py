"""Recordings of the real runtime for the obligations that need one, each made once a session."""

from pathlib import Path

from checker.verdict import Grade, Verdict
from golang.build import build, run
from golang.mutants import GoMutant
from golang.toolchain import find_go
from golang.trace import Trace
from harness.conformance import TraceReader, conforms

BUILD = Path("build").absolute()
LEAST_EVENTS = 500_000
MUTANT_ROUNDS = 60
MUTANT_SECONDS = 10
SHORT_ROUNDS = 6


class Recorder:
    """Makes recordings with the installed Go. Raises GoMissing without one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._made: dict[str, Trace] = {}
        self.directory.mkdir(parents=True, exist_ok=True)

    def clean(self) -> Trace:
        """A whole run of the workload on the runtime as shipped."""
        return self._record("clean", None)

    def delayed(self) -> Trace:
        """A run with random delays around every ticket, a self-test of the recorder."""
        return self._record("delayed", None, rounds=MUTANT_ROUNDS, delays=True)

    def short(self) -> Trace:
        """A short run, for what must read it many times.

        One thread at a time, so that no altered copy is by chance another legal order of events.
        """
        return self._record("short", None, rounds=SHORT_ROUNDS, procs=1)

    def mutated(self, mutant: GoMutant) -> Trace:
        """A run of the runtime with a deliberate bug; it may have died."""
        return self._record(mutant.name, mutant, rounds=MUTANT_ROUNDS, seconds=MUTANT_SECONDS)

    def run_with(self, godebug: str) -> tuple[int | None, str]:
        """Exit status and stderr of a run of the runtime as shipped under a GODEBUG setting."""
        program = build(find_go(), BUILD / "go")
        result = run(
            program, self.directory / "godebug.trace", rounds=SHORT_ROUNDS, godebug=godebug
        )
        return result.status, result.stderr

    def _record(
        self,
        name: str,
        mutant: GoMutant | None,
        *,
        rounds: int = 250,
        procs: int = 4,
        delays: bool = False,
        seconds: float = 60,
    ) -> Trace:
        if name in self._made:
            return self._made[name]
        program = build(find_go(), BUILD / "go", mutant)
        path = self.directory / f"{name}.trace"
        path.unlink(missing_ok=True)
        run(program, path, rounds=rounds, procs=procs, delays=delays, timeout=seconds)
        self._made[name] = Trace(path, allow_crash=mutant is not None)
        return self._made[name]


def clean_run_conforms(recorder: Recorder, monitor: type[TraceReader], *, at_least: int) -> Verdict:
    """The runtime as shipped against one subject's model. Raises GoMissing."""
    trace = recorder.clean()
    if len(trace) < LEAST_EVENTS:
        reason = f"the run recorded {len(trace)} events, fewer than {LEAST_EVENTS}"
        return Verdict(Grade.VACUOUS, reason=reason)
    return conforms(trace, monitor, at_least=at_least).with_counts(recorded=len(trace))


def delayed_run_conforms(recorder: Recorder, monitor: type[TraceReader]) -> Verdict:
    """The same with delays around every ticket: a sound order of events survives them."""
    return conforms(recorder.delayed(), monitor)


def mutant_is_rejected(recorder: Recorder, monitor: type[TraceReader], mutant: GoMutant) -> Verdict:
    """A mutated runtime against the model of the mutant's subject."""
    return conforms(recorder.mutated(mutant), monitor)
