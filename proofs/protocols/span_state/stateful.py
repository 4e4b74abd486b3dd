"""Random lives of spans beside phases of the collector and its conservative scan."""

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

from hypothesis.stateful import invariant, precondition, rule
from hypothesis.strategies import booleans, sampled_from

from checker.counterexample import Scalar
from harness.port import PortView, page_is_free, provide
from harness.stateful import WatchedComparison
from impl.config import MINIATURE
from impl.gcphase import GC_MARK, GC_MARK_TERMINATION, GC_OFF
from impl.rt import U64_MAX, lock, u32, unlock
from impl.spanalloctype import SPAN_ALLOC_STACK
from impl.spanclass import span_class_sizeclass
from model import span_state as model
from proofs.protocols.span_state.abstraction import Life, abstraction, limit_is_right
from proofs.protocols.span_state.mutants import PORT_MUTANTS

SPANS, PAGES = 5, 8
PAGE = MINIATURE.page_size
FIRST = 2 * MINIATURE.heap_arena_bytes - PAGES // 2 * PAGE
"""The heap's memory lies astride two arenas."""

SPAN = sampled_from(range(SPANS))
READER = 0
IN_HEAP, OFFSET = sampled_from(range(-1, PAGES + 1)), sampled_from((0, 1, 4096, 8191))
FAR = (0, 1, FIRST // 2, (1 << MINIATURE.heap_addr_bits) - 1, 1 << MINIATURE.heap_addr_bits)

INVALID_STATE = "mheap.freeSpanLocked - invalid span state"
INVALID_FREE = "mheap.freeSpanLocked - invalid free"
INVALID_STACK_FREE = "mheap.freeSpanLocked - invalid stack free"
INVALID_CHUNK_FREE = "mheap.freeSpanLocked - invalid free of user arena chunk"
OUT_OF_MEMORY = "out of memory"

SPOILT = {
    "objects": ("alloc_count", 1, INVALID_FREE),
    "not swept": ("sweepgen", u32(-2), INVALID_FREE),
    "user arena": ("is_user_arena_chunk", True, INVALID_CHUNK_FREE),
}
"""What forbids to free a span in use: a field, the value that does, and Go's text."""


class SpanLives(WatchedComparison):
    """Five spans in eight pages. The model steps where the port writes state, limit and phase."""

    # In go1.21.13 a heap span is visible before its limit is set, though not after the allocation.
    abstraction = abstraction(limit_first=False)
    sizes: ClassVar = {"Span": SPANS, "Reader": 1}
    throws = (
        INVALID_STATE,
        INVALID_FREE,
        INVALID_STACK_FREE,
        INVALID_CHUNK_FREE,
        OUT_OF_MEMORY,
    )
    mutants = PORT_MUTANTS

    def build(self) -> PortView:
        h = self.heap = self.port.runtime.new_mheap(MINIATURE)
        provide(self.port, h, 2, FIRST, PAGES)
        h.runtime.mem.refuses = lambda _v, _n: True
        lock(h.lock)
        self.spans = [h.alloc_m_span_locked() for _ in range(SPANS)]
        for each in self.spans:
            h.free_m_span_locked(each)
        unlock(h.lock)
        self.cache = self.port.mcache.allocmcache(h)
        self.lives: list[Life | None] = [None] * SPANS
        self.objects: list[int] = [0] * SPANS
        self.marked: set[int] = set()
        listeners: dict[Any, Any] = {h.runtime: self.runtime_written}
        for s, span in enumerate(self.spans):
            listeners[span] = functools.partial(self.span_written, s)
            listeners[span.state.s] = functools.partial(self.state_written, s)
        self.port.listeners.clear()
        self.port.listeners.update(listeners)
        return PortView(heap=h, spans=self.spans, extra={"lives": self.lives})

    def concrete(self) -> Mapping[str, Scalar]:
        names = ("start_addr", "npages", "elemsize", "nelems", "limit", "alloc_count", "sweepgen")
        shown: dict[str, Scalar] = {"gcphase": self.heap.runtime.gcphase}
        for s, span in enumerate(self.spans):
            shown[f"span{s}.state"] = self.port.mspanstate.M_SPAN_STATE_NAMES[span.state.get()]
            shown |= {f"span{s}.{name}": getattr(span, name) for name in names}
        for ai in self.heap.all_arenas:
            bits = self.port.heaparena.arena_at(self.heap, ai).page_in_use
            shown |= {f"arena{ai}.page_in_use[{i}]": byte for i, byte in enumerate(bits)}
        return shown

    def number(self, span: Any) -> int | None:
        """The number of a span, None for none."""
        return None if span is None else self.spans.index(span)

    # What the port's writes mean.

    def runtime_written(self, name: str, old: Any, new: Any) -> None:
        if name == "gcphase" and old != new:
            self.run.take(("finish_mark", "start_mark", "terminate_mark")[new])
            self.agrees()

    def span_written(self, s: int, name: str, old: Any, new: Any) -> None:  # noqa: ARG002
        if name == "limit" and self.run.see("state", s) == model.IN_USE:
            self.run.take("set_limit", s)
            self.agrees()

    def state_written(self, s: int, name: str, old: Any, new: Any) -> None:  # noqa: ARG002
        if new == model.DEAD and old == model.DEAD:
            return
        if new == model.DEAD:
            self.run.take("retire", s)
        else:
            self.run.take("fill", s)
            # A span that comes to lie where it was before may find its limit right already.
            if new == model.MANUAL or limit_is_right(self.view, s):
                self.run.take("set_limit", s)
            self.run.take("publish_manual" if new == model.MANUAL else "publish", s)
        self.agrees()

    # Allocating.

    def fit(self, npages: int) -> int:
        """The address of the lowest run of free pages, 0 if there is none."""
        taken = {page for life in self.lives if life for page in _pages(life)}
        for page in range(PAGES - npages + 1):
            if not taken & set(range(page, page + npages)):
                return FIRST + page * PAGE
        return 0

    def born(self, span: Any, s: int, life: Life) -> None:
        """The span that came is the one expected, where expected, and its limit is right by now."""
        self.same("span", self.number(span), s if life.base else None)
        if life.base:
            self.same("limit", self.run.see("limit", s), True)
            self.objects[s] = 0

    def expecting(self, npages: int, elemsize: int, nelems: int, data: int) -> tuple[int, Life]:
        """Tells the abstraction of the life that begins, if its pages can be had."""
        base = self.fit(npages)
        life = Life(base, npages, elemsize, nelems, base + data)
        s = self.spans.index(self.heap.spanalloc.list.v)
        if base:
            self.lives[s] = life
        return s, life

    def has_spare_span(self) -> bool:
        return None in self.lives

    @precondition(has_spare_span)
    @rule(spanclass=sampled_from((2, 3, 4, 5)))
    def grow(self, spanclass: int) -> None:
        sizeclass = span_class_sizeclass(spanclass)
        size, npages = MINIATURE.class_to_size[sizeclass], 1
        n = npages * PAGE // size
        s, life = self.expecting(npages, size, n, n * size)
        self.born(self.port_call(self.heap.central[spanclass].grow, self.heap), s, life)

    @precondition(has_spare_span)
    @rule(size=sampled_from((1, PAGE, PAGE + 1, 3 * PAGE - 8, 6 * PAGE)), noscan=booleans())
    def alloc_large(self, size: int, noscan: bool) -> None:
        npages = -(-size // PAGE)
        s, life = self.expecting(npages, npages * PAGE, 1, size)
        alloc = self.cache.alloc_large
        if life.base:
            self.born(self.port_call(alloc, self.heap, size, noscan), s, life)
        else:
            self.refused(
                alloc, self.heap, size, noscan, throws=OUT_OF_MEMORY, because="a full heap"
            )

    @precondition(has_spare_span)
    @rule(npages=sampled_from((1, 2, 4)))
    def alloc_manual(self, npages: int) -> None:
        s, life = self.expecting(npages, 0, 0, npages * PAGE)
        self.born(self.port_call(self.heap.alloc_manual, npages, SPAN_ALLOC_STACK), s, life)

    # Freeing. Go's callers see to it that the collector is off: nothing checks that.

    def off(self) -> bool:
        return bool(self.run.see("phase") == model.OFF)

    def free_as(self, s: int) -> tuple[Any, tuple[Any, ...]]:
        """How a span is freed: in use, or by hand."""
        if self.run.see("state", s) == model.MANUAL:
            return self.heap.free_manual, (self.spans[s], SPAN_ALLOC_STACK)
        return self.heap.free_span, (self.spans[s],)

    @precondition(off)
    @rule(s=SPAN)
    def free(self, s: int) -> None:
        free, arguments = self.free_as(s)
        if self.lives[s] is None:
            self.refused(free, *arguments, throws=INVALID_STATE, because="a dead span")
        elif self.objects[s]:
            self.refused(free, *arguments, throws=INVALID_FREE, because="a span with objects")
        else:
            self.port_call(free, *arguments)
            self.lives[s] = None

    @precondition(lambda self: self.off() and self.in_state(model.IN_USE))
    @rule(which=SPAN, why=sampled_from(sorted(SPOILT)))
    def free_spoilt(self, which: int, why: str) -> None:
        """A span in use is not to be freed, for a reason that the model does not know of."""
        self.spoil(self.pick(which, model.IN_USE), why, *SPOILT[why])

    @precondition(lambda self: self.off() and self.in_state(model.MANUAL))
    @rule(which=SPAN)
    def free_stack_in_use(self, which: int) -> None:
        s = self.pick(which, model.MANUAL)
        self.spoil(s, "a stack", "alloc_count", 1, INVALID_STACK_FREE)

    def spoil(self, s: int, why: str, field: str, value: Any, text: str) -> None:
        """Tries to free a span while one of its fields forbids it."""
        free, arguments = self.free_as(s)
        kept = getattr(self.spans[s], field)
        setattr(self.spans[s], field, value)
        self.refused(free, *arguments, throws=text, because=why)
        setattr(self.spans[s], field, kept)

    # Objects, as mallocgc and the sweep make and drop them.

    def in_state(self, state: int) -> list[int]:
        """The spans in this state."""
        return [s for s in range(SPANS) if self.run.see("state", s) == state]

    def pick(self, which: int, state: int) -> int:
        """One of the spans in this state."""
        return self.in_state(state)[which % len(self.in_state(state))]

    @precondition(lambda self: self.in_state(model.IN_USE))
    @rule(which=SPAN)
    def allocate_object(self, which: int) -> None:
        s = self.pick(which, model.IN_USE)
        span, life = self.spans[s], self.lives[s]
        assert life is not None
        address = self.port_call(self.port.malloc.next_free_fast, span)
        n = self.objects[s]
        self.same("object", address, life.base + n * life.elemsize if n < life.nelems else 0)
        if address:
            self.objects[s] += 1
            span.free_index_for_scan = span.freeindex

    @precondition(lambda self: self.off() and self.in_state(model.IN_USE))
    @rule(which=SPAN)
    def drop_objects(self, which: int) -> None:
        s = self.pick(which, model.IN_USE)
        span, life = self.spans[s], self.lives[s]
        assert life is not None
        span.alloc_count = span.freeindex = span.free_index_for_scan = 0
        span.alloc_cache = U64_MAX
        span.gcmark_bits = self.port.gcbits.new_mark_bits(self.heap, life.nelems)
        self.marked -= set(range(life.base, life.base + life.npages * PAGE))
        self.objects[s] = 0

    # The collector.

    def owner(self, word: int) -> int | None:
        """The heap span whose data a word points into."""
        for s, life in enumerate(self.lives):
            in_use = self.run.see("state", s) == model.IN_USE
            if life is not None and in_use and life.base <= word < life.limit:
                return s
        return None

    @precondition(off)
    @rule()
    def gc_start(self) -> None:
        self.port_call(self.port.mgc.set_gc_phase, self.heap, GC_MARK)
        self.same("phase", self.run.see("phase"), model.MARK)

    @precondition(lambda self: self.run.see("phase") == model.MARK)
    @rule()
    def terminate_mark(self) -> None:
        self.port_call(self.port.mgc.set_gc_phase, self.heap, GC_MARK_TERMINATION)

    @precondition(lambda self: self.run.allows("finish_mark"))
    @rule()
    def finish_mark(self) -> None:
        self.port_call(self.port.mgc.set_gc_phase, self.heap, GC_OFF)

    @precondition(lambda self: not self.off() and not self.run.see("looking", READER))
    @rule(page=IN_HEAP, offset=OFFSET)
    def scan(self, page: int, offset: int) -> None:
        word = FIRST + page * PAGE + offset
        s = self.owner(word)
        expected = False
        if s is not None:
            life = self.lives[s]
            assert life is not None
            self.run.take("look", READER, s)
            index = (word - life.base) // life.elemsize
            obj = life.base + index * life.elemsize
            expected = index < self.objects[s] and obj not in self.marked
            if expected:
                self.marked.add(obj)
        newly = self.port_call(self.port.mgcmark.scan_conservative, self.heap, word)
        self.same("object marked", newly, expected)
        if s is not None:
            self.run.take("leave", READER)

    @precondition(lambda self: not self.off() and not self.run.see("looking", READER))
    @rule(page=IN_HEAP, offset=OFFSET)
    def look(self, page: int, offset: int) -> None:
        """A scan that is not done with what it found when others go on."""
        self.word = FIRST + page * PAGE + offset
        s = self.owner(self.word)
        found = self.port_call(self.port.spanof.span_of_heap, self.heap, self.word)
        self.same("span", self.number(found), s)
        if s is not None:
            self.run.take("look", READER, s)

    @precondition(lambda self: self.run.see("looking", READER))
    @rule()
    def leave(self) -> None:
        span = self.spans[self.run.see("at", READER)]
        index = self.port_call(span.obj_index, self.heap.config, self.word)
        self.same("object is in the span", index < span.nelems, True)
        self.run.take("leave", READER)

    @rule(page=IN_HEAP, offset=OFFSET)
    def look_up(self, page: int, offset: int) -> None:
        word = FIRST + page * PAGE + offset
        heap, s = self.heap, self.owner(word)
        self.same("inheap", self.port_call(self.port.spanof.inheap, heap, word), s is not None)
        allocated = any(life and life.base <= word < life.limit for life in self.lives)
        shown = self.port_call(self.port.spanof.in_heap_or_stack, heap, word)
        self.same("in_heap_or_stack", shown, allocated)

    @rule(word=sampled_from((*FAR, U64_MAX)))
    def look_up_far(self, word: int) -> None:
        """A word that points nowhere near the heap."""
        self.same("span", self.port_call(self.port.spanof.span_of, self.heap, word), None)
        self.same("inheap", self.port_call(self.port.spanof.inheap, self.heap, word), False)

    # What the page sweeper and the collector find spans by.

    @invariant()
    def pages_in_use_are_known(self) -> None:
        """The bitmap has a bit for the first page of each span in use, and no other."""
        firsts, count = set(), 0
        for s, life in enumerate(self.lives):
            if life is not None and self.run.see("state", s) == model.IN_USE:
                firsts.add(life.base)
                count += life.npages
        for page in range(PAGES):
            address = FIRST + page * PAGE
            arena, index, mask = self.port.heaparena.page_index_of(self.heap, address)
            self.same("page_in_use", arena.page_in_use[index] & mask != 0, address in firsts)
        self.same("pages_in_use", self.heap.pages_in_use.load(), count)

    @invariant()
    def pages_know_their_span(self) -> None:
        """Each page of an allocated span leads to it, and is not free."""
        for s, life in enumerate(self.lives):
            for page in _pages(life) if life else ():
                address = FIRST + page * PAGE
                self.same("page is free", page_is_free(self.port, self.heap, address), False)
                found = self.port.spanof.span_of_unchecked(self.heap, address)
                self.same("span", self.number(found), s)


class StrictSpanLives(SpanLives):
    """The same, beside the machine in which a span's limit is set before it is visible."""

    abstraction = abstraction(limit_first=True)
    harness = "stateful-limits"


def _pages(life: Life) -> range:
    """Its pages, by number within the heap's memory."""
    first = (life.base - FIRST) // PAGE
    return range(first, first + life.npages)
