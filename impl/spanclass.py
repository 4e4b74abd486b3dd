"""Span classes (runtime/mheap.go spanClass): a size class and whether its objects hold pointers.

A span class is a uint8, kept as a plain integer: the size class in the upper seven bits, noscan in
the lowest.
"""

from impl.rt import u8
from impl.stubs import bool2int


def make_span_class(sizeclass: int, noscan: bool) -> int:
    """runtime/mheap.go makeSpanClass: the span class of a size class; a uint8, so it wraps."""
    return u8(sizeclass << 1) | bool2int(noscan)


def span_class_sizeclass(sc: int) -> int:
    """runtime/mheap.go spanClass.sizeclass: the size class, 0 for large objects."""
    return sc >> 1


def span_class_noscan(sc: int) -> bool:
    """runtime/mheap.go spanClass.noscan: the objects of the span hold no pointers."""
    return sc & 1 != 0
