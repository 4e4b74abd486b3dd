"""Heaps of the port for the differentials, and the words of a page allocator's state."""

from collections.abc import Iterator, Sequence
from typing import Any

from checker.binding import Binding
from golang.oracle import Op
from golang.oracle.client import OracleRequest
from impl.config import LINUX_AMD64, Config

MASK = (1 << 64) - 1
CHUNK_WORDS = 8


def new_heap(port: Any, platform: Config) -> Any:
    """A fresh heap of this geometry."""
    return port.runtime.new_mheap(platform)


def platform_start(platform: Config, *requests: OracleRequest) -> tuple[OracleRequest, ...]:
    """The requests after those that give the oracle the platform's page sizes."""
    return (
        (Op.PLATFORM_PHYS_PAGE, platform.phys_page_size),
        (Op.PLATFORM_HUGE_PAGE, platform.phys_huge_page_size),
        *requests,
    )


_SHARED: dict[Binding, Any] = {}


def shared_heap(port: Any) -> Any:
    """One heap of a binding, for differentials that need no more of it than a place to account memory."""
    if port not in _SHARED:
        _SHARED.clear()
        _SHARED[port] = new_heap(port, LINUX_AMD64)
    return _SHARED[port]


def page_alloc_words(p: Any) -> list[int]:
    """The state of a page allocator, in the order in which the oracle emits it."""
    config = p.h.config
    index = p.scav.index
    words = [
        p.search_addr,
        p.start,
        p.end,
        int(p.chunk_huge_pages),
        index.search_addr_bg.a.load() & MASK,
        index.search_addr_force.a.load() & MASK,
        index.free_hwm,
        index.gen,
        index.min.load(),
        index.max.load(),
        index.min_heap_idx.load(),
        len(p.in_use.ranges),
    ]
    shifts = config.level_shift
    offset, log = config.arena_base_offset, config.log_palloc_chunk_bytes
    for r in p.in_use.ranges:
        low = r.base - offset & MASK
        high = (r.limit - offset & MASK) - 1
        words += r
        for c in range(low >> log, (high >> log) + 1):
            chunk = p.chunk_of(c)
            bits, scavenged = chunk.palloc_bits.words, chunk.scavenged.words
            words += bits
            words += scavenged
            words.append(index.chunks[c])
        for summary, shift in zip(p.summary, shifts, strict=True):
            words += [summary[i] for i in range(low >> shift, (high >> shift) + 1)]
    return words


def cache_words(cache: Any) -> tuple[int, int, int]:
    """The state of a page cache."""
    return cache.base, cache.cache, cache.scav


HEAD = (
    "searchAddr",
    "start",
    "end",
    "chunkHugePages",
    "scav.index.searchAddrBg",
    "scav.index.searchAddrForce",
    "scav.index.freeHWM",
    "scav.index.gen",
    "scav.index.min",
    "scav.index.max",
    "scav.index.minHeapIdx",
)


class Reader:
    """Reads the words of a state one after another, and names them."""

    def __init__(self, words: Sequence[int]) -> None:
        self._words: Iterator[int] = iter(words)
        self.named: dict[str, int] = {}

    def next(self) -> int:
        """The next word, unnamed."""
        return next(self._words)

    def name(self, name: str) -> int:
        """The next word, under this name."""
        self.named[name] = word = next(self._words)
        return word

    def cache(self, name: str) -> None:
        """A page cache."""
        for field in ("base", "cache", "scav"):
            self.name(f"{name}.{field}")

    def page_alloc(self, config: Any) -> None:
        """A page allocator."""
        for field in HEAD:
            self.name(field)
        offset, log = config.arena_base_offset, config.log_palloc_chunk_bytes
        for i in range(self.name("len(inUse)")):
            low = self.name(f"inUse[{i}].base") - offset & MASK
            high = (self.name(f"inUse[{i}].limit") - offset & MASK) - 1
            for c in range(low >> log, (high >> log) + 1):
                for kind in ("pallocBits", "scavenged"):
                    for word in range(CHUNK_WORDS):
                        self.name(f"chunk[{c:#x}].{kind}[{word}]")
                self.name(f"scav.index.chunks[{c:#x}]")
            for level, shift in enumerate(config.level_shift):
                for entry in range(low >> shift, (high >> shift) + 1):
                    self.name(f"summary[{level}][{entry:#x}]")
