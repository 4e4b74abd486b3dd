"""Word arithmetic helpers of runtime/stubs.go.

The sums wrap as uintptr sums do in Go: callers must not come near the top of the address space.
"""

from impl.config import Config


def align_up(config: Config, n: int, a: int) -> int:
    """runtime/stubs.go alignUp: n rounded up to a multiple of a, a power of two."""
    return config.uintptr(n + a - 1) & config.uintptr(~(a - 1))


def align_down(config: Config, n: int, a: int) -> int:
    """runtime/stubs.go alignDown: n rounded down to a multiple of a, a power of two."""
    return n & config.uintptr(~(a - 1))


def div_round_up(config: Config, n: int, a: int) -> int:
    """runtime/stubs.go divRoundUp: n / a rounded up."""
    return config.uintptr(n + a - 1) // a


def bool2int(x: bool) -> int:
    """runtime/stubs.go bool2int: 1 if x, else 0."""
    return 1 if x else 0
