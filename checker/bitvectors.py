"""Truth values and exact integers over Z3's bit-vectors, and the door to the running engine.

`Word` is a Python integer, not a machine word: it carries its interval and a bit-vector just wide
enough for it, so that no operation wraps. Where the code masks, as code for CPython must, the word
does as well.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import z3

from checker.context import CONTEXT, acting

MAX_WIDTH = 2048
"""The widest `Word` in bits; wider ones come from unbounded shift amounts."""


class SymbolicBranch(TypeError):
    """A symbolic condition met Python's control flow and no engine is running."""


class OutsideSubset(BaseException):  # it is not an Exception
    """The code left the subset that is executed exactly.

    A BaseException, so that an `except Exception` in the code under proof cannot swallow it.
    """


class Forker(Protocol):
    """What a running engine offers to the terms."""

    def branch(self, condition: Any) -> bool:
        """The truth of a Z3 condition on the current path."""

    def concretise(self, number: "Symbolic") -> int:
        """A value of `number`, another one on each path."""

    def upper_bound(self, number: "Word") -> int:
        """The least upper bound of `number` on the current path."""


def running(engine: Forker | None) -> AbstractContextManager[None]:
    """`engine` decides symbolic conditions within the block; None lets them raise."""
    return acting("forker", engine)


def current_engine() -> Forker:
    """The running engine; SymbolicBranch when there is none."""
    if CONTEXT.forker is None:
        raise SymbolicBranch("symbolic condition used in Python control flow: use If()")
    return CONTEXT.forker


class Symbolic:
    """A value known by its Z3 term `t`. It has no hash: a dict or set would compare it by identity."""

    __slots__ = ("t",)
    __hash__ = None  # type: ignore[assignment]  # as for any unhashable class

    def __init__(self, t: Any) -> None:
        self.t = t

    def __eq__(self, other: object) -> Any:
        return self._incomparable(other)

    def __ne__(self, other: object) -> Any:
        return negated(self == other)

    def __repr__(self) -> str:
        text = " ".join(str(z3.simplify(self.t)).split())
        return f"<{text if len(text) <= 80 else text[:77] + '...'}>"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def _incomparable(self, other: object) -> Any:
        """What `==` answers to a value of another kind: never the default, identity."""
        if other is None:
            return False
        if isinstance(other, Symbolic):
            return NotImplemented
        raise TypeError(f"equality of {type(self).__name__} and {type(other).__name__}")


class Bool(Symbolic):
    """A symbolic truth value."""

    __slots__ = ()

    @staticmethod
    def var(name: str) -> "Bool":
        """A fresh truth value."""
        return Bool(z3.Bool(name))

    def __bool__(self) -> bool:
        return current_engine().branch(self.t)

    def _logic(self, other: object, connective: Callable[[Any, Any], Any]) -> "Bool | None":
        if isinstance(other, bool):
            return Bool(connective(self.t, z3.BoolVal(other)))
        return Bool(connective(self.t, other.t)) if isinstance(other, Bool) else None

    def __and__(self, other: object) -> Any:
        result = self._logic(other, z3.And)
        return as_word(self) & other if result is None else result

    __rand__ = __and__

    def __or__(self, other: object) -> Any:
        result = self._logic(other, z3.Or)
        return as_word(self) | other if result is None else result

    __ror__ = __or__

    def __xor__(self, other: object) -> Any:
        result = self._logic(other, z3.Xor)
        return as_word(self) ^ other if result is None else result

    __rxor__ = __xor__

    def __eq__(self, other: object) -> Any:
        result = self._logic(other, lambda a, b: a == b)
        return as_word(self) == other if result is None else result

    def __invert__(self) -> Any:
        raise OutsideSubset("~ of a truth value is -1 or -2 in Python: use Not()")

    def __add__(self, other: Any) -> Any:
        return as_word(self) + other

    __radd__ = __add__


def negated(truth: "bool | Bool") -> "bool | Bool":
    return Bool(z3.Not(truth.t)) if isinstance(truth, Bool) else not truth


class Word(Symbolic):
    """An exact integer in [lo, hi], held in a bit-vector of just the width the interval needs.

    Results widen as they must; a result whose interval is a single value is a plain int.
    """

    __slots__ = ("hi", "lo")

    def __init__(self, t: Any, lo: int, hi: int) -> None:
        if t.size() != width_of(lo, hi):
            raise ValueError(f"{t.size()} bits for [{lo}, {hi}], which needs {width_of(lo, hi)}")
        if t.size() > MAX_WIDTH:
            raise OutsideSubset(f"integer of more than {MAX_WIDTH} bits: bound the shift amount")
        super().__init__(t)
        self.lo, self.hi = lo, hi

    @staticmethod
    def var(name: str, lo: int, hi: int) -> "tuple[Word, Bool]":
        """A fresh integer and the condition that keeps it in [lo, hi]."""
        word = Word(z3.BitVec(name, width_of(lo, hi)), lo, hi)
        width = width_of(lo, hi) + 1
        wide = word.at(width)
        return word, Bool(z3.And(wide >= z3.BitVecVal(lo, width), wide <= z3.BitVecVal(hi, width)))

    def at(self, width: int) -> Any:
        """The Z3 bit-vector of this integer modulo 2**width."""
        if self.lo == self.hi:
            return z3.BitVecVal(self.lo, width)
        size = self.t.size()
        if width == size:
            return self.t
        if width < size:
            return z3.Extract(width - 1, 0, self.t)
        return (z3.SignExt if self.lo < 0 else z3.ZeroExt)(width - size, self.t)

    def _apply(self, o: "Word", function: Callable[[Any, Any], Any], lo: int, hi: int) -> Any:
        """Computing modulo 2**width is enough: the exact result lies in [lo, hi]."""
        width = width_of(lo, hi)
        return number(function(self.at(width), o.at(width)), lo, hi)

    def __add__(self, other: Any) -> Any:
        if (o := to_word(other)) is None:
            return NotImplemented
        return self._apply(o, lambda a, b: a + b, self.lo + o.lo, self.hi + o.hi)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if (o := to_word(other)) is None:
            return NotImplemented
        return self._apply(o, lambda a, b: a - b, self.lo - o.hi, self.hi - o.lo)

    def __rsub__(self, other: Any) -> Any:
        return as_word(other) - self

    def __neg__(self) -> Any:
        return 0 - self

    def __pos__(self) -> "Word":
        return self

    def __invert__(self) -> Any:
        return -1 - self

    def __mul__(self, other: Any) -> Any:
        if (o := to_word(other)) is None:
            return NotImplemented
        corners = [a * b for a in (self.lo, self.hi) for b in (o.lo, o.hi)]
        return self._apply(o, lambda a, b: a * b, min(corners), max(corners))

    __rmul__ = __mul__

    def _signed(self, o: "Word", function: Callable[[Any, Any], Any]) -> Any:
        """A bitwise operation with an operand that may be negative: both in two's complement."""
        width = 1 + max(width_of(each.lo, each.hi) for each in (self, o))
        return self._apply(o, function, -(1 << (width - 1)), (1 << (width - 1)) - 1)

    def __and__(self, other: Any) -> Any:
        if (o := to_word(other)) is None:
            return NotImplemented
        if self.lo < 0 and o.lo < 0:
            return self._signed(o, lambda a, b: a & b)
        if o.lo == o.hi == (1 << o.hi.bit_length()) - 1 and self.lo >= 0 and self.hi <= o.hi:
            return self
        hi = min(each.hi for each in (self, o) if each.lo >= 0)
        return self._apply(o, lambda a, b: a & b, 0, hi)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        if (o := to_word(other)) is None:
            return NotImplemented
        if self.lo < 0 or o.lo < 0:
            return self._signed(o, lambda a, b: a | b)
        hi = (1 << max(self.hi, o.hi).bit_length()) - 1
        return self._apply(o, lambda a, b: a | b, max(self.lo, o.lo), hi)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        if (o := to_word(other)) is None:
            return NotImplemented
        if self.lo < 0 or o.lo < 0:
            return self._signed(o, lambda a, b: a ^ b)
        hi = (1 << max(self.hi, o.hi).bit_length()) - 1
        return self._apply(o, lambda a, b: a ^ b, 0, hi)

    __rxor__ = __xor__

    def __lshift__(self, other: Any) -> Any:
        if (o := _shift_amount(other)) is None:
            return NotImplemented
        if o.hi > MAX_WIDTH:
            bound = current_engine().upper_bound(o)
            if bound > MAX_WIDTH:
                raise OutsideSubset(f"shift by up to {bound}: bound the shift amount")
            o = as_word(number(o.t, o.lo, bound))
        lo = self.lo << (o.hi if self.lo < 0 else o.lo)
        hi = self.hi << (o.hi if self.hi >= 0 else o.lo)
        width = max(width_of(lo, hi), o.t.size())
        return number(self.at(width) << o.at(width), lo, hi)

    def __rlshift__(self, other: Any) -> Any:
        return as_word(other) << self

    def __rshift__(self, other: Any) -> Any:
        if (o := _shift_amount(other)) is None:
            return NotImplemented
        lo = self.lo >> (o.lo if self.lo < 0 else o.hi)
        hi = self.hi >> (o.lo if self.hi >= 0 else o.hi)
        width = max(self.t.size(), o.t.size())
        bits, amount = self.at(width), o.at(width)
        return number(bits >> amount if self.lo < 0 else z3.LShR(bits, amount), lo, hi)

    def __rrshift__(self, other: Any) -> Any:
        return as_word(other) >> self

    def __divmod__(self, other: Any) -> Any:
        if (o := to_word(other)) is None:
            return NotImplemented
        if o.lo <= 0 <= o.hi and bool(o == 0):
            raise ZeroDivisionError("integer division or modulo by zero")
        if o.lo == o.hi > 0 and o.lo & (o.lo - 1) == 0:
            return self >> (o.lo.bit_length() - 1), self & (o.lo - 1)
        if o.lo == o.hi > 0 and self.lo < 0:
            shift = -(self.lo // o.lo)  # floor division of a non-negative number, moved down again
            quotient, remainder = divmod(self + shift * o.lo, o.lo)
            return quotient - shift, remainder
        if self.lo < 0 or o.lo < 0:
            raise OutsideSubset("floor division by or of a possibly negative symbolic integer")
        width = max(self.t.size(), o.t.size())
        a, b = self.at(width), o.at(width)
        quotient = number(z3.UDiv(a, b), self.lo // o.hi, self.hi // max(1, o.lo))
        return quotient, number(z3.URem(a, b), 0, min(self.hi, o.hi - 1))

    def __rdivmod__(self, other: Any) -> Any:
        return divmod(as_word(other), self)

    def __floordiv__(self, other: Any) -> Any:
        return divmod(self, other)[0]

    def __rfloordiv__(self, other: Any) -> Any:
        return divmod(other, self)[0]

    def __mod__(self, other: Any) -> Any:
        return divmod(self, other)[1]

    def __rmod__(self, other: Any) -> Any:
        return divmod(other, self)[1]

    def _less(self, o: "Word", strict: bool) -> "bool | Bool":
        if self.hi < o.lo or (not strict and self.hi == o.lo):
            return True
        if self.lo > o.hi or (strict and self.lo == o.hi):
            return False
        lo = min(self.lo, o.lo)
        width = width_of(lo, max(self.hi, o.hi))
        a, b = self.at(width), o.at(width)
        if lo < 0:
            return Bool(a < b if strict else a <= b)
        return Bool(z3.ULT(a, b) if strict else z3.ULE(a, b))

    def __lt__(self, other: Any) -> Any:
        return NotImplemented if (o := to_word(other)) is None else self._less(o, strict=True)

    def __le__(self, other: Any) -> Any:
        return NotImplemented if (o := to_word(other)) is None else self._less(o, strict=False)

    def __gt__(self, other: Any) -> Any:
        return NotImplemented if (o := to_word(other)) is None else o._less(self, strict=True)

    def __ge__(self, other: Any) -> Any:
        return NotImplemented if (o := to_word(other)) is None else o._less(self, strict=False)

    def __eq__(self, other: object) -> Any:
        if (o := to_word(other)) is None:
            return self._incomparable(other)
        if self.hi < o.lo or o.hi < self.lo:
            return False
        if self.lo == self.hi == o.lo == o.hi:
            return True
        width = width_of(min(self.lo, o.lo), max(self.hi, o.hi))
        return Bool(self.at(width) == o.at(width))

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __index__(self) -> int:
        return current_engine().concretise(self)

    __int__ = __index__

    def bit_length(self) -> Any:
        """As int.bit_length, by binary search for the top bit."""
        if self.lo < 0:
            raise OutsideSubset("bit_length of a possibly negative integer")
        size = 1 << (self.t.size() - 1).bit_length()
        bits, length = self.at(size), z3.BitVecVal(0, 16)
        while size > 1:
            half = size // 2
            high, low = z3.Extract(size - 1, half, bits), z3.Extract(half - 1, 0, bits)
            length = length + z3.If(high != 0, z3.BitVecVal(half, 16), z3.BitVecVal(0, 16))
            bits, size = z3.If(high != 0, high, low), half
        length = length + z3.ZeroExt(15, bits)
        return number(length, self.lo.bit_length(), self.hi.bit_length())

    def bit_count(self) -> Any:
        """As int.bit_count, by a tree of adders."""
        if self.lo < 0:
            raise OutsideSubset("bit_count of a possibly negative integer")
        size = self.t.size()
        parts = [Word(z3.Extract(i, i, self.t), 0, 1) for i in range(size)]
        while len(parts) > 1:
            paired = [parts[i] + parts[i + 1] for i in range(0, len(parts) - 1, 2)]
            parts = paired + parts[len(parts) // 2 * 2 :]
        return parts[0]


def width_of(lo: int, hi: int) -> int:
    """Bits for every integer in [lo, hi]: unsigned if lo >= 0, else two's complement."""
    if lo >= 0:
        return max(1, hi.bit_length())
    return 1 + max((~lo).bit_length(), hi.bit_length() if hi >= 0 else (~hi).bit_length())


def as_word(x: object) -> Word:
    """The Word of an integer, though it be constant; TypeError for any other kind of value."""
    word = to_word(x)
    if word is None:
        raise TypeError(f"{type(x).__name__} is not an integer over bit-vectors")
    return word


def to_word(x: object) -> Word | None:
    """The Word of an integer or truth value; None for any other kind of value."""
    if isinstance(x, Word):
        return x
    if isinstance(x, int):
        return Word(z3.BitVecVal(int(x), width_of(int(x), int(x))), int(x), int(x))
    if isinstance(x, Bool):
        return Word(z3.If(x.t, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1)), 0, 1)
    return None


def number(t: Any, lo: int, hi: int) -> "int | Word":
    """The integer in [lo, hi] whose low bits are t."""
    if lo == hi:
        return lo
    width = width_of(lo, hi)
    return Word(t if t.size() == width else z3.Extract(width - 1, 0, t), lo, hi)


def _shift_amount(x: object) -> Word | None:
    o = to_word(x)
    if o is None or o.lo >= 0:
        return o
    if o.hi < 0 or bool(o < 0):
        raise ValueError("negative shift count")
    return as_word(number(o.t, 0, o.hi))
