"""Recorded generations, sets and sweeps against the sweep generation machine.

Sweepers and the drained bit are counted in one word without a lock, so a sweeper may be recorded
after the drain that came after it; the drain is therefore held back until the world stops for the
next cycle. The first cycle is drained by gcinit, whose store is not recorded. A compare-and-swap
that wins a span is recorded after it, so a thread that lost it may be seen to go on before; the
winner's step is then taken early. The cache of a refill is known from the event that ends it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from checker.monitor import Monitor
from golang.events import (
    Drained,
    Event,
    Flush,
    Hsg,
    Refill,
    SetPop,
    SetPush,
    SgCas,
    SgStore,
    StateStore,
    StoreSite,
    SweepBits,
    SweeperBegin,
    SweeperEnd,
    SweepReset,
)
from golang.trace import Trace
from harness.conformance import TraceMonitor, TraceViolation
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE
from model import sweepgen
from proofs.protocols.sweepgen.abstraction import relative

GO = "runtime/mheap.go:475"
FIRST_GENERATION = 0


class SweepGenerationsMonitor(TraceMonitor):
    """Spans by address, threads by M, caches by the address of the mcache."""

    subject = "sweepgen"
    key = "span"

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace, Monitor(sweepgen.build()))
        self.heap = FIRST_GENERATION
        self.drained = False
        self.refilling: dict[int, int] = {}
        self.cache_of: dict[int, int] = {}
        self.stored: dict[int, int] = {}
        self.taken_early: set[int] = set()

    def listens_to(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {
            SgStore: self.store,
            SgCas: self.acquire,
            SweepBits: self.process,
            SetPush: self.push,
            SetPop: self.pop,
            StateStore: self.state,
            Refill: self.refill,
            Flush: self.flush,
            SweeperBegin: self.begin,
            SweeperEnd: self.end,
            Drained: self.drain,
            Hsg: self.bump,
            SweepReset: self.reset,
        }

    def store(self, event: SgStore) -> None:
        old, new = self._generations(event)
        if event.site == StoreSite.initSpan:
            self.expect("born_swept", "runtime/mheap.go:1418", new, sweepgen.SWEPT)
            self.step("init", event.m, event.span)
            return
        self._check(event.span, old)
        if event.site == StoreSite.refill:
            self.expect("refill", "runtime/mcache.go:193", new, sweepgen.CACHED_SWEPT)
            self.refilling[event.m] = event.span
        elif event.site == StoreSite.uncacheSpan:
            self._uncache(event, new)
        else:
            self.expect("site", GO, event.site, StoreSite.sweep)
            self.expect("publish", "runtime/mgcsweep.go:699", new, sweepgen.SWEPT)
            self.step("publish", event.m, event.span)

    def _uncache(self, event: SgStore, new: int) -> None:
        cache = self.cache_of.pop(event.span, None)
        if cache is None:
            raise TraceViolation("sweepgen.uncache", "runtime/mcentral.go:195", "no cache holds it")
        stale = self.model.read("gen", event.span) == sweepgen.CACHED_STALE
        self.step("uncache_stale" if stale else "uncache", event.m, cache, event.span)
        cites = "runtime/mcentral.go:212 mcentral.uncacheSpan"
        self.expect_entry("uncached_generation", cites, new, "gen", event.span)

    def acquire(self, event: SgCas) -> None:
        if event.ticket in self.taken_early:
            self.taken_early.remove(event.ticket)
            return
        old, new = self._generations(event)
        self._check(event.span, old)
        self.step("acquire", event.m, event.span)
        self.expect_entry("acquired", GO, new, "gen", event.span)

    def process(self, event: SweepBits) -> None:
        self.step("process", event.m, event.span)

    def push(self, event: SetPush) -> None:
        if self._swept(event.set, event.h):
            self.step("release", event.m, event.span)
        elif self.trace.central_set(event.set) is not None:
            cites = "runtime/mcentral.go:76 mcentral.fullSwept"
            raise TraceViolation("sweepgen.release", cites, "a span is pushed onto an unswept set")

    def pop(self, event: SetPop) -> None:
        if self._swept(event.set, event.h):
            self.step("take", event.m, event.span)
        elif self.trace.central_set(event.set) is not None:
            self._settle(event.m, event.ticket)
            self.step("pick", event.m, event.span)

    def state(self, event: StateStore) -> None:
        if event.old == M_SPAN_IN_USE and event.new == M_SPAN_DEAD:
            self.step("free", event.m, event.span)

    def refill(self, event: Refill) -> None:
        cites = "runtime/mcache.go:193 mcache.refill"
        self.expect("refilled_span", cites, event.span, self.refilling.pop(event.m, None))
        self.step("refill", event.m, event.mcache, event.span)
        self.cache_of[event.span] = event.mcache

    def flush(self, event: Flush) -> None:
        cites = "runtime/mcache.go:330 mcache.prepareForSweep"
        self.expect("flushed_to", cites, event.new, self.heap)
        if event.site == StoreSite.prepareForSweep:
            self.expect("flushed_from", cites, relative(event.old, self.heap), -2)
            self.step("flush", event.mcache)
        else:
            self.expect("site", cites, (event.site, event.old), (StoreSite.allocmcache, 0))
            self.step("create", event.mcache)

    def begin(self, event: SweeperBegin) -> None:
        cites = "runtime/mgcsweep.go:151 activeSweep.begin"
        self.expect("locker_generation", cites, event.gen, self.heap)
        if event.valid:
            self.step("begin", event.m)

    def end(self, event: SweeperEnd) -> None:
        cites = "runtime/mgcsweep.go:165 activeSweep.end"
        self.expect("locker_generation", cites, event.gen, self.heap)
        thread = self._registered(event.m)
        self._settle(thread, event.ticket)
        self.step("end", thread)

    def drain(self, event: Drained) -> None:
        cites = "runtime/mgcsweep.go:193 activeSweep.markDrained"
        self.expect("drained_once", cites, self.drained, False)
        self.expect("drained_generation", cites, event.h, self.heap)
        self.drained = True

    def bump(self, event: Hsg) -> None:
        self.expect("heap_generation", "runtime/mgc.go:1554", event.old, self.heap)
        if self.drained or self.heap == FIRST_GENERATION:
            self.step("drain")
            self.drained = False
        self.step("bump")
        self.expect("bumped_by_two", "runtime/mheap.go:481", relative(event.new, event.old), 2)
        self.heap = event.new

    def reset(self, event: SweepReset) -> None:
        self.expect("heap_generation", "runtime/mgc.go:1554", event.h, self.heap)
        self.step("reset")

    def _settle(self, m: int, ticket: int) -> None:
        """A thread goes on from a span it picked, so someone has acquired it by now."""
        read = self.model.read
        span = read("picked", m)
        unswept = read("live", span) and read("gen", span) == sweepgen.NEEDS_SWEEPING
        if not read("picking", m) or not unswept:
            return
        for later in range(ticket + 1, len(self.trace)):
            event = self.trace[later]
            if isinstance(event, Hsg):
                return
            if isinstance(event, SgCas) and event.span == span:
                if event.m != m:
                    self.acquire(event)
                    self.taken_early.add(event.ticket)
                return

    def _registered(self, m: int) -> int:
        """The thread under whose name the sweeper registered.

        gcMarkTermination registers, may be rescheduled, and deregisters from another M.
        """
        if self.model.read("sweeping", m):
            return m
        others = [t for t in self.model.known("Thread") if self.model.read("sweeping", t)]
        idle = [t for t in others if not self.model.read("picking", t)]
        return idle[0] if idle else m

    def _generations(self, event: SgStore | SgCas) -> tuple[int, int]:
        self.expect("heap_generation", "runtime/mheap.go:481", event.h, self.heap)
        # An mspan is never cleared: a dead one keeps the generation of its last life.
        self.expect("stored", "runtime/mheap.go:764", event.old, self.stored.get(event.span, 0))
        self.stored[event.span] = event.new
        return relative(event.old, self.heap), relative(event.new, self.heap)

    def _check(self, span: int, old: int) -> None:
        self.expect_entry("generation", GO, old, "gen", span)

    def _swept(self, address: int, heap: int) -> bool:
        """Whether a set of the heap holds swept spans in this generation."""
        found = self.trace.central_set(address)
        return found is not None and found.half == heap // 2 % 2
