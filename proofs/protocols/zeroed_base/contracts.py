"""Arithmetic of arenas and pages, for every address: indexes, bases, and allocNeedsZero alone.

Each contract is stated for the geometries with and without an L1 map, as shipped and in miniature.
"""

import functools
from typing import Any

from checker.binding import Binding
from checker.contracts import Contract
from harness.contracts import Contracts
from harness.port import map_arenas
from proofs.protocols.zeroed_base.mutants import PORT_MUTANTS

GEOMETRIES = {
    "linux": "LINUX_AMD64",
    "windows": "WINDOWS_AMD64",
    "miniature": "MINIATURE",
    "miniature-l1": "MINIATURE_L1",
}
WORDS = 1 << 64


def _index_of_base(geometry: str, name: str, port: Binding) -> Contract:
    config = getattr(port.config, geometry)
    arenas: int = config.arena_l1_len * config.arena_l2_len
    size: int = config.heap_arena_bytes

    def requires(i: int, offset: int) -> bool:
        return 0 <= i < arenas and 0 <= offset < size

    def ensures(i: int, offset: int) -> bool:
        """Every address of an arena has the arena's index."""
        address = (port.heaparena.arena_base(config, i) + offset) % WORDS
        return bool(port.heaparena.arena_index(config, address) == i)

    cites = "runtime/mheap.go:601 arenaIndex"
    return Contract(name, cites, requires, ensures)


def _base_of_index(geometry: str, name: str, port: Binding) -> Contract:
    config = getattr(port.config, geometry)

    def requires(p: int) -> bool:
        return 0 <= p < WORDS

    def ensures(p: int) -> bool:
        """Every word lies in the arena of its index; bases are aligned words."""
        base = port.heaparena.arena_base(config, port.heaparena.arena_index(config, p))
        inside = (p - base) % WORDS < config.heap_arena_bytes
        return bool(inside and base % config.heap_arena_bytes == 0 and 0 <= base < WORDS)

    cites = "runtime/mheap.go:607 arenaBase"
    return Contract(name, cites, requires, ensures)


def _parts(geometry: str, name: str, port: Binding) -> Contract:
    config = getattr(port.config, geometry)
    arenas: int = config.arena_l1_len * config.arena_l2_len

    def requires(i: int) -> bool:
        return 0 <= i < arenas

    def ensures(i: int) -> bool:
        """The parts of an index stay within their maps, and tell indexes apart."""
        l1, l2 = port.heaparena.arena_idx_l1(config, i), port.heaparena.arena_idx_l2(config, i)
        inside = 0 <= l1 < config.arena_l1_len and 0 <= l2 < config.arena_l2_len
        return bool(inside and l1 * config.arena_l2_len + l2 == i)

    cites = "runtime/mheap.go:619 arenaIdx.l1"
    return Contract(name, cites, requires, ensures)


def _beyond(geometry: str, name: str, port: Binding) -> Contract:
    config = getattr(port.config, geometry)
    arenas: int = config.arena_l1_len * config.arena_l2_len
    most: int = WORDS // config.heap_arena_bytes

    def requires(i: int) -> bool:
        return arenas <= i < most

    def ensures(i: int) -> bool:
        """Of an address outside the heap's range, the part that spanOf checks is out of bounds."""
        if config.arena_l1_bits == 0:
            return bool(port.heaparena.arena_idx_l2(config, i) >= config.arena_l2_len)
        return bool(port.heaparena.arena_idx_l1(config, i) >= config.arena_l1_len)

    cites = "runtime/mheap.go:682 spanOf"
    return Contract(name, cites, requires, ensures)


def _heap(config: Any, port: Binding, arenas: int) -> tuple[Any, int, list[Any]]:
    """A heap that has arenas 1 to `arenas`: it, their base, and their metadata."""
    heap = port.runtime.new_mheap(config)
    base = map_arenas(port, heap, arenas)
    return heap, base, [port.heaparena.arena_at(heap, ai) for ai in heap.all_arenas]


def _needs_zero(geometry: str, name: str, port: Binding) -> Contract:
    config = getattr(port.config, geometry)
    heap, base, (arena,) = _heap(config, port, arenas=1)
    pages, size = config.pages_per_arena, config.page_size

    def requires(page: int, npages: int, before: int) -> bool:
        return page >= 0 and npages >= 1 and page + npages <= pages and 0 <= before <= pages

    def ensures(page: int, npages: int, before: int) -> bool:
        """Within an arena: dirty from below the old word, which rises to the end, or stays."""
        arena.zeroed_base = before * size
        needs_zero = heap.alloc_needs_zero(base + page * size, npages)
        right = arena.zeroed_base == max(before, page + npages) * size
        return bool(right and needs_zero == (page < before))

    cites = "runtime/mheap.go:1023 mheap.allocNeedsZero"
    return Contract(name, cites, requires, ensures)


def _needs_zero_twice(geometry: str, name: str, port: Binding) -> Contract:
    config = getattr(port.config, geometry)
    heap, base, (first, second) = _heap(config, port, arenas=2)
    pages: int = config.pages_per_arena
    size: int = config.page_size

    def requires(page: int, beyond: int, before: int, after: int) -> bool:
        inside = 0 <= page < pages and 1 <= beyond <= pages
        return inside and 0 <= before <= pages and 0 <= after <= pages

    def ensures(page: int, beyond: int, before: int, after: int) -> bool:
        """Across a border: each arena is asked, the second from its beginning."""
        first.zeroed_base, second.zeroed_base = before * size, after * size
        needs_zero = heap.alloc_needs_zero(base + page * size, pages - page + beyond)
        right = first.zeroed_base == pages * size
        right = right and second.zeroed_base == max(after, beyond) * size
        return bool(right and needs_zero == (page < before or after > 0))

    cites = "runtime/mheap.go:1023 mheap.allocNeedsZero"
    return Contract(name, cites, requires, ensures)


CONTRACTS = Contracts(
    __name__,
    {
        f"{kind}-{short}": functools.partial(maker, geometry)
        for kind, maker in {
            "index-of-base": _index_of_base,
            "base-of-index": _base_of_index,
            "parts": _parts,
            "beyond": _beyond,
            "needs-zero": _needs_zero,
            "needs-zero-across": _needs_zero_twice,
        }.items()
        for short, geometry in GEOMETRIES.items()
    },
    PORT_MUTANTS,
)
