"""mSpanList: any number of lists over any number of spans, as sequences, without pointers.

`on` says which list a span is on and `before` in which order, so the machine states what the
doubly linked list is for; how first, last, next, prev and list represent it is the abstraction
function's business.
"""

from checker.spec import ALL, BOOL, And, Element, If, Implies, Machine, Next, Not, Or, State, Truth

machine = Machine(
    "span_list",
    cites="runtime/mheap.go:405",
    why="a span on two lists, or lost from one, is handed out twice or never",
)
Span, SpanList = machine.sort("Span"), machine.sort("SpanList")

# Init: the variables, with the initial value of every entry.
machine.var("on", Span, SpanList, type=BOOL, init=False, why="mspan.list == list")
machine.var("before", Span, Span, type=BOOL, init=False, why="both on one list, in this order")

# Next: a step is one of these, for some spans and lists.
machine.next("insert", "insert_back", "remove", "take_all")


def build() -> Machine:
    """The machine of mSpanList."""
    return machine.copy()


def free(x: State, s: Element) -> Truth:
    """Whether the span is on no list."""
    return x.all(SpanList, lambda k: Not(x.on[s, k]))


@machine.action(a_list=SpanList, s=Span, cites="runtime/mheap.go:1734 mSpanList.insert")
def insert(x: State, n: Next, a_list: Element, s: Element) -> None:
    """A span on no list becomes the first of this one."""
    x.require(free(x, s))
    n.on[s, a_list] = True
    n.before[s, ALL] = lambda b: x.on[b, a_list]


@machine.action(a_list=SpanList, s=Span, cites="runtime/mheap.go:1752 mSpanList.insertBack")
def insert_back(x: State, n: Next, a_list: Element, s: Element) -> None:
    """A span on no list becomes the last of this one."""
    x.require(free(x, s))
    n.on[s, a_list] = True
    n.before[ALL, s] = lambda a: x.on[a, a_list]


@machine.action(a_list=SpanList, s=Span, cites="runtime/mheap.go:1709 mSpanList.remove")
def remove(x: State, n: Next, a_list: Element, s: Element) -> None:
    """A span of this list leaves it; the others keep their order."""
    x.require(x.on[s, a_list])
    n.on[s, a_list] = False
    n.before[s, ALL] = lambda _: False
    n.before[ALL, s] = lambda _: False


@machine.action(a_list=SpanList, other=SpanList, cites="runtime/mheap.go:1771 mSpanList.takeAll")
def take_all(x: State, n: Next, a_list: Element, other: Element) -> None:
    """All spans of the other list move to the front of this one, in their order."""
    x.require(a_list != other)
    n.on[ALL, ALL] = lambda s, k: If(x.on[s, other], k == a_list, x.on[s, k])
    n.before[ALL, ALL] = lambda a, b: Or(x.before[a, b], And(x.on[a, other], x.on[b, a_list]))


# What is claimed.


@machine.invariant(s=Span, a_list=SpanList, other=SpanList, cites="runtime/mheap.go:414 mspan.list")
def on_one_list(x: State, s: Element, a_list: Element, other: Element) -> Truth:
    """A span is on at most one list, or it would be handed out twice."""
    return Implies(And(x.on[s, a_list], x.on[s, other]), a_list == other)


@machine.invariant(a=Span, cites="runtime/mheap.go:412 mspan.next")
def never_before_itself(x: State, a: Element) -> Truth:
    """Walking a list ends: there is no cycle."""
    return Not(x.before[a, a])


@machine.invariant(a=Span, b=Span, c=Span, cites="runtime/mheap.go:412 mspan.next")
def order_is_transitive(x: State, a: Element, b: Element, c: Element) -> Truth:
    """The order of a list is an order."""
    return Implies(And(x.before[a, b], x.before[b, c]), x.before[a, c])


@machine.invariant(a=Span, b=Span, a_list=SpanList, cites="runtime/mheap.go:406 mSpanList.first")
def order_is_total(x: State, a: Element, b: Element, a_list: Element) -> Truth:
    """Every two spans of a list are ordered: walking it meets them all."""
    both = And(x.on[a, a_list], x.on[b, a_list], a != b)
    return Implies(both, Or(x.before[a, b], x.before[b, a]))


@machine.invariant(a=Span, b=Span, a_list=SpanList, cites="runtime/mheap.go:413 mspan.prev")
def order_stays_within_a_list(x: State, a: Element, b: Element, a_list: Element) -> Truth:
    """A link never leads to another list."""
    return Implies(x.before[a, b], x.on[a, a_list] == x.on[b, a_list])


@machine.invariant(a=Span, b=Span, cites="runtime/mheap.go:413 mspan.prev")
def only_listed_spans_are_ordered(x: State, a: Element, b: Element) -> Truth:
    """A span that left its list has no links."""
    return Implies(x.before[a, b], x.any(SpanList, lambda k: x.on[a, k]))
