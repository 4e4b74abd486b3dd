"""Looking at a port's memory, whichever binding it lives in.

Abstraction functions read the port through `get(object, field)`, so that the same function serves
objects of the plain binding and of the explored one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from impl.rt import Atomic

Get = Callable[[Any, str], Any]


def plain_get(obj: Any, name: str) -> Any:
    """A field of an object of the plain binding; of a typed atomic, its value."""
    value = getattr(obj, name)
    return value.value if isinstance(value, Atomic) else value


@dataclass
class PortView:
    """The objects of a port that stand for the model's elements, and how to read their fields."""

    get: Get = plain_get
    heap: Any = None
    spans: Sequence[Any] = ()
    lists: Sequence[Any] = ()
    arenas: Sequence[Any] = ()
    caches: Sequence[Any] = ()
    extra: dict[str, Any] = field(default_factory=dict)


def map_arenas(port: Any, heap: Any, arenas: int) -> int:
    """Reserves address space for `arenas` arenas, with their metadata; the address of the first."""
    port.mheap.lock(heap.lock)
    size = arenas * heap.config.heap_arena_bytes
    base, _ = heap.sys_alloc(size, heap.arena_hints, True)
    port.mheap.unlock(heap.lock)
    return int(base)


def provide(port: Any, heap: Any, arenas: int, first: int = 0, npages: int = 0) -> None:
    """Gives a heap `arenas` arenas, of which the npages pages from address `first` on are free.

    By default all of them are. The memory behind free pages is ready, so that allocating them has
    nothing to do with the operating system.
    """
    base, nbytes = map_arenas(port, heap, arenas), arenas * heap.config.heap_arena_bytes
    pages = nbytes // heap.config.page_size
    port.mheap.lock(heap.lock)
    port.mem.sys_map(heap, base, nbytes, heap.runtime.gc_controller.heap_released)
    heap.pages.grow(base, nbytes)
    scavenged = heap.pages.alloc_range(base, pages)
    port.mem.sys_used(heap, base, nbytes, scavenged)
    heap.runtime.gc_controller.heap_released.add(-scavenged)
    heap.runtime.gc_controller.heap_free.add(scavenged)
    heap.pages.free(first or base, npages or pages)
    port.mheap.unlock(heap.lock)


def page_is_free(port: Any, heap: Any, address: int) -> bool:
    """Whether the bitmap of the page allocator says that the page at an address is free."""
    index = port.chunkindex
    chunk = heap.pages.chunk_of(index.chunk_index(heap.config, address))
    return bool(chunk.palloc_bits.get(index.chunk_page_index(heap.config, address)) == 0)
