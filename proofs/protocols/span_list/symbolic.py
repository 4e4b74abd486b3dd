"""The port's list operations on lists of any length, and on every small shape beside the model.

A list of any length is a sequence whose spans come into being where the code looks, so that a run
that looks at a few of them covers all lengths. That the sequence is what the model says is seen on
the small shapes, where the model itself runs.
"""

from collections.abc import Callable, Mapping
from typing import Any

from checker.logic import Truth
from checker.plain import Instance
from checker.refinement import ModelRun
from checker.symbolic import Engine
from checker.symbolic.cut import Invariant
from checker.symbolic.lazy import Seq, check_list, link
from harness.port import PortView
from harness.symbolic import Port, theorem
from impl.rt import Throw
from proofs.protocols.span_list.abstraction import ABSTRACTION
from proofs.protocols.span_list.mutants import PORT_MUTANTS

VARIANTS = PORT_MUTANTS

SPANS, LISTED = 5, 4
INSTANCE = Instance(ABSTRACTION.machine, {"Span": SPANS, "SpanList": 2}, {})
THROWS = {
    "insert": "mSpanList.insert",
    "insert_back": "mSpanList.insertBack",
    "remove": "mSpanList.remove",
    "take_all": "",
}
Shape = tuple[Any, Any, Callable[[Any], Any], str]
"""A head, a length, the span at each position, and the name of the claim."""

TAKE_ALL = ("MSpanList.take_all", 0)


@theorem(
    *(f"{name}: allowed" for name in THROWS),
    *(f"{name}: forbidden" for name, text in THROWS.items() if text),
    cites="runtime/mheap.go:1699-1792",
    bound=f"two lists of together up to {LISTED} spans, and spans on no list",
)
def shapes(e: Engine, port: Port) -> None:
    """An operation does to lists what it does in the model, and throws just where it is forbidden."""
    lists = [port.mspanlist.MSpanList() for _ in range(2)]
    spans = [port.mspan.Mspan() for _ in range(SPANS)]
    view = PortView(get=getattr, spans=spans, lists=lists)
    model = ModelRun(INSTANCE, ABSTRACTION)
    first = e.choose(LISTED + 1, "spans on list 0")
    second = first + e.choose(LISTED + 1 - first, "spans on list 1")
    for k, (low, high) in enumerate(((0, first), (first, second))):
        link(lists[k], spans[low:high])
        for s in range(low, high):
            model.take("insert_back", k, s)

    name = list(THROWS)[e.choose(len(THROWS), "operation")]
    k = e.choose(2, "list")
    if name == "take_all":
        step, argument = (k, 1 - k), lists[1 - k]
    else:
        s = e.choose(SPANS, "span")
        step, argument = (k, s), spans[s]
    allowed = model.allows(name, *step)
    e.reach(f"{name}: {'allowed' if allowed else 'forbidden'}")
    try:
        getattr(lists[k], name)(argument)
    except Throw as throw:
        e.check(not allowed, "the port throws only where the model forbids the step")
        e.check(throw.text == THROWS[name], "the port throws Go's text")
    else:
        e.check(allowed, "the port throws where the model forbids the step")
        model.take(name, *step)
    wrong = ABSTRACTION.mismatch(view, INSTANCE, model.state)
    e.check(wrong is None, f"the port shows the model's lists, yet {wrong}")
    for each, here in enumerate(lists):
        empty = not any(model.see("on", s, each) for s in range(SPANS))
        e.check(here.is_empty() == empty, "is_empty")
    for s, span in enumerate(spans):
        listed = any(model.see("on", s, each) for each in range(2))
        e.check(span.in_list() == listed, "in_list")


def sequences(e: Engine, port: Port) -> tuple[Seq, Seq]:
    """Two lists of any length without a common span."""
    a, b = (Seq(e, name, port.mspan.Mspan, port.mspanlist.MSpanList) for name in "ab")
    return a, b


def any_span(e: Engine, seq: Seq) -> tuple[Any, Any]:
    """A span somewhere on the list, and where."""
    k = e.integer("k", 0)
    e.assume(k < seq.length)
    return seq.node(k), k


def unchanged(seq: Seq) -> Shape:
    """The list as it was."""
    return seq.head, seq.length, seq.node, "unchanged"


def check_each(e: Engine, *shapes: Shape) -> None:
    """Claims of each list that it has its shape: of one of them on a path, and of any of them."""
    check_list(e, *shapes[e.choose(len(shapes), "list looked at")])


@theorem("longer: owner", "unchanged: owner", cites="runtime/mheap.go:1736-1765")
def insertion(e: Engine, port: Port) -> None:
    """A span on no list, put into a list of any length, comes to be its first or its last."""
    a, b = sequences(e, port)
    span = port.mspan.Mspan()
    if e.choose(2, "back"):
        a.head.insert_back(span)
        node_at = lambda i: span if i == a.length else a.node(i)  # noqa: E731
    else:
        a.head.insert(span)
        node_at = lambda i: span if i == 0 else a.node(i - 1)  # noqa: E731
    check_each(e, (a.head, a.length + 1, node_at, "longer"), unchanged(b))


@theorem("unchanged: owner", "Go's text", cites="runtime/mheap.go:1737-1758", cross_check=False)
def insertion_twice(e: Engine, port: Port) -> None:
    """A span on a list of any length can't be put into this or another one: that throws."""
    a, b = sequences(e, port)
    span, _ = any_span(e, (a, b)[e.choose(2, "list it is on")])
    name = ("insert", "insert_back")[e.choose(2, "back")]
    try:
        getattr(a.head, name)(span)
    except Throw as throw:
        e.check(throw.text == THROWS[name], "Go's text")
        check_each(e, unchanged(a), unchanged(b))
    else:
        e.fail("it throws")


@theorem("rest: owner", "unchanged: owner", cites="runtime/mheap.go:1712-1732", cross_check=False)
def removal(e: Engine, port: Port) -> None:
    """A span of a list of any length, wherever it stands, leaves it; the others keep their order."""
    a, b = sequences(e, port)
    span, k = any_span(e, a)
    a.head.remove(span)
    e.check(span.next is None and span.prev is None and span.list is None, "it has no links")
    node_at = lambda i: a.node(i) if i < k else a.node(i + 1)  # noqa: E731
    check_each(e, (a.head, a.length - 1, node_at, "rest"), unchanged(b))


@theorem("unchanged: owner", "Go's text", cites="runtime/mheap.go:1713")
def removal_of_foreign(e: Engine, port: Port) -> None:
    """A span of another list of any length, or of no list, can't be removed: that throws."""
    a, b = sequences(e, port)
    span = port.mspan.Mspan() if e.choose(2, "on no list") else any_span(e, b)[0]
    try:
        a.head.remove(span)
    except Throw as throw:
        e.check(throw.text == THROWS["remove"], "Go's text")
        e.check(span.list is not a.head, "it stays where it was")
        check_each(e, unchanged(a), unchanged(b))
    else:
        e.fail("it throws")


def taken(e: Engine, a: Seq, b: Seq) -> None:
    """Claims that b's spans stand before a's."""
    e.check(b.head.first is None and b.head.last is None, "the other list is empty")
    node_at = lambda i: b.node(i) if i < b.length else a.node(i - b.length)  # noqa: E731
    check_list(e, a.head, a.length + b.length, node_at, "both")


@theorem(
    "both: owner",
    cites="runtime/mheap.go:1771-1792",
    bound="the list that is taken has up to 3 spans",
    cross_check=False,
)
def taking_few(e: Engine, port: Port) -> None:
    """All spans of a short list come to stand before those of a list of any length."""
    a, _ = sequences(e, port)
    b = Seq(e, "c", port.mspan.Mspan, port.mspanlist.MSpanList, most=3)
    a.head.take_all(b.head)
    taken(e, a, b)


class Reparented(Invariant):
    """`s` stands at position c of the other list; just the spans before it have a new owner."""

    writes = frozenset({"list"})

    def __init__(self, e: Engine, a: Seq, b: Seq) -> None:
        self.e, self.a, self.b = e, a, b
        self.c: Any = None

    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        return local_names["s"] is self.b.node(0)

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        self.c = c = self.e.integer("c", 0)
        self.e.assume(c <= self.b.length)
        self.b.forget("list")
        self.b.owner_at = lambda i: self.a.head if i < c else self.b.head
        return {"s": self.b.node(c)}

    def is_kept(self, local_names: Mapping[str, Any]) -> Truth:
        if local_names["s"] is not self.b.node(self.c + 1):
            return False
        p = self.e.integer("p", 0)
        self.e.assume(p < self.b.length)
        owner = self.a.head if p <= self.c else self.b.head
        return self.b.node(p).list is owner


@theorem(
    "both: owner",
    "loop 0 of MSpanList.take_all: invariant kept",
    cites="runtime/mheap.go:1771-1792",
    cuts=[TAKE_ALL],
    uncut=taking_few,
)
def taking(e: Engine, port: Port) -> None:
    """All spans of a list of any length come to stand before those of another, in their order."""
    a, b = sequences(e, port)
    with port.cuts.using(e, {TAKE_ALL: Reparented(e, a, b)}):
        a.head.take_all(b.head)
    taken(e, a, b)
