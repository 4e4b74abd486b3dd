"""Arenas of bits: bitmaps are zero, aligned and private; arenas are neither lost nor on two lists."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl import gcbits
from impl.config import LINUX_386, LINUX_AMD64, MINIATURE, Config
from impl.gcbits import (
    GcBits,
    GcBitsArena,
    new_alloc_bits,
    new_arena_may_unlock,
    new_mark_bits,
    next_mark_bit_arena_epoch,
    try_alloc,
)
from impl.mem import sys_alloc
from impl.mheap import Mheap
from impl.mstats import SysMemStat
from impl.rt import U64_MAX, MixedArray, atomic, lock, unlock
from impl.runtime import new_mheap
from tests.impl.port_heap import throws

WORDS = (MINIATURE.gc_bits_chunk_bytes - 16) // 8
"""The words of an arena in miniature."""


def chain(arena: GcBitsArena | None) -> Iterator[GcBitsArena]:
    while arena is not None:
        yield arena
        arena = arena.next


def lists(h: Mheap) -> dict[str, list[GcBitsArena]]:
    each = h.runtime.gc_bits_arenas
    return {
        name: list(chain(getattr(each, name))) for name in ("free", "next", "current", "previous")
    }


def words(bits: GcBits, nelems: int) -> set[tuple[int, int]]:
    """The words that belong to a bitmap."""
    first = bits.start // 8
    return {(id(bits.arena), first + i) for i in range(-(-nelems // 64))}


def test_no_bits_of_a_full_arena_have_no_address() -> None:
    """Go's &b.bits[start] panics there, as the comparison with Go's own code has shown."""
    h = new_mheap(MINIATURE)
    new_alloc_bits(h, 64 * WORDS)
    with pytest.raises(IndexError):
        new_alloc_bits(h, 0)


@given(st.lists(st.integers(1, 64 * WORDS), max_size=20))
def test_bitmaps_are_zero_aligned_private_and_inside_their_arena(sizes: list[int]) -> None:
    h = new_mheap(MINIATURE)
    taken: set[tuple[int, int]] = set()
    for nelems in sizes:
        bits = new_alloc_bits(h, nelems)
        assert bits.start % 8 == 0
        mine = words(bits, nelems)
        assert not mine & taken
        taken |= mine
        for i in range(-(-nelems // 64)):
            assert bits.word(8 * i) == 0
            bits.arena.bits[bits.start // 8 + i] = U64_MAX


def test_bits_are_bytes_in_words() -> None:
    arena = GcBitsArena()
    arena.bits = MixedArray(3, 0)
    bits = GcBits(arena, 8)
    for n in (0, 9, 127):
        array, i, mask = bits.bitp(n)
        atomic.or64(array, i, mask)
    assert [bits.bytep(n) for n in range(16)] == [1, 2, *[0] * 13, 128]
    assert (bits.word(8), arena.bits[0]) == (1 << 63, 0)
    assert bits == GcBits(arena, 8) != GcBits(arena, 16)


@pytest.mark.parametrize(("config", "size"), [(LINUX_AMD64, 65520), (LINUX_386, 65528)])
def test_an_arena_is_a_chunk_without_its_header(config: Config, size: int) -> None:
    assert 8 * len(new_mark_bits(new_mheap(config), 1).arena.bits) == size


def test_without_an_arena_or_room_nothing_is_allocated() -> None:
    assert try_alloc(None, 8) is None
    arena = GcBitsArena()
    arena.bits = MixedArray(1, 0)
    assert try_alloc(arena, 16) is None
    assert arena.free == 0
    assert try_alloc(arena, 8) == GcBits(arena, 0)
    assert try_alloc(arena, 8) is None


def test_whoever_is_overtaken_gets_nothing_and_spoils_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arena = GcBitsArena()
    arena.bits = MixedArray(1, 0)
    assert try_alloc(arena, 8) == GcBits(arena, 0)
    stale = SimpleNamespace(load=lambda _obj, _field: 0, xadd=atomic.xadd)
    monkeypatch.setattr(gcbits, "atomic", stale)
    assert try_alloc(arena, 8) is None
    assert arena.free == 16
    assert try_alloc(arena, 8) is None


def test_a_bitmap_larger_than_an_arena_throws(h: Mheap) -> None:
    new_mark_bits(h, 64 * WORDS)
    with throws("markBits overflow"):
        new_mark_bits(h, 64 * WORDS + 1)


def test_without_memory_for_an_arena_the_program_ends(h: Mheap) -> None:
    h.runtime.mem.limit = h.runtime.mem.reserved
    with throws("runtime: cannot allocate memory"):
        new_mark_bits(h, 64 * WORDS)


def test_an_arena_that_came_too_late_is_kept_for_later(
    h: Mheap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While this thread asks the system for memory, without the lock, another one does the same."""
    others: list[GcBits] = []
    alone = sys_alloc

    def beside_another_thread(h: Mheap, n: int, stat: SysMemStat) -> int:
        monkeypatch.setattr(gcbits, "sys_alloc", alone)
        others.append(new_mark_bits(h, 64))
        return alone(h, n, stat)

    next_mark_bit_arena_epoch(h)
    monkeypatch.setattr(gcbits, "sys_alloc", beside_another_thread)
    bits = new_mark_bits(h, 64)
    (other,) = others
    assert bits.arena is other.arena
    assert bits.start == other.start + 8
    (spare,) = lists(h)["free"]
    assert spare.free == 0
    assert not h.runtime.gc_bits_arenas.lock.held


@given(st.lists(st.one_of(st.none(), st.integers(1, 64 * WORDS)), max_size=40))
def test_arenas_age_by_a_list_each_epoch_and_none_is_lost(steps: list[int | None]) -> None:
    h = new_mheap(MINIATURE)
    known: dict[int, GcBitsArena] = {}
    live: list[tuple[int, GcBits]] = []
    epoch = 0
    for step in steps:
        before = lists(h)
        if step is None:
            next_mark_bit_arena_epoch(h)
            epoch += 1
            after = lists(h)
            assert after["free"] == before["previous"] + before["free"]
            assert after["previous"] == before["current"]
            assert after["current"] == before["next"]
            assert after["next"] == []
            live = [(born, bits) for born, bits in live if epoch - born < 3]
        else:
            bits = new_mark_bits(h, step)
            # A recycled arena is clean, though its former bitmaps were not.
            assert bits.word(0) == 0
            bits.arena.bits[bits.start // 8] = 1 << epoch % 64
            known[id(bits.arena)] = bits.arena
            live.append((epoch, bits))
            assert bits.arena in lists(h)["next"]
        all_lists = [id(arena) for each in lists(h).values() for arena in each]
        assert sorted(all_lists) == sorted(known)
        # Bits of this epoch, of the one before and of the one before that stay as they are.
        assert all(bits.word(0) == 1 << born % 64 for born, bits in live)


def test_a_recycled_arena_is_zeroed_whole_and_unlinked(h: Mheap) -> None:
    arena = new_mark_bits(h, 1).arena
    for i in range(WORDS):
        arena.bits[i] = U64_MAX
    for _ in range(3):
        next_mark_bit_arena_epoch(h)
    lock(h.runtime.gc_bits_arenas.lock)
    recycled = new_arena_may_unlock(h)
    assert h.runtime.gc_bits_arenas.lock.held
    unlock(h.runtime.gc_bits_arenas.lock)
    assert recycled is arena
    assert [arena.bits[i] for i in range(WORDS)] == [0] * WORDS
    assert (arena.free, arena.next) == (0, None)
    assert all(arena not in each for each in lists(h).values())
