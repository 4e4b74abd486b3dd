"""Word arithmetic helpers of runtime/stubs.go.

The sums wrap as uintptr sums do in Go: callers must not come near the top of the address space.
"""

from impl.rt import uintptr


def align_up(n: int, a: int) -> int:
    """runtime/stubs.go alignUp: n rounded up to a multiple of a, a power of two."""
    return uintptr(n + a - 1) & uintptr(~(a - 1))


def align_down(n: int, a: int) -> int:
    """runtime/stubs.go alignDown: n rounded down to a multiple of a, a power of two."""
    return n & uintptr(~(a - 1))


def div_round_up(n: int, a: int) -> int:
    """runtime/stubs.go divRoundUp: n / a rounded up."""
    return uintptr(n + a - 1) // a


def bool2int(x: bool) -> int:
    """runtime/stubs.go bool2int: 1 if x, else 0."""
    return 1 if x else 0
