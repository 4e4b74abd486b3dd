"""The simulated address space: which memory is there, in which state, and what is zero.

Memory has the states of Go's runtime/mem.go. Using it in a wrong state is a fault, which here is
an exception at the place of the mistake and not, as with real memory, a crash or nothing at all.
Contents are kept as far as zeroing goes: a byte is dirty once it was written, and memory handed out
as zero must not be. Both are kept as ranges, so a heap of any size costs what its pieces cost.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from enum import IntEnum


class MemoryState(IntEnum):
    """The states of runtime/mem.go: None, Reserved, Prepared, Ready."""

    NONE = 0
    RESERVED = 1
    PREPARED = 2
    READY = 3


class MemoryFault(Exception):
    """Memory was used in a state in which it must not be, or is dirty where zero was promised."""


class _Ranges:
    """A function from addresses to small integers that changes at few places; 0 to begin with."""

    def __init__(self) -> None:
        self._starts = [0]
        self._values = [0]

    def set(self, low: int, high: int, value: int) -> None:
        """Gives [low, high) the value."""
        if low >= high:
            return
        first = bisect_left(self._starts, low)
        last = bisect_right(self._starts, high) - 1
        after = self._values[last]
        starts, values = [], []
        if first == 0 or self._values[first - 1] != value:
            starts, values = [low], [value]
        if after != value:
            starts.append(high)
            values.append(after)
        end = last + 1
        if end < len(self._starts) and after == value and self._values[end] == value:
            end += 1
        self._starts[first:end] = starts
        self._values[first:end] = values

    def pieces(self, low: int, high: int) -> Iterator[tuple[int, int, int]]:
        """The (low, high, value) pieces of [low, high), in order."""
        i = bisect_right(self._starts, low) - 1
        while low < high:
            end = self._starts[i + 1] if i + 1 < len(self._starts) else high
            yield low, min(end, high), self._values[i]
            low = end
            i += 1

    def __len__(self) -> int:
        return len(self._starts)


class AddressSpace:
    """Memory of a process on an operating system with pages of page_size bytes.

    `limit` bounds the bytes reserved at any time; `refuses`, if given, is asked about each
    reservation (address or 0, bytes) and returns True where the system is to say no. All addresses
    and sizes are in bytes.
    """

    def __init__(self, page_size: int, addr_bits: int) -> None:
        self.page_size = page_size
        self.top = 1 << addr_bits
        self.limit: int | None = None
        self.refuses: Callable[[int, int], bool] | None = None
        self.reserved = 0
        self._states = _Ranges()
        self._dirty = _Ranges()
        # The system places memory of its own choice downwards from here, as Linux does.
        self._next = self.top // 2 + self.top // 4

    def state(self, v: int) -> MemoryState:
        """The state of the byte at v."""
        return MemoryState(next(self._states.pieces(v, v + 1))[2])

    def reserve(self, v: int, n: int) -> int:
        """mmap without access: [v, v+n) if that is free, or else a free place; 0 if there is none."""
        n = self._whole_pages(n)
        if (self.limit is not None and self.reserved + n > self.limit) or (
            self.refuses is not None and self.refuses(v, n)
        ):
            return 0
        if v == 0 or v % self.page_size != 0 or not self._is_free(v, n):
            v = self._place(n)
            if v == 0:
                return 0
        self._states.set(v, v + n, MemoryState.RESERVED)
        self.reserved += n
        return v

    def alloc(self, n: int) -> int:
        """mmap with access: n zeroed bytes, ready at once; 0 if there are none."""
        v = self.reserve(0, n)
        if v != 0:
            self._states.set(v, v + self._whole_pages(n), MemoryState.READY)
        return v

    def map(self, v: int, n: int) -> None:
        """From reserved to prepared."""
        self._change(v, n, {MemoryState.RESERVED}, MemoryState.PREPARED)

    def used(self, v: int, n: int) -> None:
        """From prepared to ready; memory that is ready stays so."""
        self._change(v, n, {MemoryState.PREPARED, MemoryState.READY}, MemoryState.READY)

    def unused(self, v: int, n: int) -> None:
        """From ready to prepared: the system may take the contents, or leave them."""
        self._change(v, n, {MemoryState.PREPARED, MemoryState.READY}, MemoryState.PREPARED)

    def fault(self, v: int, n: int) -> None:
        """From ready or prepared to reserved: any access faults, and the contents are gone."""
        allowed = {MemoryState.RESERVED, MemoryState.PREPARED, MemoryState.READY}
        self._change(v, n, allowed, MemoryState.RESERVED)
        self._dirty.set(v, v + n, 0)

    def free(self, v: int, n: int) -> None:
        """From any state to none."""
        n = self._whole_pages(n)
        for low, high, state in list(self._states.pieces(v, v + n)):
            if state != MemoryState.NONE:
                self.reserved -= high - low
        self._states.set(v, v + n, MemoryState.NONE)
        self._dirty.set(v, v + n, 0)

    def write(self, v: int, n: int) -> None:
        """The program writes [v, v+n): it is dirty from now on."""
        self._check(v, n)
        self._dirty.set(v, v + n, 1)

    def zero(self, v: int, n: int) -> None:
        """The program clears [v, v+n)."""
        self._check(v, n)
        self._dirty.set(v, v + n, 0)

    def read(self, v: int, n: int) -> None:
        """The program reads [v, v+n)."""
        self._check(v, n)

    def check_zero(self, v: int, n: int) -> None:
        """The program relies on [v, v+n) being zero."""
        self._check(v, n)
        for low, high, dirty in self._dirty.pieces(v, v + n):
            if dirty:
                raise MemoryFault(f"[{low:#x}, {high:#x}) is handed out as zero but is dirty")

    def pieces(self) -> int:
        """How many ranges the bookkeeping consists of."""
        return len(self._states) + len(self._dirty)

    def _check(self, v: int, n: int) -> None:
        self._require(v, n, {MemoryState.READY})

    def _change(self, v: int, n: int, allowed: set[MemoryState], state: MemoryState) -> None:
        if v % self.page_size != 0:
            raise MemoryFault(f"{v:#x} is not the start of a page of {self.page_size} bytes")
        self._require(v, self._whole_pages(n), allowed)
        self._states.set(v, v + self._whole_pages(n), state)

    def _require(self, v: int, n: int, allowed: set[MemoryState]) -> None:
        for low, high, state in self._states.pieces(v, v + n):
            if state not in allowed:
                names = " or ".join(sorted(each.name for each in allowed))
                is_now = MemoryState(state).name
                raise MemoryFault(f"[{low:#x}, {high:#x}) is {is_now}, it should be {names}")

    def _whole_pages(self, n: int) -> int:
        return (n + self.page_size - 1) // self.page_size * self.page_size

    def _is_free(self, v: int, n: int) -> bool:
        return v + n <= self.top and all(
            state == MemoryState.NONE for _, _, state in self._states.pieces(v, v + n)
        )

    def _place(self, n: int) -> int:
        v = self._next - n
        while v > 0:
            taken = [low for low, _, s in self._states.pieces(v, v + n) if s != MemoryState.NONE]
            if not taken:
                self._next = v
                return v
            v = taken[0] - n
        return 0
