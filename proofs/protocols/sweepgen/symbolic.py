"""The protocol on the words: every value of the heap's uint32 generation, and of a span's.

The model speaks of generations relative to the heap's. Here the port's own comparisons, additions and
stores are shown to mean just that, wherever the uint32 is in its cycle.
"""

from typing import Any

from checker.logic import Not, Or
from checker.symbolic import Engine
from harness.port import provide
from harness.symbolic import Port, theorem
from impl.config import MINIATURE
from impl.rt import U32_MAX, Throw
from impl.spanclass import make_span_class
from model import sweepgen as model
from proofs.protocols.sweepgen.mutants import PORT_MUTANTS, WORD_MUTANTS
from proofs.protocols.sweepgen.races import RACES

VARIANTS = {each.name: each for each in [*PORT_MUTANTS.values(), *RACES, *WORD_MUTANTS]}

SPAN_CLASS = make_span_class(1, True)
SPIN = "osyield with no other thread to wait for"


def words(e: Engine) -> tuple[Any, Any]:
    """Any generation of the heap, and any of a span."""
    return e.word("h.sweepgen", 0, U32_MAX), e.word("s.sweepgen", 0, U32_MAX)


def is_at(generation: Any, heap: Any, relative: int) -> Any:
    """Whether a generation stands at a distance from the heap's, as uint32 arithmetic has it."""
    return generation == (heap + relative) % (U32_MAX + 1)


def heap_with_span(port: Port) -> tuple[Any, Any]:
    """A heap, nothing of which is to be swept, and a full span of two objects, one of them marked."""
    heap = port.runtime.new_mheap(MINIATURE)
    port.mgc.gcinit(heap)
    provide(port, heap, 1)
    span = heap.central[SPAN_CLASS].grow(heap)
    span.freeindex = span.alloc_count = span.nelems
    span.mark_bits_for_index(0).set_marked()
    return heap, span


@theorem("acquired", "left alone", cites="runtime/mgcsweep.go:337-350 sweepLocker.tryAcquire")
def acquiring(e: Engine, port: Port) -> None:
    """A span is acquired just when it stands at h-2, and then stands at h-1."""
    heap, generation = words(e)
    span = port.mspan.Mspan()
    span.sweepgen = generation
    locked = port.mgcsweep.SweepLocker(heap, True).try_acquire(span)
    if locked is None:
        e.check(Not(is_at(generation, heap, model.NEEDS_SWEEPING)), "left alone")
        e.check(span.sweepgen == generation, "a span left alone keeps its generation")
    else:
        e.check(is_at(generation, heap, model.NEEDS_SWEEPING), "acquired")
        e.check(is_at(span.sweepgen, heap, model.BEING_SWEPT), "an acquired span stands at h-1")


@theorem("swept", "refused", cites="runtime/mgcsweep.go:505-700 sweepLocked.sweep")
def sweeping(e: Engine, port: Port) -> None:
    """Just a span at h-1 can be swept; its marks become its objects, and then it stands at h."""
    heap, span = heap_with_span(port)
    heap.sweepgen, generation = words(e)
    span.sweepgen = generation
    marks = span.gcmark_bits
    try:
        port.mgcsweep.SweepLocked(span).sweep(heap, True)
    except Throw as throw:
        e.check(throw.text == "mspan.sweep: bad span state", "the throw is Go's")
        e.check(Not(is_at(generation, heap.sweepgen, model.BEING_SWEPT)), "refused")
        return
    e.check(is_at(generation, heap.sweepgen, model.BEING_SWEPT), "swept")
    e.check(span.alloc_bits is marks, "the mark bits are the allocation bits")
    e.check(span.alloc_count == 1, "the unmarked object is free")
    e.check(is_at(span.sweepgen, heap.sweepgen, model.SWEPT), "a swept span stands at h")


@theorem("stale", "fresh", cites="runtime/mcentral.go:190-237 mcentral.uncacheSpan")
def uncaching(e: Engine, port: Port) -> None:
    """Uncaching sweeps a span just when it stands at h+1; either way it ends at h, on a swept set."""
    heap, span = heap_with_span(port)
    heap.sweepgen, generation = words(e)
    e.assume(heap.sweepgen % 2 == 0)
    span.sweepgen = generation
    marks = span.gcmark_bits
    central = heap.central[SPAN_CLASS]
    central.uncache_span(heap, span)
    if span.alloc_bits is marks:
        e.check(is_at(generation, heap.sweepgen, model.CACHED_STALE), "stale")
        swept = central.partial_swept(heap.sweepgen)
    else:
        e.check(Not(is_at(generation, heap.sweepgen, model.CACHED_STALE)), "fresh")
        swept = central.full_swept(heap.sweepgen)
    e.check(is_at(span.sweepgen, heap.sweepgen, model.SWEPT), "an uncached span stands at h")
    e.check(swept.pop() is span, "an uncached span is on a swept set")


@theorem("refilled", "refused", cites="runtime/mcache.go:147-220 mcache.refill")
def refilling(e: Engine, port: Port) -> None:
    """A cache gives back just spans at h+3, and the span it takes instead stands there."""
    heap, span = heap_with_span(port)
    cache = port.mcache.allocmcache(heap)
    cache.alloc[SPAN_CLASS] = span
    heap.sweepgen, generation = words(e)
    e.assume(heap.sweepgen % 2 == 0)
    span.sweepgen = generation
    try:
        cache.refill(heap, SPAN_CLASS)
    except Throw as throw:
        e.check(throw.text == "bad sweepgen in refill", "the throw is Go's")
        e.check(Not(is_at(generation, heap.sweepgen, model.CACHED_SWEPT)), "refused")
        return
    e.check(is_at(generation, heap.sweepgen, model.CACHED_SWEPT), "refilled")
    e.check(is_at(span.sweepgen, heap.sweepgen, model.SWEPT), "the old span stands at h")
    new = cache.alloc[SPAN_CLASS]
    e.check(new is not span, "the new span is another one")
    e.check(is_at(new.sweepgen, heap.sweepgen, model.CACHED_SWEPT), "the new span stands at h+3")


@theorem(
    "flushed before",
    "flushed now",
    "refused",
    cites="runtime/mcache.go:310-331 mcache.prepareForSweep",
)
def flushing(e: Engine, port: Port) -> None:
    """A cache is flushed once a cycle, and must not have missed one."""
    heap, span = heap_with_span(port)
    cache = port.mcache.allocmcache(heap)
    heap.sweepgen, flushed = words(e)
    e.assume(heap.sweepgen % 2 == 0)
    cache.alloc[SPAN_CLASS] = span
    span.sweepgen = (heap.sweepgen + model.CACHED_STALE) % (U32_MAX + 1)
    cache.flush_gen.store(flushed)
    try:
        cache.prepare_for_sweep(heap)
    except Throw as throw:
        e.check(throw.text == "bad flushGen", "the throw is Go's")
        neither = Or(is_at(flushed, heap.sweepgen, 0), is_at(flushed, heap.sweepgen, -2))
        e.check(Not(neither), "refused")
        return
    e.check(cache.flush_gen.load() == heap.sweepgen, "a flushed cache says so")
    if cache.alloc[SPAN_CLASS] is span:
        e.check(is_at(flushed, heap.sweepgen, 0), "flushed before")
    else:
        e.check(is_at(flushed, heap.sweepgen, -2), "flushed now")
        e.check(is_at(span.sweepgen, heap.sweepgen, model.SWEPT), "its span is swept")


@theorem(
    "swept by us", "swept before", "waiting", cites="runtime/mgcsweep.go:463-497 mspan.ensureSwept"
)
def ensuring(e: Engine, port: Port) -> None:
    """ensureSwept returns with the span at h or h+3, or else waits for its sweeper."""
    heap, span = heap_with_span(port)
    heap.runtime.sweep.active.reset()
    heap.sweepgen, generation = words(e)
    span.sweepgen = generation
    marks = span.gcmark_bits
    try:
        span.ensure_swept(heap)
    except Throw as throw:
        e.check(throw.text == SPIN, "it can only wait")
        done = Or(*(is_at(generation, heap.sweepgen, each) for each in (-2, 0, 3)))
        e.check(Not(done), "waiting")
        return
    if span.alloc_bits is marks:
        e.check(is_at(generation, heap.sweepgen, model.NEEDS_SWEEPING), "swept by us")
        e.check(is_at(span.sweepgen, heap.sweepgen, model.SWEPT), "our span stands at h")
    else:
        ready = Or(is_at(generation, heap.sweepgen, 0), is_at(generation, heap.sweepgen, 3))
        e.check(ready, "swept before")


@theorem("a cycle on", cites="runtime/mgc.go:1547-1580 gcSweep")
def bumping(e: Engine, port: Port) -> None:
    """A new cycle adds 2 to the heap's generation, as uint32 arithmetic has it."""
    heap, _ = heap_with_span(port)
    before = e.word("h.sweepgen", 0, U32_MAX)
    heap.sweepgen = before
    port.proc.stop_the_world_with_sema(heap)
    port.mgc.gc_sweep(heap, port.mgc.GC_BACKGROUND_MODE)
    e.check(is_at(heap.sweepgen, before, 2), "a cycle on")
