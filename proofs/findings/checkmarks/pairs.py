"""Checkmarks of two objects: one is checkmarked, the other is asked about."""

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

from checker.binding import Edit
from checker.mutation import Mutant
from harness.cases import CallTrace, Case, Claim
from harness.port import provide
from impl.config import MINIATURE
from impl.spanclass import make_span_class

GO = "runtime/mcheckmark.go:93-94 setCheckmark"
SPAN_CLASS = make_span_class(1, True)
ARENAS = 2
SPANS = ARENAS * MINIATURE.pages_per_arena
OBJECTS = 2 * SPANS


def _pairs() -> Iterator[Case]:
    return product(range(OBJECTS), repeat=2)


def _one_of_two(port: Any, case: Case, calls: CallTrace) -> str:
    """The second object is checkmarked already just if it is the first; a new start forgets both."""
    heap, objects = _heap(port)
    port.proc.world_stopped(heap)
    try:
        return _with_world_stopped(port, heap, [objects[each] for each in case], calls)
    finally:
        port.proc.world_started(heap)


def _with_world_stopped(port: Any, heap: Any, pair: list[tuple[int, Any]], calls: CallTrace) -> str:
    def checkmark(which: tuple[int, Any]) -> bool:
        was: bool = port.mcheckmark.set_checkmark(heap, *which)
        calls.did(f"setCheckmark({which[0]:#x})", was)
        return was

    first, second = pair
    port.mcheckmark.start_checkmarks(heap)
    if checkmark(first):
        return f"{first[0]:#x} is said to be checkmarked at the start"
    if checkmark(second) != (second is first):
        return f"{second[0]:#x} is taken for {first[0]:#x}, the only one that was checkmarked"
    port.mcheckmark.start_checkmarks(heap)
    calls.did("startCheckmarks", None)
    return f"{first[0]:#x} is still checkmarked after a new start" if checkmark(first) else ""


@cache
def _heap(port: Any) -> tuple[Any, list[tuple[int, Any]]]:
    """A heap of two arenas full of marked objects, two in a page."""
    heap = port.runtime.new_mheap(MINIATURE)
    port.mgc.gcinit(heap)
    provide(port, heap, ARENAS)
    objects = []
    for _ in range(SPANS):
        span = heap.central[SPAN_CLASS].grow(heap)
        for i in range(span.nelems):
            bits = span.mark_bits_for_index(i)
            bits.set_marked()
            objects.append((span.base() + i * span.elemsize, bits))
    return heap, objects


PAIRS = Claim(
    "checkmarks.one_bit_each",
    GO,
    "an object is said to be checkmarked only if it was",
    _pairs,
    _one_of_two,
    every=f"every pair of the {OBJECTS} objects of a heap of two arenas",
)

BY_WORD = Mutant(
    "index-by-word",
    "the bit of an object is that of its word in the arena, as upstream has it since the fix",
    (
        Edit(
            "mcheckmark",
            "    arena_word = obj // config.heap_arena_bytes // 8 % len(b)\n"
            "    mask = 1 << (obj // config.heap_arena_bytes % 8)\n",
            "    word = obj % config.heap_arena_bytes // config.ptr_size\n"
            "    arena_word = word // 8\n"
            "    mask = 1 << (word % 8)\n",
        ),
    ),
)
