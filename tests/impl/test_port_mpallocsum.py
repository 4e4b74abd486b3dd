"""Packed summaries, and their merging, against the bits that they summarise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import Config
from impl.mpallocsum import (
    free_chunk_sum,
    merge_summaries,
    pack_palloc_sum,
    palloc_sum_end,
    palloc_sum_max,
    palloc_sum_start,
    palloc_sum_unpack,
)
from tests.impl.page_heap import HALF, PLATFORMS, name

CONFIGS = pytest.mark.parametrize("config", PLATFORMS, ids=name)


@CONFIGS
@HALF
@given(st.data())
def test_a_summary_keeps_its_three_numbers(config: Config, data: st.DataObject) -> None:
    largest = data.draw(st.integers(0, config.max_packed_value))
    start, end = data.draw(st.tuples(st.integers(0, largest), st.integers(0, largest)))
    if largest == config.max_packed_value:
        start = end = largest
    packed = pack_palloc_sum(config, start, largest, end)
    assert packed < 1 << 64
    assert palloc_sum_unpack(config, packed) == (start, largest, end)
    assert palloc_sum_start(config, packed) == start
    assert palloc_sum_max(config, packed) == largest
    assert palloc_sum_end(config, packed) == end
    assert (packed == 0) == (largest == 0)


@CONFIGS
def test_a_free_chunk_and_a_free_root_entry(config: Config) -> None:
    pages = config.palloc_chunk_pages
    assert free_chunk_sum(config) == pack_palloc_sum(config, pages, pages, pages)
    largest = config.max_packed_value
    assert pack_palloc_sum(config, largest, largest, largest) == 1 << 63


@CONFIGS
@HALF
@given(st.data())
def test_merging_sees_the_runs_across_the_boundaries(config: Config, data: st.DataObject) -> None:
    level = data.draw(st.integers(1, config.summary_levels - 1))
    log = config.level_log_pages[level]
    n = 1 << config.level_bits[level]
    whole = 1 << log
    # Each entry: the ends of what is free at its start, in its middle, and at its end.
    cut = st.integers(0, whole)
    cuts = st.lists(cut, min_size=4, max_size=4).map(sorted)
    inner = st.tuples(cut, cut).map(lambda bc: [0, *sorted(bc), whole])
    simple = st.sampled_from([[whole] * 4, [0, 0, whole, whole]])
    entries = data.draw(st.lists(cuts | inner | simple, min_size=n, max_size=n))
    sums = [0, 0]
    runs: list[tuple[int, int]] = []
    for i, (a, b, c, d) in enumerate(entries):
        # [0, a), [b, c) and [d, whole) are free.
        free = [(0, a), (b, c), (d, whole)]
        inside: list[tuple[int, int]] = []
        for low, high in free:
            if inside and inside[-1][1] == low:
                inside[-1] = inside[-1][0], high
            else:
                inside.append((low, high))
        start = inside[0][1]
        end = whole - inside[-1][0]
        sums.append(pack_palloc_sum(config, start, max(high - low for low, high in inside), end))
        for low, high in inside:
            if runs and runs[-1][1] == i * whole + low:
                runs[-1] = runs[-1][0], i * whole + high
            else:
                runs.append((i * whole + low, i * whole + high))
    total = n * whole
    expected = runs[0][1] if runs[0][0] == 0 else 0
    last = total - runs[-1][0] if runs[-1][1] == total else 0
    merged = merge_summaries(config, sums, 2, n, log)
    assert palloc_sum_unpack(config, merged) == (
        expected,
        max(high - low for low, high in runs),
        last,
    )
