"""The simulated address space: which memory is there, in which state, and what is zero.

Memory has the states of Go's runtime/mem.go. Using it in a wrong state is a fault, which here is
an exception at the place of the mistake and not, as with real memory, a crash or nothing at all.
Contents are kept as far as zeroing goes: a byte is dirty once it was written, and memory handed out
as zero must not be. Both are kept as ranges, so a heap of any size costs what its pieces cost.
"""

from collections.abc import Callable
from enum import IntEnum

from impl.rt.ranges import Ranges


class MemoryState(IntEnum):
    """The states of runtime/mem.go: None, Reserved, Prepared, Ready."""

    NONE = 0
    RESERVED = 1
    PREPARED = 2
    READY = 3


class HugePages(IntEnum):
    """What the system was last advised about huge pages for a piece of memory."""

    NO_ADVICE = 0
    WANTED = 1
    UNWANTED = 2


class MemoryFault(Exception):
    """Memory was used in a state in which it must not be, or is dirty where zero was promised."""


class AddressSpace:
    """Memory of a process on an operating system with pages of page_size bytes.

    `limit` bounds the bytes reserved at any time; `refuses`, if given, is asked about each call of
    reserve (address or 0, bytes), not of alloc, and returns True where the system is to say no. All
    addresses and sizes are in bytes.
    """

    def __init__(self, page_size: int, addr_bits: int) -> None:
        self.page_size = page_size
        self.top = 1 << addr_bits
        self.limit: int | None = None
        self.refuses: Callable[[int, int], bool] | None = None
        self.reserved = 0
        self._states = Ranges(0)
        self._dirty = Ranges(0)
        self._advice = Ranges(0)
        # The system places memory of its own choice downwards from here, as Linux does.
        self._next = self.top // 2 + self.top // 4

    def state(self, v: int) -> MemoryState:
        """The state of the byte at v."""
        return MemoryState(self._states.at(v))

    def states(self, v: int, n: int) -> list[tuple[int, int, MemoryState]]:
        """The pieces (low, high, state) of [v, v+n), in order."""
        return [(low, high, MemoryState(s)) for low, high, s in self._states.pieces(v, v + n)]

    def dirty(self, v: int, n: int) -> bool:
        """Whether a byte of [v, v+n) was written since it was last zero."""
        return any(dirty for _, _, dirty in self._dirty.pieces(v, v + n))

    def reserve(self, v: int, n: int) -> int:
        """mmap without access: [v, v+n) if that is free, or else a free place; 0 if there is none."""
        if self.refuses is not None and self.refuses(v, n):
            return 0
        return self._take(v, n)

    def _take(self, v: int, n: int) -> int:
        n = self._whole_pages(n)
        if n == 0 or (self.limit is not None and self.reserved + n > self.limit):
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
        v = self._take(0, n)
        if v != 0:
            self._states.set(v, v + self._whole_pages(n), MemoryState.READY)
        return v

    def map(self, v: int, n: int) -> None:
        """From reserved to prepared."""
        self._change(v, n, {MemoryState.RESERVED}, MemoryState.PREPARED)

    def used(self, v: int, n: int) -> None:
        """From prepared to ready, with the whole pages that [v, v+n) is in; ready memory stays so."""
        start = v // self.page_size * self.page_size
        allowed = {MemoryState.PREPARED, MemoryState.READY}
        self._change(start, v + n - start, allowed, MemoryState.READY)

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
        self._advice.set(v, v + n, HugePages.NO_ADVICE)

    def huge_page(self, v: int, n: int) -> None:
        """Advice that huge pages would be good here; of no effect but that it is kept."""
        self._advise(v, n, HugePages.WANTED)

    def no_huge_page(self, v: int, n: int) -> None:
        """Advice that huge pages would be bad here."""
        self._advise(v, n, HugePages.UNWANTED)

    def advice(self, v: int) -> HugePages:
        """What was advised last for the byte at v."""
        return HugePages(self._advice.at(v))

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

    def _advise(self, v: int, n: int, advice: HugePages) -> None:
        mapped = {MemoryState.RESERVED, MemoryState.PREPARED, MemoryState.READY}
        self._require(v, n, mapped)
        self._advice.set(v, v + n, advice)

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
