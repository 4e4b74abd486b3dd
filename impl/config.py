"""Geometry: every constant of the page heap that depends on the platform, in one frozen value.

The port reads its constants from `h.config`, so the same code runs with the geometry that ships and
with one small enough to explore exhaustively.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from impl.sizeclasses import (
    CLASS_TO_ALLOCNPAGES,
    CLASS_TO_SIZE,
    class_to_divmagic,
    size_to_class8,
    size_to_class128,
)


@dataclass(frozen=True)
class Config:
    """The constants of runtime/malloc.go, mheap.go, mpagealloc.go and sizeclasses.go for one platform.

    arena_hints and user_arena_hints are addresses in the order in which they are tried; on 32-bit
    platforms, data_end (the end of the program's data) takes their place. word_bits is the width of
    the words of the page bitmaps, 64 in Go, and with it the number of pages of a page cache.

    Raises ValueError if the constants break a rule on which the Go code relies.
    """

    name: str
    log_heap_arena_bytes: int
    heap_addr_bits: int
    arena_l1_bits: int = 0
    arena_base_offset: int = 0
    page_shift: int = 13
    ptr_size: int = 8
    goos: str = "linux"
    goarch: str = "amd64"
    phys_page_size: int = 4 << 10
    phys_huge_page_size: int = 2 << 20
    phys_page_aligned_stacks: bool = False
    pages_per_reclaimer_chunk: int = 512
    pages_per_span_root: int = 512
    arena_hints: tuple[int, ...] = ()
    user_arena_hints: tuple[int, ...] = ()
    data_end: int = 0
    word_bits: int = 64
    log_palloc_chunk_pages: int = 9
    summary_levels: int = 5
    summary_level_bits: int = 3
    palloc_chunks_l1_bits: int = 13
    mspan_cache_len: int = 128
    span_set_block_entries: int = 512
    span_set_init_spine_cap: int = 256
    gc_bits_chunk_bytes: int = 64 << 10
    tiny_size: int = 16
    class_to_size: tuple[int, ...] = CLASS_TO_SIZE
    class_to_allocnpages: tuple[int, ...] = CLASS_TO_ALLOCNPAGES

    def __post_init__(self) -> None:
        if self.pages_per_reclaimer_chunk % 8 != 0:
            raise ValueError("pages_per_reclaimer_chunk must be a multiple of 8")
        if self.pages_per_arena % self.pages_per_reclaimer_chunk != 0:
            raise ValueError("pages_per_reclaimer_chunk must divide pages_per_arena")
        if self.palloc_chunk_pages % self.word_bits != 0:
            raise ValueError("word_bits must divide the pages of a chunk")
        if self.heap_arena_bytes % self.palloc_chunk_bytes != 0:
            raise ValueError("an arena must consist of whole chunks")
        if self.summary_l0_bits < 1:
            raise ValueError("the summary levels need more bits than a chunk index has")
        if self.arena_l2_bits < 0:
            raise ValueError("an arena must not be larger than the address space")
        if len(self.class_to_size) != len(self.class_to_allocnpages):
            raise ValueError("the size class tables must have the same length")

    @cached_property
    def page_size(self) -> int:
        """runtime/malloc.go pageSize: bytes of a page."""
        return 1 << self.page_shift

    @cached_property
    def heap_arena_bytes(self) -> int:
        """runtime/malloc.go heapArenaBytes: bytes of a heap arena."""
        return 1 << self.log_heap_arena_bytes

    @cached_property
    def pages_per_arena(self) -> int:
        """runtime/malloc.go pagesPerArena: pages of a heap arena."""
        return self.heap_arena_bytes // self.page_size

    @cached_property
    def arena_l2_bits(self) -> int:
        """runtime/malloc.go arenaL2Bits: bits of an arena index handled by the L2 map."""
        return self.heap_addr_bits - self.log_heap_arena_bytes - self.arena_l1_bits

    @cached_property
    def arena_l1_shift(self) -> int:
        """runtime/malloc.go arenaL1Shift: where the L1 part of an arena index starts."""
        return self.arena_l2_bits

    @cached_property
    def arena_l1_len(self) -> int:
        """runtime/mheap.go len(mheap.arenas): entries of the L1 map."""
        return 1 << self.arena_l1_bits

    @cached_property
    def arena_l2_len(self) -> int:
        """runtime/mheap.go len(mheap.arenas[0]): entries of each L2 map."""
        return 1 << self.arena_l2_bits

    @cached_property
    def arena_bits(self) -> int:
        """runtime/malloc.go arenaBits: bits of an arena index."""
        return self.arena_l1_bits + self.arena_l2_bits

    @cached_property
    def heap_arena_bitmap_words(self) -> int:
        """runtime/malloc.go heapArenaBitmapWords: words of a heap arena's pointer bitmap."""
        return self.heap_arena_bytes // self.ptr_size // (8 * self.ptr_size)

    @cached_property
    def max_alloc(self) -> int:
        """runtime/malloc.go maxAlloc: bytes that an allocation must not exceed."""
        return (1 << self.heap_addr_bits) - int(self.ptr_size == 4)

    @cached_property
    def uintptr_mask(self) -> int:
        """runtime/stack.go uintptrMask: the largest uintptr."""
        return (1 << 8 * self.ptr_size) - 1

    @cached_property
    def page_alloc32_bit(self) -> bool:
        """runtime/mpagealloc_32bit.go pageAlloc32Bit: that file is the platform's page allocator's."""
        return self.ptr_size == 4

    def uintptr(self, x: int) -> int:
        """runtime/stack.go uintptrMask: x modulo the platform's word, as Go's uintptr conversion."""
        return x & self.uintptr_mask

    @cached_property
    def page_cache_pages(self) -> int:
        """runtime/mpagecache.go pageCachePages: pages of a page cache, the bits of a word."""
        return self.word_bits

    @cached_property
    def word_mask(self) -> int:
        """runtime/mpallocbits.go pageBits: a word of the page bitmaps with all bits set."""
        return (1 << self.word_bits) - 1

    @cached_property
    def palloc_chunk_pages(self) -> int:
        """runtime/mpagealloc.go pallocChunkPages: pages of a chunk of the page allocator."""
        return 1 << self.log_palloc_chunk_pages

    @cached_property
    def palloc_chunk_words(self) -> int:
        """runtime/mpallocbits.go len(pageBits): words of a chunk's bitmap."""
        return self.palloc_chunk_pages // self.word_bits

    @cached_property
    def palloc_chunk_bytes(self) -> int:
        """runtime/mpagealloc.go pallocChunkBytes: bytes of a chunk."""
        return self.palloc_chunk_pages * self.page_size

    @cached_property
    def max_phys_huge_page_size(self) -> int:
        """runtime/mheap.go maxPhysHugePageSize: bytes; a larger huge page counts as none."""
        return self.palloc_chunk_bytes

    @cached_property
    def log_palloc_chunk_bytes(self) -> int:
        """runtime/mpagealloc.go logPallocChunkBytes: log2 of the bytes of a chunk."""
        return self.log_palloc_chunk_pages + self.page_shift

    @cached_property
    def palloc_chunks_l2_bits(self) -> int:
        """runtime/mpagealloc.go pallocChunksL2Bits: bits of a chunk index in the L2 map."""
        return self.heap_addr_bits - self.log_palloc_chunk_bytes - self.palloc_chunks_l1_bits

    @cached_property
    def palloc_chunks_l1_shift(self) -> int:
        """runtime/mpagealloc.go pallocChunksL1Shift: where the L1 part of a chunk index starts."""
        return self.palloc_chunks_l2_bits

    @cached_property
    def summary_l0_bits(self) -> int:
        """runtime/mpagealloc.go summaryL0Bits: bits of an index into the root level."""
        below = (self.summary_levels - 1) * self.summary_level_bits
        return self.heap_addr_bits - self.log_palloc_chunk_bytes - below

    @cached_property
    def level_bits(self) -> tuple[int, ...]:
        """runtime/mpagealloc_64bit.go levelBits: bits of an index that each level adds."""
        return (self.summary_l0_bits, *[self.summary_level_bits] * (self.summary_levels - 1))

    @cached_property
    def level_shift(self) -> tuple[int, ...]:
        """runtime/mpagealloc_64bit.go levelShift: log2 of the bytes that an entry of each level covers."""
        root = self.heap_addr_bits - self.summary_l0_bits
        return tuple(root - level * self.summary_level_bits for level in range(self.summary_levels))

    @cached_property
    def level_log_pages(self) -> tuple[int, ...]:
        """runtime/mpagealloc_64bit.go levelLogPages: log2 of the pages that an entry of each level covers."""
        return tuple(shift - self.page_shift for shift in self.level_shift)

    @cached_property
    def log_max_packed_value(self) -> int:
        """runtime/mpagealloc.go logMaxPackedValue: log2 of the pages of a root entry."""
        return self.level_log_pages[0]

    @cached_property
    def max_packed_value(self) -> int:
        """runtime/mpagealloc.go maxPackedValue: the largest number of pages a summary can say."""
        return 1 << self.log_max_packed_value

    @cached_property
    def user_arena_chunk_bytes(self) -> int:
        """runtime/arena.go userArenaChunkBytes: bytes of a user arena chunk."""
        return min(8 << 20, self.heap_arena_bytes)

    @cached_property
    def class_to_divmagic(self) -> tuple[int, ...]:
        """runtime/sizeclasses.go class_to_divmagic: the division magic of each size class."""
        return class_to_divmagic(self.class_to_size)

    @cached_property
    def size_to_class8(self) -> tuple[int, ...]:
        """runtime/sizeclasses.go size_to_class8: size classes of sizes up to SMALL_SIZE_MAX."""
        return size_to_class8(self.class_to_size)

    @cached_property
    def size_to_class128(self) -> tuple[int, ...]:
        """runtime/sizeclasses.go size_to_class128: size classes of sizes from SMALL_SIZE_MAX."""
        return size_to_class128(self.class_to_size)

    @cached_property
    def max_small_size(self) -> int:
        """runtime/malloc.go maxSmallSize: bytes of the largest object that has a size class."""
        return self.class_to_size[-1]

    @cached_property
    def num_span_classes(self) -> int:
        """runtime/mheap.go numSpanClasses: a scan and a noscan class of each size class."""
        return len(self.class_to_size) << 1


MIN_PHYS_PAGE_SIZE = 4096
"""runtime/mheap.go minPhysPageSize: bytes of the smallest page an operating system may have."""

MAX_PHYS_PAGE_SIZE = 512 << 10
"""runtime/mheap.go maxPhysPageSize: bytes of the largest page an operating system may have."""


def _hints(low: int, first: int, last: int) -> tuple[int, ...]:
    """runtime/malloc.go mallocinit: the hints i<<40 | low for i from first up to last."""
    return tuple(i << 40 | low for i in range(first, last + 1))


LINUX_AMD64 = Config(
    name="linux/amd64",
    log_heap_arena_bytes=26,
    heap_addr_bits=48,
    arena_base_offset=0xFFFF_8000_0000_0000,
    arena_hints=_hints(0xC0 << 32, 0, 0x3F),
    user_arena_hints=_hints(0xC0 << 32, 0x40, 0x7F),
)
"""Go 1.21.13 on linux/amd64 as shipped: 64 MiB arenas, no L1 map, sign-extended addresses."""

WINDOWS_AMD64 = replace(
    LINUX_AMD64, name="windows/amd64", goos="windows", log_heap_arena_bytes=22, arena_l1_bits=6
)
"""Go 1.21.13 on windows/amd64: 4 MiB arenas and the only platform with an L1 map."""

OPENBSD_AMD64 = replace(
    LINUX_AMD64,
    name="openbsd/amd64 with 64 KiB pages",
    goos="openbsd",
    phys_page_size=64 << 10,
    phys_page_aligned_stacks=True,
)
"""The only system whose stacks must start at a physical page.

Its pages are larger here than they are, so that the rule has an effect.
"""

LINUX_ARM64 = replace(
    LINUX_AMD64,
    name="linux/arm64 with 64 KiB pages",
    goarch="arm64",
    arena_base_offset=0,
    phys_page_size=64 << 10,
    phys_huge_page_size=0,
    arena_hints=_hints(0x40 << 32, 0, 0x3F),
    user_arena_hints=_hints(0x40 << 32, 0x40, 0x7F),
)
"""Physical pages of 8 heap pages. The huge pages, of 512 MiB, are beyond what the runtime uses."""

LINUX_386 = Config(
    name="linux/386",
    log_heap_arena_bytes=22,
    heap_addr_bits=32,
    ptr_size=4,
    goarch="386",
    phys_huge_page_size=0,
    summary_levels=4,
    palloc_chunks_l1_bits=0,
    data_end=0x0820_0000,
)
"""A 32-bit platform: the heap starts above the program, in a region reserved at the start."""

MINIATURE = Config(
    name="miniature",
    log_heap_arena_bytes=17,
    heap_addr_bits=20,
    phys_huge_page_size=0,
    pages_per_reclaimer_chunk=8,
    pages_per_span_root=8,
    arena_hints=(1 << 17,),
    user_arena_hints=(6 << 17,),
    word_bits=8,
    log_palloc_chunk_pages=4,
    summary_levels=2,
    summary_level_bits=2,
    palloc_chunks_l1_bits=0,
    mspan_cache_len=4,
    span_set_block_entries=4,
    span_set_init_spine_cap=2,
    gc_bits_chunk_bytes=64,
    tiny_size=8192,
    class_to_size=(0, 4096, 8192),
    class_to_allocnpages=(0, 1, 1),
)
"""For exploration: 8 arenas of 16 pages, each a chunk of two words, and 2 levels of summaries.

A page cache has 8 pages, of which runs of one page are taken.

There are size classes of 2 objects and of 1 object per page. Arena 0 holds address 0, which stands
for "no memory": the heap starts in arena 1, the user arenas in arena 6.
"""

MINIATURE_L1 = replace(MINIATURE, name="miniature with an L1 map", arena_l1_bits=1)
"""MINIATURE with its 8 arenas split over 2 L2 maps, as windows/amd64 does."""
