"""One collection of the port in the mode of GODEBUG=gcstoptheworld=2 (go.dev/issue/53885)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from checker.counterexample import Step
from harness.recording import BUILD, Recorder
from harness.replay import ReplayResult
from impl.config import MINIATURE
from impl.mgc import gc_mark_done, gc_start, gcinit
from impl.mheap import new_mheap
from impl.rt import Throw
from impl.rt.thread import start_anew

SETTING = "gcstoptheworld=2"
FATAL = "failed to set sweep barrier"


def stopped_world() -> tuple[str, list[Step]]:
    """What the port throws ("" for nothing), and the calls up to there."""
    start_anew()
    heap = new_mheap(MINIATURE)
    gcinit(heap)
    heap.debug.gcstoptheworld = 2
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


def replay_stopped_world(_choices: Sequence[Any], _variant: str) -> ReplayResult:
    """The replay harness of the port's run."""
    text, _ = stopped_world()
    return ReplayResult(text == FATAL, f"the port throws {text!r}" if text else "it ends")


def replay_stopped_runtime(_choices: Sequence[Any], _variant: str) -> ReplayResult:
    """The replay harness of the real runtime's run."""
    _, stderr = Recorder(BUILD / "traces").run_with(SETTING)
    return ReplayResult(FATAL in stderr, stderr.splitlines()[0] if stderr else "it ends")
