"""Sweepers, caches and the page reclaimer on a few spans, and the model step of each operation.

The setup runs the port itself, one thread, up to the moment after a mark phase; the model is then
taken to the same state, and from there on must be able to follow every interleaving.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from checker.interleaving.observe import Operation, View
from checker.interleaving.refinement import Refinement
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Scenario, Setup
from checker.plain import Instance
from checker.refinement import Diverged, ModelRun
from harness.port import PortView, provide
from impl.config import MINIATURE
from impl.mgcsweep import SWEEP_DRAINED_MASK
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE
from impl.spanclass import make_span_class
from model import sweepgen
from proofs.protocols.sweepgen.abstraction import ABSTRACTION, relative

SPANS = 2
SPAN_CLASS = make_span_class(1, True)
PortHeap = Any
Threads = Callable[[Any, PortHeap, list[Any], Any], list[tuple[str, Any]]]
"""From (port, heap, spans, cache) to the threads."""


def cycle_with(
    name: str, cached: int, threads: Threads, states: int | None, *, marked: bool = True
) -> Refinement:
    """The refinement for threads after a mark phase: two spans, `cached` of them in a cache.

    With `marked` the first object of each span is marked and the second is not; otherwise none is,
    so that whoever sweeps a span frees it.
    """
    spans = SPANS

    def setup(port: Any) -> Setup:
        heap = port.runtime.new_mheap(MINIATURE)
        port.mgc.gcinit(heap)
        provide(port, heap, 1)
        cache = port.mcache.allocmcache(heap)
        made = [_span(heap, cache, in_cache=s < cached, marked=marked) for s in range(spans)]
        heap.sweepgen += 2
        heap.runtime.sweep.active.reset()
        heap.sweep_arenas = heap.all_arenas
        heap.reclaim_index.store(0)
        heap.runtime.sweep.central_index.clear()
        labels = {
            "heap": heap,
            "runtime": heap.runtime,
            "cache": cache,
            **{f"span{s}": s_ for s, s_ in enumerate(made)},
        }
        return Setup(threads(port, heap, made, cache), labels)

    names = _Names(spans)

    def start(run: ModelRun, view: View) -> None:  # noqa: ARG001  # the model begins where memory is
        run.take("create", 0)
        for s in range(spans):
            run.take("init", 0, s)
            run.take(*(("refill", 0, 0, s) if s < cached else ("release", 0, s)))
        run.take("drain")
        run.take("bump")
        run.take("reset")

    return Refinement(
        Scenario(name, setup),
        Instance(sweepgen.build(), {"Span": spans, "Thread": 3, "Cache": 1}),
        ABSTRACTION,
        start,
        names.follow,
        names.show,
        states,
    )


def _span(heap: Any, cache: Any, *, in_cache: bool, marked: bool) -> Any:
    """A span with two objects, both allocated."""
    central = heap.central[SPAN_CLASS]
    span = central.grow(heap)
    span.freeindex = span.nelems
    span.alloc_count = span.nelems
    if marked:
        span.mark_bits_for_index(0).set_marked()
    if in_cache:
        span.sweepgen = heap.sweepgen + 3
        cache.alloc[SPAN_CLASS] = span
    else:
        central.full_swept(heap.sweepgen).push(span)
    return span


class _Names:
    """Which objects of the port the model's spans and caches are."""

    def __init__(self, spans: int) -> None:
        self.spans = spans

    def show(self, view: View) -> PortView:
        spans = [view[f"span{s}"] for s in range(self.spans)]
        return PortView(view.get, view["heap"], spans, caches=[view["cache"]])

    def follow(self, run: ModelRun, operation: Operation, view: View) -> None:
        """Takes the model steps of one operation, by the place it writes."""
        if not operation.writes:
            return
        heap = view["heap"]
        t = int(operation.thread[1:])
        if operation.field == "sweepgen" and operation.object is not heap:
            s = self._span(view, operation.object)
            _generation(run, t, s, operation, view.get(heap, "sweepgen"))
        elif operation.field == "alloc_bits":
            s = self._span(view, operation.object)
            if run.see("live", s):
                run.take("process", t, s)
        elif operation.object is view.get(heap, "runtime", "sweep", "active"):
            _sweepers(run, t, operation)
        elif operation.field == "flush_gen":
            run.take("flush", 0)
        elif operation.field == "spans" and isinstance(operation.new, tuple):
            self._set(run, t, operation, view)
        elif operation.field == "s" and operation.new == M_SPAN_DEAD:
            self._freed(run, t, operation, view)

    def _span(self, view: View, span: Any) -> int:
        for s in range(self.spans):
            if view[f"span{s}"] is span:
                return s
        raise Diverged("sweepgen.five_meanings", "runtime/mheap.go:475", f"{span} is none of ours")

    def _set(self, run: ModelRun, t: int, operation: Operation, view: View) -> None:
        """A push gives a swept span away; a pop takes one, or picks one that may be unswept."""
        heap = view["heap"]
        generation = view.get(heap, "sweepgen")
        central = view.get(heap, "central")[SPAN_CLASS]
        half = generation // 2 % 2
        swept = [view.get(central, which)[half] for which in ("partial", "full")]
        to_swept = any(operation.object is each for each in swept)
        if len(operation.new) > len(operation.old):
            s = self._span(view, operation.new[-1])
            if not to_swept:
                why = "a swept span is pushed onto an unswept set"
                raise Diverged("sweepgen.release", "runtime/mcentral.go:76", why)
            run.take("release", t, s)
        else:
            run.take("take" if to_swept else "pick", t, self._span(view, operation.old[0]))

    def _freed(self, run: ModelRun, t: int, operation: Operation, view: View) -> None:
        if operation.old != M_SPAN_IN_USE:
            return
        for s in range(self.spans):
            if view.get(view[f"span{s}"], "state") is operation.object:
                run.take("free", t, s)


def _generation(run: ModelRun, t: int, s: int, operation: Operation, heap: int) -> None:
    """A store to sweepgen, by the generations before and after it."""
    old, new = relative(operation.old, heap), relative(operation.new, heap)
    steps: dict[tuple[int, int], tuple[Any, ...]] = {
        (sweepgen.NEEDS_SWEEPING, sweepgen.BEING_SWEPT): ("acquire", t, s),
        (sweepgen.BEING_SWEPT, sweepgen.SWEPT): ("publish", t, s),
        (sweepgen.SWEPT, sweepgen.CACHED_SWEPT): ("refill", t, 0, s),
        (sweepgen.CACHED_SWEPT, sweepgen.SWEPT): ("uncache", t, 0, s),
        (sweepgen.CACHED_STALE, sweepgen.BEING_SWEPT): ("uncache_stale", t, 0, s),
    }
    if (old, new) not in steps:
        why = f"span {s} goes from h{old:+} to h{new:+}"
        raise Diverged("sweepgen.five_meanings", "runtime/mheap.go:475", why)
    run.take(*steps[old, new])


def _sweepers(run: ModelRun, t: int, operation: Operation) -> None:
    """The word of activeSweep: a count of sweepers and the drained bit."""
    if (operation.old ^ operation.new) & SWEEP_DRAINED_MASK:
        run.take("drain")
    elif operation.kind is Kind.RMW:
        run.take("begin" if operation.new > operation.old else "end", t)


def _ensure(_port: Any, heap: Any, spans: list[Any], _cache: Any, sweepers: int) -> Any:
    return [(f"T{t}", [partial(s.ensure_swept, heap) for s in spans]) for t in range(sweepers)]


def _sweepone(port: Any, heap: Any, _spans: list[Any], _cache: Any, sweepers: int) -> Any:
    sweepone = partial(port.mgcsweep.sweepone, heap)
    return [(f"T{t}", [sweepone] * 2) for t in range(sweepers)]


def _flush_and_sweep(port: Any, heap: Any, _spans: list[Any], cache: Any) -> Any:
    return [
        ("T0", partial(cache.prepare_for_sweep, heap)),
        ("T1", partial(port.mgcsweep.sweepone, heap)),
    ]


def _refill_and_sweep(_port: Any, heap: Any, spans: list[Any], cache: Any) -> Any:
    return [
        ("T0", [partial(cache.prepare_for_sweep, heap), partial(cache.refill, heap, SPAN_CLASS)]),
        ("T1", partial(spans[-1].ensure_swept, heap)),
    ]


def _reclaim_and_sweep(_port: Any, heap: Any, spans: list[Any], _cache: Any) -> Any:
    return [
        ("T0", partial(heap.reclaim, 1)),
        ("T1", partial(spans[0].ensure_swept, heap)),
    ]


SWEEPERS = "three sweepers on two spans"
BACKGROUND = "two background sweepers on two spans, until all is drained"
FLUSH = "a stale cache flushed beside a sweeper"
REFILL = "a cache flushed and refilled beside a sweeper"
RECLAIM = "the page reclaimer beside a sweeper"

FREEING = "two background sweepers on two spans without marked objects"

SCENARIOS: dict[str, Callable[[], Refinement]] = {
    SWEEPERS: partial(cycle_with, SWEEPERS, 0, partial(_ensure, sweepers=3), 91159),
    BACKGROUND: partial(cycle_with, BACKGROUND, 0, partial(_sweepone, sweepers=2), 5971),
    FREEING: partial(cycle_with, FREEING, 0, partial(_sweepone, sweepers=2), 8197, marked=False),
    FLUSH: partial(cycle_with, FLUSH, 1, _flush_and_sweep, 469),
    REFILL: partial(cycle_with, REFILL, 1, _refill_and_sweep, 367),
    RECLAIM: partial(cycle_with, RECLAIM, 0, _reclaim_and_sweep, 1167),
}
