"""Deliberate bugs in the linear allocator."""

from checker.binding import Edit
from checker.mutation import Mutant

LINEAR_MUTANTS = [
    Mutant(
        "start-inside-is-enough",
        "a request is refused only if it starts beyond the end",
        (Edit("linearalloc", "uintptr(p + size) > self.end", "p > self.end"),),
    ),
    Mutant(
        "last-byte-kept",
        "the last byte of a region is never given",
        (Edit("linearalloc", "uintptr(p + size) > self.end", "uintptr(p + size) >= self.end"),),
    ),
    Mutant(
        "not-aligned",
        "what is given starts where the last request ended",
        (Edit("linearalloc", "p = align_up(h.config, self.next, align)", "p = self.next"),),
    ),
    Mutant(
        "padding-given-again",
        "the next request starts too early by what was skipped for the alignment",
        (
            Edit(
                "linearalloc",
                "self.next = uintptr(p + size)",
                "self.next = uintptr(self.next + size)",
            ),
        ),
    ),
]
