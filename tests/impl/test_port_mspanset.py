"""Span sets: first in, first out, over blocks that are used again and a spine that grows."""

from collections import deque
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_386, LINUX_AMD64, MINIATURE, Config
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.mspanset import (
    SpanSet,
    SpanSetBlock,
    head_tail_index_split,
    make_head_tail_index,
    span_set_block_size,
)
from impl.rt import U32_MAX
from impl.runtime import new_mheap
from tests.impl.port_heap import throws

BLOCK = MINIATURE.span_set_block_entries


def set_of(h: Mheap, spans: int = 0) -> SpanSet:
    each = SpanSet()
    each.init(h)
    for _ in range(spans):
        each.push(Mspan())
    return each


def blocks(spans: SpanSet) -> list[SpanSetBlock]:
    """The blocks on the spine."""
    spine = spans.spine.load()
    return [spine[i] for i in range(spans.spine_len.load()) if spine[i] is not None]  # type: ignore[misc]


@given(
    st.lists(st.sampled_from(["push", "push", "pop", "pop", "reset"]), max_size=80),
    st.sampled_from([MINIATURE, replace(MINIATURE, span_set_block_entries=1)]),
)
def test_first_in_first_out(steps: list[str], config: Config) -> None:
    spans, model = set_of(new_mheap(config)), deque[Mspan]()
    for step in steps:
        if step == "push":
            s = Mspan()
            spans.push(s)
            model.append(s)
        elif step == "pop":
            assert spans.pop() is (model.popleft() if model else None)
        elif not model:
            spans.reset()
            assert spans.spine_len.load() == 0
        else:
            with throws("attempt to clear non-empty span set"):
                spans.reset()
        pushed = head_tail_index_split(spans.index.load())[1]
        assert spans.spine_len.load() == -(-pushed // config.span_set_block_entries)
    while model:
        assert spans.pop() is model.popleft()


def test_first_in_first_out_with_blocks_of_512() -> None:
    spans = set_of(new_mheap(LINUX_AMD64))
    pushed = [Mspan() for _ in range(1300)]
    for s in pushed:
        spans.push(s)
    assert (len(blocks(spans)), spans.spine_cap) == (3, 256)
    assert [spans.pop() for _ in pushed] == pushed
    assert spans.pop() is None


def test_no_block_is_lost(h: Mheap) -> None:
    before = h.runtime.memstats.gc_misc_sys.load()
    spans = set_of(h)
    for _ in range(10):
        for _ in range(2 * BLOCK + 1):
            spans.push(Mspan())
        while spans.pop() is not None:
            pass
        spans.reset()
    spine = h.config.span_set_init_spine_cap * h.config.ptr_size
    used = 3 * span_set_block_size(h.config) + spine + 2 * spine
    assert used <= h.runtime.memstats.gc_misc_sys.load() - before <= used + 5 * 64  # cache lines


def test_a_block_is_recycled_by_the_last_pop_done_with_it(h: Mheap) -> None:
    spans = set_of(h, BLOCK + 1)
    block = blocks(spans)[0]
    for _ in range(BLOCK):
        assert h.runtime.span_set_block_pool.stack.head.load() == 0
        spans.pop()
    assert spans.spine.load()[0] is None
    assert block.popped.load() == 0
    assert h.runtime.span_set_block_pool.alloc(h) is block
    assert [block.spans[i] for i in range(BLOCK)] == [None] * BLOCK


def test_the_spine_doubles_and_the_old_one_stays_readable(h: Mheap) -> None:
    spans = set_of(h, 2 * BLOCK)
    old = spans.spine.load()
    spans.push(Mspan())
    assert (spans.spine_cap, len(spans.spine.load())) == (4, 4)
    assert len(old) == 2
    assert [old[i] for i in range(2)] == blocks(spans)[:2]


def test_a_pop_finds_nothing_while_the_block_of_the_head_is_missing(h: Mheap) -> None:
    spans = set_of(h)
    spans.index.inc_tail()
    assert spans.pop() is None


def test_a_pop_waits_for_a_push_that_has_taken_its_slot(h: Mheap) -> None:
    spans = set_of(h, 1)
    spans.pop()
    spans.index.inc_tail()
    with throws("osyield with no other thread to wait for"):
        spans.pop()


def test_a_push_beyond_a_block_that_nobody_added_leaves_a_hole_in_the_spine(h: Mheap) -> None:
    """As many pushes at once as a block has entries, 512 in Go, and one more that overtakes them."""
    spans = set_of(h)
    for _ in range(BLOCK):
        spans.index.inc_tail()
    spans.push(Mspan())
    # The overtaken pushes will take the spine's length for the sign that their block is there.
    assert spans.spine_len.load() == 1
    assert spans.spine.load()[0] is None


def test_the_tail_must_not_wrap(h: Mheap) -> None:
    spans = set_of(h)
    spans.index.u.store(make_head_tail_index(U32_MAX, U32_MAX))
    with throws("headTailIndex overflow"):
        spans.push(Mspan())


@given(st.integers(0, U32_MAX), st.integers(0, U32_MAX))
def test_head_and_tail_share_a_word(head: int, tail: int) -> None:
    index = make_head_tail_index(head, tail)
    assert 0 <= index < 1 << 64
    assert head_tail_index_split(index) == (head, tail)


@pytest.mark.parametrize(
    ("popped", "text"),
    [
        (0, "span set block with unpopped elements found in reset"),
        (BLOCK, "fully empty unfreed span set block found in reset"),
    ],
)
def test_reset_looks_at_the_block_of_the_head(h: Mheap, popped: int, text: str) -> None:
    spans = set_of(h, 1)
    spans.pop()
    blocks(spans)[0].popped.store(popped)
    with throws(text):
        spans.reset()


def test_a_block_is_as_large_as_gos() -> None:
    assert span_set_block_size(LINUX_AMD64) == 8 + 8 + 8 + 512 * 8
    assert span_set_block_size(LINUX_386) == 8 + 4 + 4 + 512 * 4
