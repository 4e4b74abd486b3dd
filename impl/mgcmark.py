"""The collector's view of a span: from a suspect pointer to a mark.

Not ported here, of runtime/mgcmark.go: everything that walks memory or the work buffers (gcWork),
pointer masks and stack objects in scanConservative, checkmarks, debug checks.
"""

from impl.heaparena import page_index_of
from impl.mbitmap import is_free, mark_bits_for_index, obj_index
from impl.mheap import Mheap, span_of_heap
from impl.mspan import Mspan
from impl.rt import atomic, throw


def scan_conservative(h: Mheap, val: int) -> bool:
    """runtime/mgcmark.go scanConservative: one word val of its loop; True if it marked an object.

    val may be anything; an object it happens to point to, free ones excepted, is marked.
    """
    span = span_of_heap(h, val)
    if span is None:
        return False
    idx = obj_index(span, val)
    if is_free(span, idx):
        return False
    obj = span.base() + idx * span.elemsize
    return greyobject(h, obj, span, idx)


def greyobject(h: Mheap, obj: int, span: Mspan, idx: int) -> bool:
    """runtime/mgcmark.go greyobject: marks object idx at address obj; True if it wasn't marked.

    Go queues a newly marked object for scanning; here the caller learns of it.
    """
    if obj & (h.config.ptr_size - 1) != 0:
        throw("greyobject: obj not pointer-aligned")
    mbits = mark_bits_for_index(span, idx)
    if mbits.is_marked():
        return False
    mbits.set_marked()

    arena, page_idx, page_mask = page_index_of(h, span.base())
    if arena.page_marks[page_idx] & page_mask == 0:
        atomic.or8(arena.page_marks, page_idx, page_mask)
    return True
