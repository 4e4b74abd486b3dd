"""Sets of spans that threads push to and pop from, a lock being needed only when a set grows.

A set is a queue in blocks of spans; the spine, an array that is replaced by a bigger one, holds the
blocks. Not ported here, of runtime/mspanset.go: the types of its atomic pointers
(atomicSpanSetSpinePointer, spanSetSpinePointer, atomicMSpanPointer), for which elements of arrays
stand, and atomicHeadTailIndex.incHead and decHead, which nothing calls. The memory of a spine or block
is accounted for, though its content is a Python array; as in Go an old spine is never given back.
"""

from typing import TYPE_CHECKING

from impl.lfstack import Lfstack
from impl.persistentalloc import persistentalloc
from impl.rt import (
    Atomic,
    Const,
    LockRank,
    Mixed,
    MixedArray,
    Mutex,
    Plain,
    Struct,
    atomic,
    lock,
    lock_init,
    osyield,
    throw,
    u32,
    u64,
    unlock,
)

if TYPE_CHECKING:
    from impl.config import Config
    from impl.lfstack import TaggedPointer
    from impl.mheap import Mheap
    from impl.mspan import Mspan

CACHE_LINE_SIZE = 64
"""What internal/cpu says for amd64: the alignment of spines and blocks, in bytes."""


def make_head_tail_index(head: int, tail: int) -> int:
    """runtime/mspanset.go makeHeadTailIndex: a 64-bit word from two of 32 bits."""
    return u64(head << 32 | tail)


def head_tail_index_head(index: int) -> int:
    """runtime/mspanset.go headTailIndex.head: how many spans were popped."""
    return u32(index >> 32)


def head_tail_index_tail(index: int) -> int:
    """runtime/mspanset.go headTailIndex.tail: how many spans were pushed."""
    return u32(index)


def head_tail_index_split(index: int) -> tuple[int, int]:
    """runtime/mspanset.go headTailIndex.split: (head, tail)."""
    return head_tail_index_head(index), head_tail_index_tail(index)


class AtomicHeadTailIndex(Struct):
    """runtime/mspanset.go atomicHeadTailIndex: head and tail of a queue, in one atomic word."""

    u: Atomic[int]

    def load(self) -> int:
        """runtime/mspanset.go atomicHeadTailIndex.load: both of them, as they were at one time."""
        return self.u.load()

    def cas(self, old: int, new: int) -> bool:
        """runtime/mspanset.go atomicHeadTailIndex.cas: replaces old by new, unless it changed."""
        return self.u.compare_and_swap(old, new)

    def inc_tail(self) -> int:
        """runtime/mspanset.go atomicHeadTailIndex.incTail: raises the tail; throws at its limit."""
        ht = self.u.add(1)
        # A tail that wrapped has also spoilt the head.
        if head_tail_index_tail(ht) == 0:
            throw("headTailIndex overflow")
        return ht

    def reset(self) -> None:
        """runtime/mspanset.go atomicHeadTailIndex.reset: an empty queue."""
        self.u.store(0)


class SpanSetBlock(Struct):
    """runtime/mspanset.go spanSetBlock: some of a set's spans.

    popped counts the pops that are done with the block. next and pushcnt are those of the lfnode that
    Go embeds.
    """

    next: Mixed["TaggedPointer | int"] = 0
    pushcnt: Plain[int] = 0
    popped: Atomic[int]
    spans: Const[MixedArray["Mspan | None"]]


def new_span_set_block(config: "Config") -> SpanSetBlock:
    """runtime/mspanset.go spanSetBlock: one without spans."""
    block = SpanSetBlock()
    block.spans = MixedArray(config.span_set_block_entries, None)
    return block


def span_set_block_size(config: "Config") -> int:
    """runtime/mspanset.go spanSetBlock: its bytes (next, pushcnt, popped with padding, spans)."""
    return 8 + (2 + config.span_set_block_entries) * config.ptr_size


class SpanSetBlockAlloc(Struct):
    """runtime/mspanset.go spanSetBlockAlloc: the pool of blocks, Go's spanSetBlockPool."""

    stack: Lfstack

    def alloc(self, h: "Mheap") -> SpanSetBlock:
        """runtime/mspanset.go spanSetBlockAlloc.alloc: a block out of the pool, or a new one."""
        s: SpanSetBlock | None = self.stack.pop()
        if s is not None:
            return s
        size = span_set_block_size(h.config)
        persistentalloc(h, size, CACHE_LINE_SIZE, h.runtime.memstats.gc_misc_sys)
        return new_span_set_block(h.config)

    def free(self, config: "Config", block: SpanSetBlock) -> None:
        """runtime/mspanset.go spanSetBlockAlloc.free: puts a block without spans into the pool."""
        block.popped.store(0)
        self.stack.push(config, block)


class SpanSet(Struct):
    """runtime/mspanset.go spanSet: a queue of spans.

    spine_len is the number of blocks that the spine has had since the last reset, spine_cap the
    size of the spine, which is guarded by spine_lock.
    """

    h: Const["Mheap"]
    spine_lock: Mutex
    spine: Atomic["MixedArray[SpanSetBlock | None]"]
    spine_len: Atomic[int]
    spine_cap: Plain[int] = 0
    index: AtomicHeadTailIndex

    def init(self, h: "Mheap") -> None:
        """runtime/mcentral.go mcentral.init: ranks the lock; a set starts empty, without a spine."""
        self.h = h
        lock_init(self.spine_lock, LockRank.SPAN_SET_SPINE)

    def push(self, s: "Mspan") -> None:
        """runtime/mspanset.go spanSet.push: adds s."""
        h = self.h
        entries = h.config.span_set_block_entries
        # Take a slot.
        cursor = head_tail_index_tail(self.index.inc_tail()) - 1
        top = cursor // entries
        bottom = cursor % entries

        spine_len = self.spine_len.load()
        while True:
            if top < spine_len:
                block = atomic.loadp(self.spine.load(), top)
                break
            # A block is missing, perhaps in a spine that is too short.
            lock(self.spine_lock)
            # Until the lock is given back spine_len stays; it may have grown before.
            spine_len = self.spine_len.load()
            if top < spine_len:
                unlock(self.spine_lock)
                continue

            spine = self.spine.load()
            if spine_len == self.spine_cap:
                new_cap = self.spine_cap * 2
                if new_cap == 0:
                    new_cap = h.config.span_set_init_spine_cap
                size = new_cap * h.config.ptr_size
                persistentalloc(h, size, CACHE_LINE_SIZE, h.runtime.memstats.gc_misc_sys)
                new_spine: MixedArray[SpanSetBlock | None] = MixedArray(new_cap, None)
                for i in range(self.spine_cap):
                    # Atomically, where Go copies memory: a pop may clear an entry of the old spine
                    # meanwhile. That it stays in the new one does no harm, it is not used again.
                    new_spine[i] = atomic.loadp(spine, i)
                spine = new_spine
                self.spine.store(spine)
                # The old spine is left alone: a push or pop may still read it.
                self.spine_cap = new_cap

            block = h.runtime.span_set_block_pool.alloc(h)
            atomic.storep(spine, top, block)
            self.spine_len.store(spine_len + 1)
            unlock(self.spine_lock)
            break

        # Atomically, since a pop may be waiting for the slot to be filled.
        atomic.storep(block.spans, bottom, s)

    def pop(self) -> "Mspan | None":
        """runtime/mspanset.go spanSet.pop: removes and returns the oldest span; None if empty.

        None may also mean that a push has not come to its end.

        Departs: gives way (osyield) where Go spins.
        """
        entries = self.h.config.span_set_block_entries
        claimed = False
        while not claimed:
            headtail = self.index.load()
            head, tail = head_tail_index_split(headtail)
            if head >= tail:
                return None
            # Without a block for the head, its push is under way: better nothing than a wait.
            spine_len = self.spine_len.load()
            if spine_len <= head // entries:
                return None
            # A push that moves the tail makes this fail, so it is tried while the head stays.
            want = head
            while want == head:
                if self.index.cas(headtail, make_head_tail_index(want + 1, tail)):
                    claimed = True
                    break
                headtail = self.index.load()
                head, tail = head_tail_index_split(headtail)
            # Another pop may have taken the head; there may be more spans.
        top = head // entries
        bottom = head % entries

        # The spine may be an old one, but spine_len only grows: the block is in each of them.
        spine = self.spine.load()
        block = atomic.loadp(spine, top)
        s: Mspan | None = atomic.loadp(block.spans, bottom)
        while s is None:
            # The push has its slot, but has yet to fill it.
            osyield()
            s = atomic.loadp(block.spans, bottom)
        # So that a block used again by mistake shows.
        atomic.storep(block.spans, bottom, None)

        # Whoever counts last is the last pop of this block, though not the one of its last slot,
        # and no push uses a block whose slots are all taken: the block is free.
        if u32(block.popped.add(1)) == entries:
            atomic.storep(spine, top, None)
            self.h.runtime.span_set_block_pool.free(self.h.config, block)
        return s

    def reset(self) -> None:
        """runtime/mspanset.go spanSet.reset: readies an empty set; nobody else may use it now.

        Throws if the set isn't empty.
        """
        entries = self.h.config.span_set_block_entries
        head, tail = head_tail_index_split(self.index.load())
        if head < tail:
            throw("attempt to clear non-empty span set")
        top = head // entries
        if top < self.spine_len.load():
            # The block that head and tail are in would have been pushed to next.
            spine = self.spine.load()
            block = atomic.loadp(spine, top)
            if block is not None:
                if block.popped.load() == 0:
                    throw("span set block with unpopped elements found in reset")
                if block.popped.load() == entries:
                    throw("fully empty unfreed span set block found in reset")
                atomic.storep(spine, top, None)
                self.h.runtime.span_set_block_pool.free(self.h.config, block)
        self.index.reset()
        self.spine_len.store(0)
