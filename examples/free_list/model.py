"""What a free list must do: which blocks are on it, and in which order, without any pointers."""

from checker.spec import ALL, BOOL, And, Element, Implies, Machine, Next, Not, Or, State, Truth

machine = Machine(
    "free_list",
    cites="allocator.py Pool",
    why="a block that is handed out twice is written by two owners",
)
Block = machine.sort("Block")

# Init: every block is in use.
machine.var("listed", Block, type=BOOL, init=False)
machine.var("before", Block, Block, type=BOOL, init=False, why="the order of the list")


# Next: a step is one of these, for any block.
@machine.action(b=Block, cites="allocator.py Pool.alloc")
def alloc(x: State, n: Next, b: Element) -> None:
    """The first block of the list is handed out."""
    x.require(And(x.listed[b], x.all(Block, lambda c: Not(x.before[c, b]))))
    n.listed[b] = False
    n.before[b, ALL] = lambda _: False


@machine.action(b=Block, cites="allocator.py Pool.free")
def free(x: State, n: Next, b: Element) -> None:
    """A block that was handed out becomes the first of the list."""
    x.require(Not(x.listed[b]))
    n.listed[b] = True
    n.before[b, ALL] = lambda c: x.listed[c]


@machine.invariant(a=Block, b=Block, cites="allocator.py Pool.links")
def only_listed_blocks_have_a_place(x: State, a: Element, b: Element) -> Truth:
    """A block in use that is still linked is handed out again."""
    return Implies(x.before[a, b], And(x.listed[a], x.listed[b]))


@machine.invariant(a=Block, b=Block, cites="allocator.py Pool.links")
def every_listed_block_has_a_place(x: State, a: Element, b: Element) -> Truth:
    """A free block that nothing leads to is lost."""
    both = And(x.listed[a], x.listed[b], a != b)
    return Implies(both, Or(x.before[a, b], x.before[b, a]))


@machine.invariant(a=Block, b=Block, cites="allocator.py Pool.links")
def the_list_does_not_go_round(x: State, a: Element, b: Element) -> Truth:
    """Of two blocks one comes first, or following the links never ends."""
    return Not(And(x.before[a, b], x.before[b, a]))


@machine.transition(a=Block, b=Block, cites="allocator.py Pool.alloc")
def one_block_at_a_time(x: State, n: State, a: Element, b: Element) -> Truth:
    """A call concerns one block: no other changes hands."""
    changed = And(x.listed[a] != n.listed[a], x.listed[b] != n.listed[b])
    return Implies(changed, a == b)
