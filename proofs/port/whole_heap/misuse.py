"""What a program, or the runtime, must not do, with the text Go dies of; and what it refuses."""

from collections.abc import Callable
from typing import Any, NamedTuple

from impl.rt import run_on
from proofs.port.whole_heap.objects import ProgramObject
from proofs.port.whole_heap.program import Program


class Misuse(NamedTuple):
    """A call that must throw; None for a function says that it can't be tried now."""

    function: Callable[..., Any] | None
    arguments: tuple[Any, ...] = ()


NOTHING = Misuse(None)


def _object(p: Program) -> ProgramObject:
    return p.malloc(p.worker(0), p.config.page_size, True, True)


def free_stack_twice(p: Program) -> Misuse:
    s = p.new_stack(p.worker(0), 1, 1)
    if s is None:
        return NOTHING
    with run_on(p.worker(0)):
        p.h.free_manual(s, 1)
    return Misuse(p.h.free_manual, (s, 1))


def free_span_with_objects(p: Program) -> Misuse:
    return Misuse(p.h.free_span, (p.port.spanof.span_of_heap(p.h, _object(p).addr),))


def free_chunk_as_span(p: Program) -> Misuse:
    p.new_arena(p.worker(0))
    return Misuse(p.h.free_span, (p.arenas[-1].active,))


def heap_span_by_hand(p: Program) -> Misuse:
    return Misuse(p.h.alloc_manual, (1, 0))


def profile_twice(p: Program) -> Misuse:
    thing, bucket = _object(p), p.port.mprof.Bucket()
    with run_on(p.worker(0)):
        p.port.addspecial.setprofilebucket(p.h, thing.addr, bucket)
    return Misuse(p.port.addspecial.setprofilebucket, (p.h, thing.addr, bucket))


def record_for_nothing(p: Program) -> Misuse:
    return Misuse(p.port.addspecial.addfinalizer, (p.h, p.config.page_size, 8, 0, 1, 1))


def remove_from_nothing(p: Program) -> Misuse:
    return Misuse(p.port.addspecial.removefinalizer, (p.h, p.config.page_size))


def unpin_what_is_not_pinned(p: Program) -> Misuse:
    return Misuse(p.port.setpinned.set_pinned, (p.h, _object(p).addr, False))


def end_a_sweep_not_begun(p: Program) -> Misuse:
    sweep = p.port.mgcsweep
    p.sweep_all(p.worker(0))
    return Misuse(p.h.runtime.sweep.active.end, (p.h, sweep.SweepLocker(p.h.sweepgen, True)))


def scan_a_bad_pointer(p: Program) -> Misuse:
    s = p.new_stack(p.worker(0), 1, 1)
    if s is None:
        return NOTHING
    with run_on(p.worker(0)):
        p.h.free_manual(s, 1)
    return Misuse(p.port.mgcmark.scan_word, (p.h, s.base(), p.worker(0).p.gcw))


def malloc_without_a_p(p: Program) -> Misuse:
    def without() -> None:
        with run_on(p.bare):
            p.port.malloc.mallocgc(p.h, 8, None, True)

    return Misuse(without)


def malloc_near_the_top(p: Program) -> Misuse:
    return Misuse(p.port.malloc.mallocgc, (p.h, p.config.uintptr_mask - 100, None, True))


MISUSES = {
    free_stack_twice: "mheap.freeSpanLocked - invalid span state",
    free_span_with_objects: "mheap.freeSpanLocked - invalid free",
    free_chunk_as_span: "mheap.freeSpanLocked - invalid free of user arena chunk",
    heap_span_by_hand: "manual span allocation called with non-manually-managed type",
    profile_twice: "setprofilebucket: profile already set",
    record_for_nothing: "addspecial on invalid pointer",
    remove_from_nothing: "removespecial on invalid pointer",
    unpin_what_is_not_pinned: "runtime.Pinner: object already unpinned",
    end_a_sweep_not_begun: "mismatched begin/end of activeSweep",
    scan_a_bad_pointer: "found bad pointer in Go heap (incorrect use of unsafe or cgo?)",
    malloc_without_a_p: "mallocgc called without a P or outside bootstrapping",
    malloc_near_the_top: "out of memory",
}
"""What is tried while the collector is off, and what the port must throw then."""
