"""mSpanList: any number of lists over any number of spans, as sequences, without pointers.

`on` says which list a span is on and `before` in which order, so the machine states what the
doubly linked list is for; how first, last, next, prev and list represent it is the abstraction
function's business.
"""

from typing import Any

from checker.spec import ALL, BOOL, And, If, Implies, Machine, Not, Or


def build() -> Machine:
    """The machine of mSpanList."""
    machine = Machine(
        "span_list",
        cites="runtime/mheap.go:405",
        why="a span on two lists, or lost from one, is handed out twice or never",
    )
    span, lists = machine.sort("Span"), machine.sort("SpanList")
    machine.var("on", span, lists, type=BOOL, init=False, why="mspan.list == list")
    machine.var("before", span, span, type=BOOL, init=False, why="both on one list, in this order")
    _actions(machine, span, lists)
    _properties(machine, span, lists)
    return machine


def _actions(machine: Machine, span: Any, lists: Any) -> None:
    def free(x: Any, s: Any) -> Any:
        return x.all(lists, lambda k: Not(x.on[s, k]))

    @machine.action(l=lists, s=span, cites="runtime/mheap.go:1734 mSpanList.insert")
    def insert(x: Any, n: Any, l: Any, s: Any) -> None:  # noqa: E741  # a list
        """A span on no list becomes the first of this one."""
        x.require(free(x, s))
        n.on[s, l] = True
        n.before[s, ALL] = lambda b: x.on[b, l]

    @machine.action(l=lists, s=span, cites="runtime/mheap.go:1752 mSpanList.insertBack")
    def insert_back(x: Any, n: Any, l: Any, s: Any) -> None:  # noqa: E741
        """A span on no list becomes the last of this one."""
        x.require(free(x, s))
        n.on[s, l] = True
        n.before[ALL, s] = lambda a: x.on[a, l]

    @machine.action(l=lists, s=span, cites="runtime/mheap.go:1709 mSpanList.remove")
    def remove(x: Any, n: Any, l: Any, s: Any) -> None:  # noqa: E741
        """A span of this list leaves it; the others keep their order."""
        x.require(x.on[s, l])
        n.on[s, l] = False
        n.before[s, ALL] = lambda _: False
        n.before[ALL, s] = lambda _: False

    @machine.action(l=lists, o=lists, cites="runtime/mheap.go:1771 mSpanList.takeAll")
    def take_all(x: Any, n: Any, l: Any, o: Any) -> None:  # noqa: E741
        """All spans of the other list move to the front of this one, in their order."""
        x.require(l != o)
        n.on[ALL, ALL] = lambda s, k: If(x.on[s, o], k == l, x.on[s, k])
        n.before[ALL, ALL] = lambda a, b: Or(x.before[a, b], And(x.on[a, o], x.on[b, l]))


def _properties(machine: Machine, span: Any, lists: Any) -> None:
    @machine.invariant(s=span, l=lists, k=lists, cites="runtime/mheap.go:414 mspan.list")
    def on_one_list(x: Any, s: Any, l: Any, k: Any) -> Any:  # noqa: E741
        """A span is on at most one list, or it would be handed out twice."""
        return Implies(And(x.on[s, l], x.on[s, k]), l == k)

    @machine.invariant(a=span, cites="runtime/mheap.go:412 mspan.next")
    def never_before_itself(x: Any, a: Any) -> Any:
        """Walking a list ends: there is no cycle."""
        return Not(x.before[a, a])

    @machine.invariant(a=span, b=span, c=span, cites="runtime/mheap.go:412 mspan.next")
    def order_is_transitive(x: Any, a: Any, b: Any, c: Any) -> Any:
        """The order of a list is an order."""
        return Implies(And(x.before[a, b], x.before[b, c]), x.before[a, c])

    @machine.invariant(a=span, b=span, l=lists, cites="runtime/mheap.go:406 mSpanList.first")
    def order_is_total(x: Any, a: Any, b: Any, l: Any) -> Any:  # noqa: E741
        """Every two spans of a list are ordered: walking it meets them all."""
        both = And(x.on[a, l], x.on[b, l], a != b)
        return Implies(both, Or(x.before[a, b], x.before[b, a]))

    @machine.invariant(a=span, b=span, l=lists, cites="runtime/mheap.go:413 mspan.prev")
    def order_stays_within_a_list(x: Any, a: Any, b: Any, l: Any) -> Any:  # noqa: E741
        """A link never leads to another list."""
        return Implies(x.before[a, b], x.on[a, l] == x.on[b, l])

    @machine.invariant(a=span, b=span, cites="runtime/mheap.go:413 mspan.prev")
    def only_listed_spans_are_ordered(x: Any, a: Any, b: Any) -> Any:
        """A span that left its list has no links."""
        return Implies(x.before[a, b], x.any(lists, lambda k: x.on[a, k]))
