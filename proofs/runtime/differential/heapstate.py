"""The state of a whole heap, as the oracle emits it."""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from golang.oracle import NOTHING
from impl.config import LINUX_AMD64
from impl.rt import M
from proofs.runtime.differential.compare import Differential, Words
from proofs.runtime.differential.heaps import MASK, Reader, cache_words, page_alloc_words

IN_USE = 1
PS = 3
"""Virtual Ps."""

STATS = (
    "heapInUse",
    "heapFree",
    "heapReleased",
    "mappedReady",
    "committed",
    "released",
    "inHeap",
    "inStacks",
    "inWorkBufs",
    "inPtrScalarBits",
    "mspan_sys",
    "gcMiscSys",
    "other_sys",
    "releasedEager",
)
SPAN_FIELDS = (
    "base",
    "npages",
    "state",
    "spanclass",
    "needzero",
    "nelems",
    "elemsize",
    "divMul",
    "limit",
    "freeindex",
    "allocCount",
    "sweepgen",
)


class HeapView(Differential):
    """Shows the heap `h` and the Ps of `threads`, statistics as differences to `baseline`."""

    h: Any
    threads: list[M]
    baseline: list[int]

    def __init__(self, port: Any) -> None:
        super().__init__(port)
        self.numbers: dict[Any, int] = {None: NOTHING}
        self.baseline = [0] * len(STATS)

    def span(self, number: int) -> Any:
        return self.h.allspans.at(number)

    def number(self, span: Any) -> int:
        """The number of a span in allspans."""
        return self.numbered()[span]

    def numbered(self) -> dict[Any, int]:
        """The numbers of all spans; nil has one too."""
        spans = self.h.allspans
        for i in range(len(self.numbers) - 1, spans.len):
            self.numbers[spans.at(i)] = i
        return self.numbers

    def stats(self) -> list[int]:
        """The statistics less the baseline."""
        h, c, m = self.h, self.h.runtime.gc_controller, self.h.runtime.memstats
        shards = m.heap_stats.stats
        now = [each.load() for each in (c.heap_in_use, c.heap_free, c.heap_released)]
        now.append(c.mapped_ready.load())
        for field in ("committed", "released", "in_heap", "in_stacks", "in_work_bufs"):
            now.append(sum(getattr(shards[i], field).load() for i in range(3)))
        now.append(sum(shards[i].in_ptr_scalar_bits.load() for i in range(3)))
        now += [each.load() for each in (m.mspan_sys, m.gc_misc_sys, m.other_sys)]
        now.append(h.pages.scav.released_eager.load())
        return [word - base & MASK for word, base in zip(now, self.baseline, strict=True)]

    def state(self) -> list[int]:
        h = self.h
        words = self.stats()
        cur = h.cur_arena
        words += (h.sweepgen, h.pages_in_use.load(), cur.base, cur.end)
        hints: list[int] = []
        hint = h.arena_hints.first
        while hint is not None:
            hints += (hint.addr, int(hint.down))
            hint = hint.next
        words += (len(hints) // 2, *hints, len(h.all_arenas))
        for ai in h.all_arenas:
            arena = self.port.heaparena.arena_at(h, ai)
            words += (ai, arena.zeroed_base)
            words += bitmap_words(arena.page_in_use)
            words += bitmap_words(arena.page_specials)
        words.append(h.allspans.len)
        place = len(words)
        words.append(0)
        numbers = self.numbered()
        for s, i in numbers.items():
            if s is not None and s.state.get() != 0:
                words[place] += 1
                words += self.span_words(i, s)
        free = []
        link = h.spanalloc.list
        while link is not None:
            free.append(numbers[link.v])
            link = link.next
        words += (len(free), *free, h.spanalloc.inuse)
        for thread in self.threads:
            cache = thread.p.mspancache
            words += cache_words(thread.p.pcache)
            words.append(cache.len)
            words += [numbers[s] for s in islice(cache.buf, cache.len)]
        return words + page_alloc_words(h.pages)

    def span_words(self, i: int, s: Any) -> list[int]:
        words = [i, s.base(), s.npages, s.state.get(), s.spanclass, s.needzero, s.nelems]
        words += (s.elemsize, s.div_mul, s.limit, s.freeindex, s.alloc_count, s.sweepgen)
        specials = []
        special = s.specials
        while special is not None:
            specials.append(special.offset << 8 | special.kind)
            special = special.next
        return [*words, len(specials), *specials]

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        reader = Reader(words)
        name = reader.name
        for field in (*STATS, "sweepgen", "pagesInUse", "curArena.base", "curArena.end"):
            name(field)
        for i in range(name("len(hints)")):
            name(f"hints[{i}].addr")
            name(f"hints[{i}].down")
        for _ in range(name("len(allArenas)")):
            arena = f"arena[{reader.next():#x}]"
            name(f"{arena}.zeroedBase")
            for bits in ("pageInUse", "pageSpecials"):
                for _ in range(name(f"{arena}.{bits}.words")):
                    name(f"{arena}.{bits}[{reader.next()}]")
        name("len(allspans)")
        for _ in range(name("live spans")):
            span = f"span{reader.next()}"
            for field in SPAN_FIELDS:
                name(f"{span}.{field}")
            for i in range(name(f"{span}.specials")):
                name(f"{span}.specials[{i}]")
        for i in range(name("len(spanalloc.list)")):
            name(f"spanalloc.list[{i}]")
        name("spanalloc.inuse")
        for vp in range(PS):
            reader.cache(f"p{vp}.pcache")
            for i in range(name(f"p{vp}.mspancache.len")):
                name(f"p{vp}.mspancache.buf[{i}]")
        reader.page_alloc(LINUX_AMD64)
        return reader.named


def bitmap_words(bits: Any) -> list[int]:
    """How many 64-bit words of a bitmap of bytes are not zero, then number and value of each."""
    words: dict[int, int] = {}
    for i in bits.touched():
        words[i // 8] = words.get(i // 8, 0) | bits[i] << i % 8 * 8
    kept = [(i, word) for i, word in words.items() if word]
    return [len(kept), *(word for pair in kept for word in pair)]
