"""Ranges of the address space, and addresses in the order in which the page allocator sees them.

On platforms whose address space has a hole, the heap's addresses are compared after subtracting
config.arena_base_offset, so that the upper half comes first and no gap is left. Go wraps an address
in a struct, offAddr, to tell the two orders apart; here an offAddr is the plain virtual address and
the order is in the functions' names. An addrRange is an immutable value; the methods that change
one in Go return the new one too. Not ported here: the diagnostic lines before a throw.
"""

from typing import TYPE_CHECKING, NamedTuple

from impl.config import Config
from impl.persistentalloc import persistentalloc
from impl.rt import Atomic, Const, Plain, PlainSlice, Struct, append, i64, throw
from impl.stubs import align_down, align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mstats import SysMemStat


def min_off_addr(config: Config) -> int:
    """runtime/mranges.go minOffAddr: the first address in offset order."""
    return config.arena_base_offset


def max_off_addr(config: Config) -> int:
    """runtime/mranges.go maxOffAddr: the last address in offset order that the heap can have."""
    return config.uintptr((1 << config.heap_addr_bits) - 1 + config.arena_base_offset)


def off_addr_add(config: Config, addr: int, nbytes: int) -> int:
    """runtime/mranges.go offAddr.add: the address nbytes above addr."""
    return config.uintptr(addr + nbytes)


def off_addr_sub(config: Config, addr: int, nbytes: int) -> int:
    """runtime/mranges.go offAddr.sub: the address nbytes below addr."""
    return config.uintptr(addr - nbytes)


def off_addr_diff(config: Config, l1: int, l2: int) -> int:
    """runtime/mranges.go offAddr.diff: bytes from l2 up to l1."""
    return config.uintptr(l1 - l2)


def off_addr_less_than(config: Config, l1: int, l2: int) -> bool:
    """runtime/mranges.go offAddr.lessThan: l1 comes before l2 in offset order."""
    base, mask = config.arena_base_offset, config.uintptr_mask
    return l1 - base & mask < l2 - base & mask


def off_addr_less_equal(config: Config, l1: int, l2: int) -> bool:
    """runtime/mranges.go offAddr.lessEqual: l1 doesn't come after l2 in offset order."""
    base, mask = config.arena_base_offset, config.uintptr_mask
    return l1 - base & mask <= l2 - base & mask


class AddrRange(NamedTuple):
    """runtime/mranges.go addrRange: the addresses from base up to, not including, limit (bytes).

    The zero value is empty.
    """

    base: int = 0
    limit: int = 0

    def size(self, config: Config) -> int:
        """runtime/mranges.go addrRange.size: bytes of the range."""
        if not off_addr_less_than(config, self.base, self.limit):
            return 0
        return off_addr_diff(config, self.limit, self.base)

    def contains(self, config: Config, addr: int) -> bool:
        """runtime/mranges.go addrRange.contains: addr lies in the range."""
        return off_addr_less_equal(config, self.base, addr) and off_addr_less_than(
            config, addr, self.limit
        )

    def subtract(self, config: Config, b: "AddrRange") -> "AddrRange":
        """runtime/mranges.go addrRange.subtract: the range without b; throws if b would split it."""
        base, limit = self
        if off_addr_less_equal(config, b.base, base) and off_addr_less_equal(
            config, limit, b.limit
        ):
            return AddrRange()
        if off_addr_less_than(config, base, b.base) and off_addr_less_than(config, b.limit, limit):
            throw("bad prune")
        elif off_addr_less_than(config, b.limit, limit) and off_addr_less_than(
            config, base, b.limit
        ):
            base = b.limit
        elif off_addr_less_than(config, base, b.base) and off_addr_less_than(config, b.base, limit):
            limit = b.base
        return AddrRange(base, limit)

    def take_from_front(
        self, config: Config, length: int, align: int
    ) -> tuple["AddrRange", int, bool]:
        """runtime/mranges.go addrRange.takeFromFront: takes length bytes at the low end.

        Returns (the rest, address of what was taken, success). The base is aligned to align first.
        """
        base = config.uintptr(align_up(config, self.base, align) + length)
        if base > self.limit:
            return self, 0, False
        return AddrRange(base, self.limit), config.uintptr(base - length), True

    def take_from_back(
        self, config: Config, length: int, align: int
    ) -> tuple["AddrRange", int, bool]:
        """runtime/mranges.go addrRange.takeFromBack: takes length bytes at the high end.

        Returns (the rest, address of what was taken, success). The new limit is aligned to align.
        """
        limit = align_down(config, config.uintptr(self.limit - length), align)
        if self.base > limit:
            return self, 0, False
        return AddrRange(self.base, limit), limit, True

    def remove_greater_equal(self, config: Config, addr: int) -> "AddrRange":
        """runtime/mranges.go addrRange.removeGreaterEqual: the part of the range below addr."""
        if off_addr_less_equal(config, addr, self.base):
            return AddrRange()
        if off_addr_less_equal(config, self.limit, addr):
            return self
        return make_addr_range(config, self.base, addr)


def make_addr_range(config: Config, base: int, limit: int) -> AddrRange:
    """runtime/mranges.go makeAddrRange: [base, limit); throws if the address space's hole is inside."""
    offset = config.arena_base_offset
    if (config.uintptr(base - offset) >= base) != (config.uintptr(limit - offset) >= limit):
        throw("addr range base and limit are not in the same memory segment")
    return AddrRange(base, limit)


class AtomicOffAddr(Struct):
    """runtime/mranges.go atomicOffAddr: an address that may carry a mark, used atomically.

    a is the int64 difference to config.arena_base_offset, negated if it is marked.
    """

    a: Atomic[int]

    def clear(self, config: Config) -> None:
        """runtime/mranges.go atomicOffAddr.Clear: stores the least address unless there is a mark."""
        lowest = i64(config.uintptr(min_off_addr(config) - config.arena_base_offset))
        while True:
            old = self.a.load()
            if old < 0:
                return
            if self.a.compare_and_swap(old, lowest):
                return

    def store_min(self, config: Config, addr: int) -> None:
        """runtime/mranges.go atomicOffAddr.StoreMin: lowers the address to addr.

        A marked address is lower than any and stays.
        """
        new = i64(config.uintptr(addr - config.arena_base_offset))
        while True:
            old = self.a.load()
            if old < new:
                return
            if self.a.compare_and_swap(old, new):
                return

    def store_unmark(self, config: Config, marked_addr: int, new_addr: int) -> None:
        """runtime/mranges.go atomicOffAddr.StoreUnmark: replaces marked_addr, if still there."""
        offset = config.arena_base_offset
        self.a.compare_and_swap(
            i64(-config.uintptr(marked_addr - offset)), i64(config.uintptr(new_addr - offset))
        )

    def store_marked(self, config: Config, addr: int) -> None:
        """runtime/mranges.go atomicOffAddr.StoreMarked: stores addr with a mark."""
        self.a.store(i64(-config.uintptr(addr - config.arena_base_offset)))

    def load(self, config: Config) -> tuple[int, bool]:
        """runtime/mranges.go atomicOffAddr.Load: (the address, whether it is marked)."""
        v = self.a.load()
        was_marked = False
        if v < 0:
            was_marked = True
            v = -v
        return config.uintptr(v + config.arena_base_offset), was_marked


class AddrRanges(Struct):
    """runtime/mranges.go addrRanges: disjoint ranges in order, joined where they touch.

    total_bytes is their sum. cap is the room, in ranges, of the array that Go keeps them in, whose
    growth takes memory for good.
    """

    h: Const["Mheap"]
    ranges: Plain[PlainSlice[AddrRange]] = PlainSlice()
    cap: Plain[int] = 0
    total_bytes: Plain[int] = 0
    sys_stat: Plain["SysMemStat"] = None  # type: ignore[assignment]  # set by its owner

    def init(self, h: "Mheap", sys_stat: "SysMemStat") -> None:
        """runtime/mranges.go addrRanges.init: no ranges, and room for 16."""
        self.h = h
        self.ranges = PlainSlice()
        self.cap = 16
        self.sys_stat = sys_stat
        self._make_room()
        self.total_bytes = 0

    def _make_room(self) -> None:
        """Takes the memory of an array of cap ranges."""
        ptr_size = self.h.config.ptr_size
        persistentalloc(self.h, 2 * ptr_size * self.cap, ptr_size, self.sys_stat)

    def find_succ(self, addr: int) -> int:
        """runtime/mranges.go addrRanges.findSucc: index of the first range that starts above addr."""
        config = self.h.config
        ranges = self.ranges
        # Halve the candidates until a linear search is cheaper.
        iter_max = 8
        bot, top = 0, len(ranges)
        while top - bot > iter_max:
            i = (top - bot) // 2 + bot
            if ranges[i].contains(config, addr):
                return i + 1
            if off_addr_less_than(config, addr, ranges[i].base):
                top = i
            else:
                bot = i + 1
        for i in range(bot, top):
            if off_addr_less_than(config, addr, ranges[i].base):
                return i
        return top

    def find_addr_greater_equal(self, addr: int) -> tuple[int, bool]:
        """runtime/mranges.go addrRanges.findAddrGreaterEqual: the least address here from addr on.

        Returns (address, True), or (0, False) if every address here is below addr. There must be a
        range.
        """
        i = self.find_succ(addr)
        if i == 0:
            return self.ranges[0].base, True
        if self.ranges[i - 1].contains(self.h.config, addr):
            return addr, True
        if i < len(self.ranges):
            return self.ranges[i].base, True
        return 0, False

    def contains(self, addr: int) -> bool:
        """runtime/mranges.go addrRanges.contains: addr lies in one of the ranges."""
        i = self.find_succ(addr)
        if i == 0:
            return False
        return self.ranges[i - 1].contains(self.h.config, addr)

    def add(self, r: AddrRange) -> None:
        """runtime/mranges.go addrRanges.add: adds r, which overlaps nothing here.

        Throws if r is empty.
        """
        config = self.h.config
        if r.size(config) == 0:
            throw("attempted to add zero-sized address range")
        i = self.find_succ(r.base)
        ranges = self.ranges
        coalesces_down = i > 0 and ranges[i - 1].limit == r.base
        coalesces_up = i < len(ranges) and r.limit == ranges[i].base
        if coalesces_up and coalesces_down:
            ranges[i - 1] = AddrRange(ranges[i - 1].base, ranges[i].limit)
            # ranges[i] goes: those behind it move down.
            for j in range(i + 1, len(ranges)):
                ranges[j - 1] = ranges[j]
            self.ranges = ranges.upto(len(ranges) - 1)
        elif coalesces_down:
            ranges[i - 1] = AddrRange(ranges[i - 1].base, r.limit)
        elif coalesces_up:
            ranges[i] = AddrRange(r.base, ranges[i].limit)
        else:
            if len(ranges) + 1 > self.cap:
                self.cap = self.cap * 2
                self._make_room()
            # Those from ranges[i] on move up.
            ranges = append(ranges, r)
            for j in range(len(ranges) - 1, i, -1):
                ranges[j] = ranges[j - 1]
            ranges[i] = r
            self.ranges = ranges
        self.total_bytes = config.uintptr(self.total_bytes + r.size(config))

    def remove_last(self, nbytes: int) -> AddrRange:
        """runtime/mranges.go addrRanges.removeLast: takes the highest range, or its end.

        Takes no more than nbytes; from no ranges, an empty one.
        """
        config = self.h.config
        ranges = self.ranges
        if len(ranges) == 0:
            return AddrRange()
        last = len(ranges) - 1
        r = ranges[last]
        size = r.size(config)
        if size > nbytes:
            new_end = off_addr_sub(config, r.limit, nbytes)
            ranges[last] = AddrRange(r.base, new_end)
            self.total_bytes = config.uintptr(self.total_bytes - nbytes)
            return AddrRange(new_end, r.limit)
        self.ranges = ranges.upto(last)
        self.total_bytes = config.uintptr(self.total_bytes - size)
        return r

    def remove_greater_equal(self, addr: int) -> None:
        """runtime/mranges.go addrRanges.removeGreaterEqual: keeps only what is below addr."""
        config = self.h.config
        ranges = self.ranges
        pivot = self.find_succ(addr)
        if pivot == 0:
            self.total_bytes = 0
            self.ranges = ranges.upto(0)
            return
        removed = 0
        for i in range(pivot, len(ranges)):
            removed += ranges[i].size(config)
        r = ranges[pivot - 1]
        if r.contains(config, addr):
            removed += r.size(config)
            r = r.remove_greater_equal(config, addr)
            if r.size(config) == 0:
                pivot -= 1
            else:
                removed -= r.size(config)
                ranges[pivot - 1] = r
        self.ranges = ranges.upto(pivot)
        self.total_bytes = config.uintptr(self.total_bytes - removed)

    def clone_into(self, b: "AddrRanges") -> None:
        """runtime/mranges.go addrRanges.cloneInto: b gets the same ranges, in its own memory."""
        if len(self.ranges) > b.cap:
            b.cap = self.cap
            b.h = self.h
            b._make_room()
        b.ranges = PlainSlice()
        for r in self.ranges:
            b.ranges = append(b.ranges, r)
        b.total_bytes = self.total_bytes
