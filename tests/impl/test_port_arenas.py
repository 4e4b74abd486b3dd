"""Where the heap gets its address space: hints, places of the system's choice, 32-bit regions."""

from dataclasses import replace

import pytest

from impl.config import (
    LINUX_386,
    LINUX_AMD64,
    LINUX_ARM64,
    MINIATURE,
    MINIATURE_L1,
    WINDOWS_AMD64,
    Config,
)
from impl.heaparena import ArenaHintList, arena_at, arena_index
from impl.mheap import Mheap
from impl.rt import AddressSpace, MemoryState, lock, unlock
from impl.rt.memory import HugePages
from impl.runtime import new_mheap
from impl.sizeof import arena_hint_size, arena_l2_size, heap_arena_size
from impl.sysalloc import sys_reserve_aligned
from tests.impl.port_heap import heap_of, throws

AMD64_ARENA = LINUX_AMD64.heap_arena_bytes
FIRST = 0xC0 << 32


def sys_alloc(
    h: Mheap, n: int, hints: ArenaHintList | None = None, register: bool = True
) -> tuple[int, int]:
    """Mheap.sys_alloc under the heap's lock, from the regular hints unless others are given."""
    lock(h.lock)
    found = h.sys_alloc(n, h.arena_hints if hints is None else hints, register)
    unlock(h.lock)
    return found


def hints(hint_list: ArenaHintList) -> list[tuple[int, bool]]:
    """(address, down) of the hints, in the order in which they are tried."""
    found, hint = [], hint_list.first
    while hint is not None:
        found.append((hint.addr, hint.down))
        hint = hint.next
    return found


def add_hint(h: Mheap, addr: int, down: bool = False) -> None:
    """Puts a hint first."""
    hint = h.arena_hint_alloc.alloc()
    hint.addr, hint.down, hint.next = addr, down, h.arena_hints.first
    h.arena_hints.first = hint


def taken(h: Mheap, v: int, n: int) -> None:
    """Somebody else has mapped [v, v+n)."""
    assert h.runtime.mem.reserve(v, n) == v


def test_a_fresh_heap_has_gos_hints() -> None:
    h = new_mheap(LINUX_AMD64)
    assert hints(h.arena_hints) == [(i << 40 | 0xC0 << 32, False) for i in range(0x40)]
    later = [(i << 40 | 0xC0 << 32, False) for i in range(0x40, 0x80)]
    assert hints(h.user_arena.arena_hints) == later
    assert h.arena_hint_alloc.inuse == 128 * arena_hint_size(LINUX_AMD64)
    arm = new_mheap(LINUX_ARM64)
    assert hints(arm.arena_hints)[:2] == [(0x40 << 32, False), (1 << 40 | 0x40 << 32, False)]


def test_the_heap_grows_upwards_from_the_first_hint() -> None:
    h = new_mheap(LINUX_AMD64)
    assert sys_alloc(h, 1) == (FIRST, AMD64_ARENA)
    assert sys_alloc(h, AMD64_ARENA + 1) == (FIRST + AMD64_ARENA, 2 * AMD64_ARENA)
    assert hints(h.arena_hints)[0] == (FIRST + 3 * AMD64_ARENA, False)
    assert len(hints(h.arena_hints)) == 64
    first = arena_index(LINUX_AMD64, FIRST)
    assert list(h.all_arenas) == [first, first + 1, first + 2]
    assert len({id(arena_at(h, ai)) for ai in h.all_arenas}) == 3
    assert (
        h.runtime.mem.state(FIRST)
        == h.runtime.mem.state(FIRST + 3 * AMD64_ARENA - 1)
        == MemoryState.RESERVED
    )
    assert h.runtime.mem.state(FIRST + 3 * AMD64_ARENA) == MemoryState.NONE


def test_a_hint_down_grows_downwards() -> None:
    h = new_mheap(LINUX_AMD64)
    add_hint(h, FIRST, down=True)
    assert sys_alloc(h, AMD64_ARENA) == (FIRST - AMD64_ARENA, AMD64_ARENA)
    assert sys_alloc(h, 2 * AMD64_ARENA) == (FIRST - 3 * AMD64_ARENA, 2 * AMD64_ARENA)
    assert hints(h.arena_hints)[0] == (FIRST - 3 * AMD64_ARENA, True)


def test_a_hint_that_fails_is_dropped_and_its_memory_given_back() -> None:
    h = new_mheap(LINUX_AMD64)
    taken(h, FIRST, AMD64_ARENA)
    reserved, inuse = h.runtime.mem.reserved, h.arena_hint_alloc.inuse
    metadata = 0
    v, size = sys_alloc(h, AMD64_ARENA)
    assert (v, size) == (1 << 40 | FIRST, AMD64_ARENA)
    assert len(hints(h.arena_hints)) == 63
    assert h.arena_hint_alloc.inuse == inuse - arena_hint_size(LINUX_AMD64)
    metadata += arena_l2_size(LINUX_AMD64)
    assert h.runtime.mem.reserved - reserved >= AMD64_ARENA + metadata
    assert h.runtime.mem.reserved - reserved < AMD64_ARENA + metadata + (4 << 20)


@pytest.mark.parametrize("config", [LINUX_AMD64, LINUX_ARM64])
def test_addresses_that_the_heap_cannot_use_are_not_asked_for(config: Config) -> None:
    h = new_mheap(config)
    asked: list[int] = []

    def refuses(v: int, _n: int) -> bool:
        asked.append(v)
        return False

    h.runtime.mem.refuses = refuses
    end = 1 << 47 if config is LINUX_AMD64 else 1 << 48
    add_hint(h, end - config.heap_arena_bytes)
    add_hint(h, (1 << 64) - config.heap_arena_bytes)
    good = hints(h.arena_hints)[2][0]
    v, _ = sys_alloc(h, 2 * config.heap_arena_bytes)
    assert v == good
    assert asked == [good], "neither the end of the words nor that of the addresses was tried"


def test_without_hints_the_system_chooses_and_gets_hints_at_both_ends() -> None:
    mem = Chooser(LINUX_AMD64.phys_page_size, 47)
    h = new_mheap(LINUX_AMD64, mem)
    h.arena_hints.first = None
    mem.choice = (5 << 40) + 4096
    v, size = sys_alloc(h, AMD64_ARENA)
    assert (v, size) == ((5 << 40) + AMD64_ARENA, AMD64_ARENA)
    assert hints(h.arena_hints) == [(v + size, False), (v, True)]
    mem.choice = None
    assert sys_alloc(h, AMD64_ARENA) == (v + size, AMD64_ARENA)
    taken(h, v + 2 * size, 4096)
    assert sys_alloc(h, AMD64_ARENA) == (v - AMD64_ARENA, AMD64_ARENA)
    assert hints(h.arena_hints) == [(v - AMD64_ARENA, True)]


def test_hints_around_a_place_for_user_arenas_are_the_regular_heaps() -> None:
    """Go adds them to mheap_.arenaHints whatever list it was given."""
    h = new_mheap(LINUX_AMD64)
    h.user_arena.arena_hints.first = None
    v, size = sys_alloc(h, AMD64_ARENA, h.user_arena.arena_hints, register=False)
    assert hints(h.user_arena.arena_hints) == []
    assert hints(h.arena_hints)[:3] == [(v + size, False), (v, True), (FIRST, False)]


def test_arenas_that_are_not_registered_have_metadata_only() -> None:
    h = new_mheap(LINUX_AMD64)
    v, _ = sys_alloc(h, AMD64_ARENA, h.user_arena.arena_hints, register=False)
    assert v == 0x40 << 40 | FIRST
    assert len(h.all_arenas) == 0
    assert arena_at(h, arena_index(LINUX_AMD64, v)) is not None


def test_no_address_space_is_no_memory_and_no_hint() -> None:
    h = new_mheap(LINUX_AMD64)
    h.runtime.mem.refuses = lambda _v, _n: True
    reserved = h.runtime.mem.reserved
    assert sys_alloc(h, AMD64_ARENA) == (0, 0)
    assert h.arena_hints.first is None
    assert h.runtime.mem.reserved == reserved
    assert len(h.all_arenas) == 0


class Chooser(AddressSpace):
    """A system that maps at this address whatever is asked of it, from the time it is set."""

    choice: int | None = None

    def reserve(self, v: int, n: int) -> int:
        return super().reserve(v if self.choice is None else self.choice, n)


@pytest.mark.parametrize("config", [LINUX_AMD64, WINDOWS_AMD64])
def test_memory_beyond_the_address_space_is_refused(config: Config) -> None:
    mem = Chooser(config.phys_page_size, 52)
    h = new_mheap(config, mem)
    mem.choice = 1 << 50
    with throws("memory reservation exceeds address space limit"):
        sys_alloc(h, 1)


def test_a_hint_that_is_not_at_an_arena_is_refused() -> None:
    h = new_mheap(LINUX_AMD64)
    add_hint(h, FIRST + (1 << 20))
    with throws("misrounded allocation in sysAlloc"):
        sys_alloc(h, 1)


@pytest.mark.parametrize("config", [MINIATURE, MINIATURE_L1])
def test_arenas_are_found_through_both_maps(config: Config) -> None:
    h = heap_of(config, arenas=5)
    assert list(h.all_arenas) == [1, 2, 3, 4, 5]
    assert len({id(arena_at(h, ai)) for ai in h.all_arenas}) == 5


def test_l2_maps_are_made_when_they_are_needed() -> None:
    h = new_mheap(MINIATURE_L1)
    assert [h.arenas[i] for i in range(2)] == [None, None]
    sys_alloc(h, 3 * MINIATURE_L1.heap_arena_bytes)
    assert h.arenas[0] is not None
    assert h.arenas[1] is None
    sys_alloc(h, 1)
    assert h.arenas[1] is not None


def test_an_arena_is_initialized_once() -> None:
    h = new_mheap(MINIATURE)
    v, n = sys_alloc(h, 1)
    h.runtime.mem.free(v, n)
    add_hint(h, v)
    with throws("arena already initialized"):
        sys_alloc(h, 1)


def test_sys_alloc_needs_the_lock() -> None:
    h = new_mheap(MINIATURE)
    with throws("not holding required lock!"):
        h.sys_alloc(1, h.arena_hints, True)


def test_metadata_is_accounted_but_not_the_l2_map() -> None:
    h = new_mheap(LINUX_AMD64)
    before, other = h.runtime.memstats.gc_misc_sys.load(), h.runtime.memstats.other_sys.load()
    sys_alloc(h, 1)
    grown = h.runtime.memstats.gc_misc_sys.load() - before
    assert grown == heap_arena_size(LINUX_AMD64) + LINUX_AMD64.phys_page_size
    assert h.runtime.memstats.other_sys.load() == other - LINUX_AMD64.phys_page_size
    assert h.all_arenas_cap == LINUX_AMD64.phys_page_size // 8
    before = h.runtime.memstats.gc_misc_sys.load()
    sys_alloc(h, 1)
    assert h.runtime.memstats.gc_misc_sys.load() - before == heap_arena_size(LINUX_AMD64)


def test_the_list_of_arenas_doubles() -> None:
    small = replace(MINIATURE, heap_addr_bits=27)  # 1024 arenas
    h = new_mheap(small)
    sys_alloc(h, 512 * small.heap_arena_bytes)
    assert (len(h.all_arenas), h.all_arenas_cap) == (512, 512)
    before = h.runtime.memstats.gc_misc_sys.load()
    sys_alloc(h, 1)
    assert (len(h.all_arenas), h.all_arenas_cap) == (513, 1024)
    assert h.runtime.memstats.gc_misc_sys.load() - before == heap_arena_size(small) + 1024 * 8


def test_without_memory_for_metadata_it_throws() -> None:
    h = new_mheap(LINUX_AMD64)
    h.runtime.mem.limit = h.runtime.mem.reserved + AMD64_ARENA
    with throws("out of memory allocating heap arena map"):
        sys_alloc(h, 1)


def test_without_memory_for_an_arena_it_throws() -> None:
    h = new_mheap(LINUX_AMD64)
    h.runtime.mem.limit = h.runtime.mem.reserved + AMD64_ARENA + arena_l2_size(LINUX_AMD64)
    with throws("out of memory allocating heap arena metadata"):
        sys_alloc(h, 1)


def test_metadata_becomes_eligible_for_huge_pages_once() -> None:
    h = new_mheap(LINUX_AMD64)
    sys_alloc(h, 1)
    l2 = h.arenas[0]
    assert l2 is not None
    middle = l2.addr + arena_l2_size(LINUX_AMD64) // 2
    assert h.runtime.mem.advice(middle) == HugePages.UNWANTED
    h.enable_metadata_huge_pages()
    assert h.runtime.mem.advice(middle) == HugePages.WANTED
    assert h.arenas_huge_pages
    h.runtime.mem.no_huge_page(l2.addr, arena_l2_size(LINUX_AMD64))
    h.enable_metadata_huge_pages()
    assert h.runtime.mem.advice(middle) == HugePages.UNWANTED, "the second time it does nothing"
    assert not h.lock.held


def test_new_l2_maps_follow_the_huge_page_setting() -> None:
    h = new_mheap(LINUX_AMD64)
    h.enable_metadata_huge_pages()
    sys_alloc(h, 1)
    l2 = h.arenas[0]
    assert l2 is not None
    assert h.runtime.mem.advice(l2.addr + arena_l2_size(LINUX_AMD64) // 2) == HugePages.WANTED


def test_a_32_bit_heap_starts_above_the_program_in_a_region_of_its_own() -> None:
    h = new_mheap(LINUX_386)
    start = (LINUX_386.data_end + (256 << 10) + (4 << 20) - 1) // (4 << 20) * (4 << 20)
    assert (h.arena.next, h.arena.map_memory) == (start, False)
    assert h.arena.end - start in (512 << 20, (512 << 20) + (4 << 20))
    assert h.heap_arena_alloc.end - h.heap_arena_alloc.next == 1024 * heap_arena_size(LINUX_386)
    assert hints(h.arena_hints) == hints(h.user_arena.arena_hints) == [(h.arena.end, False)]
    misc, released = (
        h.runtime.memstats.gc_misc_sys.load(),
        h.runtime.gc_controller.heap_released.load(),
    )
    assert sys_alloc(h, 1) == (start, 4 << 20)
    assert h.runtime.gc_controller.heap_released.load() == released, "it stays reserved"
    page = LINUX_386.phys_page_size
    mapped = (heap_arena_size(LINUX_386) + page - 2) // page * page
    assert h.runtime.memstats.gc_misc_sys.load() - misc in (mapped + page, mapped + 2 * page)


def test_a_32_bit_heap_goes_on_where_its_region_ends() -> None:
    h = new_mheap(LINUX_386)
    end, size = h.arena.end, h.arena.end - h.arena.next
    assert sys_alloc(h, size)[1] == size
    assert sys_alloc(h, 1) == (end, 4 << 20)


def test_user_arenas_do_not_use_the_32_bit_region() -> None:
    h = new_mheap(LINUX_386)
    end, start = h.arena.end, h.arena.next
    v, _ = sys_alloc(h, 1, h.user_arena.arena_hints, register=False)
    assert (v, h.arena.next) == (end, start)


def test_a_32_bit_heap_takes_a_smaller_region_if_it_must() -> None:
    mem = AddressSpace(LINUX_386.phys_page_size, 32)
    mem.refuses = lambda _v, n: n > 300 << 20
    h = new_mheap(LINUX_386, mem)
    assert 256 << 20 <= h.arena.end - h.arena.next <= 260 << 20
    mem = AddressSpace(LINUX_386.phys_page_size, 32)
    mem.refuses = lambda v, _n: v != 0
    h = new_mheap(LINUX_386, mem)
    assert h.arena.end == 0
    assert len(hints(h.arena_hints)) == 1


def test_an_aligned_reservation_gives_its_rest_back() -> None:
    h = new_mheap(LINUX_AMD64)
    free = 5 << 40
    assert sys_reserve_aligned(h, free, 1 << 20, 1 << 20) == (free, 2 << 20)
    v = free + (8 << 20) + 4096
    before = h.runtime.mem.reserved
    assert sys_reserve_aligned(h, v, 1 << 20, 1 << 20) == (free + (9 << 20), 1 << 20)
    assert h.runtime.mem.reserved == before + (1 << 20)
    assert h.runtime.mem.state(free + (9 << 20) - 1) == MemoryState.NONE
    assert h.runtime.mem.state(free + (10 << 20)) == MemoryState.NONE


def test_windows_reserves_again_at_the_aligned_place() -> None:
    h = new_mheap(WINDOWS_AMD64)
    v = (5 << 40) + 4096
    before = h.runtime.mem.reserved
    assert sys_reserve_aligned(h, v, 1 << 20, 1 << 20) == ((5 << 40) + (1 << 20), 1 << 20)
    assert h.runtime.mem.reserved == before + (1 << 20)


class Elsewhere(AddressSpace):
    """A system that never maps at the place asked for, and never at a multiple of 1 MiB."""

    def reserve(self, v: int, n: int) -> int:
        return super().reserve(((v >> 20) + 3 << 20) + 4096, n)


def test_windows_gives_up_after_a_hundred_races() -> None:
    h = new_mheap(WINDOWS_AMD64, Elsewhere(4096, 47))
    with throws("failed to allocate aligned heap memory; too many retries"):
        sys_reserve_aligned(h, 5 << 40, 1 << 20, 1 << 20)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"tiny_size": 32}, "bad TinySizeClass"),
        ({"phys_page_size": 0}, "failed to get system page size"),
        ({"phys_page_size": 1 << 20}, "bad system page size"),
        ({"phys_page_size": 2048}, "bad system page size"),
        ({"phys_page_size": 12288}, "bad system page size"),
        ({"phys_huge_page_size": 3 << 20}, "bad system huge page size"),
        ({"pages_per_span_root": 384}, "bad pagesPerSpanRoot"),
    ],
)
def test_unfit_platforms_are_refused(change: dict[str, int], text: str) -> None:
    config = replace(LINUX_AMD64, **change)  # type: ignore[arg-type]  # integers only
    with throws(text):
        new_mheap(config, AddressSpace(4096, 47))


def test_huge_pages_beyond_a_chunk_count_as_none() -> None:
    most = LINUX_ARM64.max_phys_huge_page_size
    for size, used in ((most, most), (2 * most, 0), (512 << 20, 0)):
        config = replace(LINUX_ARM64, phys_huge_page_size=size)
        assert new_mheap(config).config.phys_huge_page_size == used
    assert new_mheap(LINUX_AMD64).config.phys_huge_page_size == 2 << 20
