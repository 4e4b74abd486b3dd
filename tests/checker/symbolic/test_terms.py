"""Symbolic integers compute what Python's integers compute, whatever the operation and the sign."""

import operator
import random
from collections.abc import Callable
from typing import Any

import pytest
import z3

from checker.logic import And, Eq, If, Iff, Implies, Not, Or, to_z3
from checker.terms import Bool, Elem, Int, OutsideSubset, SymbolicBranch, Word

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


def value_of(x: Any, bindings: list[tuple[Any, Any]]) -> Any:
    """The plain value of a result, once the variables have theirs."""
    if not hasattr(x, "t"):
        return x
    t = z3.simplify(z3.substitute(x.t, *bindings))
    if isinstance(x, Bool):
        assert z3.is_true(t) or z3.is_false(t), t
        return z3.is_true(t)
    if isinstance(x, Word):
        value = t.as_signed_long() if x.lo < 0 else t.as_long()
        assert x.lo <= value <= x.hi, "the interval does not hold the value"
        return value
    return t.as_long()


def draw_word(rng: random.Random, name: str, top: int) -> tuple[Word, int, tuple[Any, Any]]:
    """A symbolic integer, a plain value of its interval, and the binding of one to the other."""
    ends = [rng.choice((-1, 1, 1)) * rng.getrandbits(rng.randint(1, top)) for _ in range(2)]
    lo, hi = min(ends), max(ends) + rng.randint(1, 9)
    value = rng.choice((lo, hi, rng.randint(lo, hi)))
    word, _ = Word.var(name, lo, hi)
    return word, value, (word.t, z3.BitVecVal(value, word.t.size()))


@pytest.mark.parametrize("name", BINARY)
def test_word_agrees_with_python(name: str) -> None:
    rng, function = random.Random(name), BINARY[name]
    tried = 0
    while tried < 600:
        a: Word | int
        b: Word | int
        a, x, bind_a = draw_word(rng, "a", 70)
        if rng.random() < 0.5:
            b, y, bind_b = draw_word(rng, "b", 6 if name in ("<<", ">>") else 70)
        else:
            y = rng.randint(-9, 80) if name in ("<<", ">>") else rng.randint(-(1 << 66), 1 << 66)
            if rng.random() < 0.3:
                y = rng.randint(-3, 9)
            b, bind_b = y, (z3.Bool("unused"), z3.BoolVal(True))
        if rng.random() < 0.3 and not isinstance(b, Word):
            a, b, x, y = b, a, y, x
        try:
            result = function(a, b)
        except (OutsideSubset, SymbolicBranch, ValueError, ZeroDivisionError):
            continue  # refused, which is never wrong
        tried += 1
        assert value_of(result, [bind_a, bind_b]) == function(x, y), (a, b, x, y)


@pytest.mark.parametrize("name", ["~", "neg", "bit_length", "bit_count"])
def test_word_unary_agrees_with_python(name: str) -> None:
    functions: dict[str, Callable[[Any], Any]] = {
        "~": operator.invert,
        "neg": operator.neg,
        "bit_length": lambda v: v.bit_length(),
        "bit_count": lambda v: v.bit_count(),
    }
    rng, function = random.Random(name), functions[name]
    tried = 0
    while tried < 200:
        a, x, bind = draw_word(rng, "a", 70)
        try:
            result = function(a)
        except OutsideSubset:
            continue
        tried += 1
        assert value_of(result, [bind]) == function(x), (a, x)


@pytest.mark.parametrize("name", [n for n in BINARY if n not in ("|", "^")])
def test_int_agrees_with_python(name: str) -> None:
    rng, function = random.Random(name), BINARY[name]
    a, b = Int.var("a"), Int.var("b")
    for _ in range(600):
        x = rng.choice((-1, 1)) * rng.getrandbits(rng.randint(1, 70))
        bindings = [(a.t, z3.IntVal(x))]
        if name in ("+", "-", *COMPARISONS) and rng.random() < 0.5:
            y = rng.choice((x, x + 1, rng.choice((-1, 1)) * rng.getrandbits(40)))
            right: Any = b
            bindings.append((b.t, z3.IntVal(y)))
        elif name in ("//", "%"):
            right = y = rng.randint(1, 1 << rng.randint(1, 60))
        elif name == "&":
            k, m = sorted(rng.sample(range(70), 2))
            right = y = rng.choice((0, (1 << m) - 1, -(1 << k), (1 << m) - (1 << k)))
        elif name in ("<<", ">>"):
            right = y = rng.randint(0, 70)
        else:
            right = y = rng.randint(-(1 << 40), 1 << 40)
        assert value_of(function(a, right), bindings) == function(x, y), (x, y)


def test_mixed_kinds_agree_with_python() -> None:
    rng = random.Random(7)
    a, flag = Int.var("a"), Bool.var("flag")
    for _ in range(300):
        word, x, bind = draw_word(rng, "w", 40)
        y, truth = rng.randint(-(1 << 40), 1 << 40), rng.random() < 0.5
        bindings = [bind, (a.t, z3.IntVal(y)), (flag.t, z3.BoolVal(truth))]
        for name in ("+", "-", *COMPARISONS):
            assert value_of(BINARY[name](word, a), bindings) == BINARY[name](x, y)
            assert value_of(BINARY[name](a, word), bindings) == BINARY[name](y, x)
        assert value_of(If(flag, word, a), bindings) == (x if truth else y)
        assert value_of(If(flag, word, 3), bindings) == (x if truth else 3)
        assert value_of(If(flag, 5, -2) + a, bindings) == (5 if truth else -2) + y
        assert value_of(flag + word, bindings) == truth + x
        assert value_of(flag == 1, bindings) == truth


@pytest.mark.parametrize(
    "condition",
    [lambda: Bool.var("b"), lambda: Int.var("i") < 3, lambda: Word.var("w", 0, 9)[0] == 4],
)
def test_condition_outside_an_engine_raises(condition: Callable[[], Any]) -> None:
    with pytest.raises(SymbolicBranch, match=r"use If\(\)"):
        bool(condition())
    with pytest.raises(TypeError):
        not condition()


def test_no_symbolic_value_is_hashable() -> None:
    sort = z3.DeclareSort("Span")
    for x in (Bool.var("b"), Int.var("i"), Word.var("w", 0, 9)[0], Elem.var("e", sort)):
        with pytest.raises(TypeError, match="unhashable"):
            hash(x)


def test_equality_never_falls_back_to_identity() -> None:
    span, page = z3.DeclareSort("Span"), z3.DeclareSort("Page")
    e = Elem.var("e", span)
    kinds = [Bool.var("b"), Int.var("i"), Word.var("w", 0, 9)[0], e]
    for x in kinds:
        assert (x == None) is False  # noqa: E711  # the comparison is what is tested
        assert (x != None) is True  # noqa: E711
        for foreign in ("text", 1.0, object(), z3.Int("raw"), z3.BitVec("raw", 4)):
            with pytest.raises((TypeError, z3.Z3Exception)):
                x == foreign  # noqa: B015
    for x in kinds[:3]:
        for left, right in ((x, e), (e, x)):
            with pytest.raises(TypeError):
                left == right  # noqa: B015
    with pytest.raises(TypeError):
        e == Elem.var("p", page)  # noqa: B015


@pytest.mark.parametrize(
    "operation",
    [
        lambda i: i * Int.var("j"),
        lambda i: i // Int.var("j"),
        lambda i: i // -2,
        lambda i: i & 5,
        lambda i: i << Int.var("j"),
        lambda i: ~(i < 3),
    ],
)
def test_what_is_not_exact_is_refused(operation: Callable[[Int], Any]) -> None:
    with pytest.raises(OutsideSubset):
        operation(Int.var("i"))


def test_connectives_of_plain_values_are_plain() -> None:
    for a in (False, True):
        assert Not(a) is (not a)
        for b in (False, True):
            assert And(a, b) is (a and b)
            assert Or(a, b) is (a or b)
            assert Implies(a, b) is (not a or b)
            assert Iff(a, b) is (a == b)
            assert If(a, b, 3) is (b if a else 3)
    assert And() is True
    assert Or() is False
    assert Eq((1, 2), (1, 2)) is True
    assert Eq((1, 2), (1, 3)) is False
    assert Eq((1, 2), (1, 2, 3)) is False


def test_connectives_of_symbolic_values_agree_with_plain_ones() -> None:
    p, q = Bool.var("p"), Bool.var("q")
    for a in (False, True):
        for b in (False, True):
            bindings = [(p.t, z3.BoolVal(a)), (q.t, z3.BoolVal(b))]
            for left, right in ((p, q), (p, b), (a, q)):
                for connective in (And, Or, Implies, Iff, Eq):
                    result = value_of(connective(left, right), bindings)
                    assert result is connective(a, b), (connective, a, b)
            assert value_of(Not(p), bindings) is (not a)
            assert value_of(If(p, q, Not(q)), bindings) is (b if a else not b)
            assert value_of(Eq((p, 3), (q, 3)), bindings) is (a == b)
            assert value_of(If(p, (q, 4), (a, 5))[1], bindings) == (4 if a else 5)


@pytest.mark.parametrize("x", [0, 1, None, "yes", z3.Bool("raw"), z3.BoolVal(True)])
def test_connectives_take_truth_values_only(x: Any) -> None:
    """A raw Z3 term in particular: `==` between two of them is structural in Python's eyes."""
    wrongs: tuple[Callable[[], object], ...] = (
        lambda: And(x),
        lambda: Or(x),
        lambda: Not(x),
        lambda: Implies(True, x),
    )
    for wrong in wrongs:
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(TypeError):
        If(x, 1, 2)


def test_branches_without_a_common_kind_are_refused() -> None:
    e = Elem.var("e", z3.DeclareSort("Span"))
    for a, b in ((e, 1), (None, 1), ((1,), (1, 2)), (Bool.var("b"), "text")):
        with pytest.raises(TypeError):
            If(Bool.var("c"), a, b)
    assert If(Bool.var("c"), None, None) is None


def test_to_z3_takes_no_raw_term() -> None:
    assert z3.is_true(to_z3(True))
    assert to_z3(3).eq(z3.IntVal(3))
    with pytest.raises(TypeError):
        to_z3(z3.Int("raw"))
