"""A known finding in go1.21.13: a collection that sweeps with the world stopped cannot end.

With GODEBUG=gcstoptheworld=2, gcSweep sweeps everything itself, so all work is drained when
gcMarkTermination wants to register as a sweeper. Go 1.22 asks gcSweep whether it did so.
"""

import pytest

from checker.counterexample import Counterexample, Replay, Step
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from golang.errors import GoMissing
from harness.recording import Recorder, not_run
from proofs.protocols.sweepgen.stopped import FATAL, SETTING, stopped_world

GO = "runtime/mgc.go gcMarkTermination"
CLAIM = "a collection ends, whatever the mode it sweeps in"


@pytest.mark.fast
@obligation(technique="port run", cites=GO, expect=Grade.REFUTED, finding="53885", statement=CLAIM)
def test_stopped_world_in_the_port() -> Verdict:
    text, steps = stopped_world()
    if text != FATAL:
        return Verdict(Grade.UNKNOWN, reason=f"the port throws {text!r}")
    return Verdict(Grade.REFUTED, counterexample=_story(steps, "stopped world"))


@obligation(
    technique="runtime run", cites=GO, expect=Grade.REFUTED, finding="53885", statement=CLAIM
)
def test_stopped_world_in_the_runtime(recorder: Recorder) -> Verdict:
    try:
        status, stderr = recorder.run_with(SETTING)
    except GoMissing as missing:
        return not_run(missing)
    if status == 0 or FATAL not in stderr:
        return Verdict(Grade.UNKNOWN, reason=f"exit status {status}: {stderr[:200]}")
    steps = [Step("M0", f"GODEBUG={SETTING} workload", where=stderr.splitlines()[0])]
    return Verdict(Grade.REFUTED, counterexample=_story(steps, "stopped runtime"))


def _story(steps: list[Step], harness: str) -> Counterexample:
    return Counterexample(
        invariant="sweepgen.collections_end",
        citation=GO,
        why="the sweep barrier is taken after a sweep that left nothing to sweep",
        steps=steps,
        diverging=f"fatal error: {FATAL}",
        reproduction="# in a shell, with any program that collects:\n# GODEBUG=gcstoptheworld=2 ./program",
        replay=Replay(f"sweepgen/{harness}", []),
    )
