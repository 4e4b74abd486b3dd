"""The size class tables are Go's, and the division magic divides."""

import re

from hypothesis import given
from hypothesis import strategies as st
from port_heap import go_runtime_file

from impl.config import LINUX_AMD64
from impl.sizeclasses import CLASS_TO_ALLOCNPAGES, CLASS_TO_SIZE, class_to_divmagic

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


@given(st.integers(1, len(CLASS_TO_SIZE) - 1), st.data())
def test_division_magic_divides_within_a_span(sizeclass: int, data: st.DataObject) -> None:
    size = CLASS_TO_SIZE[sizeclass]
    n = data.draw(st.integers(0, CLASS_TO_ALLOCNPAGES[sizeclass] * LINUX_AMD64.page_size))
    assert n * LINUX_AMD64.class_to_divmagic[sizeclass] >> 32 == n // size
