"""Records about objects: adding and removing them, finalizers and profile buckets."""

from typing import TYPE_CHECKING, Any

from impl.gcphase import GC_OFF
from impl.mgcmark import find_object, scan_word, scanobject
from impl.mprof import Bucket
from impl.proc import acquirem, releasem
from impl.rt import lock, throw, u16, unlock
from impl.spanclass import span_class_noscan
from impl.spanof import span_of_heap
from impl.special import (
    KIND_SPECIAL_FINALIZER,
    KIND_SPECIAL_PROFILE,
    Special,
    Specialfinalizer,
    span_has_no_specials,
    span_has_specials,
)

if TYPE_CHECKING:
    from impl.mheap import Mheap


def addspecial(h: "Mheap", p: int, s: Special) -> bool:
    """runtime/mheap.go addspecial: adds s, whose kind is set, to the records of the object at p.

    False if there is one of that kind for p. Throws if p isn't in a heap span.
    """
    span = span_of_heap(h, p)
    if span is None:
        throw("addspecial on invalid pointer")

    # The sweep doesn't lock the list.
    mp = acquirem()
    span.ensure_swept(h)

    offset = p - span.base()
    kind = s.kind

    lock(span.speciallock)
    iter_, exists = span.special_find_splice_point(offset, kind)
    if not exists:
        # 16 bits, though offsets may be larger: go.dev/issue/70739.
        s.offset = u16(offset)
        s.next = iter_.load()
        iter_.store(s)
        span_has_specials(h, span)
    unlock(span.speciallock)
    releasem(mp)
    return not exists


def removespecial(h: "Mheap", p: int, kind: int) -> Special | None:
    """runtime/mheap.go removespecial: takes the record of that kind off p's, for the caller to free.

    None if there is none. Throws if p isn't in a heap span.
    """
    span = span_of_heap(h, p)
    if span is None:
        throw("removespecial on invalid pointer")

    # The sweep doesn't lock the list.
    mp = acquirem()
    span.ensure_swept(h)

    offset = p - span.base()

    result: Special | None = None
    lock(span.speciallock)
    iter_, exists = span.special_find_splice_point(offset, kind)
    if exists:
        s: Special = iter_.load()  # type: ignore[assignment]  # it was found
        iter_.store(s.next)
        result = s
    if span.specials is None:
        span_has_no_specials(h, span)
    unlock(span.speciallock)
    releasem(mp)
    return result


def addfinalizer(h: "Mheap", p: int, f: int, nret: int, fint: Any, ot: Any) -> bool:
    """runtime/mheap.go addfinalizer: f is to be called before the object at p is freed.

    f is the address of the function's closure. False if p has a finalizer.
    """
    lock(h.speciallock)
    s: Specialfinalizer = h.specialfinalizeralloc.alloc()
    unlock(h.speciallock)
    s.special.kind = KIND_SPECIAL_FINALIZER
    s.fn = f
    s.nret = nret
    s.fint = fint
    s.ot = ot
    if addspecial(h, p, s.special):
        # The scan of the span's records may be over in this cycle.
        if h.runtime.gcphase != GC_OFF:
            base, span, _ = find_object(h, p)
            mp = acquirem()
            gcw = mp.p.gcw
            # What it refers to is kept for the finalizer.
            if not span_class_noscan(span.spanclass):  # type: ignore[union-attr]  # as in Go
                scanobject(h, base, gcw)
            # The record isn't in the heap: its function is a root.
            scan_word(h, s.fn, gcw)
            releasem(mp)
        return True

    # There is one already.
    lock(h.speciallock)
    h.specialfinalizeralloc.free(s)
    unlock(h.speciallock)
    return False


def removefinalizer(h: "Mheap", p: int) -> None:
    """runtime/mheap.go removefinalizer: p's finalizer, if it has one, won't be called."""
    s = removespecial(h, p, KIND_SPECIAL_FINALIZER)
    if s is None:
        return
    lock(h.speciallock)
    h.specialfinalizeralloc.free(s.record)
    unlock(h.speciallock)


def setprofilebucket(h: "Mheap", p: int, b: Bucket) -> None:
    """runtime/mheap.go setprofilebucket: b is to be told when the object at p is freed.

    Throws if p has a bucket.
    """
    lock(h.speciallock)
    s = h.specialprofilealloc.alloc()
    unlock(h.speciallock)
    s.special.kind = KIND_SPECIAL_PROFILE
    s.b = b
    if not addspecial(h, p, s.special):
        throw("setprofilebucket: profile already set")
