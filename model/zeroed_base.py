"""zeroedBase: which pages of an arena are known to be zero, raised by many threads without a lock.

An allocation that spans several arenas is treated part by part, one `Part` for each arena, because
the protocol is about one arena's word at a time. Addresses are page offsets in the arena. A part
loads the word once to decide whether its pages need zeroing, then raises the word to its end by
compare-and-swap. Pages are used only after their part was handed out.
"""

from checker.spec import (
    BOOL,
    And,
    Choice,
    Element,
    Enumeration,
    Implies,
    Machine,
    Next,
    Not,
    Or,
    Range,
    State,
    Term,
    Truth,
    is_one_of,
)


class PartStage(Enumeration):
    """What a part is in the middle of."""

    IDLE = 0
    OWNED = 1
    LOADED = 2
    RAISED = 3
    HANDED_OUT = 4


IDLE, OWNED, LOADED, RAISED, HANDED_OUT = PartStage

machine = Machine(
    "zeroed_base",
    cites="runtime/mheap.go:308",
    why="memory believed zero that is not leaks old data into new objects",
)
Arena, Part = machine.sort("Arena"), machine.sort("Part")
pages = machine.constant("arena_pages", least=1)
Page, End = Range(0, pages), Range(0, pages)

# Init: the variables, with the initial value of every entry.
machine.var("zeroed_base", Arena, type=End, init=0, why="heapArena.zeroedBase, in pages")
machine.var("used", Arena, Page, type=BOOL, init=False, why="the page was ever written")
machine.var("stage", Part, type=Choice(PartStage), init=IDLE)
machine.var("arena", Part, type=Arena, init=0)
machine.var("low", Part, type=Page, init=0, why="arenaBase, in pages")
machine.var("high", Part, type=End, init=0, why="arenaLimit, in pages")
machine.var("seen", Part, type=End, init=0, why="the local variable zeroedBase")
machine.var("needs_zero", Part, type=BOOL, init=False, why="the result needZero")

# Next: a step is one of these, for some parts, arenas and pages.
machine.next("own", "load", "enough", "raise_base", "reload", "hand_out", "use")


def build() -> Machine:
    """The machine of allocNeedsZero: any number of arenas and allocations in flight."""
    return machine.copy()


def in_flight(x: State, p: Element) -> Truth:
    """Whether the part is between getting its pages and being handed out."""
    return is_one_of(x.stage[p], OWNED, LOADED, RAISED)


@machine.action(p=Part, a=Arena, low=Page, high=Page, cites="runtime/mheap.go:1024")
def own(x: State, n: Next, p: Element, a: Element, low: Term, high: Term) -> None:
    """The page allocator gives pages [low, high) of an arena to nobody else meanwhile."""
    x.require(And(Not(in_flight(x, p)), low < high))

    def apart(q: Element) -> Truth:
        clear = Or(x.arena[q] != a, x.high[q] <= low, high <= x.low[q])
        return Implies(in_flight(x, q), clear)

    x.require(x.all(Part, apart))
    n.stage[p] = OWNED
    n.arena[p] = a
    n.low[p] = low
    n.high[p] = high
    n.seen[p] = 0
    n.needs_zero[p] = False


@machine.action(p=Part, cites="runtime/mheap.go:1029 mheap.allocNeedsZero")
def load(x: State, n: Next, p: Element) -> None:
    """The first load decides: pages below zeroedBase may be dirty."""
    x.require(x.stage[p] == OWNED)
    base = x.zeroed_base[x.arena[p]]
    n.seen[p] = base
    n.needs_zero[p] = x.low[p] < base
    n.stage[p] = LOADED


@machine.action(p=Part, cites="runtime/mheap.go:1054 mheap.allocNeedsZero")
def enough(x: State, n: Next, p: Element) -> None:
    """The word is at the end of the part or beyond: nothing to raise."""
    x.require(And(x.stage[p] == LOADED, x.high[p] <= x.seen[p]))
    n.stage[p] = RAISED


@machine.action(p=Part, cites="runtime/mheap.go:1055 mheap.allocNeedsZero")
def raise_base(x: State, n: Next, p: Element) -> None:
    """The compare-and-swap succeeds: nobody moved the word since it was seen."""
    a = x.arena[p]
    x.require(And(x.stage[p] == LOADED, x.seen[p] < x.high[p]))
    x.require(x.zeroed_base[a] == x.seen[p])
    n.zeroed_base[a] = x.high[p]
    n.stage[p] = RAISED


@machine.action(p=Part, cites="runtime/mheap.go:1058 mheap.allocNeedsZero")
def reload(x: State, n: Next, p: Element) -> None:
    """The compare-and-swap failed: somebody moved the word, look again."""
    a = x.arena[p]
    x.require(And(x.stage[p] == LOADED, x.seen[p] < x.high[p]))
    x.require(x.zeroed_base[a] != x.seen[p])
    n.seen[p] = x.zeroed_base[a]


@machine.action(p=Part, cites="runtime/mheap.go:1072 mheap.allocNeedsZero")
def hand_out(x: State, n: Next, p: Element) -> None:
    """allocNeedsZero returns; its caller may write the pages from here on."""
    x.require(x.stage[p] == RAISED)
    n.stage[p] = HANDED_OUT


@machine.action(p=Part, i=Page, cites="runtime/malloc.go mallocgc")
def use(x: State, n: Next, p: Element, i: Term) -> None:
    """The owner writes one of its pages."""
    x.require(And(x.stage[p] == HANDED_OUT, x.low[p] <= i, i < x.high[p]))
    n.used[x.arena[p], i] = True


# What is claimed.


@machine.invariant(p=Part, i=Page, cites="runtime/mheap.go:980")
def clean_means_never_used(x: State, p: Element, i: Term) -> Truth:
    """If allocNeedsZero says no, no page of the allocation was ever written."""
    claimed = And(is_one_of(x.stage[p], LOADED, RAISED), Not(x.needs_zero[p]))
    inside = And(x.low[p] <= i, i < x.high[p])
    return Implies(And(claimed, inside), Not(x.used[x.arena[p], i]))


@machine.invariant(p=Part, cites="runtime/mheap.go:1060")
def never_overlapping(x: State, p: Element) -> Truth:
    """The throw "potentially overlapping in-use allocations detected" is unreachable."""
    base = x.zeroed_base[x.arena[p]]
    inside = And(x.low[p] < base, base <= x.high[p])
    return Implies(And(x.stage[p] == LOADED, base != x.seen[p]), Not(inside))


@machine.invariant(p=Part, cites="runtime/mheap.go:1052")
def raised_to_the_end(x: State, p: Element) -> Truth:
    """Once done, zeroedBase is at the end of the part or beyond."""
    done = is_one_of(x.stage[p], RAISED, HANDED_OUT)
    return Implies(done, x.high[p] <= x.zeroed_base[x.arena[p]])


@machine.invariant(a=Arena, i=Page, cites="runtime/mheap.go:308")
def zero_above_the_base(x: State, a: Element, i: Term) -> Truth:
    """Every page at or above zeroedBase was never used."""
    return Implies(x.zeroed_base[a] <= i, Not(x.used[a, i]))


# What makes it inductive.


@machine.invariant(p=Part, q=Part, cites="runtime/mheap.go:1060", lemma=True)
def parts_are_disjoint(x: State, p: Element, q: Element) -> Truth:
    """Two allocations in flight share no page."""
    both = And(in_flight(x, p), in_flight(x, q), p != q, x.arena[p] == x.arena[q])
    return Implies(both, Or(x.high[p] <= x.low[q], x.high[q] <= x.low[p]))


@machine.invariant(p=Part, q=Part, cites="runtime/mheap.go:1038", lemma=True)
def clean_is_apart_from_used(x: State, p: Element, q: Element) -> Truth:
    """A part found clean shares no page with one whose owner may write it."""
    clean = And(is_one_of(x.stage[p], LOADED, RAISED), Not(x.needs_zero[p]))
    both = And(clean, x.stage[q] == HANDED_OUT, x.arena[p] == x.arena[q])
    return Implies(both, Or(x.high[p] <= x.low[q], x.high[q] <= x.low[p]))


@machine.invariant(p=Part, cites="runtime/mheap.go:1042", lemma=True)
def seen_is_past(x: State, p: Element) -> Truth:
    """What a part saw is not above what is there now."""
    return Implies(x.stage[p] == LOADED, x.seen[p] <= x.zeroed_base[x.arena[p]])


@machine.invariant(p=Part, cites="runtime/mheap.go:1024", lemma=True)
def parts_have_pages(x: State, p: Element) -> Truth:
    """A part in flight is not empty."""
    return Implies(in_flight(x, p), x.low[p] < x.high[p])


@machine.transition(a=Arena, cites="runtime/mheap.go:311", why="readers rely on it without a lock")
def zeroed_base_only_grows(x: State, n: State, a: Element) -> Truth:
    return x.zeroed_base[a] <= n.zeroed_base[a]
