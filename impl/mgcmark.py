"""The collector's view of a span: from a suspect pointer to a mark, and what specials keep alive.

The simulated memory has no contents: h.runtime.work.points_to says which words an object holds, and the
client marks what its own roots point to. A GcWork collects grey objects; without one a function
only marks. Not ported here, of runtime/mgcmark.go: everything that walks stacks, globals and
finalizers' functions (roots that Go finds by itself), pointer masks and stack objects in
scanConservative, write barriers, assists, oblets (large objects scanned in pieces), debug checks.
"""

from typing import TYPE_CHECKING, NoReturn

from impl.heaparena import arena_at, page_index_of
from impl.mcheckmark import set_checkmark
from impl.mfinal import Finalizer, iterate_finq
from impl.mgcwork import GcWork
from impl.mspanstate import M_SPAN_IN_USE, M_SPAN_MANUAL
from impl.proc import assert_world_stopped
from impl.rt import atomic, getm, lock, throw, u32, unlock
from impl.spanclass import span_class_noscan
from impl.spanof import span_of, span_of_heap
from impl.special import KIND_SPECIAL_FINALIZER

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


def gc_mark_root_prepare(h: "Mheap") -> None:
    """runtime/mgcmark.go gcMarkRootPrepare: which arenas' specials are roots; the world is stopped.

    Objects that get a finalizer later are marked by addfinalizer.
    """
    assert_world_stopped(h)
    h.mark_arenas = h.all_arenas
    per_arena = h.config.pages_per_arena // h.config.pages_per_span_root
    h.runtime.work.n_span_roots = len(h.mark_arenas) * per_arena


def markroot_finalizers(h: "Mheap", gcw: GcWork) -> None:
    """runtime/mgcmark.go markroot: its part on the queue of finalizers that are still to be run."""

    def mark(f: Finalizer) -> None:
        scan_word(h, f.fn, gcw)
        scan_word(h, f.arg, gcw)

    iterate_finq(h, mark)


def markroot_spans(h: "Mheap", gcw: GcWork, shard: int) -> None:
    """runtime/mgcmark.go markrootSpans: marks what the finalizers in a part of an arena keep.

    That is everything that a finalizer's object refers to, but not the object itself, and the
    finalizer's function.
    """
    sg = h.sweepgen

    per_arena = h.config.pages_per_arena // h.config.pages_per_span_root
    ha = arena_at(h, h.mark_arenas[shard // per_arena])
    arena_page = shard * h.config.pages_per_span_root % h.config.pages_per_arena

    for i in range(h.config.pages_per_span_root // 8):
        # Bits of spans with specials.
        specials = atomic.load8(ha.page_specials, arena_page // 8 + i)
        if specials == 0:
            continue
        for j in range(8):
            if specials & (1 << j) == 0:
                continue
            # A span with specials is in use, and no span is freed while the collector marks.
            s: Mspan = ha.spans[arena_page + i * 8 + j]  # type: ignore[assignment]

            if s.state.get() != M_SPAN_IN_USE:
                throw("non in-use span found with specials bit set")
            if not h.runtime.use_checkmark and not (s.sweepgen == sg or s.sweepgen == u32(sg + 3)):
                throw("gc: unswept span")

            # No special may leave the list meanwhile.
            lock(s.speciallock)
            sp = s.specials
            while sp is not None:
                if sp.kind == KIND_SPECIAL_FINALIZER:
                    # A finalizer may be set for an inner byte: find the object.
                    p = s.base() + sp.offset // s.elemsize * s.elemsize
                    if not span_class_noscan(s.spanclass):
                        scanobject(h, p, gcw)
                    # The special isn't in the heap: its function is a root.
                    scan_word(h, sp.record.fn, gcw)
                sp = sp.next
            unlock(s.speciallock)


def scanobject(h: "Mheap", b: int, gcw: GcWork) -> None:
    """runtime/mgcmark.go scanobject: marks what the object at address b points to."""
    s = span_of(h, b)
    if s is None or s.elemsize == 0:
        throw("scanobject n == 0")
    if span_class_noscan(s.spanclass):
        # Correctness wouldn't suffer, but it should have been marked without being queued.
        throw("scanobject of a noscan object")
    n = s.elemsize
    for obj in h.runtime.work.points_to(b):
        # Pointers within the object need no mark.
        if obj != 0 and not b <= obj < b + n:
            scan_word(h, obj, gcw)
    gcw.bytes_marked += n


def scan_word(h: "Mheap", p: int, gcw: GcWork) -> None:
    """runtime/mgcmark.go scanblock: one pointer p of its loop: greys the object that it points to."""
    if p == 0:
        return
    _, span, idx = find_object(h, p)
    if span is not None:
        greyobject(h, span.base() + idx * span.elemsize, span, idx, gcw)


def find_object(h: "Mheap", p: int) -> "tuple[int, Mspan | None, int]":
    """runtime/mbitmap.go findObject: (address, span, index) of the heap object that contains p.

    (0, None, 0) if p points outside every arena or into a stack. Throws on any other pointer.
    """
    s = span_of(h, p)
    if s is None:
        return 0, None, 0
    # The pointer may be bad: the state synchronises with the initialisation of the span.
    state = s.state.get()
    if state != M_SPAN_IN_USE or p < s.base() or p >= s.limit:
        if state == M_SPAN_MANUAL:
            return 0, None, 0
        bad_pointer()
    idx = s.obj_index(h.config, p)
    return s.base() + idx * s.elemsize, s, idx


def bad_pointer() -> NoReturn:
    """runtime/mbitmap.go badPointer: throws; Go says before what it knows of the pointer."""
    throw("found bad pointer in Go heap (incorrect use of unsafe or cgo?)")


def shade(h: "Mheap", b: int, gcw: GcWork) -> None:
    """runtime/mgcmark.go shade: greys the object that contains b, as a write barrier does."""
    scan_word(h, b, gcw)


def gc_drain(h: "Mheap", gcw: GcWork) -> None:
    """runtime/mgcmark.go gcDrain: scans grey objects until none is left on this or the shared queue."""
    while True:
        b = gcw.try_get(h.runtime.work)
        if b == 0:
            break
        scanobject(h, b, gcw)


def scan_conservative(h: "Mheap", val: int, gcw: GcWork | None = None) -> bool:
    """runtime/mgcmark.go scanConservative: one word val of its loop; True if it marked an object.

    val may be anything; an object it happens to point to, free ones excepted, is marked.
    """
    span = span_of_heap(h, val)
    if span is None:
        return False
    idx = span.obj_index(h.config, val)
    if span.is_free(idx):
        return False
    obj = span.base() + idx * span.elemsize
    return greyobject(h, obj, span, idx, gcw)


def greyobject(h: "Mheap", obj: int, span: "Mspan", idx: int, gcw: GcWork | None = None) -> bool:
    """runtime/mgcmark.go greyobject: marks object idx at address obj; True if it wasn't marked.

    A newly marked object is queued on gcw, if there is one, unless it holds no pointers.
    """
    if obj & (h.config.ptr_size - 1) != 0:
        throw("greyobject: obj not pointer-aligned")
    mbits = span.mark_bits_for_index(idx)
    if h.runtime.use_checkmark:
        if set_checkmark(h, obj, mbits):
            return False
    else:
        if mbits.is_marked():
            return False
        mbits.set_marked()

        arena, page_idx, page_mask = page_index_of(h, span.base())
        if arena.page_marks[page_idx] & page_mask == 0:
            atomic.or8(arena.page_marks, page_idx, page_mask)

        if span_class_noscan(span.spanclass):
            # Black at once.
            if gcw is not None:
                gcw.bytes_marked += span.elemsize
            return True

    if gcw is not None:
        gcw.put(obj)
    return True


def gcmarknewobject(h: "Mheap", span: "Mspan", obj: int, size: int) -> None:
    """runtime/mgcmark.go gcmarknewobject: marks an object (size bytes) that is being allocated.

    It holds no pointers yet, so it isn't queued. A thread without a P (Go's always has one here)
    does not count its bytes.
    """
    if h.runtime.use_checkmark:
        throw("gcmarknewobject called while doing checkmark")

    span.mark_bits_for_index(span.obj_index(h.config, obj)).set_marked()

    arena, page_idx, page_mask = page_index_of(h, span.base())
    if arena.page_marks[page_idx] & page_mask == 0:
        atomic.or8(arena.page_marks, page_idx, page_mask)

    pp = getm().p
    if pp is not None:
        pp.gcw.bytes_marked += size


def gc_mark_tiny_allocs(h: "Mheap") -> None:
    """runtime/mgcmark.go gcMarkTinyAllocs: marks the blocks that tiny objects are taken from.

    They must be black, as whatever is allocated while the collector marks. The world is stopped.
    """
    assert_world_stopped(h)
    for pp in h.runtime.allp:
        c = pp.mcache
        if c is None or c.tiny == 0:
            continue
        _, span, idx = find_object(h, c.tiny)
        if span is not None:
            greyobject(h, c.tiny, span, idx, pp.gcw)
