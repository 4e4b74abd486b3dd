"""Recorded operations of the page allocator, replayed through the port.

The port starts with an empty heap, as the process did, and does what the events say was asked:
the same calls with the same arguments, in ticket order. What each returns and leaves behind must be
what the event shows: addresses, scavenged bytes, caches, the search address, the scavenge index.
What to scavenge is not decided again: each call of scavengeOne is repeated as it was recorded.

A call of scavenge_one has two halves under the heap's lock, and other operations come in between.
It runs on a greenlet of its own, which stops where the system takes the pages, until the event that
shows its second half.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from greenlet import getcurrent, greenlet

from checker.binding import Binding, Edit
from checker.mutation import Mutant
from golang.events import Event
from golang.page_events import (
    PageCacheAlloc,
    PageFlush,
    PagesAlloc,
    PagesFree,
    PagesGrow,
    PageToCache,
    ScavBegin,
    ScavGen,
    ScavGive,
    ScavNone,
    ScavTake,
)
from golang.trace import Trace
from harness.conformance import TraceReader, TraceViolation
from impl.config import LINUX_AMD64
from impl.rt import AddressSpace, Throw, lock, unlock

ALLOC = "runtime/mpagealloc.go:875 pageAlloc.alloc"
CACHE = "runtime/mpagecache.go:37 pageCache.alloc"
FLUSH = "runtime/mpagecache.go:78 pageCache.flush"
FREE = "runtime/mpagealloc.go:936 pageAlloc.free"
GENERATION = "runtime/mgcscavenge.go:1187 scavengeIndex.nextGen"
GROW = "runtime/mpagealloc.go:357 pageAlloc.grow"
SCAVENGE = "runtime/mgcscavenge.go:732 pageAlloc.scavengeOne"
TO_CACHE = "runtime/mpagecache.go:119 pageAlloc.allocToCache"


@cache
def bound(edits: tuple[Edit, ...]) -> Binding:
    """The port, with the edits of a mutant."""
    return Binding("impl", edits=edits)


class PausingAddressSpace(AddressSpace):
    """Where pages go back to the system the greenlet that gives them stops, and says which."""

    def unused(self, v: int, n: int) -> None:
        client = getcurrent().parent
        if client is not None:
            client.switch((v, n))
        super().unused(v, n)


@dataclass
class Scavenge:
    """A call of scavengeOne in flight; once it has taken [addr, addr + npages pages), `rest` is left."""

    asked: ScavBegin
    rest: greenlet | None = None
    addr: int = 0
    npages: int = 0


class RecordedPages(TraceReader):
    """The port's page allocator beside a recording."""

    subject = "pages"
    key = ""
    why = "the port's page allocator does otherwise than the real one did in a recorded run"
    agreement = "each as the port has it"
    edits: tuple[Edit, ...] = ()
    """Those of the mutant of the port, if it is about one."""

    @classmethod
    def on(cls, mutant: Mutant) -> type["RecordedPages"]:
        """The same on a port with a bug."""
        return type(cls.__name__, (cls,), {"edits": mutant.edits, "variant": mutant.name})

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        header = trace.header
        self.config = replace(
            LINUX_AMD64,
            phys_page_size=header.phys_page_bytes,
            phys_huge_page_size=header.phys_huge_page_bytes,
        )
        self.port = bound(self.edits)
        # Of the addresses of amd64, which have a sign, the program has the lower half.
        memory = PausingAddressSpace(self.config.phys_page_size, self.config.heap_addr_bits - 1)
        self.heap: Any = self.port.runtime.new_mheap(self.config, memory)
        self.pages: Any = self.heap.pages
        self.chunks: set[int] = set()
        self.caches: dict[int, Any] = {}
        self.scavenges: dict[int, Scavenge] = {}

    def listens_to(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {
            PagesGrow: self._throwing(GROW, self.grow),
            PagesAlloc: self._throwing(ALLOC, self.alloc),
            PagesFree: self._throwing(FREE, self.free),
            PageToCache: self._throwing(TO_CACHE, self.to_cache),
            PageCacheAlloc: self._throwing(CACHE, self.cache_alloc),
            PageFlush: self._throwing(FLUSH, self.flush),
            ScavBegin: self._throwing(SCAVENGE, self.begin),
            ScavTake: self._throwing(SCAVENGE, self.take),
            ScavGive: self._throwing(SCAVENGE, self.give),
            ScavNone: self._throwing(SCAVENGE, self.none),
            ScavGen: self._throwing(GENERATION, self.generation),
        }

    def grow(self, event: PagesGrow) -> None:
        pages = self.pages
        self._map(event.base, event.size)
        self._locked(pages.grow, event.base, event.size)
        self.heap.runtime.gc_controller.heap_released.add(event.size)
        known = (pages.start, pages.end, pages.summary_mapped_ready, pages.in_use.total_bytes)
        self._same(GROW, (event.start, event.end, event.ready, event.total), known)
        self._left(GROW, event.search, 0, 0)

    def alloc(self, event: PagesAlloc) -> None:
        self._asks(ALLOC, event.npages)
        found = self._locked(self.pages.alloc, event.npages)
        self._allocated(ALLOC, (event.addr, event.scav), found, event.npages)
        self._left(ALLOC, event.search, event.addr, event.word)

    def free(self, event: PagesFree) -> None:
        self._asks(FREE, event.npages)
        self._inside(FREE, event.base, event.npages)
        self._locked(self.pages.free, event.base, event.npages)
        self.heap.runtime.gc_controller.heap_free.add(event.npages * self.config.page_size)
        self._left(FREE, event.search, event.base, event.word)

    def to_cache(self, event: PageToCache) -> None:
        cache = self._cache_of(event.owner)
        self.expect("cache_was_empty", TO_CACHE, True, cache.empty())
        cache.assign(self._locked(self.pages.alloc_to_cache))
        self._same(TO_CACHE, (event.base, event.cache, event.scav), _contents(cache))
        self._left(TO_CACHE, event.search, event.base, event.word)

    def cache_alloc(self, event: PageCacheAlloc) -> None:
        self._asks(CACHE, event.npages)
        cache = self._cache_of(event.owner)
        found = cache.alloc(self.config, event.npages)
        self._allocated(CACHE, (event.addr, event.scav), found, event.npages)
        self._same(CACHE, (event.cache, event.cache_scav), (cache.cache, cache.scav))

    def flush(self, event: PageFlush) -> None:
        cache = self._cache_of(event.owner)
        self._same(FLUSH, (event.base, event.cache, event.scav), _contents(cache))
        self._locked(cache.flush, self.pages)
        self._same(FLUSH, (0, 0, 0), _contents(cache))
        self._left(FLUSH, event.search, event.base, event.word)

    def begin(self, event: ScavBegin) -> None:
        self._inside(SCAVENGE, self.port.chunkindex.chunk_base(self.config, event.chunk), 1)
        self.expect("one_scavenge_at_a_time", SCAVENGE, event.m in self.scavenges, False)
        self.scavenges[event.m] = Scavenge(event)

    def take(self, event: ScavTake) -> None:
        """The first half of a call that finds something."""
        scavenge = self._scavenge_of(event.m, taken=False)
        scavenge.addr, scavenge.npages = event.addr, event.npages
        self._same(SCAVENGE, (event.addr, event.npages), self._first_half(scavenge))
        self._left(SCAVENGE, self.pages.search_addr, event.addr, event.word)

    def give(self, event: ScavGive) -> None:
        """The second half."""
        scavenge = self._scavenge_of(event.m, taken=True)
        self._same(SCAVENGE, (event.addr, event.npages), (scavenge.addr, scavenge.npages))
        self._second_half(scavenge)
        del self.scavenges[event.m]
        self._left(SCAVENGE, event.search, 0, 0)

    def none(self, event: ScavNone) -> None:
        """A call that finds nothing."""
        scavenge = self._scavenge_of(event.m, taken=False)
        self._same(SCAVENGE, (event.chunk,), (scavenge.asked.chunk,))
        self._same(SCAVENGE, (0, 0), self._first_half(scavenge))
        del self.scavenges[event.m]
        base = self.port.chunkindex.chunk_base(self.config, event.chunk)
        self._left(SCAVENGE, self.pages.search_addr, base, event.word)

    def generation(self, event: ScavGen) -> None:
        index = self.pages.scav.index
        highest = index.free_hwm
        index.next_gen()
        self._same(GENERATION, (event.gen, event.free_hwm), (index.gen, highest))

    def _throwing(self, cites: str, handler: Callable[[Any], None]) -> Callable[[Any], None]:
        """The handler; where the port throws, the real runtime did not."""

        def handle(event: Any) -> None:
            if cites is not SCAVENGE and event.m in self.scavenges:
                raise TraceViolation(
                    "pages.nothing_else_meanwhile", cites, f"M{event.m} is scavenging"
                )
            try:
                handler(event)
            except Throw as thrown:
                why = f"the port throws {thrown.text!r}"
                raise TraceViolation("pages.does_not_throw", cites, why) from None

        return handle

    def _map(self, base: int, size: int) -> None:
        """The memory that Go's mheap.grow has got for the page allocator, with its arenas."""
        heap, config = self.heap, self.config
        step = config.palloc_chunk_bytes
        chunks = range(base // step, (base + size) // step)
        whole = size > 0 and base % step == 0 and size % step == 0
        if not whole or heap.runtime.mem.reserve(base, size) != base:
            raise TraceViolation(
                "pages.grows_by_new_chunks", GROW, f"[{base:#x}, {base + size:#x})"
            )
        heap.runtime.mem.map(base, size)
        self.chunks.update(chunks)
        arenas = self.port.heaparena
        for address in range(base, base + size, step):
            index = arenas.arena_index(config, address)
            l1, l2 = arenas.arena_idx_l1(config, index), arenas.arena_idx_l2(config, index)
            if heap.arenas[l1] is None:
                heap.arenas[l1] = arenas.new_arena_l2(config, 0)
            if heap.arenas[l1][l2] is None:
                heap.arenas[l1].entries[l2] = arenas.new_heap_arena(config)

    def _locked(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        """The result of an operation of the port that needs the heap's lock."""
        lock(self.heap.lock)
        result = operation(*arguments)
        unlock(self.heap.lock)
        return result

    def _first_half(self, scavenge: Scavenge) -> tuple[int, int]:
        """What the port's scavenge_one takes, (0, 0) if it finds nothing."""
        asked = scavenge.asked
        scavenge.rest = greenlet(self.pages.scavenge_one)
        said = scavenge.rest.switch(asked.chunk, asked.search_index, asked.max)
        if scavenge.rest.dead:
            return 0, said
        addr, nbytes = said
        return addr, nbytes // self.config.page_size

    def _second_half(self, scavenge: Scavenge) -> None:
        """Lets scavenge_one go on to its end."""
        assert scavenge.rest is not None
        said = scavenge.rest.switch()
        released = said if scavenge.rest.dead else 0
        self._same(SCAVENGE, (scavenge.npages * self.config.page_size,), (released,))

    def _scavenge_of(self, m: int, *, taken: bool) -> Scavenge:
        scavenge = self.scavenges.get(m)
        if scavenge is None or (scavenge.rest is not None) != taken:
            raise TraceViolation("pages.scavenge", SCAVENGE, f"M{m} is not at that point of a call")
        return scavenge

    def _cache_of(self, owner: int) -> Any:
        """The page cache of a P."""
        cache = self.caches.get(owner)
        if cache is None:
            cache = self.caches[owner] = self.port.mpagecache.PageCache()
        return cache

    def _asks(self, cites: str, npages: int) -> None:
        if npages == 0:
            raise TraceViolation("pages.some_pages", cites, "the event shows a call for no pages")

    def _inside(self, cites: str, base: int, npages: int) -> None:
        """The pages are the heap's: Go would fault on any others."""
        step, last = self.config.palloc_chunk_bytes, base + npages * self.config.page_size - 1
        if not {base // step, last // step} <= self.chunks:
            raise TraceViolation("pages.of_the_heap", cites, f"the heap has no pages at {base:#x}")

    def _allocated(
        self, cites: str, shown: tuple[int, int], found: tuple[int, int], npages: int
    ) -> None:
        """Compares, and keeps the books as mheap.allocSpan does."""
        self._same(cites, shown, found)
        if found[0]:
            controller, scav = self.heap.runtime.gc_controller, found[1]
            controller.heap_released.add(-scav)
            controller.heap_free.add(scav - npages * self.config.page_size)

    def _same(self, cites: str, shown: tuple[int, ...], known: tuple[int, ...]) -> None:
        """The results, each as the event shows it."""
        if shown != known:
            rule = cites.rpartition(".")[2]
            self.expect(f"{rule}_results", cites, list(map(hex, shown)), list(map(hex, known)))

    def _left(self, cites: str, search: int, addr: int, word: int) -> None:
        """What the operation leaves: the search address, and the index's word for addr's chunk."""
        if search != self.pages.search_addr:
            self.expect("search_address", cites, hex(search), hex(self.pages.search_addr))
        if addr:
            index = self.port.chunkindex.chunk_index(self.config, addr)
            indexed = self.pages.scav.index.chunks[index]
            if word != indexed:
                self.expect("scavenge_index", cites, hex(word), hex(indexed))


def _contents(cache: Any) -> tuple[int, int, int]:
    return cache.base, cache.cache, cache.scav
