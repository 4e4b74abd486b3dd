"""Bitmaps of a chunk against lists of bits, in the platform's words and in the miniature's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_AMD64, MINIATURE, Config
from impl.mpallocbits import NOT_FOUND, PageBits, PallocBits, PallocData, find_bit_range64
from impl.mpallocsum import pack_palloc_sum
from tests.impl.page_heap import HALF, name

CONFIGS = pytest.mark.parametrize("config", [LINUX_AMD64, MINIATURE], ids=name)


def bitmap(config: Config, bits: list[int]) -> PallocBits:
    b = PallocBits()
    b.init(config)
    for i, bit in enumerate(bits):
        if bit:
            b.set(i)
    return b


def bits_of(b: PageBits) -> list[int]:
    return [b.get(i) for i in range(b.config.palloc_chunk_pages)]


def runs(bits: list[int]) -> list[tuple[int, int]]:
    """(start, length) of each longest run of zeros."""
    found: list[tuple[int, int]] = []
    for i, bit in enumerate([*bits, 1]):
        if bit == 0 and (i == 0 or bits[i - 1] == 1):
            found.append((i, 0))
        if bit == 0:
            found[-1] = found[-1][0], found[-1][1] + 1
    return found


@st.composite
def chunks(draw: st.DrawFn, config: Config) -> list[int]:
    """The bits of a chunk, as a few runs or quite mixed."""
    pages = config.palloc_chunk_pages
    if draw(st.booleans()):
        number = draw(st.integers(0, (1 << pages) - 1))
        return [number >> i & 1 for i in range(pages)]
    bits = [draw(st.integers(0, 1))] * pages
    for _ in range(draw(st.integers(0, 12))):
        i = draw(st.integers(0, pages - 1))
        n = draw(st.integers(1, pages - i))
        bits[i : i + n] = [draw(st.integers(0, 1))] * n
    return bits


@CONFIGS
@HALF
@given(st.data())
def test_ranges_of_bits_are_set_cleared_and_counted(config: Config, data: st.DataObject) -> None:
    bits = data.draw(chunks(config))
    pages = config.palloc_chunk_pages
    i = data.draw(st.integers(0, pages - 1))
    n = data.draw(st.integers(1, pages - i))
    assert bitmap(config, bits).popcnt_range(i, n) == sum(bits[i : i + n])
    b = bitmap(config, bits)
    b.set_range(i, n)
    assert bits_of(b) == bits[:i] + [1] * n + bits[i + n :]
    b = bitmap(config, bits)
    b.clear_range(i, n)
    assert bits_of(b) == bits[:i] + [0] * n + bits[i + n :]


@CONFIGS
@HALF
@given(st.data())
def test_single_bits_and_words(config: Config, data: st.DataObject) -> None:
    bits = data.draw(chunks(config))
    width = config.word_bits
    i = data.draw(st.integers(0, config.palloc_chunk_pages - 1))
    v = data.draw(st.integers(0, config.word_mask))
    word = sum(bit << k for k, bit in enumerate(bits[i // width * width :][:width]))
    b = bitmap(config, bits)
    assert (b.get(i), b.block64(i), b.pages64(i)) == (bits[i], word, word)
    b.set_block64(i, v)
    assert b.block64(i) == word | v
    b.clear_block64(i, v)
    assert b.block64(i) == word & ~v
    b.set(i)
    assert b.get(i) == 1
    b.clear(i)
    assert b.get(i) == 0
    b.set_all()
    assert bits_of(b) == [1] * config.palloc_chunk_pages
    b.clear_all()
    assert bits_of(b) == [0] * config.palloc_chunk_pages


@CONFIGS
def test_a_range_beyond_the_chunk_changes_nothing(config: Config) -> None:
    pages = config.palloc_chunk_pages
    for change in (PageBits.set_range, PageBits.clear_range):
        b = bitmap(config, [1, 0] * (pages // 2))
        with pytest.raises(IndexError):
            change(b, pages - 1, 2)
        assert bits_of(b) == [1, 0] * (pages // 2)
    with pytest.raises(IndexError):
        bitmap(config, []).popcnt_range(0, pages + 1)


def test_no_bits_before_a_word_are_taken_for_all_of_two_words() -> None:
    # Go says so too: setRange is never called with 0, and would set the word before.
    b = bitmap(LINUX_AMD64, [])
    b.set_range(64, 0)
    assert bits_of(b) == [1] * 128 + [0] * 384


@CONFIGS
@HALF
@given(st.data())
def test_the_summary_counts_the_free_runs(config: Config, data: st.DataObject) -> None:
    bits = data.draw(chunks(config))
    lengths = dict(runs(bits))
    end = sum(length for start, length in lengths.items() if start + length == len(bits))
    start, longest = lengths.get(0, 0), max(lengths.values(), default=0)
    summary = bitmap(config, bits).summarize()
    assert summary == pack_palloc_sum(config, start, longest, end)


@CONFIGS
@HALF
@given(st.data())
def test_find_is_first_fit(config: Config, data: st.DataObject) -> None:
    bits = data.draw(chunks(config))
    npages = data.draw(st.integers(1, config.palloc_chunk_pages))
    first_free = bits.index(0) if 0 in bits else NOT_FOUND
    # Nothing is free below the search index.
    search_idx = data.draw(st.integers(0, min(first_free, len(bits) - 1)))
    fits = [start for start, length in runs(bits) if length >= npages]
    found, new_search_idx = bitmap(config, bits).find(npages, search_idx)
    assert found == (fits[0] if fits else NOT_FOUND)
    assert new_search_idx == (first_free if npages > 1 or fits else NOT_FOUND)


@CONFIGS
def test_find_begins_at_the_search_index_s_word(config: Config) -> None:
    width = config.word_bits
    b = bitmap(config, [0] * config.palloc_chunk_pages)
    assert b.find(1, 2 * width - 1) == (width, width)
    assert b.find(2, 2 * width - 1) == (width, width)
    # A whole word is too small to be more than a word.
    end = config.palloc_chunk_pages
    assert b.find(width + 1, end - width) == (NOT_FOUND, end - width)
    assert b.find(1, end) == (NOT_FOUND, NOT_FOUND)


@pytest.mark.parametrize("width", [4, 8, 64])
@HALF
@given(st.data())
def test_find_bit_range(width: int, data: st.DataObject) -> None:
    c = data.draw(st.integers(0, (1 << width) - 1))
    n = data.draw(st.integers(1, width))
    mask = (1 << n) - 1
    fits = [i for i in range(width - n + 1) if c >> i & mask == mask]
    found = find_bit_range64(c, n, width)
    assert found == fits[0] if fits else found >= width


def test_find_bit_range_of_every_small_word() -> None:
    for c in range(1 << 8):
        for n in range(1, 9):
            mask = (1 << n) - 1
            fits = [i for i in range(8 - n + 1) if c >> i & mask == mask]
            assert find_bit_range64(c, n, 8) == (fits[0] if fits else 8)


def test_the_summary_of_every_miniature_chunk() -> None:
    for number in range(1 << 16):
        bits = [number >> i & 1 for i in range(16)]
        lengths = dict(runs(bits))
        end = sum(length for start, length in lengths.items() if start + length == 16)
        expected = lengths.get(0, 0), max(lengths.values(), default=0), end
        assert bitmap(MINIATURE, bits).summarize() == pack_palloc_sum(MINIATURE, *expected)


@CONFIGS
@HALF
@given(st.data())
def test_allocating_clears_the_scavenged_bits(config: Config, data: st.DataObject) -> None:
    m = PallocData()
    m.init(config)
    pages = config.palloc_chunk_pages
    m.scavenged.set_all()
    i = data.draw(st.integers(0, pages - 1))
    n = data.draw(st.integers(1, pages - i))
    m.alloc_range(i, n)
    taken = [int(i <= k < i + n) for k in range(pages)]
    assert bits_of(m.palloc_bits) == taken
    assert bits_of(m.scavenged) == [1 - bit for bit in taken]
    # Freeing says nothing about what is scavenged.
    m.palloc_bits.free1(i)
    m.palloc_bits.free(i, n)
    assert bits_of(m.palloc_bits) == [0] * pages
    assert bits_of(m.scavenged) == [1 - bit for bit in taken]


@CONFIGS
def test_allocating_all_clears_all_scavenged_bits(config: Config) -> None:
    m = PallocData()
    m.init(config)
    m.scavenged.set_all()
    m.alloc_all()
    assert bits_of(m.palloc_bits) == [1] * config.palloc_chunk_pages
    assert bits_of(m.scavenged) == [0] * config.palloc_chunk_pages
    m.palloc_bits.free_all()
    assert bits_of(m.palloc_bits) == [0] * config.palloc_chunk_pages
