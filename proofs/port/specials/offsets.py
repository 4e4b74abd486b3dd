"""The offset of a record, which has 16 bits: enough for every object, not for every address."""

from collections.abc import Iterator
from typing import Any

from checker.binding import Edit
from checker.mutation import Mutant
from harness.cases import CallTrace, Case, Claim
from impl.config import LINUX_AMD64
from impl.spanclass import make_span_class
from impl.special import KIND_SPECIAL_PROFILE

GO = "runtime/mheap.go:1812 special.offset"
LARGE_PAGES = 10
BEYOND = (1 << 16) + 8


def _classes() -> Iterator[Case]:
    for sizeclass in range(1, len(LINUX_AMD64.class_to_size)):
        yield (sizeclass,)


def _last_object(port: Any, case: Case, calls: CallTrace) -> str:
    (sizeclass,) = case
    heap = port.runtime.new_mheap(LINUX_AMD64)
    port.mgc.gcinit(heap)
    span = heap.central[make_span_class(sizeclass, False)].grow(heap)
    return _found_again(port, heap, span.base() + (span.nelems - 1) * span.elemsize, calls)


def _beyond(port: Any, case: Case, calls: CallTrace) -> str:
    (offset,) = case
    heap = port.runtime.new_mheap(LINUX_AMD64)
    port.mgc.gcinit(heap)
    span = heap.alloc(LARGE_PAGES, make_span_class(0, False))
    span.limit = span.base() + LARGE_PAGES * LINUX_AMD64.page_size
    return _found_again(port, heap, span.base() + offset, calls)


def _found_again(port: Any, heap: Any, p: int, calls: CallTrace) -> str:
    """A record of the object at p is added once, and found again."""

    def add() -> bool:
        record = port.special.new_specialprofile()
        record.special.kind = KIND_SPECIAL_PROFILE
        added: bool = port.addspecial.addspecial(heap, p, record.special)
        calls.did(f"addspecial({p:#x})", added)
        return added

    if not add():
        return f"{p:#x} has a record already"
    if add():
        return f"{p:#x} has two records of one kind"
    if port.addspecial.removespecial(heap, p, KIND_SPECIAL_PROFILE) is None:
        return f"the record of {p:#x} is not found"
    return ""


OBJECTS = Claim(
    "specials.found_again",
    GO,
    "a record of an object is found again at its object",
    _classes,
    _last_object,
    every="the last object of a span of each of the 67 size classes of linux/amd64",
)

ADDRESSES = Claim(
    "specials.found_again_anywhere",
    GO,
    "a record of an address in a span is found again at that address",
    lambda: [(BEYOND - (1 << 16),), (BEYOND,)],
    _beyond,
)

CLAIMS = (OBJECTS, ADDRESSES)

WIDE = Mutant(
    "offset-as-uintptr",
    "the offset has the width of an address, as upstream has it since the fix",
    (Edit("addspecial", "s.offset = u16(offset)", "s.offset = offset"),),
)

NARROW = Mutant(
    "offset-in-fifteen-bits",
    "the offset of a record has 15 bits",
    (Edit("addspecial", "s.offset = u16(offset)", "s.offset = u16(offset) % 32768"),),
)
