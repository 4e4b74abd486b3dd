"""Address ranges, offset addresses, and what converts between addresses and indexes."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from checker.binding import Edit
from checker.mutation import Mutant
from golang.oracle import Op
from golang.oracle.client import OracleRequest
from proofs.runtime.differential.compare import (
    Differential,
    Made,
    Numbers,
    Results,
    Words,
    words_of,
)
from proofs.runtime.differential.heaps import shared_heap

STEP = 0x1000
PLACES = 48
UPPER = 0xFFFF_8000_0000_0000
MASK = (1 << 64) - 1
VALUES = (
    Op.RANGE_SIZE,
    Op.RANGE_CONTAINS,
    Op.RANGE_SUBTRACT,
    Op.RANGE_REMOVE_GREATER_EQUAL,
    Op.RANGE_TAKE_FROM_FRONT,
    Op.RANGE_TAKE_FROM_BACK,
    Op.RANGE_MAKE,
)
ATOMICS = (
    Op.ATOMIC_OFF_LOAD,
    Op.ATOMIC_OFF_STORE_MIN,
    Op.ATOMIC_OFF_STORE_MARKED,
    Op.ATOMIC_OFF_STORE_UNMARK,
    Op.ATOMIC_OFF_CLEAR,
)


class RangesDifferential(Differential):
    """One addrRanges, one atomicOffAddr, and the pure functions of both."""

    name = "ranges"
    cites = "runtime/mranges.go:21-460"
    operations = ("RANGES_", "RANGE_", "OFF_", "LEVEL_", "ADDRS_", "BLOCK_", "CHUNK_", "ATOMIC_")
    rules: ClassVar = {
        "add": 12,
        "look": 8,
        "remove": 2,
        "clone": 1,
        "value": 8,
        "off_addr": 6,
        "index": 4,
        "atomic": 5,
        "wrong": 1,
    }
    throws = (
        "addr range base and limit are not in the same memory segment",
        "attempted to add zero-sized address range",
        "bad prune",
        "index out of range",
    )
    start = ((Op.RANGES_RESET,),)
    mutants = (
        Mutant(
            "no-coalescing-upwards",
            "a range that ends where the next begins is kept apart",
            (Edit("mranges", "r.limit == ranges[i].base\n", "r.limit == 0\n"),),
        ),
        Mutant(
            "total-forgets-split",
            "what is left of a split range is not counted",
            (Edit("mranges", "                removed -= r.size(config)\n", ""),),
        ),
        Mutant(
            "limit-is-inside",
            "the limit of a range counts as an address in it",
            (
                Edit(
                    "mranges",
                    "            config, addr, self.limit\n",
                    "            config, addr, self.limit + 1\n",
                ),
            ),
        ),
    )

    def __init__(self, port: Any) -> None:
        super().__init__(port)
        h = shared_heap(port)
        self.config = config = h.config
        m, c = port.mranges, port.chunkindex
        self.ranges, self.clone_ = m.AddrRanges(), m.AddrRanges()
        self.ranges.init(h, h.runtime.memstats.other_sys)
        self.clone_.init(h, h.runtime.memstats.other_sys)
        self.cell = m.AtomicOffAddr()
        r, cell, make = self.ranges, self.cell, m.AddrRange

        def flat(taken: tuple[Any, int, bool]) -> Results:
            rest, addr, ok = taken
            return addr, int(ok), *rest

        self.calls: dict[int, Callable[..., Any]] = {
            Op.RANGES_ADD: lambda b, e: r.add(m.make_addr_range(config, b, e)),
            Op.RANGES_REMOVE_GREATER_EQUAL: r.remove_greater_equal,
            Op.RANGES_REMOVE_LAST: r.remove_last,
            Op.RANGES_FIND_SUCC: r.find_succ,
            Op.RANGES_FIND_ADDR_GREATER_EQUAL: r.find_addr_greater_equal,
            Op.RANGES_CONTAINS: r.contains,
            Op.RANGES_CLONE_INTO: self.do_clone,
            Op.RANGE_MAKE: lambda b, e: m.make_addr_range(config, b, e),
            Op.RANGE_SIZE: lambda b, e: make(b, e).size(config),
            Op.RANGE_CONTAINS: lambda b, e, a: make(b, e).contains(config, a),
            Op.RANGE_SUBTRACT: lambda b, e, x, y: make(b, e).subtract(config, make(x, y)),
            Op.RANGE_REMOVE_GREATER_EQUAL: lambda b, e, a: make(b, e).remove_greater_equal(
                config, a
            ),
            Op.RANGE_TAKE_FROM_FRONT: lambda b, e, n, a: flat(
                make(b, e).take_from_front(config, n, a)
            ),
            Op.RANGE_TAKE_FROM_BACK: lambda b, e, n, a: flat(
                make(b, e).take_from_back(config, n, a)
            ),
            Op.OFF_ADD: lambda x, y: m.off_addr_add(config, x, y),
            Op.OFF_SUB: lambda x, y: m.off_addr_sub(config, x, y),
            Op.OFF_DIFF: lambda x, y: m.off_addr_diff(config, x, y),
            Op.OFF_LESS_THAN: lambda x, y: m.off_addr_less_than(config, x, y),
            Op.OFF_LESS_EQUAL: lambda x, y: m.off_addr_less_equal(config, x, y),
            Op.OFF_EQUAL: lambda x, y: x == y,
            Op.OFF_LEVEL_INDEX: lambda n, a: c.off_addr_to_level_index(config, n, a),
            Op.LEVEL_INDEX_OFF: lambda n, i: c.level_index_to_off_addr(config, n, i),
            Op.ADDRS_TO_SUMMARY_RANGE: lambda n, b, e: c.addrs_to_summary_range(config, n, b, e),
            Op.BLOCK_ALIGN_SUMMARY_RANGE: lambda n, lo, hi: c.block_align_summary_range(
                config, n, lo, hi
            ),
            Op.CHUNK_INDEX: lambda a: (
                c.chunk_index(config, a),
                c.chunk_base(config, c.chunk_index(config, a)),
                c.chunk_page_index(config, a),
            ),
            Op.ATOMIC_OFF_CLEAR: lambda: cell.clear(config),
            Op.ATOMIC_OFF_STORE_MIN: lambda a: cell.store_min(config, a),
            Op.ATOMIC_OFF_STORE_UNMARK: lambda a, b: cell.store_unmark(config, a, b),
            Op.ATOMIC_OFF_STORE_MARKED: lambda a: cell.store_marked(config, a),
            Op.ATOMIC_OFF_LOAD: lambda: cell.load(config),
        }

    def apply(self, request: OracleRequest) -> Results:
        return words_of(self.calls[request[0]](*request[1:]))

    def state(self) -> list[int]:
        ranges = self.ranges.ranges
        flat = [word for each in ranges for word in each]
        return [self.ranges.total_bytes, len(ranges), *flat, self.cell.a.load() & MASK]

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        named = {"totalBytes": words[0], "len(ranges)": words[1]}
        for i in range(words[1]):
            named[f"ranges[{i}].base"], named[f"ranges[{i}].limit"] = words[2 + 2 * i : 4 + 2 * i]
        named["atomicOffAddr"] = words[-1]
        return named

    def do_clone(self) -> Results:
        self.ranges.clone_into(self.clone_)
        flat = (word for each in self.clone_.ranges for word in each)
        return self.clone_.total_bytes, *flat

    def place(self, numbers: Numbers) -> int:
        """An address at or near a boundary, on either side of the hole in the address space."""
        low: int = (numbers.below(PLACES) + 1) * STEP + numbers.pick([0, 0, 0, 1, STEP - 1])
        return low + (UPPER if numbers.below(4) == 3 else 0)

    def pair(self, numbers: Numbers) -> tuple[int, int]:
        """A range that is not empty and does not span the hole."""
        base = self.place(numbers)
        return base, base + (numbers.below(6) + 1) * STEP - numbers.pick([0, 0, 1])

    def add(self, numbers: Numbers) -> Made:
        """A range that overlaps none, as Go asks for."""
        base = (numbers.below(PLACES) + 1) * STEP + (UPPER if numbers.below(4) == 3 else 0)
        limit = base + (numbers.below(2) + 1) * STEP
        if any(base < r.limit and r.base < limit for r in self.ranges.ranges):
            return None
        return (Op.RANGES_ADD, base, limit)

    def look(self, numbers: Numbers) -> Made:
        op = numbers.pick(
            [Op.RANGES_FIND_SUCC, Op.RANGES_CONTAINS, Op.RANGES_FIND_ADDR_GREATER_EQUAL]
        )
        if op == Op.RANGES_FIND_ADDR_GREATER_EQUAL and not self.ranges.ranges:
            return None
        return (op, self.place(numbers))

    def remove(self, numbers: Numbers) -> Made:
        if numbers.below(2):
            return (Op.RANGES_REMOVE_GREATER_EQUAL, self.place(numbers))
        return (Op.RANGES_REMOVE_LAST, (numbers.below(4) + 1) * STEP - numbers.pick([0, 1]))

    def clone(self, _numbers: Numbers) -> Made:
        return (Op.RANGES_CLONE_INTO,)

    def value(self, numbers: Numbers) -> Made:
        op = numbers.pick(VALUES)
        pair = self.pair(numbers)
        if op in (Op.RANGE_SIZE, Op.RANGE_MAKE):
            return (op, *(pair if numbers.below(4) or op == Op.RANGE_MAKE else pair[::-1]))
        if op == Op.RANGE_SUBTRACT:
            other = self.pair(numbers)
            inside = pair[0] < other[0] and other[1] < pair[1]
            return None if inside else (op, *pair, *other)
        if op in (Op.RANGE_CONTAINS, Op.RANGE_REMOVE_GREATER_EQUAL):
            return (op, *pair, self.place(numbers))
        return (op, *pair, numbers.below(3 * STEP), 1 << numbers.below(8))

    def off_addr(self, numbers: Numbers) -> Made:
        op = numbers.pick(
            [Op.OFF_ADD, Op.OFF_SUB, Op.OFF_DIFF, Op.OFF_LESS_THAN, Op.OFF_LESS_EQUAL, Op.OFF_EQUAL]
        )
        first = self.place(numbers)
        return (op, first, first if numbers.below(8) == 1 else self.place(numbers))

    def index(self, numbers: Numbers) -> Made:
        level = numbers.below(5)
        addr = numbers.below(1 << 47) + (UPPER if numbers.below(2) else 0)
        op = numbers.pick([Op.OFF_LEVEL_INDEX, Op.LEVEL_INDEX_OFF, Op.CHUNK_INDEX])
        more = numbers.below(3)
        if more == 1:
            return (Op.ADDRS_TO_SUMMARY_RANGE, level, addr, addr + 1 + numbers.below(1 << 30))
        if more == 2:
            low = addr >> 40 & 0x3FFF
            return (Op.BLOCK_ALIGN_SUMMARY_RANGE, level, low, low + 1 + numbers.below(100))
        if op == Op.CHUNK_INDEX:
            return (op, addr)
        return (op, level, addr if op == Op.OFF_LEVEL_INDEX else addr & 0x3FFF)

    def atomic(self, numbers: Numbers) -> Made:
        op = numbers.pick(ATOMICS)
        if op in (Op.ATOMIC_OFF_LOAD, Op.ATOMIC_OFF_CLEAR):
            return (op,)
        if op == Op.ATOMIC_OFF_STORE_UNMARK:
            known, _ = self.cell.load(self.config)
            return (op, known if numbers.below(2) else self.place(numbers), self.place(numbers))
        return (op, self.place(numbers))

    def wrong(self, numbers: Numbers) -> Made:
        """What Go refuses; rarely, as it ends the run."""
        if numbers.below(5) != 1:
            return None
        which = numbers.below(4)
        if which == 0:
            return (Op.RANGES_ADD, STEP, STEP)
        if which == 1:
            return (Op.RANGE_MAKE, STEP, UPPER + STEP)
        if which == 2:
            return (Op.RANGE_SUBTRACT, STEP, 4 * STEP, 2 * STEP, 3 * STEP)
        removed: OracleRequest = (Op.RANGES_REMOVE_GREATER_EQUAL, UPPER)
        return [removed, (Op.RANGES_FIND_ADDR_GREATER_EQUAL, STEP)]
