"""Geometries: the shipped ones have Go's constants, a broken one is refused."""

from dataclasses import replace

import pytest

from impl.config import LINUX_AMD64, MINIATURE, MINIATURE_L1, WINDOWS_AMD64


def test_linux_amd64_is_as_shipped() -> None:
    c = LINUX_AMD64
    assert (c.page_size, c.heap_arena_bytes, c.pages_per_arena) == (8192, 64 << 20, 8192)
    assert (c.arena_l1_len, c.arena_l2_len, c.num_span_classes) == (1, 1 << 22, 136)


def test_windows_amd64_has_an_l1_map() -> None:
    c = WINDOWS_AMD64
    assert (c.heap_arena_bytes, c.arena_l1_len, c.arena_l2_len) == (4 << 20, 64, 1 << 20)
    assert c.arena_l1_shift == 20


def test_the_miniatures_have_the_same_arenas() -> None:
    assert MINIATURE.pages_per_arena == 16
    assert MINIATURE.arena_l2_len == MINIATURE_L1.arena_l1_len * MINIATURE_L1.arena_l2_len == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pages_per_reclaimer_chunk": 12}, "multiple of 8"),
        ({"pages_per_reclaimer_chunk": 24}, "divide pages_per_arena"),
        ({"heap_addr_bits": 16}, "address space"),
        ({"class_to_allocnpages": (0,)}, "same length"),
    ],
)
def test_a_broken_geometry_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(MINIATURE, **change)  # type: ignore[arg-type]  # each field has its own type
