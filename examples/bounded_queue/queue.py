"""A bounded queue: a ring of slots, and two counters of 16 bits that only ever count up and wrap."""

from typing import Any

from checker.shared import throw

MASK = (1 << 16) - 1


class BoundedQueue:
    def __init__(self, capacity: int) -> None:
        """The capacity is a power of two, so that a slot's number survives the wrap."""
        self.capacity = capacity
        self.slots: Any = [None] * capacity
        self.head = 0  # how many items were taken, modulo 2**16
        self.tail = 0  # how many items were put, modulo 2**16

    def __len__(self) -> int:
        return self.size()

    def size(self) -> int:
        return (self.tail - self.head) & MASK

    def put(self, item: Any) -> None:
        if self.size() >= self.capacity:
            throw("the queue is full")
        self.slots[self.tail & (self.capacity - 1)] = item
        self.tail = (self.tail + 1) & MASK

    def get(self) -> Any:
        if self.size() == 0:
            throw("the queue is empty")
        item = self.slots[self.head & (self.capacity - 1)]
        self.head = (self.head + 1) & MASK
        return item
