"""Geometries: the shipped ones have Go's constants, a broken one is refused."""

from dataclasses import replace

import pytest

from impl.config import LINUX_386, LINUX_AMD64, MINIATURE, MINIATURE_L1, WINDOWS_AMD64


def test_linux_amd64_is_as_shipped() -> None:
    c = LINUX_AMD64
    assert (c.page_size, c.heap_arena_bytes, c.pages_per_arena) == (8192, 64 << 20, 8192)
    assert (c.arena_l1_len, c.arena_l2_len, c.num_span_classes) == (1, 1 << 22, 136)


def test_windows_amd64_has_an_l1_map() -> None:
    c = WINDOWS_AMD64
    assert (c.heap_arena_bytes, c.arena_l1_len, c.arena_l2_len) == (4 << 20, 64, 1 << 20)
    assert c.arena_l1_shift == 20


def test_the_page_allocator_of_linux_amd64_is_as_shipped() -> None:
    c = LINUX_AMD64
    assert (c.palloc_chunk_pages, c.palloc_chunk_bytes, c.palloc_chunk_words) == (512, 4 << 20, 8)
    assert (c.level_bits, c.level_shift) == ((14, 3, 3, 3, 3), (34, 31, 28, 25, 22))
    assert (c.level_log_pages, c.max_packed_value) == ((21, 18, 15, 12, 9), 1 << 21)
    assert (c.palloc_chunks_l1_bits, c.palloc_chunks_l2_bits) == (13, 13)
    assert (c.max_alloc, c.uintptr(-1)) == (1 << 48, (1 << 64) - 1)


def test_a_32_bit_platform_has_words_of_32_bits_and_four_levels() -> None:
    c = LINUX_386
    assert (c.level_bits, c.palloc_chunks_l2_bits) == ((1, 3, 3, 3), 10)
    assert (c.max_alloc, c.uintptr(-1)) == ((1 << 32) - 1, (1 << 32) - 1)


def test_the_miniatures_have_the_same_arenas() -> None:
    assert MINIATURE.pages_per_arena == 16
    assert MINIATURE.arena_l2_len == MINIATURE_L1.arena_l1_len * MINIATURE_L1.arena_l2_len == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pages_per_reclaimer_chunk": 12}, "multiple of 8"),
        ({"pages_per_reclaimer_chunk": 24}, "divide pages_per_arena"),
        ({"arena_l1_bits": 4}, "address space"),
        ({"word_bits": 3}, "pages of a chunk"),
        ({"log_palloc_chunk_pages": 5}, "whole chunks"),
        ({"summary_levels": 3}, "more bits than a chunk index has"),
        ({"class_to_allocnpages": (0,)}, "same length"),
    ],
)
def test_a_broken_geometry_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(MINIATURE, **change)  # type: ignore[arg-type]  # each field has its own type
