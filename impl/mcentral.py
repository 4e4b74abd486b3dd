"""The spans of one span class, shared by all threads: with or without free objects, swept or not.

The two sets of each kind trade roles with each generation. Not ported here: tracing.
"""

from typing import TYPE_CHECKING

from impl.mgcpacesweep import deduct_sweep_credit
from impl.mgcsweep import SweepLocked
from impl.mspan import Mspan
from impl.mspanset import SpanSet
from impl.rt import Const, Struct, atomic, throw, u32
from impl.spanclass import span_class_sizeclass

if TYPE_CHECKING:
    from impl.mheap import Mheap

SPAN_BUDGET = 100
"""runtime/mcentral.go mcentral.cacheSpan spanBudget: how many spans cacheSpan sweeps before it takes a new one."""


class Mcentral(Struct):
    """runtime/mcentral.go mcentral: partial spans have a free object, full ones have none."""

    spanclass: Const[int] = 0
    partial: Const[tuple[SpanSet, SpanSet]]
    full: Const[tuple[SpanSet, SpanSet]]

    def init(self, h: "Mheap", spc: int) -> None:
        """runtime/mcentral.go mcentral.init: readies the empty sets of span class spc."""
        self.spanclass = spc
        self.partial = (SpanSet(), SpanSet())
        self.full = (SpanSet(), SpanSet())
        for i in range(2):
            self.partial[i].init(h)
            self.full[i].init(h)

    def partial_unswept(self, sweepgen: int) -> SpanSet:
        """runtime/mcentral.go mcentral.partialUnswept: unswept spans with a free object."""
        return self.partial[1 - sweepgen // 2 % 2]

    def partial_swept(self, sweepgen: int) -> SpanSet:
        """runtime/mcentral.go mcentral.partialSwept: swept spans with a free object."""
        return self.partial[sweepgen // 2 % 2]

    def full_unswept(self, sweepgen: int) -> SpanSet:
        """runtime/mcentral.go mcentral.fullUnswept: unswept spans without a free object."""
        return self.full[1 - sweepgen // 2 % 2]

    def full_swept(self, sweepgen: int) -> SpanSet:
        """runtime/mcentral.go mcentral.fullSwept: swept spans without a free object."""
        return self.full[sweepgen // 2 % 2]

    def cache_span(self, h: "Mheap") -> Mspan | None:
        """runtime/mcentral.go mcentral.cacheSpan: a span with a free object, for an mcache.

        None without memory. Throws "span has no free objects".
        """
        sizeclass = span_class_sizeclass(self.spanclass)
        deduct_sweep_credit(h, h.config.class_to_allocnpages[sizeclass] * h.config.page_size, 0)

        sg = h.sweepgen
        s = self.partial_swept(sg).pop()
        if s is None:
            s = self.sweep_for_span(h, sg)
        if s is None:
            s = self.grow(h)
        if s is None:
            return None

        n = s.nelems - s.alloc_count
        if n == 0 or s.freeindex == s.nelems or s.alloc_count == s.nelems:
            throw("span has no free objects")
        # The low bit of the cache must stand for freeindex.
        free_byte_base = s.freeindex // 64 * 64
        s.refill_alloc_cache(free_byte_base // 8)
        s.alloc_cache >>= s.freeindex % 64
        return s

    def sweep_for_span(self, h: "Mheap", sg: int) -> Mspan | None:
        """runtime/mcentral.go mcentral.cacheSpan: its middle, which sweeps to find a free object."""
        span_budget = SPAN_BUDGET
        sl = h.runtime.sweep.active.begin(h)
        if not sl.valid:
            return None
        while span_budget >= 0:
            s = self.partial_unswept(sg).pop()
            if s is None:
                break
            locked = sl.try_acquire(s)
            if locked is not None:
                locked.sweep(h, True)
                h.runtime.sweep.active.end(h, sl)
                return s
            # A sweeper that can't take the span off this list has swept it and put it where it
            # belongs, or is about to. It isn't ours to touch.
            span_budget -= 1
        while span_budget >= 0:
            s = self.full_unswept(sg).pop()
            if s is None:
                break
            locked = sl.try_acquire(s)
            if locked is not None:
                locked.sweep(h, True)
                freeindex = s.next_free_index()
                if freeindex != s.nelems:
                    s.freeindex = freeindex
                    h.runtime.sweep.active.end(h, sl)
                    return s
                self.full_swept(sg).push(s)
            span_budget -= 1
        h.runtime.sweep.active.end(h, sl)
        return None

    def uncache_span(self, h: "Mheap", s: Mspan) -> None:
        """runtime/mcentral.go mcentral.uncacheSpan: takes a span back from an mcache."""
        if s.alloc_count == 0:
            throw("uncaching span but s.allocCount == 0")

        sg = h.sweepgen
        stale = s.sweepgen == u32(sg + 1)
        if stale:
            # It was cached before the sweep began: sweeping it is up to us.
            atomic.store(s, "sweepgen", u32(sg - 1))
        else:
            atomic.store(s, "sweepgen", sg)

        if stale:
            # No locker: a stale cached span is on no list, and mark termination holds sweep
            # completion up until every mcache was flushed.
            SweepLocked(s).sweep(h, False)
        elif s.nelems - s.alloc_count > 0:
            self.partial_swept(sg).push(s)
        else:
            self.full_swept(sg).push(s)

    def grow(self, h: "Mheap") -> Mspan | None:
        """runtime/mcentral.go mcentral.grow: a new span from the heap; None without memory.

        The limit is set after the span was published: go.dev/issue/74288.
        """
        npages = h.config.class_to_allocnpages[span_class_sizeclass(self.spanclass)]
        size = h.config.class_to_size[span_class_sizeclass(self.spanclass)]
        s = h.alloc(npages, self.spanclass)
        if s is None:
            return None
        n = s.divide_by_elem_size(npages << h.config.page_shift)
        s.limit = s.base() + size * n
        s.init_heap_bits(h, False)
        return s
