"""What the speed of the port is measured on: operations of the page heap on linux/amd64.

Each workload is set up on a port as it is bound, and returns the work. The operations are drawn by a
generator of fixed seed, before the time counts.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from bench.measure import TimedWork
from bench.snapshot import snapshot
from impl.rt import M, run_on

Workload = Callable[[Any, int], TimedWork]
"""From a port and a number of operations."""

SEED = 20
PAGES_OF_SPANS = (1, 1, 1, 1, 2, 2, 3, 4, 8, 16, 40)
SIZES = (16, 24, 48, 64, 100, 256, 512, 1024, 3000, 8192)


def alloc_needs_zero(port: Any, operations: int) -> TimedWork:
    """allocNeedsZero over a few arenas, of pages that come in order or were used before."""
    h = _heap(port)
    _grow(port, h, 4 * h.config.pages_per_arena)
    numbers = Random(SEED)
    page = h.config.page_size
    first = h.config.arena_hints[0]
    requests = []
    fresh = 0
    most = 4 * h.config.pages_per_arena - 2 * PAGES_OF_SPANS[-1]
    for _ in range(operations):
        n = numbers.choice(PAGES_OF_SPANS)
        if numbers.random() < 0.5 and fresh < most:
            requests.append((first + fresh * page, n))
            fresh += n
        else:
            requests.append((first + numbers.randrange(fresh + 1) * page, n))
    answers: list[bool] = []

    def do() -> None:
        ask = h.alloc_needs_zero
        for base, n in requests:
            answers.append(ask(base, n))

    return TimedWork(do, lambda: (answers, snapshot(h)))


def pages(port: Any, operations: int) -> TimedWork:
    """pageAlloc.alloc and free, with a heap of 256 MiB that is two thirds full."""
    h = _heap(port)
    capacity = 4 * h.config.pages_per_arena
    _grow(port, h, capacity)
    draws = _draws(operations)
    answers: list[int] = []

    def do() -> None:
        p = h.pages
        live: list[tuple[int, int]] = []
        used = 0
        port.mheap.lock(h.lock)
        for n, choice in draws:
            if live and (choice < 0.45 or used * 3 > capacity * 2):
                i = int(choice * 1e6) % len(live)
                live[i], live[-1] = live[-1], live[i]
                addr, npages = live.pop()
                p.free(addr, npages)
                used -= npages
            else:
                addr, _ = p.alloc(n)
                answers.append(addr)
                live.append((addr, n))
                used += n
        port.mheap.unlock(h.lock)

    return TimedWork(do, lambda: (answers, snapshot(h)))


def spans(port: Any, operations: int) -> TimedWork:
    """allocSpan and freeSpan by a thread with a P, so with its caches of pages and spans."""
    h = _heap(port)
    draws = _draws(operations)
    answers: list[int] = []

    def do() -> None:
        alloc, free = h.alloc_span, h.free_span
        live: list[Any] = []
        with on_p0(port, h):
            for n, choice in draws:
                if choice < 0.45 and live:
                    i = int(choice * 1e6) % len(live)
                    live[i], live[-1] = live[-1], live[i]
                    free(live.pop())
                else:
                    s = alloc(n, 0, 10)
                    answers.append(s.start_addr)
                    live.append(s)

    return TimedWork(do, lambda: (answers, snapshot(h)))


def objects(port: Any, operations: int) -> TimedWork:
    """mallocgc of small objects, and a collection for every 4,000 that keeps a third of them."""
    h = _heap(port)
    numbers = Random(SEED)
    kinds = [(numbers.choice(SIZES), numbers.random() < 0.5) for _ in range(operations)]
    answers: list[int] = []

    def do() -> None:
        mallocgc, shade, cycle = port.malloc.mallocgc, port.mgcmark.shade, port.mgc.gc
        roots: list[int] = []

        def mark(gcw: Any) -> None:
            for p in roots:
                shade(h, p, gcw)

        pointers = port.malloc.Type(8, 8, 8, 1)
        with on_p0(port, h):
            for i, (size, scan) in enumerate(kinds):
                p = mallocgc(h, size, pointers if scan else None, True)
                answers.append(p)
                if i % 3 == 0:
                    roots.append(p)
                if i % 4000 == 3999:
                    cycle(h, mark)
                    del roots[: len(roots) // 2]

    return TimedWork(do, lambda: (answers, snapshot(h)))


WORKLOADS: dict[str, tuple[Workload, int]] = {
    "allocNeedsZero": (alloc_needs_zero, 200_000),
    "pages": (pages, 10_000),
    "spans": (spans, 8_000),
    "objects and collections": (objects, 24_000),
}
"""By name, with the number of operations of a turn: a fraction of a second."""


def _heap(port: Any) -> Any:
    # Modules are loaded when they are first named: not while the time counts.
    _ = port.malloc, port.procresize
    return port.runtime.new_mheap(port.config.LINUX_AMD64)


def _grow(port: Any, h: Any, npages: int) -> None:
    port.mheap.lock(h.lock)
    h.grow(npages)
    port.mheap.unlock(h.lock)


@contextmanager
def on_p0(port: Any, h: Any) -> Iterator[None]:
    """The block runs on a thread with P 0 of a program that has no other."""
    with run_on(M()):
        port.procresize.schedinit(h, 1)
        yield


def _draws(operations: int) -> list[tuple[int, float]]:
    numbers = Random(SEED)
    return [(numbers.choice(PAGES_OF_SPANS), numbers.random()) for _ in range(operations)]
