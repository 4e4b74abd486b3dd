"""Go's size classes, computed as runtime/mksizeclasses.go computes them for runtime/sizeclasses.go.

An object is rounded up to the size of its class; a span of a class has as many pages as keep the
rest behind its last object small. A test compares every table with the installed Go's. Not ported
here: the comment of the generated file, and the brute-force check of the magic numbers, which is a
test.
"""

from collections.abc import Sequence
from typing import NamedTuple

from impl.rt import U32_MAX, u32

MAX_SMALL_SIZE = 32 << 10
"""runtime/mksizeclasses.go maxSmallSize: bytes of the largest small object."""

SMALL_SIZE_DIV = 8
"""runtime/mksizeclasses.go smallSizeDiv: granularity in bytes up to SMALL_SIZE_MAX."""

SMALL_SIZE_MAX = 1024
"""runtime/mksizeclasses.go smallSizeMax: bytes up to which sizes are told apart finely."""

LARGE_SIZE_DIV = 128
"""runtime/mksizeclasses.go largeSizeDiv: granularity in bytes above SMALL_SIZE_MAX."""

_PAGE_SIZE = 1 << 13


class Class(NamedTuple):
    """runtime/mksizeclasses.go class: bytes of an object, pages of a span."""

    size: int
    npages: int


def power_of_two(x: int) -> bool:
    """runtime/mksizeclasses.go powerOfTwo: x is a power of two."""
    return x != 0 and x & (x - 1) == 0


def make_classes() -> tuple[Class, ...]:
    """runtime/mksizeclasses.go makeClasses: all size classes; class 0 stands for large objects."""
    classes = [Class(0, 0)]
    align = 8
    size = align
    while size <= MAX_SMALL_SIZE:
        if power_of_two(size):
            if size >= 2048:
                align = 256
            elif size >= 128:
                align = size // 8
            elif size >= 32:
                # The heap bitmap counts on it.
                align = 16

        # So many pages that at most an eighth of them is wasted.
        allocsize = _PAGE_SIZE
        while allocsize % size > allocsize // 8:
            allocsize += _PAGE_SIZE
        npages = allocsize // _PAGE_SIZE

        # Where a span holds as many of these as of the size below, one class is enough.
        last = classes[-1]
        if (
            len(classes) > 1
            and npages == last.npages
            and allocsize // size == allocsize // last.size
        ):
            classes[-1] = Class(size, npages)
        else:
            classes.append(Class(size, npages))
        size += align

    # A span may have room for as many objects of a greater size. The look-up by size needs a
    # multiple of LARGE_SIZE_DIV.
    for i in range(1, len(classes)):
        c = classes[i]
        psize = c.npages * _PAGE_SIZE
        new_size = (psize // (psize // c.size)) & ~(LARGE_SIZE_DIV - 1)
        if new_size > c.size:
            classes[i] = Class(new_size, c.npages)
    return tuple(classes)


_CLASSES = make_classes()

CLASS_TO_SIZE = tuple(c.size for c in _CLASSES)
"""Object size in bytes of each size class; class 0 stands for large objects."""

CLASS_TO_ALLOCNPAGES = tuple(c.npages for c in _CLASSES)
"""Number of pages of a span of each size class."""


def compute_div_magic(size: int) -> int:
    """runtime/mksizeclasses.go computeDivMagic: m such that n/size == n*m >> 32.

    The identity holds for every n (bytes) up to the bytes of a span of the class; size 0, the class
    of large objects, has the magic 0.
    """
    if size == 0:
        return 0
    return u32(U32_MAX // size + 1)


def class_to_divmagic(sizes: Sequence[int]) -> tuple[int, ...]:
    """runtime/sizeclasses.go class_to_divmagic: the division magic of each object size (bytes)."""
    return tuple(compute_div_magic(size) for size in sizes)


def _smallest_class(sizes: Sequence[int], size: int) -> int:
    """The first class whose objects have at least size bytes."""
    j = 0
    while sizes[j] < size:
        j += 1
    return j


def size_to_class8(sizes: Sequence[int]) -> tuple[int, ...]:
    """runtime/sizeclasses.go size_to_class8: class of an object of i*SMALL_SIZE_DIV bytes, by i."""
    steps = SMALL_SIZE_MAX // SMALL_SIZE_DIV + 1
    return tuple(_smallest_class(sizes, i * SMALL_SIZE_DIV) for i in range(steps))


def size_to_class128(sizes: Sequence[int]) -> tuple[int, ...]:
    """runtime/sizeclasses.go size_to_class128: class of SMALL_SIZE_MAX + i*LARGE_SIZE_DIV bytes."""
    steps = (sizes[-1] - SMALL_SIZE_MAX) // LARGE_SIZE_DIV + 1
    return tuple(_smallest_class(sizes, SMALL_SIZE_MAX + i * LARGE_SIZE_DIV) for i in range(steps))
