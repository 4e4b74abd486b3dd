"""zeroedBase: which pages of an arena are known to be zero, raised by many threads without a lock.

An allocation that spans several arenas is treated part by part, one `Part` for each arena, because
the protocol is about one arena's word at a time. Addresses are page offsets in the arena. A part
loads the word once to decide whether its pages need zeroing, then raises the word to its end by
compare-and-swap. Pages are used only after their part was handed out.
"""

from typing import Any

from checker.spec import BOOL, And, Choice, Implies, Machine, Not, Or, Range, is_one_of

STAGES = Choice(("IDLE", "OWNED", "LOADED", "RAISED", "HANDED_OUT"))
IDLE, OWNED, LOADED, RAISED, HANDED_OUT = range(5)


def build() -> Machine:
    """The machine of allocNeedsZero: any number of arenas and allocations in flight."""
    machine = Machine(
        "zeroed_base",
        cites="runtime/mheap.go:308",
        why="memory believed zero that is not leaks old data into new objects",
    )
    arena, part = machine.sort("Arena"), machine.sort("Part")
    pages = machine.constant("arena_pages", least=1)
    page, end = Range(0, pages), Range(0, pages)
    machine.var("zeroed_base", arena, type=end, init=0, why="heapArena.zeroedBase, in pages")
    machine.var("used", arena, page, type=BOOL, init=False, why="the page was ever written")
    machine.var("stage", part, type=STAGES, init=IDLE)
    machine.var("arena", part, type=arena, init=0)
    machine.var("low", part, type=page, init=0, why="arenaBase, in pages")
    machine.var("high", part, type=end, init=0, why="arenaLimit, in pages")
    machine.var("seen", part, type=end, init=0, why="the local variable zeroedBase")
    machine.var("needs_zero", part, type=BOOL, init=False, why="the result needZero")
    _actions(machine, arena, part, page)
    _properties(machine, arena, part, page)
    return machine


def in_flight(x: Any, p: Any) -> Any:
    """Whether the part is between getting its pages and being handed out."""
    return is_one_of(x.stage[p], OWNED, LOADED, RAISED)


def _actions(machine: Machine, arena: Any, part: Any, page: Any) -> None:
    @machine.action(p=part, a=arena, low=page, high=page, cites="runtime/mheap.go:1024")
    def own(x: Any, n: Any, p: Any, a: Any, low: Any, high: Any) -> None:
        """The page allocator gives pages [low, high) of an arena to nobody else meanwhile."""
        x.require(And(Not(in_flight(x, p)), low < high))

        def apart(q: Any) -> Any:
            clear = Or(x.arena[q] != a, x.high[q] <= low, high <= x.low[q])
            return Implies(in_flight(x, q), clear)

        x.require(x.all(part, apart))
        n.stage[p] = OWNED
        n.arena[p] = a
        n.low[p] = low
        n.high[p] = high
        n.seen[p] = 0
        n.needs_zero[p] = False

    @machine.action(p=part, cites="runtime/mheap.go:1029 mheap.allocNeedsZero")
    def load(x: Any, n: Any, p: Any) -> None:
        """The first load decides: pages below zeroedBase may be dirty."""
        x.require(x.stage[p] == OWNED)
        base = x.zeroed_base[x.arena[p]]
        n.seen[p] = base
        n.needs_zero[p] = x.low[p] < base
        n.stage[p] = LOADED

    @machine.action(p=part, cites="runtime/mheap.go:1054 mheap.allocNeedsZero")
    def enough(x: Any, n: Any, p: Any) -> None:
        """The word is at the end of the part or beyond: nothing to raise."""
        x.require(And(x.stage[p] == LOADED, x.high[p] <= x.seen[p]))
        n.stage[p] = RAISED

    @machine.action(p=part, cites="runtime/mheap.go:1055 mheap.allocNeedsZero")
    def raise_base(x: Any, n: Any, p: Any) -> None:
        """The compare-and-swap succeeds: nobody moved the word since it was seen."""
        a = x.arena[p]
        x.require(And(x.stage[p] == LOADED, x.seen[p] < x.high[p]))
        x.require(x.zeroed_base[a] == x.seen[p])
        n.zeroed_base[a] = x.high[p]
        n.stage[p] = RAISED

    @machine.action(p=part, cites="runtime/mheap.go:1058 mheap.allocNeedsZero")
    def reload(x: Any, n: Any, p: Any) -> None:
        """The compare-and-swap failed: somebody moved the word, look again."""
        a = x.arena[p]
        x.require(And(x.stage[p] == LOADED, x.seen[p] < x.high[p]))
        x.require(x.zeroed_base[a] != x.seen[p])
        n.seen[p] = x.zeroed_base[a]

    @machine.action(p=part, cites="runtime/mheap.go:1072 mheap.allocNeedsZero")
    def hand_out(x: Any, n: Any, p: Any) -> None:
        """allocNeedsZero returns; its caller may write the pages from here on."""
        x.require(x.stage[p] == RAISED)
        n.stage[p] = HANDED_OUT

    @machine.action(p=part, i=page, cites="runtime/malloc.go mallocgc")
    def use(x: Any, n: Any, p: Any, i: Any) -> None:
        """The owner writes one of its pages."""
        x.require(And(x.stage[p] == HANDED_OUT, x.low[p] <= i, i < x.high[p]))
        n.used[x.arena[p], i] = True


def _properties(machine: Machine, arena: Any, part: Any, page: Any) -> None:
    @machine.invariant(p=part, i=page, cites="runtime/mheap.go:980")
    def clean_means_never_used(x: Any, p: Any, i: Any) -> Any:
        """If allocNeedsZero says no, no page of the allocation was ever written."""
        claimed = And(is_one_of(x.stage[p], LOADED, RAISED), Not(x.needs_zero[p]))
        inside = And(x.low[p] <= i, i < x.high[p])
        return Implies(And(claimed, inside), Not(x.used[x.arena[p], i]))

    @machine.invariant(p=part, cites="runtime/mheap.go:1060")
    def never_overlapping(x: Any, p: Any) -> Any:
        """The throw "potentially overlapping in-use allocations detected" is unreachable."""
        base = x.zeroed_base[x.arena[p]]
        inside = And(x.low[p] < base, base <= x.high[p])
        return Implies(And(x.stage[p] == LOADED, base != x.seen[p]), Not(inside))

    @machine.invariant(p=part, cites="runtime/mheap.go:1052")
    def raised_to_the_end(x: Any, p: Any) -> Any:
        """Once done, zeroedBase is at the end of the part or beyond."""
        done = is_one_of(x.stage[p], RAISED, HANDED_OUT)
        return Implies(done, x.high[p] <= x.zeroed_base[x.arena[p]])

    @machine.invariant(a=arena, i=page, cites="runtime/mheap.go:308")
    def zero_above_the_base(x: Any, a: Any, i: Any) -> Any:
        """Every page at or above zeroedBase was never used."""
        return Implies(x.zeroed_base[a] <= i, Not(x.used[a, i]))

    @machine.invariant(p=part, q=part, cites="runtime/mheap.go:1060", lemma=True)
    def parts_are_disjoint(x: Any, p: Any, q: Any) -> Any:
        """Two allocations in flight share no page."""
        both = And(in_flight(x, p), in_flight(x, q), p != q, x.arena[p] == x.arena[q])
        return Implies(both, Or(x.high[p] <= x.low[q], x.high[q] <= x.low[p]))

    @machine.invariant(p=part, q=part, cites="runtime/mheap.go:1038", lemma=True)
    def clean_is_apart_from_used(x: Any, p: Any, q: Any) -> Any:
        """A part found clean shares no page with one whose owner may write it."""
        clean = And(is_one_of(x.stage[p], LOADED, RAISED), Not(x.needs_zero[p]))
        both = And(clean, x.stage[q] == HANDED_OUT, x.arena[p] == x.arena[q])
        return Implies(both, Or(x.high[p] <= x.low[q], x.high[q] <= x.low[p]))

    @machine.invariant(p=part, cites="runtime/mheap.go:1042", lemma=True)
    def seen_is_past(x: Any, p: Any) -> Any:
        """What a part saw is not above what is there now."""
        return Implies(x.stage[p] == LOADED, x.seen[p] <= x.zeroed_base[x.arena[p]])

    @machine.invariant(p=part, cites="runtime/mheap.go:1024", lemma=True)
    def parts_have_pages(x: Any, p: Any) -> Any:
        """A part in flight is not empty."""
        return Implies(in_flight(x, p), x.low[p] < x.high[p])

    @machine.transition(
        a=arena, cites="runtime/mheap.go:311", why="readers rely on it without a lock"
    )
    def zeroed_base_only_grows(x: Any, n: Any, a: Any) -> Any:
        return x.zeroed_base[a] <= n.zeroed_base[a]
