"""Finding an arena's metadata by address, with and without an L1 map."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import (
    LINUX_386,
    LINUX_AMD64,
    LINUX_ARM64,
    MINIATURE,
    MINIATURE_L1,
    WINDOWS_AMD64,
    Config,
)
from impl.heaparena import (
    arena_at,
    arena_base,
    arena_idx_l1,
    arena_idx_l2,
    arena_index,
    page_index_of,
)
from impl.mheap import Mheap
from tests.impl.port_heap import heap_of

GEOMETRIES = pytest.mark.parametrize(
    "c", [LINUX_AMD64, WINDOWS_AMD64, LINUX_ARM64, LINUX_386, MINIATURE, MINIATURE_L1]
)


@GEOMETRIES
@given(data=st.data())
def test_index_and_base_are_inverse(c: Config, data: st.DataObject) -> None:
    i = data.draw(st.integers(0, c.arena_l1_len * c.arena_l2_len - 1))
    offset = data.draw(st.integers(0, c.heap_arena_bytes - 1))
    assert arena_index(c, arena_base(c, i) + offset) == i
    assert arena_idx_l1(c, i) * c.arena_l2_len + arena_idx_l2(c, i) == i
    assert arena_idx_l1(c, i) < c.arena_l1_len
    assert arena_idx_l2(c, i) < c.arena_l2_len


def test_amd64_addresses_are_sign_extended() -> None:
    assert arena_base(LINUX_AMD64, 0) == 0xFFFF_8000_0000_0000
    assert arena_index(LINUX_AMD64, 0) == 1 << 21
    assert arena_index(LINUX_AMD64, 0xFFFF_FFFF_FFFF_FFFF) == (1 << 21) - 1


@GEOMETRIES
def test_an_index_beyond_the_address_space_is_out_of_bounds(c: Config) -> None:
    beyond = c.arena_l1_len * c.arena_l2_len
    if c.arena_l1_bits == 0:
        assert arena_idx_l2(c, beyond) >= c.arena_l2_len
    else:
        assert arena_idx_l1(c, beyond) >= c.arena_l1_len


def test_map_lookups_out_of_bounds_panic(h: Mheap) -> None:
    for index in (-1, 1):
        with pytest.raises(IndexError):
            h.arenas[index]
    l2 = h.arenas[0]
    assert l2 is not None
    for index in (-1, 8):
        with pytest.raises(IndexError):
            l2[index]


@given(page=st.integers(0, 2 * MINIATURE.pages_per_arena - 1))
def test_page_index_of_points_at_the_page(page: int) -> None:
    h = heap_of(MINIATURE)
    base = MINIATURE.heap_arena_bytes + page * MINIATURE.page_size
    arena, page_idx, page_mask = page_index_of(h, base + 5)
    assert arena is arena_at(h, 1 + page // 16)
    assert (page_idx, page_mask) == (page % 16 // 8, 1 << page % 8)
