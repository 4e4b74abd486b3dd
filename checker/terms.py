"""Symbolic values that behave like Python's own, so that ordinary Python code can run on them.

`Bool` is a truth value, `Int` an unbounded integer over Z3's Int (addition, scaling, comparison),
`Word` an exact integer over bit-vectors (bit operations), `Elem` an element of an uninterpreted
sort (equality only). Nothing ever wraps or truncates; what cannot be computed exactly is refused.

A truth value used by `if`, `while`, `and`, `or` or `not` asks the running engine which way to go;
without an engine that is an error, because a formula must not depend on Python's control flow.
"""

from collections.abc import Callable
from typing import Any

import z3

from checker.bitvectors import (
    MAX_WIDTH,
    Bool,
    Forker,
    OutsideSubset,
    Symbolic,
    SymbolicBranch,
    Word,
    as_word,
    current_engine,
    number,
    running,
    to_word,
    width_of,
)

__all__ = [
    "MAX_WIDTH",
    "Bool",
    "Elem",
    "Forker",
    "Int",
    "OutsideSubset",
    "Symbolic",
    "SymbolicBranch",
    "Word",
    "as_word",
    "merge",
    "running",
]


class Elem(Symbolic):
    """An element of an uninterpreted sort: it can be compared for equality and nothing else."""

    __slots__ = ()

    @staticmethod
    def var(name: str, sort: Any) -> "Elem":
        return Elem(z3.Const(name, sort))

    def __eq__(self, other: object) -> Any:
        if isinstance(other, Elem) and self.t.sort() == other.t.sort():
            return Bool(self.t == other.t)
        if isinstance(other, Symbolic):
            raise TypeError(f"equality of {self!r} and {other!r}, which are of different sorts")
        return self._incomparable(other)

    def __bool__(self) -> bool:
        raise OutsideSubset(f"the truth of an element of {self.t.sort()}")


class Int(Symbolic):
    """An unbounded integer over Z3's Int: positions, lengths, addresses that are not taken apart.

    Division, remainder, shifts and masks take plain operands only, where Z3's Int agrees with
    Python's floor semantics for every sign.
    """

    __slots__ = ()

    @staticmethod
    def var(name: str) -> "Int":
        return Int(z3.Int(name))

    def _map(self, other: object, make: type, function: Callable[[Any, Any], Any]) -> Any:
        term = _int_term(other)
        return NotImplemented if term is None else make(function(self.t, term))

    def __add__(self, other: object) -> Any:
        return self._map(other, Int, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: object) -> Any:
        return self._map(other, Int, lambda a, b: a - b)

    def __rsub__(self, other: object) -> Any:
        return self._map(other, Int, lambda a, b: b - a)

    def __neg__(self) -> "Int":
        return Int(-self.t)

    def __pos__(self) -> "Int":
        return self

    def __invert__(self) -> "Int":
        return Int(-1 - self.t)

    def __mul__(self, other: object) -> "Int":
        return Int(self.t * _plain(other, "a product of two symbolic integers"))

    __rmul__ = __mul__

    def __floordiv__(self, other: object) -> "Int":
        return Int(self.t / _positive(other))

    def __mod__(self, other: object) -> "Int":
        return Int(self.t % _positive(other))

    def __lshift__(self, other: object) -> "Int":
        return self * (1 << _plain(other, "a symbolic shift of an Int"))

    def __rshift__(self, other: object) -> "Int":
        return self // (1 << _plain(other, "a symbolic shift of an Int"))

    def __and__(self, other: object) -> Any:
        """Masks whose ones are contiguous: 2**k - 1, -2**k, 2**m - 2**k."""
        mask = _plain(other, "& of two symbolic integers")
        if mask == 0:
            return 0
        low = mask & -mask
        if mask == -low:
            return self - self % low
        if mask < 0 or mask + low & mask:
            raise OutsideSubset(f"Int & {mask:#x}: the ones of the mask are not contiguous")
        return self % (mask + low) - (self % low if low > 1 else 0)

    __rand__ = __and__

    def __lt__(self, other: object) -> Any:
        return self._map(other, Bool, lambda a, b: a < b)

    def __le__(self, other: object) -> Any:
        return self._map(other, Bool, lambda a, b: a <= b)

    def __gt__(self, other: object) -> Any:
        return self._map(other, Bool, lambda a, b: a > b)

    def __ge__(self, other: object) -> Any:
        return self._map(other, Bool, lambda a, b: a >= b)

    def __eq__(self, other: object) -> Any:
        result = self._map(other, Bool, lambda a, b: a == b)
        return self._incomparable(other) if result is NotImplemented else result

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __index__(self) -> int:
        return current_engine().concretise(self)

    __int__ = __index__


def merge(condition: Bool, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`: one value of the common kind, no fork."""
    if a is b:
        return a
    c = condition.t
    if isinstance(a, bool | Bool) and isinstance(b, bool | Bool):
        return Bool(z3.If(c, *(x.t if isinstance(x, Bool) else z3.BoolVal(x) for x in (a, b))))
    if isinstance(a, Elem) and isinstance(b, Elem) and a.t.sort() == b.t.sort():
        return Elem(z3.If(c, a.t, b.t))
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(merge(condition, x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, Int) or isinstance(b, Int):
        left, right = _int_term(a), _int_term(b)
        if left is not None and right is not None:
            return Int(z3.If(c, left, right))
    x, y = to_word(a), to_word(b)
    if x is None or y is None:
        raise TypeError(f"no common kind for the branches {a!r} and {b!r}")
    lo, hi = min(x.lo, y.lo), max(x.hi, y.hi)
    return number(z3.If(c, x.at(width_of(lo, hi)), y.at(width_of(lo, hi))), lo, hi)


def _int_term(x: object) -> Any:
    """The Z3 Int term of an integer or truth value; None for any other kind of value."""
    if isinstance(x, Int):
        return x.t
    if isinstance(x, int):
        return z3.IntVal(int(x))
    if isinstance(x, Bool):
        return z3.If(x.t, z3.IntVal(1), z3.IntVal(0))
    return _unbounded(x.t, x.lo < 0) if isinstance(x, Word) else None


def _unbounded(bits: Any, signed: bool) -> Any:
    """The integer a bit-vector stands for. Choices between constants, the common case, stay easy."""
    if z3.is_bv_value(bits):
        return z3.IntVal(bits.as_signed_long() if signed else bits.as_long())
    if z3.is_app_of(bits, z3.Z3_OP_ITE):
        c, a, b = bits.children()
        return z3.If(c, _unbounded(a, signed), _unbounded(b, signed))
    return z3.BV2Int(bits, signed)


def _plain(x: object, what: str) -> int:
    if not isinstance(x, int):
        raise OutsideSubset(f"{what}: one operand must be plain")
    return int(x)


def _positive(x: object) -> int:
    divisor = _plain(x, "division of an Int by a symbolic integer")
    if divisor == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    if divisor < 0:
        raise OutsideSubset("division of an Int by a negative integer")
    return divisor
