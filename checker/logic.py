"""Logical connectives with two readings: of plain values and of symbolic ones.

Plain operands give a plain result at the price of a Python call, so the same text of a
specification serves as a monitor; one symbolic operand makes the result a term. No connective ever
asks an engine to fork. All operands are evaluated: write partial expressions so that they are
total (`And(i >= 0, x >> i)` shifts even when i is negative).
"""

# ruff: noqa: N802  # capitals, as Python owns the words and, or, not, if

from typing import Any

import z3

from checker.state import Truth as Truth
from checker.terms import Bool, Symbolic, merge


def And(*operands: Truth) -> Truth:
    """The conjunction; True of none. TypeError when an operand is no truth value."""
    symbolic: list[Any] = []
    for x in operands:
        if x is False:
            return False
        if x is not True:
            symbolic.append(x)
    if not symbolic:
        return True
    terms = [_bool_term(x) for x in symbolic]
    return Bool(terms[0] if len(terms) == 1 else z3.And(terms))


def Or(*operands: Truth) -> Truth:
    """The disjunction; False of none. TypeError when an operand is no truth value."""
    symbolic: list[Any] = []
    for x in operands:
        if x is True:
            return True
        if x is not False:
            symbolic.append(x)
    if not symbolic:
        return False
    terms = [_bool_term(x) for x in symbolic]
    return Bool(terms[0] if len(terms) == 1 else z3.Or(terms))


def Not(x: Truth) -> Truth:
    if x is True:
        return False
    if x is False:
        return True
    return Bool(z3.Not(_bool_term(x)))


def Implies(a: Truth, b: Truth) -> Truth:
    if a is False or b is True:
        return True
    if a is True:
        return b if b is False else Bool(_bool_term(b))
    if b is False:
        return Not(a)
    return Bool(z3.Implies(_bool_term(a), _bool_term(b)))


def Iff(a: Truth, b: Truth) -> Truth:
    if isinstance(a, bool) and isinstance(b, bool):
        return a is b
    return Bool(_bool_term(a) == _bool_term(b))


def If(condition: Truth, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`. The branches may be of any kind when it is plain.

    Under a symbolic condition both must be truth values, integers, elements of one sort, or tuples
    of these; branches without a common kind raise TypeError.
    """
    if condition is True:
        return a
    if condition is False:
        return b
    return merge(Bool(_bool_term(condition)), a, b)


def Eq(a: Any, b: Any) -> Any:
    """Equality; of tuples and lists element by element, where `==` itself would fork."""
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        if type(a) is not type(b) or len(a) != len(b):
            return False
        return And(*(Eq(x, y) for x, y in zip(a, b, strict=True)))
    return a == b


def to_z3(x: Any) -> Any:
    """The Z3 term of a symbolic value; of a plain bool or int its constant (an Int's)."""
    if isinstance(x, Symbolic):
        return x.t
    if isinstance(x, bool):
        return z3.BoolVal(x)
    if isinstance(x, int):
        return z3.IntVal(int(x))
    raise TypeError(f"no Z3 term for {type(x).__name__}")


def _bool_term(x: object) -> Any:
    if isinstance(x, Bool):
        return x.t
    if isinstance(x, bool):
        return z3.BoolVal(x)
    raise TypeError(f"{type(x).__name__} is not a truth value: write the comparison out")
