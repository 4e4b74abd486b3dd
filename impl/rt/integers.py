"""Machine words: Python's integers never wrap, Go's do, and this is the one place where they meet.

Port code computes with plain integers and applies the conversion exactly where Go stores or
returns a sized value that may have wrapped. The width of a uintptr is the platform's: it is in
impl/config.py.
"""

U8_MAX = (1 << 8) - 1
U16_MAX = (1 << 16) - 1
U32_MAX = (1 << 32) - 1
U64_MAX = (1 << 64) - 1


def u8(x: int) -> int:
    """The value of x modulo 2**8, as Go's uint8 conversion."""
    return x & U8_MAX


def u16(x: int) -> int:
    """The value of x modulo 2**16, as Go's uint16 conversion."""
    return x & U16_MAX


def u32(x: int) -> int:
    """The value of x modulo 2**32, as Go's uint32 conversion."""
    return x & U32_MAX


def u64(x: int) -> int:
    """The value of x modulo 2**64, as Go's uint64 conversion."""
    return x & U64_MAX


def i64(x: int) -> int:
    """The value of x modulo 2**64 in -2**63 to 2**63-1, as Go's int64 conversion."""
    return (x & U64_MAX) - ((x & (1 << 63)) << 1)
