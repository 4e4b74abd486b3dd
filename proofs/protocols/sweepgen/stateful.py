"""Random cycles: allocation, marking, sweeping by two threads, caches that are flushed late.

Thread 0 runs whole operations. Thread 1 sweeps by hand, one function at a time, so that the others
go on while it has picked or acquired a span; it also holds up the sweep while caches are flushed.
"""

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

from hypothesis.stateful import invariant, precondition, rule
from hypothesis.strategies import booleans, sampled_from

from checker.counterexample import Scalar
from harness.port import PortView, page_is_free, provide
from harness.stateful import WatchedComparison
from impl.config import MINIATURE
from impl.gcphase import GC_MARK, GC_OFF
from impl.mgc import GC_BACKGROUND_MODE
from impl.mgcsweep import NOTHING_TO_SWEEP, SWEEP_DRAINED_MASK
from impl.rt import lock, unlock
from model import sweepgen as model
from proofs.protocols.sweepgen.abstraction import ABSTRACTION
from proofs.protocols.sweepgen.mutants import PORT_MUTANTS

SPANS = PAGES = 6
CACHES = 2
PAGE = MINIATURE.page_size
FIRST = 2 * MINIATURE.heap_arena_bytes - PAGES // 2 * PAGE
"""The heap's memory lies astride two arenas."""
FIRST_GENERATION = (1 << 32) - 4
"""The second cycle wraps the generations around."""

SPANCLASS = sampled_from((2, 5))
"""Span class 2 has two objects to a span, with pointers; span class 5 one, without."""
WHICH = sampled_from(range(8))
PATTERN, OFFSET = sampled_from(range(8)), sampled_from((0, 8, 4095))

NOT_FULL = "refill of span with free space remaining"
BAD_REFILL = "bad sweepgen in refill"
NOT_FLUSHED = "p mcache not flushed"
SWEEPERS = "active sweepers found at start of mark phase"
MISMATCHED = "mismatched begin/end of activeSweep"
INVALID_LOCKER = "use of invalid sweepLocker"


class SweepGenerations(WatchedComparison):
    """Six spans of a page, two caches, two threads."""

    abstraction = ABSTRACTION
    sizes: ClassVar = {"Span": SPANS, "Thread": 2, "Cache": CACHES}
    throws = (NOT_FULL, BAD_REFILL, NOT_FLUSHED, SWEEPERS, MISMATCHED, INVALID_LOCKER)
    mutants = PORT_MUTANTS

    def build(self) -> PortView:
        h = self.heap = self.port.runtime.new_mheap(MINIATURE)
        provide(self.port, h, 2, FIRST, PAGES)
        h.runtime.mem.refuses = lambda _v, _n: True
        h.sweepgen = FIRST_GENERATION
        lock(h.lock)
        self.spans = [h.alloc_m_span_locked() for _ in range(SPANS)]
        for each in self.spans:
            h.free_m_span_locked(each)
        unlock(h.lock)
        self.caches: list[Any] = []
        self.thread = self.cache = 0
        self.locker: Any = None
        self.holds_up = False
        self.picked: Any = None
        self.acquired: Any = None
        self.objects: list[set[int]] = [set() for _ in self.spans]
        self.marked: set[int] = set()
        self._listen()
        self.create()
        return PortView(heap=h, spans=self.spans, caches=self.caches)

    def recover(self) -> None:
        """A throw with the world stopped is not the end of these runs."""
        super().recover()
        if hasattr(self, "heap"):
            self.heap.runtime.world_is_stopped = 0

    def _listen(self) -> None:
        heard: dict[Any, Any] = {self.heap: self.heap_written}
        heard[self.heap.runtime.sweep.active.state] = self.active_written
        for s, span in enumerate(self.spans):
            heard[span] = functools.partial(self.span_written, s)
            heard[span.state.s] = functools.partial(self.state_written, s)
        for central in self.heap.central:
            for half in range(2):
                for each in (central.partial[half], central.full[half]):
                    heard[each.spans] = functools.partial(self.set_written, half)
        self.port.listeners.clear()
        self.port.listeners.update(heard)

    def concrete(self) -> Mapping[str, Scalar]:
        h = self.heap
        shown: dict[str, Scalar] = {
            "sweepgen": h.sweepgen,
            "gcphase": h.runtime.gcphase,
            "sweepers": h.runtime.sweep.active.sweepers(),
            "drained": h.runtime.sweep.active.state.load() >= SWEEP_DRAINED_MASK,
        }
        for s, span in enumerate(self.spans):
            shown[f"span{s}.state"] = self.port.mspanstate.M_SPAN_STATE_NAMES[span.state.get()]
            names = ("start_addr", "sweepgen", "alloc_count", "freeindex")
            shown |= {f"span{s}.{name}": getattr(span, name) for name in names}
        for c, cache in enumerate(self.caches):
            shown[f"cache{c}.flush_gen"] = cache.flush_gen.load()
            for spc, span in enumerate(cache.alloc):
                if span is not h.runtime.emptymspan:
                    shown[f"cache{c}.alloc[{spc}]"] = f"span{self.spans.index(span)}"
        return shown

    # What the port's writes mean.

    def step(self, name: str, *arguments: Any) -> None:
        self.run.take(name, *arguments)
        self.agrees()

    def heap_written(self, name: str, old: Any, new: Any) -> None:  # noqa: ARG002
        if name == "sweepgen":
            self.step("bump")

    def active_written(self, _: str, old: int, new: int) -> None:
        if new == 0 and old & SWEEP_DRAINED_MASK:
            self.step("reset")
        elif new == old | SWEEP_DRAINED_MASK:
            self.step("drain")
        else:
            self.step("begin" if new > old else "end", self.thread)

    def state_written(self, s: int, _: str, old: int, new: int) -> None:
        if old == new:
            return
        if new:
            self.objects[s] = set()
            self.step("init", self.thread, s)
        else:
            self.same("objects lost", sorted(self.objects[s]), [])
            self.step("free", self.thread, s)

    def span_written(self, s: int, name: str, old: Any, new: Any) -> None:  # noqa: ARG002
        if not self.run.see("live", s):
            return
        stage = self.run.see("stage", s)
        if name == "alloc_bits":
            self.objects[s] &= self.marked
            self.marked -= self.objects[s]
            self.step("process", self.thread, s)
        elif name == "sweepgen" and stage == model.CACHED:
            c = next(c for c in range(CACHES) if self.run.see("cached", c, s))
            stale = self.run.see("gen", s) == model.CACHED_STALE
            self.step("uncache_stale" if stale else "uncache", self.thread, c, s)
        elif name == "sweepgen" and stage == model.HELD:
            self.step("refill", self.thread, self.cache, s)
        elif name == "sweepgen":
            self.step("acquire" if stage == model.SHARED else "publish", self.thread, s)

    def set_written(self, half: int, _: str, old: Any, new: Any) -> None:
        swept = half == self.heap.sweepgen // 2 % 2
        if len(new) > len(old):
            self.same("pushed onto a swept set", swept, True)
            self.step("release", self.thread, self.spans.index(new[-1]))
        else:
            self.step("take" if swept else "pick", self.thread, self.spans.index(old[0]))

    def flush_gen_written(self, c: int, _: str, old: int, new: int) -> None:  # noqa: ARG002
        self.step("flush", c)

    # Caches and allocation.

    def create(self) -> None:
        c = len(self.caches)
        cache = self.port_call(self.port.mcache.allocmcache, self.heap)
        self.port.listeners[cache.flush_gen] = functools.partial(self.flush_gen_written, c)
        self.caches.append(cache)
        self.run.take("create", c)

    @precondition(lambda self: len(self.caches) < CACHES)
    @rule()
    def create_cache(self) -> None:
        self.create()

    def has_room(self) -> bool:
        """A page is free, so that no allocation fails for want of memory."""
        pages = range(FIRST, FIRST + PAGES * PAGE, PAGE)
        return any(page_is_free(self.port, self.heap, each) for each in pages)

    def flushed(self) -> list[int]:
        """The caches that may be allocated from: a P flushes its cache before it runs."""
        return [c for c in range(CACHES) if self.run.see("flushed", c)]

    def allocated(self, span: Any, address: int) -> None:
        """The end of mallocgc: the collector sees the object, and spares it for this cycle."""
        s = self.spans.index(span)
        index, rest = divmod(address - span.base(), span.elemsize)
        self.same("object", (rest, index < span.nelems), (0, True))
        self.same("object is allocated twice", address in self.objects[s], False)
        self.objects[s].add(address)
        span.free_index_for_scan = span.freeindex
        if self.heap.runtime.gcphase != GC_OFF:
            self.port.mgcmark.greyobject(self.heap, address, span, index)
            self.marked.add(address)

    @precondition(lambda self: self.has_room() and self.flushed())
    @rule(which=WHICH, spanclass=SPANCLASS, times=sampled_from((1, 2, 3)))
    def allocate(self, which: int, spanclass: int, times: int) -> None:
        self.cache = self.flushed()[which % len(self.flushed())]
        cache = self.caches[self.cache]
        for _ in range(times):
            if not self.has_room():
                break
            span = cache.alloc[spanclass]
            address = self.port_call(self.port.malloc.next_free_fast, span)
            if address == 0:
                address, span = self.port_call(cache.next_free, self.heap, spanclass)
            self.allocated(span, address)

    @precondition(lambda self: self.has_room() and self.flushed())
    @rule(noscan=booleans())
    def allocate_large(self, noscan: bool) -> None:
        size = PAGE - 8
        span = self.port_call(self.caches[0].alloc_large, self.heap, size, noscan)
        span.freeindex = span.alloc_count = 1
        self.allocated(span, span.base())

    def not_to_be_refilled(self) -> list[tuple[int, int, str]]:
        """Spans in caches that must stay where they are: (cache, span class, Go's text)."""
        found = []
        for c, cache in enumerate(self.caches):
            for spanclass, span in enumerate(cache.alloc):
                if span.alloc_count != span.nelems:
                    found.append((c, spanclass, NOT_FULL))
                elif not self.run.see("flushed", c) and span is not self.heap.runtime.emptymspan:
                    found.append((c, spanclass, BAD_REFILL))
        return found

    @precondition(lambda self: bool(self.not_to_be_refilled()))
    @rule(which=WHICH)
    def refill_too_early(self, which: int) -> None:
        found = self.not_to_be_refilled()
        c, spanclass, text = found[which % len(found)]
        because = "to refill a cache that is stale or has free space"
        refill = self.caches[c].refill
        self.refused(refill, self.heap, spanclass, throws=text, because=because)

    # The collector.

    def phase(self) -> int:
        return int(self.heap.runtime.gcphase)

    @precondition(lambda self: self.phase() == GC_OFF)
    @rule()
    def gc_start(self) -> None:
        start, arguments = self.port.mgc.gc_start, (self.heap, tuple(self.caches))
        if len(self.flushed()) < len(self.caches):
            self.refused(start, *arguments, throws=NOT_FLUSHED, because="a stale cache")
        elif self.locker is not None:
            self.refused(start, *arguments, throws=SWEEPERS, because="a sweeper")
        else:
            self.port_call(start, *arguments)

    def unmarked(self) -> list[int]:
        """The objects that the mark phase has not reached."""
        return sorted(set().union(*self.objects) - self.marked)

    def mark(self, pattern: int, offset: int) -> None:
        """Reaches every object whose place in the pattern is set, by a word that points into it."""
        for place, address in enumerate(self.unmarked()):
            if pattern >> place % 3 & 1:
                scan = self.port.mgcmark.scan_conservative
                marked = self.port_call(scan, self.heap, address + offset)
                self.same("object marked", marked, True)
                self.marked.add(address)

    @precondition(lambda self: self.phase() == GC_MARK)
    @rule(pattern=PATTERN, offset=OFFSET)
    def mark_some(self, pattern: int, offset: int) -> None:
        self.mark(pattern, offset)

    @precondition(lambda self: self.phase() == GC_MARK)
    @rule(pattern=PATTERN, offset=OFFSET)
    def gc_mark_termination(self, pattern: int, offset: int) -> None:
        self.mark(pattern, offset)
        self.port_call(self.port.mgc.gc_mark_done, self.heap, tuple(self.caches))

    @precondition(lambda self: self.phase() == GC_MARK)
    @rule(pattern=PATTERN, offset=OFFSET)
    def gc_mark_termination_slowly(self, pattern: int, offset: int) -> None:
        """The same up to where the world starts again: the caches are not flushed yet."""
        self.mark(pattern, offset)
        self.port_call(self.port.mgc.stop_marking, self.heap)
        self.thread = 1
        caches, mode = tuple(self.caches), GC_BACKGROUND_MODE
        self.locker = self.port_call(self.port.mgc.start_sweeping, self.heap, caches, mode)
        self.thread = 0
        self.port_call(self.port.proc.start_the_world_with_sema, self.heap)
        self.holds_up = True

    @precondition(lambda self: len(self.flushed()) < len(self.caches))
    @rule(which=WHICH)
    def flush(self, which: int) -> None:
        c = which % len(self.caches)
        self.port_call(self.caches[c].prepare_for_sweep, self.heap)
        self.same("flushed", self.run.see("flushed", c), True)

    @precondition(lambda self: self.holds_up and self.idles())
    @precondition(lambda self: len(self.flushed()) == len(self.caches))
    @rule()
    def finish_mark_termination(self) -> None:
        self.end()
        self.holds_up = False

    @precondition(lambda self: bool(self.flushed()))
    @rule(which=WHICH)
    def release_all(self, which: int) -> None:
        c = self.flushed()[which % len(self.flushed())]
        self.port_call(self.caches[c].release_all, self.heap)
        self.same("cached", any(self.run.see("cached", c, s) for s in range(SPANS)), False)

    # Sweeping, by whole operations.

    @rule()
    def sweepone(self) -> None:
        pages = self.port_call(self.port.mgcsweep.sweepone, self.heap)
        self.same("nothing to sweep", pages == NOTHING_TO_SWEEP, self.run.see("drained"))

    def waitless(self) -> list[int]:
        """The live spans that are swept, or can be by whoever asks."""
        good = [model.SWEPT, model.CACHED_SWEPT]
        if not self.run.see("drained"):
            good.append(model.NEEDS_SWEEPING)
        live = [s for s in range(SPANS) if self.run.see("live", s)]
        return [s for s in live if self.run.see("gen", s) in good]

    @precondition(lambda self: bool(self.waitless()))
    @rule(which=WHICH)
    def ensure_swept(self, which: int) -> None:
        s = self.waitless()[which % len(self.waitless())]
        self.port_call(self.spans[s].ensure_swept, self.heap)
        self.same("unswept", self.run.see("unswept", s), False)

    @precondition(lambda self: not self.run.see("drained"))
    @rule(npages=sampled_from((1, 2)))
    def reclaim(self, npages: int) -> None:
        self.port_call(self.heap.reclaim, npages)

    def misuses(self) -> list[str]:
        """The ways to misuse a sweep locker now, by Go's texts."""
        nobody, drained = self.heap.runtime.sweep.active.sweepers() == 0, self.run.see("drained")
        return [MISMATCHED] * nobody + [INVALID_LOCKER] * drained

    @precondition(lambda self: bool(self.misuses()))
    @rule(which=WHICH)
    def misuse_locker(self, which: int) -> None:
        """To end a sweep that never began, or to acquire a span when all work is drained."""
        text, active = self.misuses()[which % len(self.misuses())], self.heap.runtime.sweep.active
        if text == MISMATCHED:
            locker = self.port.mgcsweep.SweepLocker(self.heap.sweepgen, True)
            self.refused(active.end, self.heap, locker, throws=text, because="no sweeper")
        else:
            locker = self.port_call(active.begin, self.heap)
            self.same("locker is valid", locker.valid, False)
            acquire, span = locker.try_acquire, self.spans[which % SPANS]
            self.refused(acquire, span, throws=text, because="an invalid locker")

    # Sweeping by hand, as sweepone does.

    def begin(self) -> None:
        self.thread = 1
        self.locker = self.port_call(self.heap.runtime.sweep.active.begin, self.heap)
        self.thread = 0
        self.same("locker is valid", self.locker.valid, True)

    def end(self) -> None:
        self.thread = 1
        self.port_call(self.heap.runtime.sweep.active.end, self.heap, self.locker)
        self.thread = 0
        self.locker = None

    @precondition(lambda self: self.locker is None and not self.run.see("drained"))
    @rule()
    def sweeper_begins(self) -> None:
        self.begin()

    def idles(self) -> bool:
        """Thread 1 is registered and has no span on its hands."""
        return self.locker is not None and self.picked is None and self.acquired is None

    @precondition(idles)
    @rule()
    def sweeper_picks(self) -> None:
        self.thread = 1
        self.picked = self.port_call(self.heap.next_span_for_sweep)
        if self.picked is None:
            self.port_call(self.heap.runtime.sweep.active.mark_drained)
        self.thread = 0

    def within_reach(self) -> list[int]:
        """What thread 1 picked, or else any span in use, those that need sweeping first."""
        if self.locker is None or self.acquired is not None:
            return []
        if self.picked is not None:
            return [self.spans.index(self.picked)]
        live = [s for s in range(SPANS) if self.run.see("live", s)]
        return sorted(live, key=lambda s: self.run.see("gen", s) != model.NEEDS_SWEEPING)

    @precondition(lambda self: bool(self.within_reach()))
    @rule(which=WHICH)
    def sweeper_acquires(self, which: int) -> None:
        """Only a span that needs sweeping can be acquired."""
        s = self.within_reach()[which % 4 % len(self.within_reach())]
        self.thread = 1
        due = self.run.allows("acquire", self.thread, s)
        self.acquired = self.port_call(self.locker.try_acquire, self.spans[s])
        self.same("acquired", self.acquired is not None, due)
        self.picked = None
        self.thread = 0

    @precondition(lambda self: self.acquired is not None)
    @rule()
    def sweeper_sweeps(self) -> None:
        self.thread = 1
        self.port_call(self.acquired.sweep, self.heap, False)
        self.acquired = None
        self.thread = 0

    @precondition(lambda self: self.idles() and not self.holds_up)
    @rule()
    def sweeper_ends(self) -> None:
        self.end()

    # What the sets and counters say besides.

    @invariant()
    def sets_hold_what_is_shared(self) -> None:
        """The unswept sets hold the spans that wait, the swept ones those that can be taken."""
        half = self.heap.sweepgen // 2 % 2
        swept, unswept = [
            sorted(
                self.spans.index(span)
                for central in self.heap.central
                for each in (central.partial[which], central.full[which])
                for span in each.spans.load()
            )
            for which in (half, 1 - half)
        ]
        see = self.run.see
        self.same("unswept sets", unswept, [s for s in range(SPANS) if see("waiting", s)])
        free = [
            s
            for s in range(SPANS)
            if see("live", s) and see("stage", s) == model.SHARED and see("gen", s) == model.SWEPT
        ]
        self.same("swept sets", swept, free)

    @invariant()
    def objects_are_counted(self) -> None:
        for s, span in enumerate(self.spans):
            if self.run.see("live", s):
                self.same("alloc_count", span.alloc_count, len(self.objects[s]))

    @precondition(lambda self: self.heap.sweepgen < FIRST_GENERATION)
    @invariant()
    def generations_are_words(self) -> None:
        """Evaluated only once the generations have wrapped around, which a run must live to see."""
        for span in self.spans:
            self.same("generation is a uint32", 0 <= span.sweepgen < 1 << 32, True)
