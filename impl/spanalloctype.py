"""What a span of pages is allocated for (runtime/mheap.go spanAllocType)."""

SPAN_ALLOC_HEAP = 0
SPAN_ALLOC_STACK = 1
SPAN_ALLOC_PTR_SCALAR_BITS = 2
SPAN_ALLOC_WORK_BUF = 3


def span_alloc_type_manual(typ: int) -> bool:
    """runtime/mheap.go spanAllocType.manual: the allocation is managed by hand, not by the GC."""
    return typ != SPAN_ALLOC_HEAP
