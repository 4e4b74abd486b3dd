"""Geometry: every constant of the page heap that depends on the platform, in one frozen value.

The port reads its constants from `h.config`, so the same code runs with the geometry that ships and
with one small enough to explore exhaustively.
"""

from dataclasses import dataclass
from functools import cached_property

from impl.sizeclasses import CLASS_TO_ALLOCNPAGES, CLASS_TO_SIZE, class_to_divmagic


@dataclass(frozen=True)
class Config:
    """The constants of runtime/malloc.go, mheap.go and sizeclasses.go for one platform.

    Raises ValueError if the constants break a rule on which the Go code relies.
    """

    name: str
    log_heap_arena_bytes: int
    heap_addr_bits: int
    arena_l1_bits: int = 0
    arena_base_offset: int = 0
    page_shift: int = 13
    ptr_size: int = 8
    pages_per_reclaimer_chunk: int = 512
    class_to_size: tuple[int, ...] = CLASS_TO_SIZE
    class_to_allocnpages: tuple[int, ...] = CLASS_TO_ALLOCNPAGES

    def __post_init__(self) -> None:
        if self.pages_per_reclaimer_chunk % 8 != 0:
            raise ValueError("pages_per_reclaimer_chunk must be a multiple of 8")
        if self.pages_per_arena % self.pages_per_reclaimer_chunk != 0:
            raise ValueError("pages_per_reclaimer_chunk must divide pages_per_arena")
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
    def class_to_divmagic(self) -> tuple[int, ...]:
        """runtime/sizeclasses.go class_to_divmagic: the division magic of each size class."""
        return class_to_divmagic(self.class_to_size)

    @cached_property
    def num_span_classes(self) -> int:
        """runtime/mheap.go numSpanClasses: a scan and a noscan class of each size class."""
        return len(self.class_to_size) << 1


LINUX_AMD64 = Config(
    name="linux/amd64",
    log_heap_arena_bytes=26,
    heap_addr_bits=48,
    arena_base_offset=0xFFFF_8000_0000_0000,
)
"""Go 1.21.13 on linux/amd64 as shipped: 64 MiB arenas, no L1 map, sign-extended addresses."""

WINDOWS_AMD64 = Config(
    name="windows/amd64",
    log_heap_arena_bytes=22,
    heap_addr_bits=48,
    arena_l1_bits=6,
    arena_base_offset=0xFFFF_8000_0000_0000,
)
"""Go 1.21.13 on windows/amd64: 4 MiB arenas and the only platform with an L1 map."""

MINIATURE = Config(
    name="miniature",
    log_heap_arena_bytes=17,
    heap_addr_bits=20,
    pages_per_reclaimer_chunk=8,
    class_to_size=(0, 4096, 8192),
    class_to_allocnpages=(0, 1, 1),
)
"""For exploration: 8 arenas of 16 pages; size classes of 2 objects and of 1 object per page.

Arena 0 holds address 0, which stands for "no memory": put the heap into the others.
"""

MINIATURE_L1 = Config(
    name="miniature with an L1 map",
    log_heap_arena_bytes=17,
    heap_addr_bits=20,
    arena_l1_bits=1,
    pages_per_reclaimer_chunk=8,
    class_to_size=(0, 4096, 8192),
    class_to_allocnpages=(0, 1, 1),
)
"""MINIATURE with its 8 arenas split over 2 L2 maps, as windows/amd64 does."""
