"""A whole heap: spans from several Ps, growth in several places, scavenging, specials, statistics."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from checker.binding import Edit
from checker.mutation import Mutant
from golang.oracle import NOTHING, Op
from golang.oracle.client import OracleRequest
from golang.source import GoEdit
from harness.assumptions import ALIGNED_STACKS_IN_GO
from impl.config import LINUX_AMD64
from impl.rt import M, lock, run_on, unlock
from proofs.runtime.differential.compare import Made, Numbers, Results, words_of
from proofs.runtime.differential.heaps import MASK, new_heap, platform_start
from proofs.runtime.differential.heapstate import IN_USE, PS, HeapView

ARENA, PAGE = 64 << 20, 8 << 10
PAGES = ARENA // PAGE
UP, NEAR, DOWN, LAST = 0x1C0_0000_0000, 0x1C1_0000_0000, 0x1C2_0000_0000, 0x1C3_0000_0000
HINTS = ((UP, 0), (NEAR, 0), (DOWN, 1), (LAST, 0))
BLOCKED = ((UP + 2 * ARENA, ARENA), (NEAR + ARENA, ARENA), (DOWN - 3 * ARENA, ARENA))
"""Reserved beforehand: the first hints soon fail, and the heap goes on at the next."""

HEAP, STACK = 0, 1

PLATFORM = replace(LINUX_AMD64, arena_hints=tuple(addr for addr, _ in HINTS), user_arena_hints=())


class HeapDifferential(HeapView):
    """A second mheap, used by three Ps."""

    name = "heap"
    cites = "runtime/mheap.go:60-1660"
    operations = ("HEAP_",)
    rules: ClassVar = {
        "alloc_small": 24,
        "alloc_class": 10,
        "alloc_large": 6,
        "free": 24,
        "caches": 3,
        "grow": 1,
        "scavenge": 3,
        "generation": 3,
        "limits": 2,
        "special": 5,
        "look": 4,
        "needs_zero": 1,
        "huge": 1,
        "wrong": 2,
        "too_large": 1,
    }
    throws = (
        "addspecial on invalid pointer",
        "mheap.freeSpanLocked - invalid free",
        "mheap.freeSpanLocked - invalid span state",
        "mheap.freeSpanLocked - invalid stack free",
    )
    platform: ClassVar = PLATFORM
    start = platform_start(
        PLATFORM,
        (Op.HEAP_INIT, PS, *(word for hint in HINTS for word in hint)),
        *((Op.HEAP_BLOCK, *each) for each in BLOCKED),
    )
    own_process = True
    mutants: ClassVar[Sequence[Mutant]] = (
        Mutant(
            "rest-of-arena-lost",
            "what is left of an arena is lost when the heap goes on elsewhere",
            (
                Edit(
                    "heapgrow",
                    "                self.pages.grow(self.cur_arena.base, size)\n",
                    "",
                ),
            ),
        ),
        Mutant(
            "span-cache-refilled-by-less",
            "a quarter of the cache of spans is refilled, where Go fills half",
            (Edit("allocspan", "len(cache.buf) // 2", "len(cache.buf) // 4"),),
        ),
        Mutant(
            "zeroed-base-forgets",
            "reused pages are taken for zero",
            (Edit("mheap", "                need_zero = True\n", "                pass\n"),),
        ),
        Mutant(
            "scavenged-counted-as-free",
            "a span of scavenged pages takes them from the free ones in the statistics",
            (Edit("allocspan", "add(-(nbytes - scav))", "add(-nbytes)"),),
        ),
    )

    def __init__(self, port: Any) -> None:
        super().__init__(port)
        self.config = config = self.platform
        self.h = h = new_heap(port, config)
        hint = h.arena_hints.first
        for _, down in HINTS:
            hint.down = bool(down)
            hint = hint.next
        for address, size in BLOCKED:
            h.runtime.mem.reserve(address, size)
        h.runtime.sweep.active.mark_drained()
        h.runtime.scavenge.gc_percent_goal.store(MASK)
        h.runtime.persistent.global_alloc.base = h.runtime.persistent.global_alloc.off = 0
        self.threads = []
        for _ in range(PS):
            thread = M()
            thread.p = port.procresize.new_p(h)
            self.threads.append(thread)
        self.arenas: dict[Any, int] = {}
        self.live: dict[int, tuple[int, int]] = {}  # span -> pages, type
        self.full = False
        self.baseline = self.stats()
        self.calls: dict[int, Callable[..., Any]] = {
            Op.HEAP_ALLOC: self.do_alloc,
            Op.HEAP_FREE: self.do_free,
            Op.HEAP_FREE_MANUAL: lambda vp, s, typ: self.on(vp, h.free_manual, self.span(s), typ),
            Op.HEAP_SET_ALLOC_COUNT: lambda s, n: setattr(self.span(s), "alloc_count", n),
            Op.HEAP_SET_LIMIT: self.do_set_limit,
            Op.HEAP_SET_SWEEPGEN: lambda s, n: setattr(
                self.span(s), "sweepgen", h.sweepgen + n & 0xFFFF_FFFF
            ),
            Op.HEAP_FLUSH: self.do_flush,
            Op.HEAP_DESTROY_P: self.do_destroy,
            Op.HEAP_GROW: self.do_grow,
            Op.HEAP_SCAVENGE: lambda n, force: h.pages.scavenge(n, None, bool(force)),
            Op.HEAP_SCAVENGE_ALL: h.scavenge_all,
            Op.HEAP_NEXT_GEN: h.pages.scav.index.next_gen,
            Op.HEAP_NEXT_SWEEPGEN: self.do_next_sweepgen,
            Op.HEAP_ENABLE_HUGE: h.enable_metadata_huge_pages,
            Op.HEAP_LIMITS: self.do_limits,
            Op.HEAP_NEEDS_ZERO: h.alloc_needs_zero,
            Op.HEAP_ZEROED_BASE: lambda p: self.arena(p).zeroed_base,
            Op.HEAP_SPAN_OF: self.do_span_of,
            Op.HEAP_SPAN_RUNS: self.do_span_runs,
            Op.HEAP_ADD_SPECIAL: self.do_add_special,
            Op.HEAP_REMOVE_SPECIAL: self.do_remove_special,
        }

    def apply(self, request: OracleRequest) -> Results:
        return words_of(self.calls[request[0]](*request[1:]))

    def on(self, vp: int, function: Callable[..., Any], *arguments: Any) -> Any:
        """The call by the thread that has this P."""
        with run_on(self.threads[vp]):
            return function(*arguments)

    def arena(self, address: int) -> Any:
        heaparena = self.port.heaparena
        return heaparena.arena_at(self.h, heaparena.arena_index(self.config, address))

    def do_alloc(self, vp: int, pages: int, typ: int, spanclass: int) -> Results:
        s = self.on(vp, self.h.alloc_span, pages, typ, spanclass)
        if s is None:
            return (NOTHING,)
        return (
            self.number(s),
            s.base(),
            s.needzero,
            *self.bits(s.gcmark_bits),
            *self.bits(s.alloc_bits),
        )

    def bits(self, bits: Any) -> Results:
        if bits is None:
            return NOTHING, NOTHING
        return self.arenas.setdefault(bits.arena, len(self.arenas)), bits.start

    def do_free(self, vp: int, number: int, typ: int) -> None:
        def free() -> None:
            lock(self.h.lock)
            self.h.free_span_locked(self.span(number), typ)
            unlock(self.h.lock)

        self.on(vp, free)

    def do_set_limit(self, number: int, size: int) -> None:
        self.span(number).limit = self.span(number).base() + size

    def do_flush(self, vp: int) -> None:
        lock(self.h.lock)
        self.threads[vp].p.pcache.flush(self.h.pages)
        unlock(self.h.lock)

    def do_destroy(self, vp: int) -> None:
        """What P.destroy does with the heap."""
        pp = self.threads[vp].p
        for i in range(pp.mspancache.len):
            self.h.spanalloc.free(pp.mspancache.buf[i])
        pp.mspancache.len = 0
        self.do_flush(vp)

    def do_grow(self, pages: int) -> Results:
        lock(self.h.lock)
        grown, done = self.h.grow(pages)
        unlock(self.h.lock)
        return grown, int(done)

    def do_next_sweepgen(self) -> None:
        self.h.sweepgen = self.h.sweepgen + 2 & 0xFFFF_FFFF
        for i in range(self.h.allspans.len):
            s = self.span(i)
            if s.state.get() == IN_USE:
                s.sweepgen = self.h.sweepgen

    def do_limits(self, limit: int, goal: int) -> None:
        retained = self.baseline[0] + self.baseline[1]
        limit = (1 << 63) - 1 if limit == NOTHING else limit + self.baseline[3]
        self.h.runtime.gc_controller.memory_limit.store(limit)
        self.h.runtime.scavenge.gc_percent_goal.store(MASK if goal == NOTHING else goal + retained)

    def do_span_of(self, p: int) -> Results:
        spanof, h = self.port.spanof, self.h
        return (
            self.number(spanof.span_of(h, p)),
            self.number(spanof.span_of_heap(h, p)),
            int(spanof.inheap(h, p)),
            int(spanof.in_heap_or_stack(h, p)),
        )

    def do_span_runs(self, p: int) -> Results:
        spans = self.arena(p).spans
        words: list[int] = []
        last = None
        for i in range(PAGES):
            s = spans[i]
            if i == 0 or s is not last:
                words += (i, self.number(s))
                last = s
        return tuple(words)

    def do_add_special(self, number: int, offset: int, kind: int) -> bool:
        record = self.h.specialfinalizeralloc.alloc()
        record.special.kind = kind
        p = self.span(number).base() + offset
        if self.port.addspecial.addspecial(self.h, p, record.special):
            return True
        self.h.specialfinalizeralloc.free(record)
        return False

    def do_remove_special(self, number: int, offset: int, kind: int) -> bool:
        p = self.span(number).base() + offset
        special = self.port.addspecial.removespecial(self.h, p, kind)
        if special is not None:
            self.h.specialfinalizeralloc.free(special.record)
        return special is not None

    def learn(self, request: OracleRequest, results: Results) -> None:
        op = request[0]
        if op == Op.HEAP_ALLOC:
            self.full = results == (NOTHING,)
            if not self.full:
                self.live[results[0]] = (request[2], request[3])
        elif op in (Op.HEAP_FREE, Op.HEAP_FREE_MANUAL):
            self.live.pop(request[2], None)

    def may(self, _typ: int) -> bool:
        """Whether it makes sense to allocate a span of this type."""
        return not self.full

    def alloc_small(self, numbers: Numbers) -> Made:
        pages = 1 + numbers.below(1 << numbers.below(5))
        typ = numbers.below(4)
        return (Op.HEAP_ALLOC, numbers.below(PS), pages, typ, 0) if self.may(typ) else None

    def alloc_class(self, numbers: Numbers) -> Made:
        size_class = numbers.below(len(LINUX_AMD64.class_to_size) - 1) + 1
        pages = LINUX_AMD64.class_to_allocnpages[size_class]
        spanclass = size_class << 1 | numbers.below(2)
        request = (Op.HEAP_ALLOC, numbers.below(PS), pages, HEAP, spanclass)
        return request if self.may(HEAP) else None

    def alloc_large(self, numbers: Numbers) -> Made:
        pages = 1 + numbers.below(600 if numbers.below(3) else 2 * PAGES)
        typ = numbers.pick([HEAP, HEAP, STACK])
        return (Op.HEAP_ALLOC, numbers.below(PS), pages, typ, 0) if self.may(typ) else None

    def free(self, numbers: Numbers) -> Made:
        if not self.live:
            return None
        span = numbers.pick(sorted(self.live))
        typ = self.live[span][1]
        vp = numbers.below(PS)
        if typ != HEAP and numbers.below(2):
            return (Op.HEAP_FREE_MANUAL, vp, span, typ)
        return (Op.HEAP_FREE, vp, span, typ)

    def caches(self, numbers: Numbers) -> Made:
        return (numbers.pick([Op.HEAP_FLUSH, Op.HEAP_DESTROY_P]), numbers.below(PS))

    def grow(self, numbers: Numbers) -> Made:
        return None if self.full else (Op.HEAP_GROW, numbers.below(3 * 512) + 1)

    def scavenge(self, numbers: Numbers) -> Made:
        if numbers.below(8) == 1:
            return (Op.HEAP_SCAVENGE_ALL,)
        n = numbers.pick([PAGE, 1, 64 << 10, 1 << 20, 16 << 20])
        return (Op.HEAP_SCAVENGE, n, numbers.below(2))

    def generation(self, numbers: Numbers) -> Made:
        return (numbers.pick([Op.HEAP_NEXT_GEN, Op.HEAP_NEXT_SWEEPGEN]),)

    def limits(self, numbers: Numbers) -> Made:
        limit = numbers.pick([NOTHING, 0, numbers.below(32 << 20)])
        goal = numbers.pick([NOTHING, 0, numbers.below(32 << 20)])
        return (Op.HEAP_LIMITS, limit, goal)

    def special(self, numbers: Numbers) -> Made:
        """After what the callers of alloc do: set the limit, by which the span is found."""
        spans = [s for s, (_, typ) in sorted(self.live.items()) if typ == HEAP]
        if not spans:
            return None
        span = numbers.pick(spans)
        size = self.live[span][0] * PAGE
        # Go keeps 16 bits of an offset.
        entry = (span, numbers.below(min(size, 1 << 16) // 8) * 8, numbers.below(4) + 1)
        known = self.span(span).limit == self.span(span).base() + size
        limit: list[OracleRequest] = [] if known else [(Op.HEAP_SET_LIMIT, span, size)]
        if numbers.below(3):
            return [*limit, (Op.HEAP_ADD_SPECIAL, *entry)]
        special = self.span(span).specials
        if special is not None:
            entry = (span, special.offset, special.kind)
        return [*limit, (Op.HEAP_REMOVE_SPECIAL, *entry)]

    def look(self, numbers: Numbers) -> Made:
        if not self.h.all_arenas:
            return None
        ai = numbers.pick(self.h.all_arenas)
        base = self.port.heaparena.arena_base(self.config, ai)
        address = base + numbers.below(1 << numbers.below(27))
        shape = numbers.below(12)
        if shape == 0:
            return (Op.HEAP_SPAN_RUNS, address)
        if shape == 1:
            return (Op.HEAP_ZEROED_BASE, address)
        if self.live and shape < 8:
            s = self.span(numbers.pick(sorted(self.live)))
            address = s.base() + numbers.below(s.npages * PAGE)
        return (Op.HEAP_SPAN_OF, address)

    def needs_zero(self, numbers: Numbers) -> Made:
        if not self.h.all_arenas:
            return None
        ai = self.h.all_arenas[0]
        base = self.port.heaparena.arena_base(self.config, ai)
        page = numbers.below(PAGES)
        return (Op.HEAP_NEEDS_ZERO, base + page * PAGE, 1 + numbers.below(PAGES - page))

    def huge(self, numbers: Numbers) -> Made:
        return (Op.HEAP_ENABLE_HUGE,) if numbers.below(4) == 1 else None

    def wrong(self, numbers: Numbers) -> Made:
        """What Go refuses; rarely, as it ends the run."""
        spans = sorted(self.live)
        if numbers.below(3) != 1 or not spans:
            return None
        which, span = numbers.below(4), numbers.pick(spans)
        typ = self.live[span][1]
        if which == 0:
            return [(Op.HEAP_FREE, 0, span, typ), (Op.HEAP_FREE, 0, span, typ)]
        if which == 1:
            return [(Op.HEAP_SET_ALLOC_COUNT, span, 1), (Op.HEAP_FREE, 0, span, typ)]
        if which == 2:
            return [(Op.HEAP_SET_SWEEPGEN, span, NOTHING - 1), (Op.HEAP_FREE, 0, span, typ)]
        return (Op.HEAP_ADD_SPECIAL, span, self.live[span][0] * PAGE, 3)

    def too_large(self, numbers: Numbers) -> Made:
        """More than the address space; afterwards every hint is gone, so it ends allocation."""
        if not self.may(STACK) or numbers.below(6) != 1:
            return None
        return (Op.HEAP_ALLOC, numbers.below(PS), 1 << numbers.pick([36, 40]), STACK, 0)


ALIGNED = replace(PLATFORM, phys_page_size=16 << 10, phys_page_aligned_stacks=True)


class AlignedHeapDifferential(HeapDifferential):
    """The same on a platform whose pages are larger, where stacks are aligned to them."""

    name = "heap_aligned"
    platform = ALIGNED
    start = (*platform_start(ALIGNED), *HeapDifferential.start[2:])
    edits = (
        GoEdit(
            "mheap.go",
            "mheap.allocSpan",
            "needPhysPageAlign := physPageAlignedStacks &&",
            "needPhysPageAlign := true &&",
        ),
        # The system here hands out metadata by its own, smaller pages.
        GoEdit("mem_linux.go", "sysNoHugePageOS", "(physPageSize-1)", "(4096-1)"),
    )
    assumptions = (ALIGNED_STACKS_IN_GO,)
    mutants: ClassVar[Sequence[Mutant]] = (
        Mutant(
            "stack-not-aligned",
            "a stack begins where the first pages are free",
            (
                Edit(
                    "allocspan",
                    "            base = align_up(config, base, config.phys_page_size)\n",
                    "            pass\n",
                ),
            ),
        ),
        Mutant(
            "edges-are-taken-too",
            "the pages beside the aligned ones are allocated with them",
            (Edit("allocspan", "alloc_range(base, npages)", "alloc_range(base, npages + 1)"),),
        ),
    )

    def may(self, typ: int) -> bool:
        """Not a stack as the first span of all: Go would look into summaries that are not mapped."""
        return super().may(typ) and (typ != STACK or bool(self.h.all_arenas))
