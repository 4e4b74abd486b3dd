"""Conversions of floating point numbers, as a program built by Go 1.21.13 for amd64 printed them."""

import math

import pytest

from impl.float64 import f64toint64, f64touint64, is_finite, is_inf, is_nan

TOO_LARGE = 1 << 63


@pytest.mark.parametrize(
    ("f", "converted"),
    [
        (0.0, 0),
        (1.9, 1),
        (-1.5, (1 << 64) - 1),
        (float(1 << 57) * 95.0, 13690942867206307840),
        (float(1 << 58) * 95.0, TOO_LARGE),
        (float((1 << 63) - 1) * 95.0, TOO_LARGE),
        (float(1 << 63), 1 << 63),
        (math.inf, TOO_LARGE),
        (-math.inf, TOO_LARGE),
        (math.nan, TOO_LARGE),
    ],
)
def test_conversion_to_uint64(f: float, converted: int) -> None:
    assert f64touint64(f) == converted


@pytest.mark.parametrize(
    ("f", "converted"),
    [
        (-1.9, -1),
        (1e18, 10**18),
        (math.inf, -TOO_LARGE),
        (math.nan, -TOO_LARGE),
        (float(1 << 63), -TOO_LARGE),
        (-float(1 << 63), -TOO_LARGE),
    ],
)
def test_conversion_to_int64(f: float, converted: int) -> None:
    assert f64toint64(f) == converted


@pytest.mark.parametrize("f", [math.inf, -math.inf, math.nan, 0.0, 1e308, -5e-324])
def test_special_values(f: float) -> None:
    assert (is_nan(f), is_inf(f), is_finite(f)) == (
        math.isnan(f),
        math.isinf(f),
        math.isfinite(f),
    )
