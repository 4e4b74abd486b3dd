"""A pool of blocks of one size; the free ones are on a list that is kept in the blocks themselves.

A block is a number. `links[block]` is the next free block, END behind the last one, or USED.
"""

from checker.shared import throw

END, USED = -1, -2


class Pool:
    def __init__(self, size: int) -> None:
        """All blocks are in use: who has the memory gives it to the pool with `free`."""
        self.links = [USED] * size
        self.first = END

    def alloc(self) -> int:
        """The block that was freed last."""
        block = self.first
        if block == END:
            throw("the pool is empty")
        self.first = self.links[block]
        self.links[block] = USED
        return block

    def free(self, block: int) -> None:
        """Takes a block back. One that is free already would be on the list twice."""
        if self.links[block] != USED:
            throw("the block is free")
        self.links[block] = self.first
        self.first = block

    def free_blocks(self) -> list[int]:
        """The blocks on the list, in order."""
        found, block = [], self.first
        while block != END:
            found.append(block)
            if len(found) > len(self.links):
                throw("the list goes round")
            block = self.links[block]
        return found
