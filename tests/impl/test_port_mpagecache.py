"""The page cache against a list of pages; taking and flushing it is tested with the allocator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_AMD64, MINIATURE, Config
from impl.mpagecache import PageCache
from tests.impl.page_heap import HALF, Pages, name

CONFIGS = pytest.mark.parametrize("config", [LINUX_AMD64, MINIATURE], ids=name)


@CONFIGS
@HALF
@given(st.data())
def test_a_cache_allocates_its_first_free_run(config: Config, data: st.DataObject) -> None:
    width = config.page_cache_pages
    c = PageCache()
    c.base = 1 << 18
    c.cache = data.draw(st.integers(0, config.word_mask))
    c.scav = data.draw(st.integers(0, config.word_mask))
    free = {i for i in range(width) if c.cache >> i & 1}
    scavenged = {i for i in range(width) if c.scav >> i & 1}
    for npages in data.draw(st.lists(st.integers(1, width), max_size=8)):
        fits = [i for i in range(width) if free >= set(range(i, i + npages))]
        addr, scav = c.alloc(config, npages)
        if fits:
            taken = set(range(fits[0], fits[0] + npages))
            assert addr == c.base + fits[0] * config.page_size
            assert scav == len(taken & scavenged) * config.page_size
            free -= taken
            scavenged -= taken
        else:
            assert addr == 0
        assert c.cache == sum(1 << i for i in free)
        assert c.scav == sum(1 << i for i in scavenged)
        assert c.empty() == (not free)


def test_caches_are_assigned_by_value() -> None:
    a, b = PageCache(), PageCache()
    a.base, a.cache, a.scav = 8192, 5, 4
    b.assign(a)
    a.alloc(LINUX_AMD64, 1)
    assert (b.base, b.cache, b.scav) == (8192, 5, 4)


def test_the_next_search_begins_at_the_last_page_of_the_cache() -> None:
    pages = Pages(MINIATURE)
    pages.grow(0, 1)
    c = pages.p.alloc_to_cache()
    assert c.base == pages.addr(0)
    assert pages.p.search_addr == pages.addr(7)
    assert pages.p.alloc_to_cache().base == pages.addr(8)
    # Not beyond, which is not mapped.
    assert pages.p.search_addr == pages.addr(15)
    c.flush(pages.p)
    assert pages.p.search_addr == pages.addr(0)
