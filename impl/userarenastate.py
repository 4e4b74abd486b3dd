"""User arena chunks between two owners: to be used by another arena, or to be made inaccessible."""

from typing import TYPE_CHECKING, NamedTuple

from impl.rt import LockRank, Mutex, Plain, PlainSlice, Struct, lock_init, throw

if TYPE_CHECKING:
    from impl.config import Config
    from impl.mspan import Mspan


class LiveUserArenaChunk(NamedTuple):
    """runtime/arena.go liveUserArenaChunk: a chunk, and a pointer to it that keeps it alive."""

    mspan: "Mspan"
    x: int


class UserArenaState(Struct):
    """runtime/arena.go userArenaState: the lock guards both lists.

    reuse has partly used chunks for other arenas, fault has full ones that wait for the collector
    to finish.
    """

    lock: Mutex
    reuse: Plain[PlainSlice[LiveUserArenaChunk]] = PlainSlice()
    fault: Plain[PlainSlice[LiveUserArenaChunk]] = PlainSlice()

    def init(self, config: "Config") -> None:
        """runtime/arena.go init: ranks the lock; throws if chunks don't fit pages and arenas."""
        chunk_bytes = config.user_arena_chunk_bytes
        if chunk_bytes % config.page_size != 0:
            throw("user arena chunk size is not a multiple of the page size")
        if chunk_bytes % config.phys_page_size != 0:
            throw("user arena chunk size is not a multiple of the physical page size")
        if chunk_bytes < config.heap_arena_bytes:
            if config.heap_arena_bytes % chunk_bytes != 0:
                throw("user arena chunk size is smaller than a heap arena, but doesn't divide it")
        elif chunk_bytes % config.heap_arena_bytes != 0:
            throw("user arena chunks size is larger than a heap arena, but not a multiple")
        lock_init(self.lock, LockRank.USER_ARENA_STATE)
