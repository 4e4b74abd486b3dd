"""The page allocator gives the lowest run that fits; span sets are queues."""

from hypothesis import given
from hypothesis import strategies as st
from port_heap import ARENA, PAGE, throws

from impl.mpagealloc import PageAlloc
from impl.mspan import Mspan
from impl.mspanset import SpanSet

ACTIONS = st.lists(st.tuples(st.booleans(), st.integers(1, 5), st.integers(0, 40)))


def first_fit(free: set[int], npages: int) -> int | None:
    """The lowest page that starts npages free ones."""
    fits = (p for p in sorted(free) if all(p + i in free for i in range(npages)))
    return next(fits, None)


@given(ACTIONS)
def test_pages_are_given_lowest_first(actions: list[tuple[bool, int, int]]) -> None:
    pages = PageAlloc()
    pages.init(PAGE)
    pages.grow(5 * PAGE, 8 * PAGE)
    pages.grow(20 * PAGE, 8 * PAGE)
    pages.grow(2 * PAGE, 2 * PAGE)
    free = {2, 3, *range(5, 13), *range(20, 28)}
    taken: list[tuple[int, int]] = []
    for allocate, npages, pick in actions:
        if allocate:
            expected = first_fit(free, npages)
            assert pages.alloc(npages) == (0 if expected is None else expected * PAGE)
            if expected is not None:
                taken.append((expected, npages))
                free -= set(range(expected, expected + npages))
        elif taken:
            page, n = taken.pop(pick % len(taken))
            pages.free(page * PAGE, n)
            free |= set(range(page, page + n))


def test_pages_below_the_first_growth_can_be_freed_again() -> None:
    pages = PageAlloc()
    pages.init(PAGE)
    pages.grow(ARENA, PAGE)
    assert pages.alloc(1) == ARENA
    pages.grow(2 * ARENA, PAGE)
    pages.free(ARENA, 1)
    assert pages.alloc(1) == ARENA


def test_a_span_set_is_first_in_first_out() -> None:
    spans = SpanSet()
    spans.init()
    a, b = Mspan(), Mspan()
    spans.push(a)
    spans.push(b)
    assert (spans.pop(), spans.pop(), spans.pop()) == (a, b, None)


def test_only_an_empty_span_set_is_reset() -> None:
    spans = SpanSet()
    spans.init()
    spans.reset()
    spans.push(Mspan())
    with throws("attempt to clear non-empty span set"):
        spans.reset()
