"""A stack that threads push to and pop from without a lock.

Not ported here, of runtime/lfstack.go and tagptr_64bit.go: the packing of a pointer and a count into
one word, its check (lfstack.push throws if an address doesn't fit), the variant for 32 bits, empty
and lfnodeValidate, which serve the work buffers. A node here is any struct with the fields next and
pushcnt, as a struct is in Go that embeds lfnode.
"""

from typing import Any, NamedTuple

from impl.config import Config
from impl.rt import Atomic, Struct, atomic

TAG_BITS = 19
"""runtime/tagptr_64bit.go tagBits: bits of a push count that fit beside a pointer."""


class TaggedPointer(NamedTuple):
    """runtime/tagptr.go taggedPointer: a node, and how often it was pushed until now.

    The count keeps apart two times at which the same node is on top: a pop that was overtaken by
    pops and pushes must not succeed, since the node's successor may be another one.
    """

    node: Any
    tag: int


class Lfstack(Struct):
    """runtime/lfstack.go lfstack: the top of the stack, a TaggedPointer, or 0 if it is empty."""

    head: Atomic[Any]

    def push(self, config: Config, node: Any) -> None:
        """runtime/lfstack.go lfstack.push: puts node on top."""
        node.pushcnt = config.uintptr(node.pushcnt + 1)
        new = TaggedPointer(node, node.pushcnt & ((1 << TAG_BITS) - 1))
        while True:
            old = self.head.load()
            node.next = old
            if self.head.compare_and_swap(old, new):
                break

    def pop(self) -> Any:
        """runtime/lfstack.go lfstack.pop: takes the top node off; None if the stack is empty."""
        while True:
            old = self.head.load()
            if old == 0:
                return None
            node = old.node
            next_ = atomic.load(node, "next")
            if self.head.compare_and_swap(old, next_):
                return node
