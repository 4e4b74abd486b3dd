"""The pool of fixed-size objects: Go's order, Go's accounting, nothing handed out twice."""

from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_386, LINUX_AMD64, Config
from impl.mfixalloc import FIX_ALLOC_CHUNK, Fixalloc
from impl.mheap import Mheap
from impl.mstats import SysMemStat
from impl.rt import Plain, Struct, lock, unlock
from impl.runtime import new_mheap
from tests.impl.port_heap import throws


class Thing(Struct):
    value: Plain[int] = 0

    def memclr(self) -> None:
        self.value = 0


class Pool:
    """A pool of things that notes whose memory was handed out for the first time."""

    def __init__(self, size: int, config: Config = LINUX_AMD64) -> None:
        self.fresh: list[Thing] = []
        self.stat = SysMemStat()
        self.pool: Fixalloc[Thing] = Fixalloc()
        self.pool.init(new_mheap(config), size, Thing, self.first, "arg", self.stat)

    def first(self, arg: object, thing: Thing) -> None:
        assert arg == "arg"
        self.fresh.append(thing)


@given(st.lists(st.integers(0, 9), max_size=60), st.sampled_from([8, 40, 6000, FIX_ALLOC_CHUNK]))
def test_the_last_freed_comes_first_and_then_new_memory(choices: list[int], size: int) -> None:
    each = Pool(size)
    live: list[Thing] = []
    freed: list[Thing] = []
    for choice in choices:
        if choice < 6 or not live:
            known = len(each.fresh)
            thing = each.pool.alloc()
            if freed:
                assert thing is freed.pop()
                assert len(each.fresh) == known
            else:
                assert thing is each.fresh[known]
            assert not any(thing is other for other in live)
            live.append(thing)
        else:
            thing = live.pop(choice % len(live))
            each.pool.free(thing)
            freed.append(thing)
        assert each.pool.inuse == size * len(live)
        per_chunk = FIX_ALLOC_CHUNK // size
        chunks = (len(each.fresh) + per_chunk - 1) // per_chunk
        assert each.stat.load() == chunks * per_chunk * size


def test_reused_memory_is_zeroed_unless_the_pool_says_otherwise() -> None:
    each = Pool(8)
    thing = each.pool.alloc()
    thing.value = 1
    each.pool.free(thing)
    assert each.pool.alloc().value == 0
    thing.value = 1
    each.pool.free(thing)
    each.pool.zero = False
    assert each.pool.alloc().value == 1


def test_an_object_has_room_for_the_link_of_the_free_list() -> None:
    assert (Pool(1).pool.size, Pool(1, LINUX_386).pool.size) == (8, 4)


def test_an_object_fits_into_a_chunk() -> None:
    with throws("runtime: fixalloc size too large"):
        Pool(FIX_ALLOC_CHUNK + 1)


def test_use_before_init_throws() -> None:
    with throws("runtime: internal error"):
        Fixalloc[Thing]().alloc()


def test_the_generation_of_a_span_survives_its_reuse(h: Mheap) -> None:
    lock(h.lock)
    s = h.spanalloc.alloc()
    s.sweepgen = 7
    h.spanalloc.free(s)
    assert h.spanalloc.alloc() is s
    assert s.sweepgen == 7
    unlock(h.lock)
