"""From an address to the span that owns it, for readers that may be given any word."""

from typing import TYPE_CHECKING

from impl.heaparena import arena_at, arena_idx_l1, arena_idx_l2, arena_index
from impl.mspanstate import M_SPAN_IN_USE, M_SPAN_MANUAL

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


def inheap(h: "Mheap", b: int) -> bool:
    """runtime/mheap.go inheap: b points into a heap object, perhaps a dead one."""
    return span_of_heap(h, b) is not None


def in_heap_or_stack(h: "Mheap", b: int) -> bool:
    """runtime/mheap.go inHeapOrStack: b points into any allocated span."""
    s = span_of(h, b)
    if s is None or b < s.base():
        return False
    state = s.state.get()
    if state in (M_SPAN_IN_USE, M_SPAN_MANUAL):
        return b < s.limit
    return False


def span_of(h: "Mheap", p: int) -> "Mspan | None":
    """runtime/mheap.go spanOf: the span table's entry for p, or None outside every arena.

    If p isn't in allocated memory the span may be one that doesn't contain p. Without an L1 map
    the heap must have grown once: until then Go follows a nil pointer here.
    """
    ri = arena_index(h.config, p)
    if h.config.arena_l1_bits == 0:
        # Without an L1 map only the L2 part can be out of bounds.
        if arena_idx_l2(h.config, ri) >= h.config.arena_l2_len:
            return None
    else:
        # With one, only the L1 part can.
        if arena_idx_l1(h.config, ri) >= h.config.arena_l1_len:
            return None
    l2 = h.arenas[arena_idx_l1(h.config, ri)]
    if h.config.arena_l1_bits != 0 and l2 is None:
        return None
    ha = l2[arena_idx_l2(h.config, ri)]  # type: ignore[index]  # nil before the first growth
    if ha is None:
        return None
    return ha.spans[(p // h.config.page_size) % h.config.pages_per_arena]


def span_of_unchecked(h: "Mheap", p: int) -> "Mspan | None":
    """runtime/mheap.go spanOfUnchecked: span_of for p known to lie in an allocated arena."""
    ha = arena_at(h, arena_index(h.config, p))
    return ha.spans[(p // h.config.page_size) % h.config.pages_per_arena]


def span_of_heap(h: "Mheap", p: int) -> "Mspan | None":
    """runtime/mheap.go spanOfHeap: the heap span that contains p, or None."""
    s = span_of(h, p)
    # The pointer isn't trusted: the state is loaded first, to synchronise with initialisation, and
    # the bounds are checked, since the span may be one that no longer owns p.
    if s is None or s.state.get() != M_SPAN_IN_USE or p < s.base() or p >= s.limit:
        return None
    return s
