"""Address ranges against sets of addresses, on both sides of the hole in the address space."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_386, LINUX_AMD64, MINIATURE, Config
from impl.mranges import (
    AddrRange,
    AddrRanges,
    AtomicOffAddr,
    make_addr_range,
    max_off_addr,
    min_off_addr,
    off_addr_add,
    off_addr_diff,
    off_addr_less_equal,
    off_addr_less_than,
    off_addr_sub,
)
from tests.impl.page_heap import HALF, bare_heap, name
from tests.impl.port_heap import throws

CONFIGS = pytest.mark.parametrize("config", [LINUX_AMD64, LINUX_386, MINIATURE], ids=name)
UNIT = 0x1000
NUMBERS = st.integers(0, 40)
"""Addresses are multiples of UNIT from an origin: few, so that ranges touch and overlap."""


def at(config: Config, number: int) -> int:
    return off_addr_add(config, min_off_addr(config), (number + 8) * UNIT)


def range_of(config: Config, low: int, high: int) -> AddrRange:
    return make_addr_range(config, at(config, low), at(config, high))


def numbers(config: Config, r: AddrRange) -> set[int]:
    return {n for n in range(-2, 60) if r.contains(config, at(config, n))}


def test_the_upper_half_comes_first_where_the_address_space_has_a_hole() -> None:
    config = LINUX_AMD64
    low, high = 0xC000000000, 0xFFFF_8000_0000_1000
    assert off_addr_less_than(config, high, low)
    assert not off_addr_less_than(config, low, high)
    assert off_addr_less_equal(config, low, low)
    assert off_addr_less_than(config, min_off_addr(config), high)
    assert max_off_addr(config) == 0x7FFF_FFFF_FFFF
    assert off_addr_less_than(config, low, max_off_addr(config))
    assert off_addr_add(config, (1 << 64) - 1, 2) == 1
    assert off_addr_sub(config, 1, 2) == (1 << 64) - 1
    assert off_addr_diff(config, 1, (1 << 64) - 1) == 2


def test_without_a_hole_the_order_is_plain() -> None:
    assert max_off_addr(LINUX_386) == 0xFFFF_FFFF
    assert off_addr_less_than(LINUX_386, 1, 0xFFFF_FFFF)
    assert off_addr_add(LINUX_386, 0xFFFF_FFFF, 2) == 1


def test_a_range_must_not_span_the_hole() -> None:
    with throws("addr range base and limit are not in the same memory segment"):
        make_addr_range(LINUX_AMD64, 0xFFFF_8000_0000_0000, 0x1000)
    assert make_addr_range(LINUX_AMD64, 0x1000, 0x2000) == (0x1000, 0x2000)


@CONFIGS
@HALF
@given(st.data())
def test_a_range_is_a_set_of_addresses(config: Config, data: st.DataObject) -> None:
    low, high, x = data.draw(st.tuples(NUMBERS, NUMBERS, NUMBERS))
    r = range_of(config, low, high)
    assert r.size(config) == max(high - low, 0) * UNIT
    assert numbers(config, r) == set(range(low, high))
    cut = r.remove_greater_equal(config, at(config, x))
    if low <= high:
        assert numbers(config, cut) == {n for n in range(low, high) if n < x}


@CONFIGS
@HALF
@given(st.data())
def test_subtracting_a_range(config: Config, data: st.DataObject) -> None:
    low, high = sorted(data.draw(st.tuples(NUMBERS, NUMBERS)))
    blow, bhigh = sorted(data.draw(st.tuples(NUMBERS, NUMBERS)))
    a, b = range_of(config, low, high), range_of(config, blow, bhigh)
    if low < blow and bhigh < high:
        with throws("bad prune"):
            a.subtract(config, b)
        return
    rest = a.subtract(config, b)
    assert numbers(config, rest) == numbers(config, a) - numbers(config, b)


def test_taking_from_either_end() -> None:
    config = LINUX_AMD64
    r = AddrRange(0x1001, 0x2007)
    assert r.take_from_front(config, 16, 8) == (AddrRange(0x1018, 0x2007), 0x1008, True)
    assert r.take_from_back(config, 16, 8) == (AddrRange(0x1001, 0x1FF0), 0x1FF0, True)
    assert r.take_from_front(config, 0x1000, 8) == (r, 0, False)
    assert r.take_from_back(config, 0x1007, 1) == (r, 0, False)
    assert r.take_from_back(config, 0x1006, 1) == (AddrRange(0x1001, 0x1001), 0x1001, True)


OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["add", "remove_last", "remove_greater_equal"]), NUMBERS, NUMBERS),
    max_size=30,
)


@CONFIGS
@HALF
@given(OPERATIONS)
def test_ranges_are_a_set_of_addresses(
    config: Config, operations: list[tuple[str, int, int]]
) -> None:
    h = bare_heap(config)
    a = AddrRanges()
    a.init(h, h.runtime.memstats.other_sys)
    model: set[int] = set()
    for operation, x, y in operations:
        low, high = min(x, y), max(x, y) + 1
        if operation == "add":
            if model.isdisjoint(range(low, high)):
                a.add(range_of(config, low, high))
                model.update(range(low, high))
        elif operation == "remove_last":
            last = run = max(model, default=-1)
            while run - 1 in model:
                run -= 1
            taken = set(range(max(run, last - x), last + 1)) & model
            assert numbers(config, a.remove_last((x + 1) * UNIT)) == taken
            model -= taken
        else:
            a.remove_greater_equal(at(config, x))
            model -= {n for n in model if n >= x}
        check(config, a, model)


def check(config: Config, a: AddrRanges, model: set[int]) -> None:
    """a is the model: as a set, in order, joined where ranges touch."""
    assert a.total_bytes == len(model) * UNIT
    for n in range(-2, 60):
        addr = at(config, n)
        assert a.contains(addr) == (n in model)
        above = [r for r in a.ranges if off_addr_less_than(config, addr, r.base)]
        assert a.find_succ(addr) == len(a.ranges) - len(above)
        next_ = min((m for m in model if m >= n), default=None)
        if model:
            found = a.find_addr_greater_equal(addr)
            assert found == ((0, False) if next_ is None else (at(config, next_), True))
    for before, after in pairwise(a.ranges):
        assert off_addr_less_than(config, before.limit, after.base)
    b = AddrRanges()
    b.sys_stat = a.sys_stat
    a.clone_into(b)
    assert (list(b.ranges), b.total_bytes) == (list(a.ranges), a.total_bytes)


@CONFIGS
def test_ranges_are_joined_where_they_touch(config: Config) -> None:
    h = bare_heap(config)
    a = AddrRanges()
    a.init(h, h.runtime.memstats.other_sys)
    model: set[int] = set()
    counts = []
    # Apart, below, above, in between, between without touching, in between again.
    for low, high in ((4, 6), (2, 4), (10, 12), (6, 10), (14, 16), (20, 22), (17, 19), (16, 17)):
        a.add(range_of(config, low, high))
        model |= set(range(low, high))
        check(config, a, model)
        counts.append(len(a.ranges))
    assert counts == [1, 1, 2, 1, 2, 3, 4, 3]


def test_room_for_more_ranges_doubles() -> None:
    h = bare_heap(LINUX_AMD64)
    stat = h.runtime.memstats.gc_misc_sys
    a = AddrRanges()
    a.init(h, stat)
    assert stat.load() == 16 * 16
    for n in range(16):
        a.add(range_of(LINUX_AMD64, 2 * n, 2 * n + 1))
    assert (a.cap, stat.load()) == (16, 16 * 16)
    a.add(range_of(LINUX_AMD64, 36, 37))
    assert (a.cap, stat.load()) == (32, 16 * 48)
    b = AddrRanges()
    b.sys_stat = stat
    a.clone_into(b)
    assert (b.cap, stat.load()) == (32, 16 * 80)


def test_an_empty_range_is_not_added() -> None:
    h = bare_heap(MINIATURE)
    a = AddrRanges()
    a.init(h, h.runtime.memstats.other_sys)
    with throws("attempted to add zero-sized address range"):
        a.add(AddrRange(UNIT, UNIT))
    assert a.remove_last(UNIT) == AddrRange()


@CONFIGS
def test_a_marked_address_stays_until_it_was_seen(config: Config) -> None:
    b = AtomicOffAddr()
    b.store_marked(config, at(config, 5))
    assert b.load(config) == (at(config, 5), True)
    b.clear(config)
    b.store_min(config, at(config, 3))
    assert b.load(config) == (at(config, 5), True)
    b.store_unmark(config, at(config, 4), at(config, 1))
    assert b.load(config) == (at(config, 5), True)
    b.store_unmark(config, at(config, 5), at(config, 4))
    assert b.load(config) == (at(config, 4), False)
    b.store_min(config, at(config, 6))
    assert b.load(config) == (at(config, 4), False)
    b.store_min(config, at(config, 2))
    assert b.load(config) == (at(config, 2), False)
    b.clear(config)
    assert b.load(config) == (min_off_addr(config), False)
