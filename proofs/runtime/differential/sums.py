"""Packed summaries of free pages."""

from collections.abc import Mapping
from typing import Any, ClassVar

from checker.binding import Edit
from checker.mutation import Mutant
from golang.oracle import Op
from golang.oracle.client import OracleRequest
from impl.config import LINUX_AMD64
from proofs.runtime.differential.compare import Differential, Made, Numbers, Results, Words

LOGS = LINUX_AMD64.level_log_pages[1:]
MOST = LINUX_AMD64.max_packed_value


class SumsDifferential(Differential):
    """Pure functions: there is no state."""

    name = "sums"
    cites = "runtime/mpagealloc.go:985-1076"
    operations = ("SUM_",)
    rules: ClassVar = {"pack": 2, "unpack": 2, "merge": 6}
    mutants = (
        Mutant(
            "largest-run-within-entries",
            "a run that crosses from one entry to the next does not count as the largest",
            (Edit("mpallocsum", "        if end + si > max_:\n            max_ = end + si\n", ""),),
        ),
    )

    def apply(self, request: OracleRequest) -> Results:
        sums, (op, *words) = self.port.mpallocsum, request
        if op == Op.SUM_PACK:
            return (sums.pack_palloc_sum(LINUX_AMD64, *words),)
        if op == Op.SUM_MERGE:
            log, *entries = words
            return (sums.merge_summaries(LINUX_AMD64, entries, 0, len(entries), log),)
        accessors: tuple[Any, ...] = (
            sums.palloc_sum_start,
            sums.palloc_sum_max,
            sums.palloc_sum_end,
        )
        parts = (each(LINUX_AMD64, words[0]) for each in accessors)
        return (*parts, *sums.palloc_sum_unpack(LINUX_AMD64, words[0]))

    def state(self) -> list[int]:
        return []

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        return dict(zip("", words, strict=True))

    def some_sum(self, numbers: Numbers, most: int) -> tuple[int, int, int]:
        """Start, max and end of some entry of so many pages."""
        if numbers.below(3) == 0:
            return most, most, most
        largest = numbers.below(most)
        return numbers.below(largest + 1), largest, numbers.below(largest + 1)

    def pack(self, numbers: Numbers) -> Made:
        return (Op.SUM_PACK, *self.some_sum(numbers, MOST))

    def unpack(self, numbers: Numbers) -> Made:
        packed: int = self.port.mpallocsum.pack_palloc_sum(
            LINUX_AMD64, *self.some_sum(numbers, MOST)
        )
        return (Op.SUM_UNPACK, packed)

    def merge(self, numbers: Numbers) -> Made:
        """Whole blocks of entries, mostly full or empty."""
        log = numbers.pick(LOGS)
        entries = []
        for _ in range(numbers.pick([8, 2, 8, 3])):
            parts = (0, 0, 0) if numbers.below(3) == 1 else self.some_sum(numbers, 1 << log)
            entries.append(self.port.mpallocsum.pack_palloc_sum(LINUX_AMD64, *parts))
        return (Op.SUM_MERGE, log, *entries)
