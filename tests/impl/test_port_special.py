"""Special records: sorted lists without duplicates, and a bit for each span that has any."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.addspecial import (
    addfinalizer,
    addspecial,
    removefinalizer,
    removespecial,
    setprofilebucket,
)
from impl.config import LINUX_AMD64, MINIATURE
from impl.gcphase import GC_MARK
from impl.heaparena import page_index_of
from impl.mfinal import iterate_finq
from impl.mgcsweep import is_sweep_done
from impl.mheap import Mheap
from impl.mprof import Bucket
from impl.mspan import Mspan
from impl.rt import getm, u32
from impl.runtime import new_mheap
from impl.spanclass import make_span_class
from impl.special import (
    KIND_SPECIAL_FINALIZER,
    KIND_SPECIAL_PIN_COUNTER,
    KIND_SPECIAL_PROFILE,
    KIND_SPECIAL_REACHABLE,
    Special,
    SpecialReachable,
    free_special,
    new_special_reachable,
    new_specialfinalizer,
    new_specials_iter,
)
from tests.impl.port_heap import ONE_PER_PAGE, PAGE, TWO_PER_PAGE, heap_of, span_at, throws
from tests.impl.port_sweep import heap_span as next_span
from tests.impl.port_sweep import marks, program

KINDS = (
    KIND_SPECIAL_FINALIZER,
    KIND_SPECIAL_PROFILE,
    KIND_SPECIAL_REACHABLE,
    KIND_SPECIAL_PIN_COUNTER,
)


def heap_span(h: Mheap, page: int = 0, spc: int = TWO_PER_PAGE) -> Mspan:
    """A span in use, swept."""
    s = span_at(h, page, 1, spc)
    s.limit = s.base() + PAGE
    return s


def record(kind: int) -> Special:
    s = new_special_reachable().special
    s.kind = kind
    return s


def records(s: Mspan) -> Iterator[Special]:
    each = s.specials
    while each is not None:
        yield each
        each = each.next


def keys(s: Mspan) -> list[tuple[int, int]]:
    return [(each.offset, each.kind) for each in records(s)]


def has_specials(h: Mheap, s: Mspan) -> bool:
    arena, page_idx, mask = page_index_of(h, s.base())
    return arena.page_specials[page_idx] & mask != 0


STEPS = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(0, 5), st.sampled_from(KINDS)), max_size=40
)


@given(STEPS)
def test_lists_are_sorted_without_duplicates_and_have_a_bit(
    steps: list[tuple[bool, bool, int, int]],
) -> None:
    h = heap_of(MINIATURE)
    spans = [heap_span(h, 0), heap_span(h, 1)]
    models: list[dict[tuple[int, int], Special]] = [{}, {}]
    for add, which, offset, kind in steps:
        s, model = spans[which], models[which]
        if add:
            new = record(kind)
            assert addspecial(h, s.base() + offset, new) == ((offset, kind) not in model)
            model.setdefault((offset, kind), new)
        else:
            assert removespecial(h, s.base() + offset, kind) is model.pop((offset, kind), None)
        for each, expected in zip(spans, models, strict=True):
            assert keys(each) == sorted(expected)
            assert [expected[key] for key in keys(each)] == list(records(each))
            assert has_specials(h, each) == bool(expected)
            assert not each.speciallock.held
    assert getm().locks == 0


def test_a_finalizer_comes_before_the_other_records_of_its_object() -> None:
    assert min(KINDS) == KIND_SPECIAL_FINALIZER


def test_the_address_must_be_in_a_heap_span(h: Mheap) -> None:
    s = heap_span(h)
    with throws("addspecial on invalid pointer"):
        addspecial(h, s.limit, record(KIND_SPECIAL_REACHABLE))
    with throws("removespecial on invalid pointer"):
        removespecial(h, s.base() - 1, KIND_SPECIAL_REACHABLE)


@pytest.mark.parametrize("add", [True, False])
def test_a_span_is_swept_before_its_list_is_touched(h: Mheap, add: bool) -> None:
    s = heap_span(h)
    h.sweepgen = u32(h.sweepgen + 2)
    assert not is_sweep_done(h)
    s.alloc_count = s.freeindex = s.free_index_for_scan = s.nelems
    s.gcmark_bits.arena.bits[s.gcmark_bits.start // 8] = 1
    if add:
        assert addspecial(h, s.base(), record(KIND_SPECIAL_REACHABLE))
    else:
        assert removespecial(h, s.base(), KIND_SPECIAL_REACHABLE) is None
    assert (s.sweepgen, s.alloc_count) == (h.sweepgen, 1)


def test_an_offset_has_but_16_bits() -> None:
    """go.dev/issue/70739, which no caller in 1.21.13 can meet: the list is not sorted any more."""
    h = new_mheap(LINUX_AMD64)
    s = h.alloc(16, make_span_class(0, False))
    assert s is not None
    s.limit = s.base() + 16 * LINUX_AMD64.page_size
    assert addspecial(h, s.base() + 1, record(KIND_SPECIAL_REACHABLE))
    assert addspecial(h, s.base() + (1 << 16), record(KIND_SPECIAL_REACHABLE))
    assert addspecial(h, s.base() + (1 << 16), record(KIND_SPECIAL_REACHABLE))
    assert [offset for offset, _ in keys(s)] == [1, 0, 0]


@given(st.lists(st.booleans(), max_size=12))
def test_the_iterator_stands_behind_the_link_to_its_record(unlinks: list[bool]) -> None:
    h = heap_of(MINIATURE)
    s = heap_span(h)
    for offset in range(8):
        addspecial(h, s.base() + offset, record(KIND_SPECIAL_REACHABLE))
    kept = list(records(s))
    it, at = new_specials_iter(s), 0
    for unlink in unlinks:
        assert it.pprev.load() is it.s
        if not it.valid():
            break
        if unlink:
            taken = it.unlink_and_next()
            assert taken is kept.pop(at)
        else:
            it.next()
            at += 1
        assert list(records(s)) == kept
        assert it.valid() == (at < len(kept))


def test_a_finalizer_is_added_once_and_removed(h: Mheap) -> None:
    s = heap_span(h)
    pool = h.specialfinalizeralloc
    assert addfinalizer(h, s.base(), 8, 0, "fint", "ot")
    assert not addfinalizer(h, s.base(), 8, 0, "fint", "ot")
    assert pool.inuse == pool.size
    removefinalizer(h, s.base())
    removefinalizer(h, s.base())
    assert (pool.inuse, s.specials, has_specials(h, s)) == (0, None, False)


def test_a_record_that_could_not_be_added_is_the_next_one(h: Mheap) -> None:
    s = heap_span(h)
    addfinalizer(h, s.base(), 8, 0, "fint", "ot")
    addfinalizer(h, s.base(), 16, 1, "fint", "ot")
    refused = h.specialfinalizeralloc.list
    assert refused is not None
    assert refused.next is None
    assert addfinalizer(h, s.base() + 1, 24, 0, "fint", "ot")
    assert refused.v.fn == 24
    assert refused.v.special in list(records(s))


def test_a_finalizer_added_while_the_collector_marks_keeps_what_it_will_need() -> None:
    with program() as h:
        s, others = next_span(h, TWO_PER_PAGE), next_span(h, TWO_PER_PAGE)
        for each in (s, others):
            each.alloc_count = each.freeindex = each.free_index_for_scan = each.nelems
        referent, closure = others.base(), others.base() + others.elemsize
        h.runtime.work.points_to = lambda p: (referent,) if p == s.base() else ()
        h.runtime.gcphase = GC_MARK
        assert addfinalizer(h, s.base() + 8, closure, 0, "fint", "ot")
        assert (marks(s), marks(others)) == (0, 0b11)
        assert {h.runtime.allp[0].gcw.try_get(h.runtime.work) for _ in range(2)} == {
            referent,
            closure,
        }


def test_an_object_has_one_profile_bucket(h: Mheap) -> None:
    s = heap_span(h)
    setprofilebucket(h, s.base(), Bucket())
    with throws("setprofilebucket: profile already set"):
        setprofilebucket(h, s.base(), Bucket())


def removed(h: Mheap, p: int, kind: int) -> Special:
    found = removespecial(h, p, kind)
    assert found is not None
    return found


def test_freeing_a_finalizer_queues_it(h: Mheap) -> None:
    s = heap_span(h)
    addfinalizer(h, s.base() + 4, 8, 16, "fint", "ot")
    free_special(h, removed(h, s.base() + 4, KIND_SPECIAL_FINALIZER), s.base() + 4, 4096)
    queued: list[tuple[object, ...]] = []
    iterate_finq(h, lambda f: queued.append(tuple(f)))
    assert queued == [(8, s.base() + 4, 16, "fint", "ot")]
    assert h.specialfinalizeralloc.inuse == 0


def test_freeing_a_profile_record_tells_its_bucket(h: Mheap) -> None:
    s, bucket = heap_span(h), Bucket()
    setprofilebucket(h, s.base(), bucket)
    free_special(h, removed(h, s.base(), KIND_SPECIAL_PROFILE), s.base(), 4096)
    assert (bucket.frees.load(), bucket.free_bytes.load()) == (1, 4096)
    assert h.specialprofilealloc.inuse == 0


def test_freeing_a_reachable_record_leaves_it_to_its_creator(h: Mheap) -> None:
    s = heap_span(h)
    found: SpecialReachable = h.special_reachable_alloc.alloc()
    found.special.kind = KIND_SPECIAL_REACHABLE
    addspecial(h, s.base(), found.special)
    free_special(h, removed(h, s.base(), KIND_SPECIAL_REACHABLE), s.base(), 4096)
    assert (found.done, found.reachable) == (True, False)
    assert h.special_reachable_alloc.inuse == h.special_reachable_alloc.size


def test_freeing_a_pin_counter_returns_it_to_its_pool(h: Mheap) -> None:
    s = heap_span(h, spc=ONE_PER_PAGE)
    counter = h.special_pin_counter_alloc.alloc()
    counter.special.kind = KIND_SPECIAL_PIN_COUNTER
    addspecial(h, s.base(), counter.special)
    free_special(h, removed(h, s.base(), KIND_SPECIAL_PIN_COUNTER), s.base(), 8192)
    assert h.special_pin_counter_alloc.inuse == 0


def test_there_is_no_other_kind(h: Mheap) -> None:
    s = new_specialfinalizer().special
    s.kind = 5
    with throws("bad special kind"):
        free_special(h, s, 0, 8)


def test_a_record_leads_from_its_first_field_to_itself() -> None:
    s = new_specialfinalizer()
    assert s.special.record is s
    s.fn, s.special.offset = 8, 3
    s.memclr()
    assert (s.fn, s.special.offset, s.special.record) == (0, 0, s)
