"""Want of memory: nothing is leaked, Go's texts are thrown, and near the top nothing wraps unseen."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from impl.config import LINUX_386, LINUX_AMD64, MINIATURE, Config
from impl.malloc import mallocgc
from impl.mheap import Mheap
from impl.procresize import schedinit
from impl.rt import AddressSpace, M, MemoryFault, Throw, locks, run_on
from impl.rt.thread import start_anew
from impl.runtime import new_address_space, new_mheap
from impl.spanalloctype import SPAN_ALLOC_STACK
from impl.userarena import new_user_arena
from proofs.port.whole_heap.invariants import CLAIMS, NOTHING_LEAKED, HeapInvariant
from proofs.port.whole_heap.walk import Look

SMALL = replace(
    MINIATURE, heap_addr_bits=21, arena_hints=(4 << 17, 1 << 17), user_arena_hints=(9 << 17,)
)
PLATFORMS = [SMALL, LINUX_AMD64, LINUX_386]
AT_THE_START = "failed to reserve page summary memory"
TEXTS = {
    AT_THE_START,
    "out of memory",
    "runtime: cannot allocate memory",
    "out of memory allocating heap arena map",
    "out of memory allocating heap arena metadata",
    "pageAlloc: out of memory",
    "memory reservation exceeds address space limit",
}
FAULT = "a fault"


class Scarce(AddressSpace):
    """Refuses every request for memory from number `first` up to, not including, `last`."""

    def __init__(self, config: Config, first: int, last: int) -> None:
        whole = new_address_space(config)
        super().__init__(whole.page_size, whole.top.bit_length() - 1)
        self.first, self.last, self.asked = first, last, 0

    def denied(self) -> bool:
        self.asked += 1
        return self.first <= self.asked - 1 < self.last

    def reserve(self, v: int, n: int) -> int:
        return 0 if self.denied() else super().reserve(v, n)

    def alloc(self, n: int) -> int:
        return 0 if self.denied() else super().alloc(n)


def program(h: Mheap) -> list[Callable[[], object]]:
    """What a program does that needs memory of every kind."""
    page = h.config.page_size
    chunk = h.config.palloc_chunk_pages
    return [
        lambda: mallocgc(h, page, None, True),
        lambda: mallocgc(h, 3 * page, None, True),
        lambda: h.alloc_manual(1, SPAN_ALLOC_STACK),
        lambda: h.alloc_manual(chunk + 1, SPAN_ALLOC_STACK),
        lambda: new_user_arena(h),
        lambda: mallocgc(h, chunk * page, None, True),
        lambda: h.alloc_manual(2 * chunk, SPAN_ALLOC_STACK),
    ]


def run(config: Config, first: int, last: int) -> tuple[str, int, Scarce]:
    """The text the program dies of, "" if it lives; how often it got None; the system."""
    mem = Scarce(config, first, last)
    refused = 0
    with run_on(M()):
        try:
            h = new_mheap(config, mem)
            schedinit(h, 1)
            for step in program(h):
                if step() is None:
                    refused += 1
                    check(h, CLAIMS)
            check(h, CLAIMS)
        except Throw as death:
            if death.text == "out of memory":
                check(h, NOTHING_LEAKED)
            start_anew()
            return death.text, refused, mem
        except MemoryFault:
            start_anew()
            return FAULT, refused, mem
    return "", refused, mem


def check(h: Mheap, claims: list[HeapInvariant]) -> None:
    assert [why for each in claims for why in each.check(Look(h))] == []
    assert locks.held() == ()


def name(config: Config) -> str:
    return config.name


@pytest.mark.parametrize("config", PLATFORMS, ids=name)
def test_from_any_request_on_the_system_has_nothing(config: Config) -> None:
    text, _, mem = run(config, 1 << 30, 1 << 30)
    assert text == ""
    deaths = [run(config, k, 1 << 30)[0] for k in range(mem.asked)]
    assert AT_THE_START in deaths
    assert "out of memory" in deaths
    assert set(deaths) - {""} <= TEXTS


@pytest.mark.parametrize("config", PLATFORMS, ids=name)
def test_any_single_request_is_refused(config: Config) -> None:
    """A refused hint is dropped, and the next place is tried.

    On 64-bit platforms scavengeIndex.sysInit doesn't look whether it got its memory, as in Go: the
    first growth of the heap then maps memory that was never reserved.
    """
    _, _, mem = run(config, 1 << 30, 1 << 30)
    ends = [run(config, k, k + 1)[0] for k in range(mem.asked)]
    assert "" in ends
    assert set(ends) - {"", FAULT} <= TEXTS
    assert ends.count(FAULT) == (0 if config.page_alloc32_bit else 1)


NEAR_THE_TOP = [(1 << 64) - n for n in (1, 100, 4096, 8191, 8192)]
FAR_BELOW = [1 << 47, 1 << 48, (1 << 63) - 1, 1 << 63, (1 << 64) - (128 << 20)]
WRAPPING = {
    (1 << 64) - 8193: "attempted to add zero-sized address range",
    (1 << 64) - (4 << 20): "sysMemStat overflow",
    (1 << 64) - (4 << 20) - 8193: "sysMemStat overflow",
}
"""Sizes whose bytes in whole chunks or arenas wrap, and what the port dies of.

Go may die a line earlier, since the real system maps no zero bytes.
"""


@pytest.mark.parametrize("size", [*NEAR_THE_TOP, *FAR_BELOW])
def test_what_no_machine_has_is_refused(size: int) -> None:
    """Nothing is lost but, as in Go, every hint where to grow; the system then finds a place."""
    with run_on(M()):
        h = new_mheap(LINUX_AMD64)
        schedinit(h, 1)
        mallocgc(h, 8, None, True)
        with pytest.raises(Throw, match=r"^out of memory$"):
            mallocgc(h, size, None, True)
        check(h, CLAIMS[:1])
        if size >> 13 <= (1 << 51) - (16 << 10):
            assert h.alloc_manual(size >> 13, SPAN_ALLOC_STACK) is None
            check(h, NOTHING_LEAKED)
        assert h.alloc_manual(1 << 14, SPAN_ALLOC_STACK) is not None
        check(h, NOTHING_LEAKED)


@pytest.mark.parametrize("size", WRAPPING)
def test_where_the_growth_of_go_wraps_it_dies(size: int) -> None:
    """mheap.grow and sysAlloc wrap, as in Go, whose callers refuse such sizes: nothing is handed out."""
    with run_on(M()):
        h = new_mheap(LINUX_AMD64)
        schedinit(h, 1)
        mallocgc(h, 8, None, True)
        with pytest.raises(Throw, match=f"^{WRAPPING[size]}$"):
            mallocgc(h, size, None, True)
        start_anew()
