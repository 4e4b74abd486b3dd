"""Linked lists of any length, whose nodes come into being when they are looked at.

A `Seq` is a well-formed doubly linked list of symbolic length. A node stands at a symbolic position
and is made when some field first leads to it; two looks at equal positions find one node, so `is`
keeps its meaning. Fields are read from "the list is well formed" until the code writes them. What
was never looked at cannot have changed: a finite run over a few nodes covers lists of every length.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

from checker.bitvectors import OutsideSubset
from checker.logic import Or
from checker.symbolic.harness import Engine


@dataclass(frozen=True)
class Links:
    """The names of the fields that make the list: three of a node, two of a head."""

    next: str = "next"
    prev: str = "prev"
    owner: str = "list"
    first: str = "first"
    last: str = "last"


DEFAULT_LINKS = Links()


class Seq:
    """A well-formed list of any length (at most `most`, if given) under a head of its own.

    Distinct sequences share no node, as a node has one owner. Fields other than the links are
    read from `read_other(position, field)`.
    """

    def __init__(
        self,
        e: Engine,
        name: str,
        node_class: type,
        head_class: type,
        *,
        links: Links = DEFAULT_LINKS,
        most: int | None = None,
        read_other: Callable[[Any, str], Any] | None = None,
    ) -> None:
        self.links = links
        self.length = e.integer(f"len({name})", 0, most)
        self.head = lazy(head_class, self._read_head)
        self.owner_at: Callable[[Any], Any] = lambda _: self.head
        """The owner recorded in the node at a position, until the code writes it."""
        self._node_class = node_class
        self._read_other = read_other
        self._made: list[tuple[Any, Any]] = []

    def node(self, position: Any) -> Any:
        """The node at a position; None outside [0, length)."""
        if Or(position < 0, position >= self.length):
            return None
        # A symbolic comparison forks: on each path the position is that of a node made before or of
        # none, so that no two nodes stand at one position and `is` means what it does in the code.
        for other, node in self._made:
            if position == other:
                return node
        node = lazy(self._node_class, lambda field: self._read_node(position, field))
        self._made.append((position, node))
        return node

    def forget(self, field: str) -> None:
        """Makes every node's `field` unread again, for code that may have changed any of them."""
        for _, node in self._made:
            if field in _fields_set(node):
                delattr(node, field)

    def _read_node(self, position: Any, field: str) -> Any:
        if field == self.links.next:
            return self.node(position + 1)
        if field == self.links.prev:
            return self.node(position - 1)
        if field == self.links.owner:
            return self.owner_at(position)
        if self._read_other is None:
            raise OutsideSubset(f"the harness does not say what {field!r} of a node is")
        return self._read_other(position, field)

    def _read_head(self, field: str) -> Any:
        if field == self.links.first:
            return self.node(self.length * 0)
        if field == self.links.last:
            return self.node(self.length - 1)
        raise OutsideSubset(f"the harness does not say what {field!r} of a head is")


def lazy(base: type, read: Callable[[str], Any]) -> Any:
    """An object of class `base` whose fields are unset; the first read of one is `read(name)`."""
    instance = _lazy_class(base).__new__(_lazy_class(base))
    object.__setattr__(instance, "_lazy_read", read)
    return instance


def check_list(
    e: Engine,
    head: Any,
    length: Any,
    node_at: Callable[[Any], Any],
    name: str,
    links: Links = DEFAULT_LINKS,
) -> None:
    """Claims that `head` is a well-formed list of `length` nodes, with node_at(i) at position i.

    The two ends and one arbitrary position are checked, hence all of them: the position is a fresh
    input of which nothing is known but that it is one.
    """
    is_empty = bool(length == 0)
    first = None if is_empty else node_at(length * 0)
    last = None if is_empty else node_at(length - 1)
    e.check(getattr(head, links.first) is first, f"{name}: first")
    e.check(getattr(head, links.last) is last, f"{name}: last")
    if is_empty:
        return
    i = e.integer(f"i({name})", 0)
    e.assume(i < length)
    node = node_at(i)
    after = None if i == length - 1 else node_at(i + 1)
    before = None if i == 0 else node_at(i - 1)
    e.check(node is not None, f"{name}: a node at every position")
    e.check(getattr(node, links.owner) is head, f"{name}: owner")
    e.check(getattr(node, links.next) is after, f"{name}: next")
    e.check(getattr(node, links.prev) is before, f"{name}: prev")


def link(head: Any, nodes: Sequence[Any], links: Links = DEFAULT_LINKS) -> None:
    """Makes `head` the list of just these plain nodes."""
    setattr(head, links.first, nodes[0] if nodes else None)
    setattr(head, links.last, nodes[-1] if nodes else None)
    for i, node in enumerate(nodes):
        setattr(node, links.owner, head)
        setattr(node, links.prev, nodes[i - 1] if i else None)
        setattr(node, links.next, nodes[i + 1] if i + 1 < len(nodes) else None)


@cache
def _lazy_class(base: type) -> Any:
    """A subclass that asks `_lazy_read` for fields never written. Built past the metaclass, which
    may read the class body as a declaration of fields.
    """
    for name in dir(base):
        value = inspect.getattr_static(base, name)
        is_field = isinstance(value, MemberDescriptorType | GetSetDescriptorType)
        if not (name.startswith("__") or callable(value) or is_field):
            raise TypeError(f"{base.__name__}.{name} has a default in the class: it can't be lazy")
    body = {"__slots__": ("_lazy_read",), "__getattr__": _read_field}
    return type.__new__(type(base), f"Lazy{base.__name__}", (base,), body)


def _read_field(self: Any, name: str) -> Any:
    """Python calls it for a field that is neither read nor written yet."""
    if name.startswith("__") or name == "_lazy_read":
        raise AttributeError(name)
    value = self._lazy_read(name)
    setattr(self, name, value)
    return value


def _fields_set(node: Any) -> set[str]:
    """The fields of a lazy object that were read or written."""
    names = set(getattr(node, "__dict__", {}))
    for each in type(node).__mro__:
        for name in getattr(each, "__slots__", ()):
            try:
                object.__getattribute__(node, name)
            except AttributeError:
                continue
            names.add(name)
    return names
