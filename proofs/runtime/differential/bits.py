"""The bitmaps of a chunk of pages, and packed summaries."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from checker.binding import Edit
from checker.mutation import Mutant
from golang.oracle import Op
from golang.oracle.client import OracleRequest
from impl.config import LINUX_AMD64
from proofs.runtime.differential.compare import (
    Differential,
    Made,
    Numbers,
    Results,
    Words,
    words_of,
)

PAGES = 512
WORD = 64
MASK = (1 << WORD) - 1
PAGE_BITS = (
    Op.BITS_GET,
    Op.BITS_SET,
    Op.BITS_CLEAR,
    Op.BITS_BLOCK64,
    Op.BITS_SET_BLOCK64,
    Op.BITS_CLEAR_BLOCK64,
    Op.BITS_SET_ALL,
    Op.BITS_CLEAR_ALL,
)
PALLOC_BITS = (
    Op.BITS_SUMMARIZE,
    Op.BITS_FREE1,
    Op.BITS_PAGES64,
    Op.BITS_ALLOC_PAGES64,
    Op.BITS_ALLOC_ALL,
    Op.BITS_FREE_ALL,
)


def some_word(numbers: Numbers) -> int:
    """A word with runs in it: none, all, a few intervals, or any bits."""
    shape = numbers.below(4)
    if shape == 0:
        return 0
    if shape == 1:
        return MASK
    if shape == 2:
        return numbers.below(1 << 40) * 0x9E37_79B9_7F4A_7C15 & MASK
    word = 0
    for _ in range(numbers.below(3) + 1):
        start = numbers.below(WORD)
        word ^= (1 << numbers.below(WORD - start) + 1) - 1 << start
    return word


def some_range(numbers: Numbers) -> tuple[int, int]:
    """(start, length) within the chunk; mostly short."""
    length = min(1 << numbers.below(10), PAGES) if numbers.below(2) else numbers.below(20) + 1
    return numbers.below(PAGES - length + 1), length


class BitsDifferential(Differential):
    """One pallocData."""

    name = "bits"
    cites = "runtime/mpallocbits.go:12-446"
    operations = ("BITS_", "DATA_", "FIND_", "FILL_")
    rules: ClassVar = {
        "load": 2,
        "page_bits": 6,
        "page_bits_range": 6,
        "palloc_bits": 6,
        "palloc_range": 4,
        "find": 8,
        "data_op": 3,
        "scavenge": 6,
        "pure": 4,
        "outside": 1,
    }
    throws = (
        "bad m value",
        "index out of range",
        "min must be a non-zero power of 2",
        "min too large",
    )
    start = (
        (Op.PLATFORM_HUGE_PAGE, LINUX_AMD64.phys_huge_page_size),
        (Op.BITS_LOAD, *([0] * 16)),
    )
    mutants = (
        Mutant(
            "find-one-word-late",
            "a small range that spans two words is found one page too late",
            (Edit("mpallocbits", "return i * width - end,", "return i * width - end + 1,"),),
        ),
        Mutant(
            "popcnt-forgets-last-word",
            "the last word of a range is not counted",
            (
                Edit(
                    "mpallocbits",
                    "        s += ones_count64(words[last] & (1 << j % width + 1) - 1)\n",
                    "",
                ),
            ),
        ),
        Mutant(
            "alloc-keeps-scavenged",
            "allocated pages stay marked as scavenged",
            (Edit("mpallocbits", "        self.scavenged.clear_range(i, n)\n", ""),),
        ),
    )

    def __init__(self, port: Any) -> None:
        super().__init__(port)
        self.data = port.mpallocbits.PallocData()
        self.data.init(LINUX_AMD64)
        bits, module = self.data.palloc_bits, port.mpallocbits
        which = (bits, self.data.scavenged)
        self.calls: dict[int, Callable[..., Any]] = {
            Op.BITS_LOAD: self.do_load,
            Op.BITS_GET: lambda w, i: which[w].get(i),
            Op.BITS_BLOCK64: lambda w, i: which[w].block64(i),
            Op.BITS_SET: lambda w, i: which[w].set(i),
            Op.BITS_SET_RANGE: lambda w, i, n: which[w].set_range(i, n),
            Op.BITS_SET_ALL: lambda w: which[w].set_all(),
            Op.BITS_SET_BLOCK64: lambda w, i, v: which[w].set_block64(i, v),
            Op.BITS_CLEAR: lambda w, i: which[w].clear(i),
            Op.BITS_CLEAR_RANGE: lambda w, i, n: which[w].clear_range(i, n),
            Op.BITS_CLEAR_ALL: lambda w: which[w].clear_all(),
            Op.BITS_CLEAR_BLOCK64: lambda w, i, v: which[w].clear_block64(i, v),
            Op.BITS_POPCNT_RANGE: lambda w, i, n: which[w].popcnt_range(i, n),
            Op.BITS_FIND: bits.find,
            Op.BITS_FIND1: bits.find1,
            Op.BITS_FIND_SMALL_N: bits.find_small_n,
            Op.BITS_FIND_LARGE_N: bits.find_large_n,
            Op.BITS_SUMMARIZE: bits.summarize,
            Op.BITS_ALLOC_RANGE: bits.alloc_range,
            Op.BITS_ALLOC_ALL: bits.alloc_all,
            Op.BITS_FREE1: bits.free1,
            Op.BITS_FREE: bits.free,
            Op.BITS_FREE_ALL: bits.free_all,
            Op.BITS_PAGES64: bits.pages64,
            Op.BITS_ALLOC_PAGES64: bits.alloc_pages64,
            Op.DATA_ALLOC_RANGE: self.data.alloc_range,
            Op.DATA_ALLOC_ALL: self.data.alloc_all,
            Op.DATA_FIND_SCAVENGE_CANDIDATE: lambda i, least, most: (
                self.data.find_scavenge_candidate(i, least, most)
            ),
            Op.FILL_ALIGNED: lambda x, m: port.mgcscavenge.fill_aligned(x, m, WORD),
            Op.FIND_BIT_RANGE64: lambda c, n: module.find_bit_range64(c, n, WORD),
        }

    def apply(self, request: OracleRequest) -> Results:
        return words_of(self.calls[request[0]](*request[1:]))

    def state(self) -> list[int]:
        bits, scavenged = self.data.palloc_bits.words, self.data.scavenged.words
        return [bits[i] for i in range(8)] + [scavenged[i] for i in range(8)]

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        names = [f"{kind}[{i}]" for kind in ("pallocBits", "scavenged") for i in range(8)]
        return dict(zip(names, words, strict=True))

    def do_load(self, *words: int) -> None:
        for i in range(8):
            self.data.palloc_bits.words[i] = words[i]
            self.data.scavenged.words[i] = words[8 + i]

    def load(self, numbers: Numbers) -> Made:
        return (
            Op.BITS_LOAD,
            *(some_word(numbers) for _ in range(8)),
            *(some_word(numbers) for _ in range(8)),
        )

    def page_bits(self, numbers: Numbers) -> Made:
        which = numbers.below(2)
        op = numbers.pick(PAGE_BITS)
        if op in (Op.BITS_SET_ALL, Op.BITS_CLEAR_ALL):
            return (op, which)
        i = numbers.below(PAGES)
        if op in (Op.BITS_SET_BLOCK64, Op.BITS_CLEAR_BLOCK64):
            return (op, which, i, some_word(numbers))
        return (op, which, i)

    def page_bits_range(self, numbers: Numbers) -> Made:
        op = numbers.pick([Op.BITS_SET_RANGE, Op.BITS_CLEAR_RANGE, Op.BITS_POPCNT_RANGE])
        return (op, numbers.below(2), *some_range(numbers))

    def palloc_bits(self, numbers: Numbers) -> Made:
        op = numbers.pick(PALLOC_BITS)
        if op in (Op.BITS_SUMMARIZE, Op.BITS_ALLOC_ALL, Op.BITS_FREE_ALL):
            return (op,)
        i = numbers.below(PAGES)
        return (op, i, some_word(numbers)) if op == Op.BITS_ALLOC_PAGES64 else (op, i)

    def palloc_range(self, numbers: Numbers) -> Made:
        return (numbers.pick([Op.BITS_ALLOC_RANGE, Op.BITS_FREE]), *some_range(numbers))

    def find(self, numbers: Numbers) -> Made:
        op = numbers.pick([Op.BITS_FIND, Op.BITS_FIND_SMALL_N, Op.BITS_FIND_LARGE_N, Op.BITS_FIND1])
        search = numbers.below(PAGES) if numbers.below(2) else 0
        most = WORD if op == Op.BITS_FIND_SMALL_N else PAGES
        least = WORD + 1 if op == Op.BITS_FIND_LARGE_N else 1
        pages = least + numbers.below(most - least + 1)
        return (op, search) if op == Op.BITS_FIND1 else (op, pages, search)

    def data_op(self, numbers: Numbers) -> Made:
        if numbers.below(20) == 1:
            return (Op.DATA_ALLOC_ALL,)
        return (Op.DATA_ALLOC_RANGE, *some_range(numbers))

    def scavenge(self, numbers: Numbers) -> Made:
        least = 1 << numbers.below(7)
        if numbers.below(30) == 1:
            least = numbers.pick([0, 3, 128])
        most = numbers.pick([0, 1, 8, 100, PAGES, 1 << 50, numbers.below(PAGES)])
        return (Op.DATA_FIND_SCAVENGE_CANDIDATE, numbers.below(PAGES), least, most)

    def pure(self, numbers: Numbers) -> Made:
        if numbers.below(2):
            wrong = numbers.below(30) == 1
            return (Op.FILL_ALIGNED, some_word(numbers), 7 if wrong else 1 << numbers.below(7))
        n = numbers.below(WORD) + 1
        return (Op.FIND_BIT_RANGE64, some_word(numbers), n)

    def outside(self, numbers: Numbers) -> Made:
        """Beyond the bitmap, which Go notices by itself; rarely, as it ends the run."""
        if numbers.below(50) != 1:
            return None
        op = numbers.pick([Op.BITS_GET, Op.BITS_SET_RANGE])
        start = PAGES - numbers.below(3)
        return (op, 0, start + 3) if op == Op.BITS_GET else (op, 0, start, 70)
