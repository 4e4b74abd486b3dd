"""Proportional sweep: whoever allocates sweeps enough for the sweep to end before the next cycle.

It is the part of runtime/mgcsweep.go that looks at how much was allocated. Ratios are floating point
numbers, as in Go. Not ported here: tracing.
"""

from typing import TYPE_CHECKING

from impl.mgcsweep import NOTHING_TO_SWEEP, is_sweep_done, sweepone
from impl.proc import assert_world_stopped_or_lock_held
from impl.rt import i64, u64

if TYPE_CHECKING:
    from impl.mheap import Mheap

SWEEP_MARGIN = 1024 * 1024
"""runtime/mgcsweep.go gcPaceSweeper: bytes by which the sweep aims to end early."""


def deduct_sweep_credit(h: "Mheap", span_bytes: int, caller_sweep_pages: int) -> None:
    """runtime/mgcsweep.go deductSweepCredit: sweeps what a span of span_bytes bytes is to pay for.

    To be called before the span is allocated, without h.lock. A caller that sweeps pages itself
    says how many, caller_sweep_pages: they are left unswept.
    """
    if h.sweep_pages_per_byte == 0:
        # Proportional sweep is done or switched off.
        return

    while pay_sweep_debt(h, span_bytes, caller_sweep_pages):
        pass


def pay_sweep_debt(h: "Mheap", span_bytes: int, caller_sweep_pages: int) -> bool:
    """runtime/mgcsweep.go deductSweepCredit: what follows its label retry; True to go there again."""
    swept_basis = h.pages_swept_basis.load()
    live = h.runtime.gc_controller.heap_live.load()
    live_basis = h.sweep_heap_live_basis
    new_heap_live = span_bytes
    if live_basis < live:
        # The basis may be newer than live, since all this is read without a lock: go.dev/issue/57523.
        new_heap_live = h.config.uintptr(new_heap_live + h.config.uintptr(live - live_basis))
    pages_target = int(h.sweep_pages_per_byte * float(new_heap_live)) - caller_sweep_pages
    while pages_target > i64(u64(h.pages_swept.load() - swept_basis)):
        if sweepone(h) == NOTHING_TO_SWEEP:
            h.sweep_pages_per_byte = 0.0
            break
        if h.pages_swept_basis.load() != swept_basis:
            # The pace changed.
            return True
    return False


def gc_pace_sweeper(h: "Mheap", trigger: int) -> None:
    """runtime/mgcsweep.go gcPaceSweeper: sets the pace; the next cycle starts at trigger bytes.

    To be called whenever the collector's pace changes, with the world stopped or h.lock held.
    """
    assert_world_stopped_or_lock_held(h, h.lock)

    if is_sweep_done(h):
        h.sweep_pages_per_byte = 0.0
        return
    # All pages in use are to be swept by the time that the heap reaches the trigger.
    heap_live_basis = h.runtime.gc_controller.heap_live.load()
    heap_distance = i64(trigger - heap_live_basis - SWEEP_MARGIN)
    if heap_distance < h.config.page_size:
        # A ratio must not be extreme.
        heap_distance = h.config.page_size
    pages_swept = h.pages_swept.load()
    pages_in_use = h.pages_in_use.load()
    sweep_distance_pages = i64(pages_in_use - pages_swept)
    if sweep_distance_pages <= 0:
        h.sweep_pages_per_byte = 0.0
    else:
        h.sweep_pages_per_byte = float(sweep_distance_pages) / float(heap_distance)
        h.sweep_heap_live_basis = heap_live_basis
        # Written last: it tells sweepers to compute their debt anew.
        h.pages_swept_basis.store(pages_swept)
