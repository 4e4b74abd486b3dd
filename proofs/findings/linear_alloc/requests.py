"""Requests to the linear allocator, in addresses of one byte: 8 bits where Go has 32.

What goes wrong near the top of the address space shows in a small one as well, and there all cases
can be tried.
"""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from checker.binding import Edit
from checker.mutation import Mutant
from harness.cases import CallTrace, Case, Claim
from impl.config import LINUX_386

GO = "runtime/malloc.go:1583-1588 linearAlloc.alloc"
TOP = 1 << 8
SMALL = replace(LINUX_386, name="addresses of one byte", ptr_size=1, phys_page_size=16)
ALIGNS = (1, 16)


def _requests(low: int, high: int) -> Iterator[Case]:
    """(Region, its bytes, what is taken of it, request, its alignment) with sums from low to high."""
    for base in range(32, TOP, 32):
        for nbytes in range(32, TOP - base + 1, 32):
            for taken in range(0, nbytes, 13):
                for align in ALIGNS:
                    start = -(-(base + taken) // align) * align
                    for size in range(max(1, low - start), min(TOP, high - start)):
                        yield base, nbytes, taken, size, align


def _modest() -> Iterator[Case]:
    """All whose end is an address."""
    return _requests(0, TOP)


def _all() -> Iterator[Case]:
    return _requests(0, 2 * TOP)


def _within(port: Any, case: Case, calls: CallTrace) -> str:
    base, nbytes, taken, size, align = case
    heap = SimpleNamespace(config=SMALL)
    linear = port.linearalloc.LinearAlloc()
    linear.init(heap, base, nbytes, False)
    linear.next = linear.mapped = base + taken
    end = linear.end
    p = linear.alloc(heap, size, align, None)
    calls.did("linearAlloc.init", f"[{base:#x}, {end:#x}), next {base + taken:#x}")
    calls.did(f"alloc({size:#x}, {align})", f"{p:#x}, next {linear.next:#x}")
    due = -(-(base + taken) // align) * align
    fits = due + size <= end
    if p == 0:
        if fits:
            return f"{size:#x} bytes fit at {due:#x}, but there are none"
        return (
            "" if linear.next == base + taken else f"nothing is given, but next is {linear.next:#x}"
        )
    if not fits:
        return f"[{p:#x}, {p + size:#x}) is given, which ends after {end:#x}"
    if (p, linear.next) != (due, due + size):
        return f"{p:#x} is given, and next is {linear.next:#x}, where {due:#x} is the next address"
    return ""


STATEMENT = "the linear allocator gives the next bytes of its region, or none if they don't fit"
EVERY = (
    "addresses of 8 bits: every request, aligned to 1 or 16, to every region of whole 32s, of which "
    "a multiple of 13 is taken"
)

MODEST = Claim("linear_alloc.modest", GO, STATEMENT, _modest, _within, EVERY)
ANY = Claim("linear_alloc.any", GO, STATEMENT, _all, _within, EVERY)
CLAIMS = (MODEST, ANY)

NO_SUM = Mutant(
    "no-sum",
    "what is asked for is compared with what is left, without a sum that may wrap; our remedy",
    (
        Edit(
            "linearalloc",
            "        if uintptr(p + size) > self.end:\n",
            "        if p < self.next or p > self.end or size > self.end - p:\n",
        ),
    ),
)
