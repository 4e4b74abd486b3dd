"""Word helpers, span classes and intrinsics agree with their plain definitions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_386, LINUX_AMD64
from impl.rt import U32_MAX, U64_MAX, ones_count64, trailing_zeros64
from impl.spanclass import make_span_class, span_class_noscan, span_class_sizeclass
from impl.stubs import align_down, align_up, bool2int, div_round_up

SMALL = st.integers(0, 1 << 48)
POWERS = st.integers(0, 30).map(lambda bits: 1 << bits)


@given(SMALL, POWERS)
def test_alignment(n: int, a: int) -> None:
    assert align_down(LINUX_AMD64, n, a) == n // a * a
    assert align_up(LINUX_AMD64, n, a) == -(-n // a) * a


def test_align_up_wraps_at_the_top_of_the_address_space() -> None:
    assert align_up(LINUX_AMD64, U64_MAX, 8192) == 0
    assert align_up(LINUX_386, U32_MAX, 8192) == 0
    assert div_round_up(LINUX_386, U32_MAX, 2) == 0


@given(SMALL, st.integers(1, 1 << 20))
def test_div_round_up(n: int, a: int) -> None:
    assert div_round_up(LINUX_AMD64, n, a) == -(-n // a)


@given(st.integers(0, 127), st.booleans())
def test_a_span_class_keeps_both_its_parts(sizeclass: int, noscan: bool) -> None:
    sc = make_span_class(sizeclass, noscan)
    assert (span_class_sizeclass(sc), span_class_noscan(sc)) == (sizeclass, noscan)
    assert sc == 2 * sizeclass + bool2int(noscan)


def test_a_span_class_is_a_byte() -> None:
    assert make_span_class(128, True) == 1


@pytest.mark.parametrize(("x", "zeros", "ones"), [(0, 64, 0), (1, 0, 1), (U64_MAX, 0, 64)])
def test_intrinsics(x: int, zeros: int, ones: int) -> None:
    assert (trailing_zeros64(x), ones_count64(x)) == (zeros, ones)


@given(st.integers(0, 63), st.integers(0, U64_MAX))
def test_trailing_zeros(zeros: int, rest: int) -> None:
    assert trailing_zeros64((rest << (zeros + 1) | 1 << zeros) & U64_MAX) == zeros
