"""Threads in allocNeedsZero, and the model step each of their operations stands for."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from checker.interleaving.observe import Operation, View
from checker.interleaving.refinement import Refinement
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Scenario, Setup
from checker.plain import Instance
from checker.refinement import Diverged, ModelRun
from harness.port import PortView, map_arenas
from impl.config import MINIATURE
from model import zeroed_base
from proofs.protocols.zeroed_base.abstraction import ABSTRACTION

ARENA_PAGES = MINIATURE.pages_per_arena
FIRST_PAGE = ARENA_PAGES
IN_FLIGHT = (zeroed_base.OWNED, zeroed_base.LOADED, zeroed_base.RAISED)
Calls = Sequence[Sequence[tuple[int, int]]]
"""For each thread the calls it makes, as (page, pages); page 0 is the first of the heap."""


def shares(page: int, npages: int) -> list[tuple[int, int, int]]:
    """A call's share of each arena as (arena, low, high), in pages."""
    found = []
    while npages > 0:
        arena, low = divmod(page, ARENA_PAGES)
        high = min(low + npages, ARENA_PAGES)
        found.append((arena, low, high))
        page, npages = page + high - low, npages - (high - low)
    return found


def calls_of_threads(name: str, arenas: int, calls: Calls, states: int) -> Refinement:
    """The refinement for threads that each make a few calls of alloc_needs_zero."""
    parts = [
        (thread, number, *share)
        for thread, made in enumerate(calls)
        for number, (page, npages) in enumerate(made)
        for share in shares(page, npages)
    ]

    def setup(port: Any) -> Setup:
        heap = port.runtime.new_mheap(MINIATURE)
        map_arenas(port, heap, arenas)
        threads = [
            (f"T{thread}", [_call(heap, page, npages) for page, npages in made])
            for thread, made in enumerate(calls)
        ]
        at = port.heaparena.arena_at
        labels = {f"arena{a}": at(heap, a + 1) for a in range(arenas)}
        return Setup(threads, {"heap": heap, "runtime": heap.runtime, **labels})

    def start(run: ModelRun, view: View) -> None:  # noqa: ARG001  # nothing in memory yet
        for thread in range(len(calls)):
            _begin(run, parts, thread, 0)

    def follow(run: ModelRun, operation: Operation, view: View) -> None:
        thread = int(operation.thread[1:])
        if operation.field == "zeroed_base":
            arena = next(a for a in range(arenas) if operation.object is view[f"arena{a}"])
            _access(run, operation, _current(run, parts, thread, arena))
        elif operation.kind is Kind.RETURN:
            _finish(run, parts, thread, operation.value)

    return Refinement(
        Scenario(name, setup),
        Instance(
            zeroed_base.build(),
            {"Arena": arenas, "Part": len(parts)},
            {"arena_pages": ARENA_PAGES},
        ),
        ABSTRACTION,
        start,
        follow,
        lambda view: PortView(
            view.get, view["heap"], arenas=[view[f"arena{a}"] for a in range(arenas)]
        ),
        states,
    )


def _call(heap: Any, page: int, npages: int) -> Any:
    base = (FIRST_PAGE + page) * MINIATURE.page_size
    return partial(heap.alloc_needs_zero, base, npages)


def _current(run: ModelRun, parts: list[Any], thread: int, arena: int) -> int:
    """The part a thread works on: the first in this arena that is not done."""
    busy = (zeroed_base.OWNED, zeroed_base.LOADED)
    for p, (owner, _, where, _, _) in enumerate(parts):
        if owner == thread and where == arena and run.see("stage", p) in busy:
            return p
    raise Diverged(
        "zeroed_base.load", "runtime/mheap.go:1029", "an arena is looked at once too often"
    )


def _access(run: ModelRun, operation: Operation, p: int) -> None:
    if operation.kind is Kind.LOAD:
        run.take("load" if run.see("stage", p) == zeroed_base.OWNED else "reload", p)
        if run.see("high", p) <= run.see("seen", p):
            run.take("enough", p)
    elif operation.writes:
        run.take("raise_base", p)


def _begin(run: ModelRun, parts: list[Any], thread: int, number: int) -> None:
    """The page allocator has given a call its pages."""
    for p, (owner, call, *share) in enumerate(parts):
        if (owner, call) == (thread, number):
            run.take("own", p, *share)


def _finish(run: ModelRun, parts: list[Any], thread: int, answer: bool) -> None:
    """A call has returned: its pages are written, and the thread's next call gets its own."""
    mine = [p for p, (owner, *_) in enumerate(parts) if owner == thread]
    open_calls = [parts[p][1] for p in mine if run.see("stage", p) in IN_FLIGHT]
    number = min(open_calls)
    expected = False
    for p in mine:
        if parts[p][1] == number:
            expected = expected or run.see("needs_zero", p)
            run.take("hand_out", p)
            for page in range(run.see("low", p), run.see("high", p)):
                run.take("use", p, page)
    if answer != expected:
        why = f"the answer is {answer}, the model's {expected}"
        raise Diverged("zeroed_base.needs_zero", "runtime/mheap.go:1024", why)
    _begin(run, parts, thread, number + 1)


THREE_THREADS = "three threads, two arenas each"

SCENARIOS: dict[str, Callable[[], Refinement]] = {
    each[0]: partial(calls_of_threads, *each)
    for each in [
        ("two threads, one arena", 1, [[(0, 1)], [(1, 1)]], 14),
        (
            THREE_THREADS,
            2,
            [[(t, 1), (ARENA_PAGES + t, 1)] for t in range(3)],
            1585,
        ),
        (
            "three threads, one across the boundary",
            2,
            [[(ARENA_PAGES - 2, 1)], [(ARENA_PAGES - 1, 2)], [(ARENA_PAGES + 1, 2)]],
            108,
        ),
        ("pages used before and pages beyond", 1, [[(0, 2), (0, 4)], [(4, 1)], [(5, 2)]], 227),
    ]
}
