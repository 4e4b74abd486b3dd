"""A span: a run of pages in one state.

The access classes say who may look at a field of a span that is not theirs. A collector with a
suspect pointer loads the state and, if it is in use, reads the rest: those fields are ordered by
the atomic store of the state, hence Plain. Three are read or written outside that order.
"""

from typing import TYPE_CHECKING

from impl.freedobjects import report_zombies
from impl.mbitmap import (
    alloc_bits_for_index,
    count_alloc,
    divide_by_elem_size,
    init_heap_bits,
    is_free,
    mark_bits_for_base,
    mark_bits_for_index,
    next_free_index,
    obj_index,
    refill_alloc_cache,
)
from impl.mgcsweep import ensure_swept
from impl.mranges import AddrRange
from impl.mspanstate import M_SPAN_DEAD, MSpanStateBox
from impl.pinner import (
    dec_pin_counter,
    get_pinner_bits,
    inc_pin_counter,
    new_pinner_bits,
    pinner_bit_size,
    refresh_pinner_bits,
    set_pinner_bits,
)
from impl.rt import LockRank, Mixed, Mutex, Plain, Racy, Struct, lock_init
from impl.special import special_find_splice_point
from impl.userarena import set_user_arena_chunk_to_fault, user_arena_next_free

if TYPE_CHECKING:
    from impl.gcbits import GcBits
    from impl.mspanlist import MSpanList
    from impl.special import Special


class Mspan(Struct):
    """runtime/mheap.go mspan: a run of npages pages from start_addr (bytes).

    An mspan is reused without being cleared: sweepgen, limit, nelems, alloc_cache, div_mul,
    is_user_arena_chunk and user_arena_chunk_free keep the values of its earlier life until something
    sets them. speciallock guards specials, a list sorted by offset, and changes to pinner_bits.
    """

    next: Plain["Mspan | None"] = None
    prev: Plain["Mspan | None"] = None
    list: Plain["MSpanList | None"] = None
    start_addr: Racy[int] = 0  # inHeapOrStack reads it before it loads the state
    npages: Plain[int] = 0
    manual_free_list: Plain[int] = 0
    freeindex: Plain[int] = 0
    nelems: Plain[int] = 0
    alloc_cache: Plain[int] = 0
    alloc_bits: Plain["GcBits"] = None  # type: ignore[assignment]  # nil while dead
    gcmark_bits: Plain["GcBits"] = None  # type: ignore[assignment]  # nil while dead
    pinner_bits: Mixed["GcBits | None"] = None
    sweepgen: Mixed[int] = 0
    div_mul: Plain[int] = 0
    alloc_count: Plain[int] = 0
    spanclass: Plain[int] = 0
    state: MSpanStateBox
    needzero: Plain[int] = 0
    is_user_arena_chunk: Plain[bool] = False
    alloc_count_before_cache: Plain[int] = 0
    elemsize: Plain[int] = 0
    limit: Racy[int] = 0  # set after the state is published: go.dev/issue/74288
    speciallock: Mutex
    specials: Plain["Special | None"] = None
    user_arena_chunk_free: Plain[AddrRange] = AddrRange()
    free_index_for_scan: Racy[int] = 0  # the allocator moves it while the collector scans

    alloc_bits_for_index = alloc_bits_for_index
    mark_bits_for_index = mark_bits_for_index
    mark_bits_for_base = mark_bits_for_base
    refill_alloc_cache = refill_alloc_cache
    next_free_index = next_free_index
    is_free = is_free
    divide_by_elem_size = divide_by_elem_size
    obj_index = obj_index
    count_alloc = count_alloc
    init_heap_bits = init_heap_bits
    ensure_swept = ensure_swept
    report_zombies = report_zombies
    special_find_splice_point = special_find_splice_point
    pinner_bit_size = pinner_bit_size
    new_pinner_bits = new_pinner_bits
    get_pinner_bits = get_pinner_bits
    set_pinner_bits = set_pinner_bits
    refresh_pinner_bits = refresh_pinner_bits
    inc_pin_counter = inc_pin_counter
    dec_pin_counter = dec_pin_counter
    user_arena_next_free = user_arena_next_free
    set_user_arena_chunk_to_fault = set_user_arena_chunk_to_fault

    def base(self) -> int:
        """runtime/mheap.go mspan.base: address of the first byte of the span."""
        return self.start_addr

    def layout(self, page_shift: int) -> tuple[int, int, int]:
        """runtime/mheap.go mspan.layout: (bytes of an object, number of objects, total bytes)."""
        total = self.npages << page_shift
        size = self.elemsize
        n = 0
        if size > 0:
            n = total // size
        return size, n, total

    def init(self, base: int, npages: int) -> None:
        """runtime/mheap.go mspan.init: starts a new life of the span at base (bytes).

        Go also clears the word of speciallock, which nobody holds now.
        """
        # The span is not zeroed: a sweeper may still look at sweepgen.
        self.next = None
        self.prev = None
        self.list = None
        self.start_addr = base
        self.npages = npages
        self.alloc_count = 0
        self.spanclass = 0
        self.elemsize = 0
        self.specials = None
        self.needzero = 0
        self.freeindex = 0
        self.free_index_for_scan = 0
        self.alloc_bits = None  # type: ignore[assignment]  # nil while dead
        self.gcmark_bits = None  # type: ignore[assignment]  # nil while dead
        self.pinner_bits = None
        self.state.set(M_SPAN_DEAD)
        lock_init(self.speciallock, LockRank.MSPAN_SPECIAL)

    def in_list(self) -> bool:
        """runtime/mheap.go mspan.inList: the span is on some list."""
        return self.list is not None
