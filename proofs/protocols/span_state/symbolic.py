"""Spans at every address: what is published, what a look-up finds, what can be freed.

`init_span` runs on an mspan with arbitrary contents of an earlier life. What it calls of the heap is
recorded rather than run: the arena map, zeroedBase and the span table have theorems of their own.
"""

import types
from typing import Any

from checker.logic import And, Iff, Not, Or
from checker.symbolic import Engine
from harness.symbolic import Port, theorem
from impl.config import LINUX_AMD64
from impl.rt import U64_MAX, Atomic, MixedArray, Mutex, Throw
from model.span_state import DEAD, IN_USE, MANUAL
from proofs.protocols.span_state.mutants import PORT_MUTANTS
from proofs.protocols.span_state.races import RACES
from proofs.protocols.span_state.variants import LIMIT_BEFORE_STATE

VARIANTS = {each.name: each for each in [*PORT_MUTANTS.values(), *RACES, LIMIT_BEFORE_STATE]}

PAGE = LINUX_AMD64.page_size
CLASSES = LINUX_AMD64.num_span_classes
ADDRESSES = 2**LINUX_AMD64.heap_addr_bits
INIT = "runtime/mheap.go:1378-1460 mheap.initSpan"
WORDS = ("limit", "elemsize", "nelems", "div_mul", "sweepgen", "freeindex", "alloc_cache")


class StateBox:
    """A state box that calls `published` when the span becomes visible."""

    def __init__(self, published: Any) -> None:
        self.published = published
        self.history: list[int] = []

    def set(self, state: int) -> None:
        self.history.append(state)
        if state != DEAD:
            self.published()


def bits_for_two(port: Port) -> Any:
    """Arenas of mark bits with room for the bitmaps of one span, whatever its class."""
    arenas, arena = port.gcbits.GcBitsArenas(), port.gcbits.GcBitsArena()
    arena.bits = MixedArray(2 * PAGE // 8 // 64, 0)
    arenas.next = arena
    return arenas


class WriteSink:
    """An arena map, arena and bitmap in one, of which nothing is asked but to be written to."""

    def __getitem__(self, _index: Any) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        pass

    def __or__(self, _mask: Any) -> "WriteSink":
        return self

    def __and__(self, _mask: Any) -> "WriteSink":
        return self


def recycled(e: Engine, port: Port) -> Any:
    """An mspan that kept arbitrary values of an earlier life."""
    span = port.mspan.Mspan()
    for name in WORDS:
        setattr(span, name, e.word(f"old {name}", 0, U64_MAX))
    return span


def publication(e: Engine, port: Port, check: Any) -> None:
    """Any span is given any pages; `check` is called when its state is stored."""
    span, sweepgen = recycled(e, port), e.word("h.sweepgen", 0, 2**32 - 1)
    spanclass = e.choose(CLASSES + 1, "span class, or manual")
    manual = spanclass == CLASSES
    sizeclass = 0 if manual else spanclass >> 1
    base = e.word("page", 1, ADDRESSES // PAGE - 1) * PAGE
    pages = (
        LINUX_AMD64.class_to_allocnpages[sizeclass]
        if sizeclass
        else e.word("npages", 1, ADDRESSES // PAGE)
    )
    e.assume(base + pages * PAGE <= ADDRESSES)
    dirty = e.choose(2, "pages need zeroing") == 1
    heap = types.SimpleNamespace(
        config=LINUX_AMD64,
        sweepgen=sweepgen,
        arenas=WriteSink(),
        pages_in_use=Atomic[int](),
        runtime=types.SimpleNamespace(gc_bits_arenas=bits_for_two(port)),
        alloc_needs_zero=lambda _base, _npages: dirty,
        set_spans=lambda _base, _npages, _span: None,
    )
    kind = port.spanalloctype.SPAN_ALLOC_STACK if manual else port.mheap.SPAN_ALLOC_HEAP
    span.state = StateBox(lambda: check(span, heap, base, pages, spanclass, dirty))
    given = 0 if manual else spanclass
    port.mheap.Mheap.init_span(heap, span, kind, given, base, pages)
    final = MANUAL if manual else IN_USE
    e.check(span.state.history == [DEAD, final], "the state is stored once, last")


@theorem("a heap span is complete", "a manual span is complete", cites=INIT, cross_check=False)
def publishing(e: Engine, port: Port) -> None:
    """When the state is stored, every field but a heap span's limit is that of the new life."""

    def check(span: Any, heap: Any, base: Any, pages: Any, spanclass: int, dirty: bool) -> None:
        common = And(span.start_addr == base, span.npages == pages, span.alloc_count == 0)
        e.check(common, "place and count")
        e.check(span.needzero == int(dirty), "needzero is what alloc_needs_zero said")
        if spanclass == CLASSES:
            end = base + pages * PAGE
            e.check(And(span.nelems == 0, span.limit == end), "a manual span is complete")
            return
        sizeclass = spanclass >> 1
        size = LINUX_AMD64.class_to_size[sizeclass] if sizeclass else pages * PAGE
        many = pages * PAGE // size if sizeclass else 1
        magic = LINUX_AMD64.class_to_divmagic[sizeclass] if sizeclass else 0
        sizes = And(span.elemsize == size, span.nelems == many, span.div_mul == magic)
        e.check(And(sizes, span.spanclass == spanclass), "class and sizes")
        indexes = And(span.freeindex == 0, span.free_index_for_scan == 0)
        e.check(And(indexes, span.alloc_cache == U64_MAX), "nothing is allocated")
        e.check(span.sweepgen == heap.sweepgen, "the span is swept")
        bitmaps = (span.alloc_bits, span.gcmark_bits)
        e.check(None not in bitmaps and bitmaps[0] is not bitmaps[1], "a heap span is complete")

    publication(e, port, check)


@theorem("a heap span has its limit", cites="runtime/mcentral.go:254", cross_check=False)
def limiting(e: Engine, port: Port) -> None:
    """When the state of a heap span is stored, its limit is the end of its objects."""

    def check(span: Any, _h: Any, base: Any, _pages: Any, spanclass: int, _dirty: bool) -> None:
        if spanclass != CLASSES:
            end = base + span.elemsize * span.nelems
            e.check(span.limit == end, "a heap span has its limit")

    publication(e, port, check)


@theorem("found", "not found", cites="runtime/mheap.go:670-740 spanOf, spanOfHeap")
def looking_up(e: Engine, port: Port) -> None:
    """For any word spanOfHeap finds the table's span just if it is in use and owns the word."""
    word, span = e.word("p", 0, U64_MAX), port.mspan.Mspan()
    span.start_addr, span.limit = e.word("base", 0, U64_MAX), e.word("limit", 0, U64_MAX)
    state = e.choose(3, "state")
    span.state.set(state)
    entry = e.choose(3, "table")
    table = [
        None,
        types.SimpleNamespace(spans=Entries(None)),
        types.SimpleNamespace(spans=Entries(span)),
    ]
    heap = types.SimpleNamespace(config=LINUX_AMD64, arenas=Entries(Entries(table[entry])))
    found = port.spanof.span_of_heap(heap, word)
    is_heap = (word - LINUX_AMD64.arena_base_offset) % 2**64 < ADDRESSES
    owned = And(span.start_addr <= word, word < span.limit)
    if found is None:
        expected = And(is_heap, entry == 2, state == IN_USE, owned)
        e.check(Not(expected), "not found")
    else:
        e.check(And(found is span, state == IN_USE, is_heap, owned), "found")


class Entries:
    """A table of which every entry is the same."""

    def __init__(self, entry: Any) -> None:
        self.entry = entry

    def __getitem__(self, _index: Any) -> Any:
        return self.entry


@theorem("freed", "refused", cites="runtime/mheap.go:1590-1645 mheap.freeSpanLocked")
def freeing(e: Engine, port: Port) -> None:
    """Just an empty span, swept if it is in use, can be freed; the throws are Go's; then it is dead."""
    span, state = port.mspan.Mspan(), e.choose(3, "state")
    span.state.set(state)
    span.alloc_count = e.word("alloc_count", 0, 2**16 - 1)
    span.sweepgen = e.word("s.sweepgen", 0, 2**32 - 1)
    span.is_user_arena_chunk = e.choose(2, "user arena") == 1
    span.start_addr, span.npages = PAGE, 1
    lock, freed, counted = Mutex(), [], Atomic[int]()
    lock.held = True
    controller, memstats = port.mgcpacer.GcControllerState(), port.mstats.Mstats()
    memstats.init(LINUX_AMD64)
    controller.heap_in_use.add(PAGE)
    heap = types.SimpleNamespace(
        config=LINUX_AMD64,
        lock=lock,
        sweepgen=e.word("h.sweepgen", 0, 2**32 - 1),
        arenas=WriteSink(),
        pages_in_use=counted,
        runtime=types.SimpleNamespace(gc_controller=controller, memstats=memstats),
        pages=types.SimpleNamespace(free=lambda base, npages: freed.append((base, npages))),
        free_m_span_locked=freed.append,
    )
    busy, unswept = span.alloc_count != 0, span.sweepgen != heap.sweepgen
    try:
        port.mheap.Mheap.free_span_locked(heap, span, port.spanalloctype.SPAN_ALLOC_HEAP)
    except Throw as throw:
        reasons = {
            "mheap.freeSpanLocked - invalid span state": state == DEAD,
            "mheap.freeSpanLocked - invalid stack free": And(state == MANUAL, busy),
            "mheap.freeSpanLocked - invalid free of user arena chunk": And(
                state == IN_USE, span.is_user_arena_chunk
            ),
            "mheap.freeSpanLocked - invalid free": And(
                state == IN_USE, Not(span.is_user_arena_chunk), Or(busy, unswept)
            ),
        }
        e.check(reasons.get(throw.text, False), "refused")
        return
    in_use = And(state == IN_USE, Not(Or(span.is_user_arena_chunk, busy, unswept)))
    e.check(Or(in_use, And(state == MANUAL, Not(busy))), "freed")
    e.check(span.state.get() == DEAD, "a freed span is dead")
    e.check(freed == [(PAGE, 1), span], "the pages go back before the mspan")
    e.check(Iff(counted.load() != 0, state == IN_USE), "only heap spans count as pages in use")
    e.check(controller.heap_free.load() == PAGE, "the bytes of a freed span are free")


@theorem("rounded up", "rounded down", "divided", cites="runtime/stubs.go alignUp, alignDown")
def aligning(e: Engine, port: Port) -> None:
    """Rounding to any power of two gives the nearest multiple, for every word that leaves room."""
    config = port.config.LINUX_AMD64
    a, n = 1 << e.choose(64, "shift"), e.word("n", 0, U64_MAX)
    down = port.stubs.align_down(config, n, a)
    e.check(And(down % a == 0, down <= n, n < down + a), "rounded down")
    e.assume(n <= 2**64 - a)
    up = port.stubs.align_up(config, n, a)
    e.check(And(up % a == 0, n <= up, up < n + a), "rounded up")
    pieces = port.stubs.div_round_up(config, n, a)
    e.check(And(pieces * a >= n, pieces * a < n + a), "divided")
