"""Scenarios over the little port; their counts are known from an earlier explorer and from GenMC."""

from functools import cache, partial
from typing import Any

from checker.binding import Binding, Edit
from checker.interleaving.cells import atomic
from checker.interleaving.normalform import normal_form
from checker.interleaving.scenario import Scenario, Setup
from checker.interleaving.substrate import substrate
from tests.checker.interleaving.miniheap.heap import ARENA_PAGES, PAGE


@cache
def port(*edits: Edit) -> Binding:
    return Binding(
        "tests.checker.interleaving.miniheap",
        substrate=substrate(),
        edits=edits,
        transform=normal_form,
    )


def _threads(count: int, call: Any) -> list[tuple[str, Any]]:
    return [(f"T{each}", call(each)) for each in range(count)]


def zeroing(threads: int, arenas: int = 1) -> Scenario:
    """Threads that allocate adjacent pages, in one arena, or first in one and then in another."""

    def setup(p: Any) -> Setup:
        h = p.heap.new_heap(arenas)
        if arenas == 1:
            return Setup(
                _threads(threads, lambda t: partial(p.heap.alloc_needs_zero, h, t * PAGE, 1))
            )
        return Setup(_threads(threads, lambda t: partial(p.heap.alloc_in_two_arenas, h, t)))

    return Scenario(f"zeroing {threads}x{arenas}", setup)


def sweepers(threads: int, spans: int, registered: bool = False) -> Scenario:
    def setup(p: Any) -> Setup:
        h = p.heap.new_heap()
        all_spans = tuple(p.heap.new_span(h, page, 2) for page in range(spans))
        return Setup(
            _threads(threads, lambda _: partial(p.heap.sweep_all, h, all_spans, registered)),
            {"heap": h, **{f"span{n}": s for n, s in enumerate(all_spans)}},
        )

    return Scenario(f"sweepers {threads}x{spans}", setup)


def publication(readers: int) -> Scenario:
    """A span is reused while conservative readers hold a pointer into its new place."""

    def setup(p: Any) -> Setup:
        h = p.heap.new_heap()
        s = p.heap.new_span(h, 4, 4)
        s.limit = 8 * PAGE
        s.state.store(0)
        h.arenas[0].spans[4] = None
        h.arenas[0].spans[1] = s
        return Setup(
            [
                ("W", partial(p.heap.grow, h, s, 3, 1024, 1)),
                *_threads(readers, lambda _: partial(p.heap.conservative, h, 2 * PAGE - 8)),
            ],
            {"s": s},
        )

    return Scenario(f"publication {readers}", setup)


def mark_bits(threads: int) -> Scenario:
    def setup(p: Any) -> Setup:
        h = p.heap.new_heap()
        b = p.heap.BitsArena()
        atomic.store(b, "free", 8)
        atomic.store(h.bits, "next", b)
        return Setup(_threads(threads, lambda _: partial(p.heap.new_mark_bits, h, 8)))

    return Scenario(f"mark bits {threads}", setup)


def specials(adders: int) -> Scenario:
    def setup(p: Any) -> Setup:
        h = p.heap.new_heap()
        s = p.heap.new_span(h, 1, 2)
        adding = _threads(adders, lambda t: partial(p.heap.add_special, h, 1, f"special{t}"))
        return Setup([("S", partial(p.heap.sweep_one, h, s)), *adding], {"s": s})

    return Scenario(f"specials {adders}", setup)


def reclaim(threads: int, spans: int) -> Scenario:
    def setup(p: Any) -> Setup:
        h = p.heap.new_heap()
        for page in range(spans):
            p.heap.new_span(h, page, 2)
        assert spans <= ARENA_PAGES
        atomic.or_(h.arenas[0].page_in_use, 0, (1 << spans) - 1)
        return Setup(_threads(threads, lambda _: partial(p.heap.reclaim_chunk, h)))

    return Scenario(f"reclaim {threads}x{spans}", setup)
