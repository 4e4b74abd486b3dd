"""Bit-counting instructions of the machine (runtime/internal/sys in Go)."""


def trailing_zeros64(x: int) -> int:
    """Number of zero bits below the lowest set bit of x; 64 if x is 0."""
    if x == 0:
        return 64
    return (x & -x).bit_length() - 1


def trailing_zeros(x: int, width: int) -> int:
    """Number of zero bits below the lowest set bit of x, a word of `width` bits; width if x is 0."""
    if x == 0:
        return width
    return (x & -x).bit_length() - 1


def leading_zeros(x: int, width: int) -> int:
    """Number of zero bits above the highest set bit of x, a word of `width` bits."""
    return width - x.bit_length()


def ones_count64(x: int) -> int:
    """Number of set bits of x."""
    return x.bit_count()
