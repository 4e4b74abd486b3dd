"""What a heap of 512 GiB costs in memory beside one of 64 MiB in which as much is used.

Both get the same spans, spread over all of the heap, and lose half of them again. What counts is what
Python has allocated for the port's objects.
"""

import gc
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from bench.measure import Measurement, Ratio, Spread
from bench.workloads import SEED

SUBJECT = "memory"
SMALL, LARGE = 64 << 20, 512 << 30
STEP = 4 << 30
SPANS = 400
MOST_OF_A_SPAN = 2.0
MOST_OF_ALL = 16.0
"""What is claimed: a span costs at most so many times as much, and the whole heap, with 8192 times the
address space, so many times."""

SPAN_CLASS = 10


class Bytes(NamedTuple):
    """Bytes allocated for a heap with no memory, grown, with spans, with half of them freed."""

    fresh: int
    grown: int
    used: int
    freed: int
    used_pages: int


def measure(port: Any, large: int = LARGE, spans: int = SPANS) -> list[Measurement]:
    """Bytes at each stage for either heap, and how many times as much the large one takes."""
    sizes = {f"{SMALL >> 20} MiB": SMALL, f"{large >> 30} GiB": large}
    found = {name: footprint(port, size, spans) for name, size in sizes.items()}
    small, big = found
    stages: dict[str, tuple[Callable[[Bytes], float], float | None]] = {
        "grown, nothing used": (lambda b: b.grown, None),
        "with spans": (lambda b: b.used, MOST_OF_ALL),
        "with half of them freed": (lambda b: b.freed, None),
        "for a span": (lambda b: (b.used - b.grown) / spans, MOST_OF_A_SPAN),
        "for a page in a span": (lambda b: (b.used - b.grown) / b.used_pages, None),
    }
    measurements = []
    for name, (amount, most) in stages.items():
        values = {heap: amount(each) for heap, each in found.items()}
        measurements.append(
            Measurement(
                SUBJECT,
                name,
                "bytes",
                {heap: _exactly(value) for heap, value in values.items()},
                [Ratio(big, small, _exactly(values[big] / values[small]), most=most)],
                {
                    "spans": spans,
                    f"pages in spans, {small}": found[small].used_pages,
                    f"pages in spans, {big}": found[big].used_pages,
                },
            )
        )
    return measurements


def footprint(port: Any, heap_bytes: int, spans: int) -> Bytes:
    """Grows a heap on linux/amd64, puts spans of 1 to 16 pages all over it, frees every other."""
    _ = port.mheap
    gc.collect()
    tracemalloc.start()
    try:
        config = port.config.LINUX_AMD64
        h = port.runtime.new_mheap(config)
        fresh = _allocated()
        port.mheap.lock(h.lock)
        step = min(STEP, heap_bytes)
        for _ in range(heap_bytes // step):
            h.grow(step // config.page_size)
        port.mheap.unlock(h.lock)
        grown = _allocated()
        live = [_span(port, h, *place) for place in _places(config, heap_bytes, spans)]
        used_pages = sum(s.npages for s in live)
        used = _allocated()
        for s in live[::2]:
            h.free_span(s)
        return Bytes(fresh, grown, used, _allocated(), used_pages)
    finally:
        tracemalloc.stop()


def _places(config: Any, heap_bytes: int, spans: int) -> list[tuple[int, int]]:
    """(address, pages) of each span: one in each of equal parts of the heap."""
    numbers = Random(SEED)
    part = heap_bytes // config.page_size // spans
    places = []
    for i in range(spans):
        npages = numbers.randint(1, min(16, part))
        page = i * part + numbers.randrange(part - npages + 1)
        places.append((config.arena_hints[0] + page * config.page_size, npages))
    return places


def _span(port: Any, h: Any, base: int, npages: int) -> Any:
    """A heap span at a place of our choice, as alloc_span makes one where it chooses."""
    port.mheap.lock(h.lock)
    scav = h.pages.alloc_range(base, npages)
    s = h.alloc_m_span_locked()
    port.mheap.unlock(h.lock)
    h.init_span(s, port.mheap.SPAN_ALLOC_HEAP, SPAN_CLASS, base, npages)
    port.mem.sys_used(h, base, npages * h.config.page_size, scav)
    h.runtime.gc_controller.heap_released.add(-scav)
    h.runtime.gc_controller.heap_free.add(scav - npages * h.config.page_size)
    h.runtime.gc_controller.heap_in_use.add(npages * h.config.page_size)
    return s


def _allocated() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _exactly(value: float) -> Spread:
    return Spread(value, value, value)
