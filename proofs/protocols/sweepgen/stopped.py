"""A known finding in go1.21.13: a collection that sweeps with the world stopped cannot end.

With GODEBUG=gcstoptheworld=2, gcSweep sweeps everything itself, so all work is drained when
gcMarkTermination wants to register as a sweeper (go.dev/issue/53885). Go 1.22 asks gcSweep whether
it did so.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from checker.counterexample import Counterexample, Replay, Step
from checker.mutation import Mutant
from checker.obligation import Technique
from checker.verdict import Grade, Verdict
from harness.means import Means
from harness.recording import BUILD, Recorder
from harness.replay import ReplayResult
from harness.subject import Group, Theorem
from impl.config import MINIATURE
from impl.mgc import gc_mark_done, gc_start, gcinit
from impl.rt import Throw
from impl.rt.thread import start_anew
from impl.runtime import new_mheap

GO = "runtime/mgc.go gcMarkTermination"
CLAIM = "a collection ends, whatever the mode it sweeps in"
ISSUE = "53885"
INVARIANT = "sweepgen.collections_end"
SETTING = "gcstoptheworld=2"
FATAL = "failed to set sweep barrier"


def stopped_world() -> tuple[str, list[Step]]:
    """What the port throws ("" for nothing), and the calls up to there."""
    start_anew()
    heap = new_mheap(MINIATURE)
    gcinit(heap)
    heap.runtime.debug.gcstoptheworld = 2
    calls: list[tuple[str, Callable[[], Any]]] = [
        ("gc_start", partial(gc_start, heap)),
        ("gc_mark_done", partial(gc_mark_done, heap)),
    ]
    steps = []
    for name, call in calls:
        steps.append(Step("M0", name, where="impl/mgc.py"))
        try:
            call()
        except Throw as throw:
            return throw.text, steps
    return "", steps


def in_the_port(_case: str, _variant: Mutant | None, _means: Means) -> Verdict:
    """One collection of the port."""
    text, steps = stopped_world()
    if text != FATAL:
        return Verdict(Grade.UNKNOWN, reason=f"the port throws {text!r}")
    return Verdict(Grade.REFUTED, counterexample=_counterexample(steps, "stopped world"))


def in_the_runtime(_case: str, _variant: Mutant | None, means: Means) -> Verdict:
    """A program on the runtime as shipped."""
    status, stderr = means.recorder.run_with(SETTING)
    if status == 0 or FATAL not in stderr:
        return Verdict(Grade.UNKNOWN, reason=f"exit status {status}: {stderr[:200]}")
    steps = [Step("M0", f"GODEBUG={SETTING} workload", where=stderr.splitlines()[0])]
    return Verdict(Grade.REFUTED, counterexample=_counterexample(steps, "stopped runtime"))


def _counterexample(steps: list[Step], harness: str) -> Counterexample:
    return Counterexample(
        invariant=INVARIANT,
        citation=GO,
        why="the sweep barrier is taken after a sweep that left nothing to sweep",
        steps=steps,
        diverging=f"fatal error: {FATAL}",
        reproduction="# in a shell, with any program that collects:\n# GODEBUG=gcstoptheworld=2 ./program",
        replay=Replay(f"sweepgen/{harness}", []),
    )


def _replay_the_port(_choices: Sequence[Any], _variant: str) -> ReplayResult:
    text, _ = stopped_world()
    return ReplayResult(text == FATAL, f"the port throws {text!r}" if text else "it ends")


def _replay_the_runtime(_choices: Sequence[Any], _variant: str) -> ReplayResult:
    _, stderr = Recorder(BUILD / "traces").run_with(SETTING)
    return ReplayResult(FATAL in stderr, stderr.splitlines()[0] if stderr else "it ends")


STOPPED = Group(
    [
        Theorem(
            name,
            Technique.RUN,
            CLAIM,
            GO,
            Grade.REFUTED,
            check,
            finding=ISSUE,
            violates=[INVARIANT],
        )
        for name, check in (
            ("stopped_world_in_the_port", in_the_port),
            ("stopped_world_in_the_runtime", in_the_runtime),
        )
    ],
    {"stopped world": _replay_the_port, "stopped runtime": _replay_the_runtime},
)
