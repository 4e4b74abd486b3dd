"""One allocator that gives an mspan a new life, against conservative readers while marking.

The mspan was a large span of four pages before. It is freed, its entries in the span table stay,
and in the next cycle it comes back as a span of one page: whoever looks up a word in the other
three still finds it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from checker.interleaving.observe import Operation, View
from checker.interleaving.refinement import Refinement
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Scenario, Setup
from checker.plain import Instance
from checker.refinement import Diverged, ModelRun
from harness.port import PortView, provide
from impl.config import MINIATURE
from impl.gcphase import GC_MARK
from impl.spanclass import make_span_class
from model import span_state
from proofs.protocols.span_state.abstraction import Life, abstraction, limit_is_right

PAGE = MINIATURE.page_size
BASE = MINIATURE.heap_arena_bytes
OLD_PAGES = 4
SIZECLASS = 1
SPAN = 0


def life() -> Life:
    """The life that the allocator gives the span."""
    size = MINIATURE.class_to_size[SIZECLASS]
    return Life(BASE, 1, size, PAGE // size, BASE + PAGE // size * size)


def readers_of(
    name: str,
    words: tuple[int, ...],
    states: int | None,
    *,
    limit_first: bool,
    look_up: bool = False,
) -> Refinement:
    """The refinement for one reader of each word.

    A reader scans its word conservatively or, with `look_up`, asks which span it belongs to.
    """

    def setup(port: Any) -> Setup:
        heap = port.runtime.new_mheap(MINIATURE)
        provide(port, heap, 1)
        span = heap.alloc(OLD_PAGES, make_span_class(0, False))
        span.limit = BASE + OLD_PAGES * PAGE
        heap.free_span(span)
        # A cycle later, so that the generation of the old life shows; nothing is left to sweep.
        heap.sweepgen += 2
        port.mgc.set_gc_phase(heap, GC_MARK)
        central = heap.central[make_span_class(SIZECLASS, False)]
        allocator = ("allocator", partial(central.grow, heap))
        read = port.spanof.span_of_heap if look_up else port.mgcmark.scan_conservative
        readers = [(f"R{r}", partial(read, heap, word)) for r, word in enumerate(words)]
        return Setup([allocator, *readers], {"heap": heap, "runtime": heap.runtime, "span": span})

    def start(run: ModelRun, view: View) -> None:  # noqa: ARG001  # the model begins where memory is
        run.take("start_mark")

    def show(view: View) -> PortView:
        return PortView(view.get, view["heap"], [view["span"]], extra={"lives": [life()]})

    def follow(run: ModelRun, operation: Operation, view: View) -> None:
        span = view["span"]
        if operation.object is view.get(span, "state"):
            _state(run, operation, limit_is_right(show(view), SPAN))
        elif operation.object is span and operation.field == "limit" and operation.writes:
            if run.see("state", SPAN) == span_state.IN_USE:
                run.take("set_limit", SPAN)
        elif operation.kind is Kind.RETURN and operation.thread.startswith("R"):
            _leave(run, int(operation.thread[1:]), words, operation.value)

    return Refinement(
        Scenario(name, setup),
        Instance(span_state.build(limit_first=limit_first), {"Span": 1, "Reader": len(words)}),
        abstraction(limit_first=limit_first),
        start,
        follow,
        show,
        states,
        frozenset() if limit_first else frozenset({"visible_limit"}),
    )


def _state(run: ModelRun, operation: Operation, limit_is_set: bool) -> None:
    if operation.kind is Kind.LOAD:
        if operation.old == span_state.IN_USE and operation.thread.startswith("R"):
            run.take("look", int(operation.thread[1:]), SPAN)
    elif operation.new == span_state.IN_USE:
        run.take("fill", SPAN)
        if limit_is_set:
            run.take("set_limit", SPAN)
        run.take("publish", SPAN)


def _leave(run: ModelRun, reader: int, words: tuple[int, ...], answer: Any) -> None:
    """A reader is done; a span it used was in use, and owns the word it asked about."""
    if run.see("looking", reader):
        run.take("leave", reader)
    elif answer not in (None, False):
        raise Diverged("span_state.look", "runtime/mheap.go:735", "a span is used unseen")
    owned = BASE <= words[reader] < life().limit
    if answer not in (None, False, True) and not owned:
        why = f"the span of [{BASE:#x}, {life().limit:#x}) is found for {words[reader]:#x}"
        raise Diverged("span_state.found_owns_the_word", "runtime/mheap.go:728 spanOfHeap", why)


INSIDE = (BASE + 8, BASE + PAGE - 8)
BEYOND = (BASE + 8, BASE + 3 * PAGE)
"""Words the collector meets: into the new span's page, and into a page only the old life had."""

SHIPPED = "two readers inside the span, as shipped"
READERS = "two readers inside the span"
SHIPPED_LOOK_UP = "a look-up beyond the span, as shipped"
LOOK_UP = "a look-up beyond the span"

SCENARIOS: dict[str, Callable[[], Refinement]] = {
    SHIPPED: partial(readers_of, SHIPPED, INSIDE, 967, limit_first=False),
    READERS: partial(readers_of, READERS, INSIDE, 857, limit_first=True),
    SHIPPED_LOOK_UP: partial(
        readers_of, SHIPPED_LOOK_UP, BEYOND, None, limit_first=False, look_up=True
    ),
    LOOK_UP: partial(readers_of, LOOK_UP, BEYOND, 483, limit_first=True, look_up=True),
}
"""The scenarios as shipped follow the machine of go1.21.13, the others the one with limit first."""
