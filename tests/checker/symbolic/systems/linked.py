"""Doubly linked lists whose nodes know their list."""

from typing import Any

from checker.shared import Plain, Struct


class Refused(Exception):
    """The caller asks for what makes no sense."""


class Node(Struct):
    next: Plain[Any] = None
    prev: Plain[Any] = None
    list: Plain[Any] = None
    weight: Plain[int] = 0


class Chain(Struct):
    first: Plain[Any] = None
    last: Plain[Any] = None

    def insert(self, node: Node) -> None:
        if node.list is not None:
            raise Refused("it is on a list")
        node.next = self.first
        if self.first is not None:
            self.first.prev = node
        else:
            self.last = node
        self.first = node
        node.list = self

    def append(self, node: Node) -> None:
        if node.list is not None:
            raise Refused("it is on a list")
        node.prev = self.last
        if self.last is not None:
            self.last.next = node
        else:
            self.first = node
        self.last = node
        node.list = self

    def remove(self, node: Node) -> None:
        if node.list is not self:
            raise Refused("it is not on this list")
        if self.first is node:
            self.first = node.next
        else:
            node.prev.next = node.next
        if self.last is node:
            self.last = node.prev
        else:
            node.next.prev = node.prev
        node.next = None
        node.prev = None
        node.list = None

    def take_all(self, other: "Chain") -> None:
        """Moves all of other to the front of this list."""
        if other.first is None:
            return
        node = other.first
        while node is not None:
            node.list = self
            node = node.next
        if self.first is None:
            self.first = other.first
            self.last = other.last
        else:
            other.last.next = self.first
            self.first.prev = other.last
            self.first = other.first
        other.first = None
        other.last = None
