"""The size class tables are Go's, and the division magic divides."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_AMD64
from impl.sizeclasses import (
    CLASS_TO_ALLOCNPAGES,
    CLASS_TO_SIZE,
    LARGE_SIZE_DIV,
    MAX_SMALL_SIZE,
    SMALL_SIZE_DIV,
    SMALL_SIZE_MAX,
    class_to_divmagic,
    power_of_two,
)
from tests.impl.port_heap import go_runtime_file

U32_MAX = 0xFFFF_FFFF


def go_table(name: str) -> tuple[int, ...]:
    found = re.search(rf"var {name} = [^{{]*\{{(.*)\}}", go_runtime_file("sizeclasses.go"))
    assert found, f"{name} is no longer declared as expected in sizeclasses.go"
    values = found[1].replace("^uint32(0)", str(U32_MAX)).replace("/", "//").split(",")
    return tuple(eval(value) & U32_MAX for value in values)


def test_object_sizes_are_gos() -> None:
    assert go_table("class_to_size") == CLASS_TO_SIZE


def test_span_sizes_are_gos() -> None:
    assert go_table("class_to_allocnpages") == CLASS_TO_ALLOCNPAGES


def test_division_magic_is_gos() -> None:
    assert go_table("class_to_divmagic") == class_to_divmagic(CLASS_TO_SIZE)


def test_classes_by_size_are_gos() -> None:
    assert go_table("size_to_class8") == LINUX_AMD64.size_to_class8
    assert go_table("size_to_class128") == LINUX_AMD64.size_to_class128


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("_MaxSmallSize", MAX_SMALL_SIZE),
        ("smallSizeDiv", SMALL_SIZE_DIV),
        ("smallSizeMax", SMALL_SIZE_MAX),
        ("largeSizeDiv", LARGE_SIZE_DIV),
        ("_NumSizeClasses", len(CLASS_TO_SIZE)),
        ("_PageShift", LINUX_AMD64.page_shift),
    ],
)
def test_constants_are_gos(name: str, value: int) -> None:
    assert re.search(rf"\b{name} *= {value}\n", go_runtime_file("sizeclasses.go"))
    assert LINUX_AMD64.max_small_size == MAX_SMALL_SIZE


@given(st.integers(1, MAX_SMALL_SIZE))
def test_an_object_gets_the_smallest_class_that_holds_it(size: int) -> None:
    if size <= SMALL_SIZE_MAX - 8:
        sizeclass = LINUX_AMD64.size_to_class8[-(-size // SMALL_SIZE_DIV)]
    else:
        sizeclass = LINUX_AMD64.size_to_class128[-(-(size - SMALL_SIZE_MAX) // LARGE_SIZE_DIV)]
    assert CLASS_TO_SIZE[sizeclass - 1] < size <= CLASS_TO_SIZE[sizeclass]


def test_powers_of_two() -> None:
    assert [x for x in range(20) if power_of_two(x)] == [1, 2, 4, 8, 16]


def test_a_span_wastes_an_eighth_at_most() -> None:
    for size, npages in zip(CLASS_TO_SIZE[1:], CLASS_TO_ALLOCNPAGES[1:], strict=True):
        span = npages * LINUX_AMD64.page_size
        assert span % size <= span // 8


@given(st.integers(1, len(CLASS_TO_SIZE) - 1), st.data())
def test_division_magic_divides_within_a_span(sizeclass: int, data: st.DataObject) -> None:
    size = CLASS_TO_SIZE[sizeclass]
    n = data.draw(st.integers(0, CLASS_TO_ALLOCNPAGES[sizeclass] * LINUX_AMD64.page_size))
    assert n * LINUX_AMD64.class_to_divmagic[sizeclass] >> 32 == n // size
