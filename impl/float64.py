"""Floating point as amd64 computes it: conversions of any value, and tests for its special values.

Python's floats are Go's float64, and + - * / round alike; but Python raises where a conversion is
out of range, and Go's result depends on the machine. These are the results of the instructions that
Go 1.21 emits on amd64. Not ported here, of runtime/float.go: copysign, abs and the bit patterns,
which the page heap has no use for.
"""

_TWO63 = 9223372036854775808.0


def is_nan(f: float) -> bool:
    """runtime/float.go isNaN: f is not a number."""
    return f != f


def is_finite(f: float) -> bool:
    """runtime/float.go isFinite: f is neither infinite nor not a number."""
    return not is_nan(f - f)


def is_inf(f: float) -> bool:
    """runtime/float.go isInf: f is infinite, with either sign."""
    return not is_nan(f) and not is_finite(f)


def f64toint64(f: float) -> int:
    """runtime/softfloat64.go f64toint64: int64(f), towards zero.

    It is the least int64 if f is out of range or not a number, where the soft one gives 0.
    """
    if -_TWO63 <= f < _TWO63:
        return int(f)
    return -(1 << 63)


def f64touint64(f: float) -> int:
    """runtime/softfloat64.go f64touint64: uint64(f), towards zero.

    It is 2**63 if f is too large or not a number. A negative f comes out as its int64 does, modulo
    2**64.
    """
    if f < _TWO63:
        return f64toint64(f) & ((1 << 64) - 1)
    y = f - _TWO63
    if y < _TWO63:
        return int(y) + (1 << 63)
    return 1 << 63
