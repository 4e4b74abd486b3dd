"""The explorer on the real port: the counts of the little one, and it follows all that threads run."""

from functools import partial
from typing import Any

import pytest

from checker.interleaving.races import find_races
from checker.interleaving.scenario import Scenario, Setup
from checker.interleaving.search import Exploration, explore
from harness.interleavings import explored
from harness.port import provide
from impl.config import MINIATURE as CONFIG
from proofs.port.stand_ins import sets
from proofs.protocols.span_state import scenarios


@pytest.fixture(scope="module")
def port() -> Any:
    return explored()


def new_heap(port: Any, pages: int) -> Any:
    h = port.runtime.new_mheap(CONFIG)
    provide(port, h, 1, CONFIG.heap_arena_bytes, pages)
    return h


@pytest.mark.parametrize(("threads", "ways", "traces"), [(2, 6, 4), (3, 299, 34), (4, 185324, 638)])
def test_alloc_needs_zero(port: Any, threads: int, ways: int, traces: int) -> None:
    def setup(p: Any) -> Setup:
        h = new_heap(p, threads)
        bases = [CONFIG.heap_arena_bytes + t * CONFIG.page_size for t in range(threads)]
        calls = [partial(h.alloc_needs_zero, base, 1) for base in bases]
        return Setup([(f"T{t}", call) for t, call in enumerate(calls)], {"h": h})

    result = explore(Scenario("zeroing", setup), port)
    assert result.exhausted
    assert result.interleavings == ways
    found = find_races(Scenario("zeroing", setup), port)
    assert found.races == ()
    assert found.executions.complete == traces


def test_allocation_and_freeing_can_be_followed(port: Any) -> None:
    def setup(p: Any) -> Setup:
        h = new_heap(p, 2)
        large = p.spanclass.make_span_class(0, False)
        spans = [h.alloc(1, large) for _ in range(2)]
        calls = [[partial(h.free_span, s), partial(h.alloc, 1, large)] for s in spans]
        return Setup([(f"T{t}", call) for t, call in enumerate(calls)], {"h": h})

    result = explore(Scenario("free and allocate", setup), port)
    assert result.exhausted
    assert result.violation is None
    assert result.states > 1000


def names(exploration: Exploration) -> dict[Any, str]:
    """What each object of an exploration is called."""
    return {key: str(thing) for key, thing in exploration.automata.things.items()}


def test_every_object_has_one_name_that_is_its_alone() -> None:
    look_up = scenarios.SCENARIOS[scenarios.LOOK_UP]()
    reuse = sets.SCENARIOS[sets.RECYCLED]()
    for each, port in ((look_up, explored()), (reuse, reuse.bind(None))):
        exploration = Exploration(each.scenario, port)
        after_setup = names(exploration)
        assert after_setup.items() <= walked(exploration).items()
        assert len(set(names(exploration).values())) == len(names(exploration)) > len(after_setup)
        assert not [name for name in after_setup.values() if name.startswith("Mheap")]


def walked(exploration: Exploration) -> dict[Any, str]:
    """The names once every state has been seen."""
    start, _ = exploration.initial()
    seen, ahead = {start}, [start]
    while ahead:
        state = ahead.pop()
        for thread in range(len(state) - 2):
            found = exploration.successor(state, thread)
            if found is not None and found not in seen:
                seen.add(found)
                ahead.append(found)
    return names(exploration)
