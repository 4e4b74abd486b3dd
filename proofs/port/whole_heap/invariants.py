"""What must hold of the whole heap between any two operations.

Each claim is a function that yields what is wrong. Its number, if it has one, is that of
harness/invariants.toml, which in turn names the claim among what checks that invariant.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from impl.mgcsweep import is_sweep_done
from impl.mpallocsum import pack_palloc_sum
from impl.mranges import off_addr_less_than
from impl.rt import MemoryState, locks, u32, u64
from proofs.port.whole_heap.walk import Look, at_fault, runs

Check = Callable[[Look], Iterator[str]]


@dataclass(frozen=True)
class HeapInvariant:
    """An invariant: number 0 stands for one that isn't on the list."""

    number: int
    cites: str
    statement: str
    check: Check

    @property
    def name(self) -> str:
        """The name of the function that checks it."""
        return self.check.__name__


CLAIMS: list[HeapInvariant] = []


def claim(number: int, cites: str) -> Callable[[Check], Check]:
    """Adds the function to CLAIMS; its docstring says what is claimed."""

    def add(check: Check) -> Check:
        CLAIMS.append(HeapInvariant(number, cites, check.__doc__ or "", check))
        return check

    return add


@claim(188, "runtime/mpagealloc.go:38")
def page_partition(look: Look) -> Iterator[str]:
    """Every page ever grown is free, in one P's page cache, or in a live span: in exactly one.

    Else it is lost, or given out twice. No scavenge is in progress between operations, and user
    arena chunks lie outside what the page allocator knows.
    """
    whole = (1 << look.config.palloc_chunk_pages) - 1
    owned = {ci: look.free[ci] for ci in look.chunks}
    owners = [*look.caches, *((ci, pages, 0) for ci, pages in look.taken.items())]
    for ci, pages, _ in owners:
        if owned.get(ci, whole) & pages:
            yield f"chunk {ci}: the pages {owned.get(ci, whole) & pages:#x} are owned twice"
        owned[ci] = owned.get(ci, 0) | pages
    for ci in look.chunks:
        if owned[ci] != whole:
            yield f"chunk {ci}: nobody has the pages {whole & ~owned[ci]:#x}"


@claim(189, "runtime/mheap.go:72-86")
def mspan_partition(look: Look) -> Iterator[str]:
    """Every span structure is live, in one P's cache, in the pool, or a user arena chunk aside.

    It is in exactly one of these, else it is leaked or describes two runs of pages.
    """
    aside = [*look.quarantined, *look.ready]
    active = [s for s in look.live if s not in look.quarantined]
    places = Counter(id(s) for s in (*active, *look.dead_structures, *aside))
    known = {id(s) for s in look.spans}
    for i, s in enumerate(look.spans):
        if places[id(s)] != 1:
            yield f"span structure {i} is in {places[id(s)]} places"
    if places.keys() - known:
        yield "a span structure is not among all spans"


@claim(190, "runtime/mheap.go:334")
def no_overlap(look: Look) -> Iterator[str]:
    """No two live spans have a byte in common."""
    ranges = sorted((s.base(), s.base() + s.npages * look.config.page_size) for s in look.live)
    for (low, end), (following, _) in pairwise(ranges):
        if following < end:
            yield f"the spans at {low:#x} and {following:#x} overlap"


@claim(192, "runtime/mgcpacer.go:347-360")
def heap_statistics(look: Look) -> Iterator[str]:
    """heapReleased, heapFree and heapInUse are what the bitmaps, caches and spans add up to.

    The scavenger and the pacer decide by them.
    """
    size, gc = look.config.page_size, look.h.runtime.gc_controller
    free = sum(pages.bit_count() for pages in look.free.values())
    free += sum(pages.bit_count() for _, pages, _ in look.caches)
    released = sum((look.free[ci] & look.scavenged[ci]).bit_count() for ci in look.chunks)
    released += sum(scavenged.bit_count() for _, _, scavenged in look.caches)
    in_use = sum(s.npages for s in look.in_use if not at_fault(s))
    yield from _differs("heapReleased", gc.heap_released.load(), released * size)
    yield from _differs("heapFree", gc.heap_free.load(), (free - released) * size)
    yield from _differs("heapInUse", gc.heap_in_use.load(), in_use * size)
    yield from _differs(
        "pagesInUse", look.h.pages_in_use.load(), sum(s.npages for s in look.in_use)
    )


@claim(192, "runtime/mstats.go:471-533")
def system_statistics(look: Look) -> Iterator[str]:
    """The consistent statistics agree with the single counters, and with mappedReady.

    It is the cross-check of runtime.ReadMemStats, as far as it can be had without flushing caches.
    """
    gc, m, counts = look.h.runtime.gc_controller, look.h.runtime.memstats, look.counters()
    manual = counts["in_stacks"] + counts["in_work_bufs"] + counts["in_ptr_scalar_bits"]
    retained = gc.heap_in_use.load() + gc.heap_free.load() + manual
    names = ("stacks", "mspan", "mcache", "buckhash", "gc_misc", "other")
    system = sum(getattr(m, f"{name}_sys").load() for name in names)
    yield from _differs("released", counts["released"], gc.heap_released.load())
    yield from _differs("inHeap", counts["in_heap"], gc.heap_in_use.load())
    yield from _differs("committed", counts["committed"], u64(retained))
    yield from _differs("mappedReady", gc.mapped_ready.load(), u64(retained + system))


@claim(193, "runtime/mgcsweep.go:455")
def swept_when_done(look: Look) -> Iterator[str]:
    """Once the sweep is done, every span in use has this generation, or the caches' if cached."""
    sg = look.h.sweepgen
    cached = {id(s) for s in look.cached}
    for s in look.in_use if is_sweep_done(look.h) else ():
        expected = u32(sg + 3) if id(s) in cached else sg
        if s.sweepgen != expected:
            yield f"the span at {s.base():#x} has sweepgen {s.sweepgen}, the heap {sg}"


@claim(61, "runtime/mheap.go:475-483")
def sweepgen_meanings(look: Look) -> Iterator[str]:
    """A span in use has a generation of the five, and one of a cache iff it is in one cache."""
    sg = look.h.sweepgen
    cached = Counter(id(s) for s in look.cached)
    for s in look.in_use:
        away = u32(s.sweepgen - sg)
        if away not in (0, u32(-2), *((3, 1) if cached[id(s)] == 1 else ())):
            yield f"the span at {s.base():#x}, in {cached[id(s)]} caches, is {away} generations on"
        if cached[id(s)] and away not in (1, 3):
            yield f"the span at {s.base():#x} is cached, but its sweepgen {s.sweepgen} denies it"


@claim(194, "runtime/lockrank.go:119")
def locks_given_back(look: Look) -> Iterator[str]:
    """Between operations no lock is held; that the order is kept, each acquisition checks."""
    for mutex in locks.held():
        yield f"a lock of rank {mutex.rank.name} is still held"
    for pp in look.h.runtime.allp:
        if pp.m is not None and (pp.m.locks != 0 or pp.m.mallocing != 0):
            yield f"the thread of P {pp.id} is still pinned or allocating"
        if pp.stats_seq.load() % 2 != 0:
            yield f"P {pp.id} is still writing statistics"


@claim(195, "runtime/mheap.go:255-275")
def table_agrees(look: Look) -> Iterator[str]:
    """The span table, pageInUse and the spans' states tell the same trace.

    That a reader in the midst of an operation sees the old or the new whole is shown where threads
    interleave (proofs/protocols/span_state); here the operation is over.
    """
    for s in look.live:
        for table, page in look.entries(s):
            if table[page] is not s:
                yield f"page {page} of an arena doesn't lead to the span at {s.base():#x}"
    # The sweep leaves the bit of a user arena chunk set: nobody looks there.
    kept = {s.base() for s in look.ready}
    firsts = {s.base() for s in look.in_use}
    found = set(_pages(look, "page_in_use"))
    for address in (found ^ firsts) - kept:
        yield f"pageInUse of {address:#x} is {address in found}, but its span says otherwise"


@claim(38, "runtime/mheap.go:288-301")
def specials_listed(look: Look) -> Iterator[str]:
    """pageSpecials is set for exactly the spans that have records, whose lists are in order."""
    expected = set()
    for s in look.in_use:
        keys, special = [], s.specials
        while special is not None:
            keys.append((special.offset, special.kind))
            special = special.next
        if keys:
            expected.add(s.base())
        if keys != sorted(set(keys)):
            yield f"the records of the span at {s.base():#x} are not in order: {keys}"
    for address in set(_pages(look, "page_specials")) ^ expected:
        yield f"pageSpecials of {address:#x} is wrong"


@claim(185, "runtime/mheap.go:2211-2214")
def bitmaps_not_reused(look: Look) -> Iterator[str]:
    """No span in use has its bits in memory that is free for other bits."""
    free, arena = set(), look.h.runtime.gc_bits_arenas.free
    while arena is not None:
        free.add(id(arena))
        arena = arena.next
    for s in look.in_use:
        for bits in (s.alloc_bits, s.gcmark_bits, s.pinner_bits):
            if bits is not None and id(bits.arena) in free:
                yield f"the span at {s.base():#x} has bits in a free arena"


@claim(0, "runtime/mpagealloc.go:24-37")
def summaries(look: Look) -> Iterator[str]:
    """Every summary at every level is that of the free pages below it."""
    config = look.config
    for level in range(config.summary_levels):
        covered = 1 << config.level_log_pages[level]
        entries = look.h.pages.summary[level]
        inside: dict[int, list[tuple[int, int]]] = {i: [] for i in entries.touched()}
        for start, end in look.free_runs:
            for i in range(start // covered, (end - 1) // covered + 1):
                run = max(start - i * covered, 0), min(end - i * covered, covered)
                inside.setdefault(i, []).append(run)
        for i, here in inside.items():
            start = here[0][1] if here and here[0][0] == 0 else 0
            end = covered - here[-1][0] if here and here[-1][1] == covered else 0
            longest = max((b - a for a, b in here), default=0)
            if entries[i] != pack_palloc_sum(config, start, longest, end):
                yield f"summary {i} of level {level} is {entries[i]:#x}"


@claim(0, "runtime/mpagealloc.go:236-249")
def search_address(look: Look) -> Iterator[str]:
    """No page below the search address is free, or the allocator would not find it."""
    for ci in sorted(look.chunks):
        if look.free[ci]:
            first = look.address(ci, (look.free[ci] & -look.free[ci]).bit_length() - 1)
            search = look.h.pages.search_addr
            if off_addr_less_than(look.config, first, search):
                yield f"the page {first:#x} is free, but the search starts at {search:#x}"
            return


@claim(0, "runtime/mem.go:9-38")
def memory_states(look: Look) -> Iterator[str]:
    """Memory in use, and free memory that wasn't scavenged, is Ready; scavenged memory is Prepared.

    Where a physical page is larger than a page, scavenged memory is Ready if its neighbour is.
    """
    prepared = {MemoryState.PREPARED}
    if look.config.phys_page_size > look.config.page_size:
        prepared.add(MemoryState.READY)
    cached: Counter[int] = Counter()
    for ci, _, scavenged in look.caches:
        cached[ci] |= scavenged
    whole = (1 << look.config.palloc_chunk_pages) - 1
    for ci in look.chunks:
        away = (look.scavenged[ci] & look.free[ci]) | cached[ci]
        yield from _in_state(look, ci, away, prepared)
        yield from _in_state(look, ci, whole & ~away, {MemoryState.READY})
    for s in look.live:
        if s.is_user_arena_chunk:
            state = MemoryState.RESERVED if at_fault(s) else MemoryState.READY
            yield from _range_in_state(look, s.base(), s.npages * look.config.page_size, {state})
    rest = look.h.cur_arena
    yield from _range_in_state(look, rest.base, rest.end - rest.base, {MemoryState.RESERVED})


@claim(39, "runtime/mheap.go:303-317")
def zeroed_base(look: Look) -> Iterator[str]:
    """No byte of an arena at or above its zeroedBase was ever written."""
    size = look.config.heap_arena_bytes
    for base, ha in look.arenas:
        if look.h.runtime.mem.dirty(base + ha.zeroed_base, size - ha.zeroed_base):
            yield f"the arena at {base:#x} is dirty above {ha.zeroed_base:#x}"


@claim(0, "runtime/mpallocbits.go:421-429")
def scavenged_is_free(look: Look) -> Iterator[str]:
    """Only free pages are marked as scavenged, in the bitmaps and in the page caches."""
    for ci in look.chunks:
        if look.scavenged[ci] & ~look.free[ci]:
            yield f"chunk {ci}: {look.scavenged[ci] & ~look.free[ci]:#x} is scavenged, not free"
    for ci, pages, scavenged in look.caches:
        if scavenged & ~pages:
            yield f"a cache in chunk {ci}: {scavenged & ~pages:#x} is scavenged, not free"


@claim(0, "runtime/mgcscavenge.go:1242-1246")
def scavenge_index(look: Look) -> Iterator[str]:
    """The scavenger's index counts as in use what is not free; pages in a cache are in use to it."""
    for ci in look.chunks:
        used = look.config.palloc_chunk_pages - look.free[ci].bit_count()
        known = look.h.pages.scav.index.load(ci).in_use
        yield from _differs(f"the pages in use of chunk {ci} in the index", known, used)


NOTHING_LEAKED = [
    each
    for each in CLAIMS
    if each.name in ("page_partition", "mspan_partition", "no_overlap", "heap_statistics")
]
"""What holds even where a program dies for want of memory: its caches are in the midst of a refill."""


def _differs(what: str, port: int, counted: int) -> Iterator[str]:
    if port != counted:
        yield f"{what} is {port}, but {counted} were counted"


def _pages(look: Look, bitmap: str) -> Iterator[int]:
    """The addresses of the pages whose bits are set in all arenas."""
    for base, ha in look.arenas:
        bits = getattr(ha, bitmap)
        for i in bits.touched():
            for page, end in runs(bits[i]):
                for each in range(page, end):
                    yield base + (i * 8 + each) * look.config.page_size


def _in_state(look: Look, ci: int, pages: int, states: set[MemoryState]) -> Iterator[str]:
    for start, end in runs(pages):
        nbytes = (end - start) * look.config.page_size
        yield from _range_in_state(look, look.address(ci, start), nbytes, states)


def _range_in_state(look: Look, v: int, n: int, states: set[MemoryState]) -> Iterator[str]:
    for low, high, state in look.h.runtime.mem.states(v, n):
        if state not in states:
            names = " or ".join(sorted(each.name for each in states))
            yield f"[{low:#x}, {high:#x}) is {state.name}, it should be {names}"
