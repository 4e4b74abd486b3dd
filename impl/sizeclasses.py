"""Go's size classes (runtime/sizeclasses.go, generated there by mksizeclasses.go).

The numbers are data of the Go project, BSD licence, copyright The Go Authors; a test compares them
with the installed Go.
"""

from collections.abc import Sequence

from impl.rt import U32_MAX, u32

CLASS_TO_SIZE = (
    *(0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256),
    *(288, 320, 352, 384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280),
    *(1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864, 5376, 6144, 6528),
    *(6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432),
    *(19072, 20480, 21760, 24576, 27264, 28672, 32768),
)
"""Object size in bytes of each size class; class 0 stands for large objects."""

CLASS_TO_ALLOCNPAGES = (
    *(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    *(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    *(2, 1, 2, 1, 2, 1, 3, 2, 3, 1, 3, 2, 3, 4),
    *(5, 6, 1, 7, 6, 5, 4, 3, 5, 7, 2, 9),
    *(7, 5, 8, 3, 10, 7, 4),
)
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
