"""Sizes of the runtime's structures in bytes, which Go takes with unsafe.Sizeof.

A structure of the port is an object; its size matters for what the allocators of structures count
and for how many fit into a chunk. Each size follows from the fields in runtime/mheap.go and
runtime/mcache.go and the platform's pointer width.
"""

from impl.config import Config


def _padded(config: Config, size: int) -> int:
    return (size + config.ptr_size - 1) // config.ptr_size * config.ptr_size


def mspan_size(config: Config) -> int:
    """runtime/mheap.go mspan: 18 words, allocCache, two uint32 and 8 bytes of small fields."""
    return 18 * config.ptr_size + 8 + 8 + 8


def mcache_size(config: Config) -> int:
    """runtime/mcache.go mcache: 5 words, a span for each class, the stack caches, flushGen."""
    num_stack_orders = 4
    if config.goos == "windows":
        num_stack_orders -= config.ptr_size // 4
    words = 5 + config.num_span_classes + 2 * num_stack_orders
    return _padded(config, words * config.ptr_size + 4)


def special_size(config: Config) -> int:
    """runtime/mheap.go special: a word, a uint16 and a byte."""
    return _padded(config, config.ptr_size + 2 + 1)


def specialfinalizer_size(config: Config) -> int:
    """runtime/mheap.go specialfinalizer: a special and four words."""
    return special_size(config) + 4 * config.ptr_size


def specialprofile_size(config: Config) -> int:
    """runtime/mheap.go specialprofile: a special and a word."""
    return special_size(config) + config.ptr_size


def special_reachable_size(config: Config) -> int:
    """runtime/mheap.go specialReachable: a special and two bytes behind its padding."""
    return _padded(config, special_size(config) + 2)


def special_pin_counter_size(config: Config) -> int:
    """runtime/mheap.go specialPinCounter: a special and a word."""
    return special_size(config) + config.ptr_size


def arena_hint_size(config: Config) -> int:
    """runtime/mheap.go arenaHint: two words and a byte."""
    return _padded(config, config.ptr_size + 1) + config.ptr_size


def heap_arena_size(config: Config) -> int:
    """runtime/mheap.go heapArena: its bitmaps, span table, and two words."""
    words = config.heap_arena_bitmap_words + config.pages_per_arena + 2
    page_bitmaps = 3 * (config.pages_per_arena // 8)
    return _padded(
        config, words * config.ptr_size + config.heap_arena_bitmap_words // 8 + page_bitmaps
    )


def arena_l2_size(config: Config) -> int:
    """runtime/mheap.go mheap.arenas: an L2 map, a word for each arena."""
    return config.arena_l2_len * config.ptr_size
