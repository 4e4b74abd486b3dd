"""What a free list must do: which blocks are on it, and in which order, without any pointers."""

from typing import Any

from checker.spec import ALL, BOOL, And, Implies, Machine, Not, Or


def build() -> Machine:
    why = "a block that is handed out twice is written by two owners"
    machine = Machine("free_list", cites="allocator.py Pool", why=why)
    block = machine.sort("Block")
    machine.var("listed", block, type=BOOL, init=False)
    machine.var("before", block, block, type=BOOL, init=False, why="the order of the list")

    @machine.action(b=block, cites="allocator.py Pool.alloc")
    def alloc(x: Any, n: Any, b: Any) -> None:
        x.require(And(x.listed[b], x.all(block, lambda c: Not(x.before[c, b]))))
        n.listed[b] = False
        n.before[b, ALL] = lambda _: False

    @machine.action(b=block, cites="allocator.py Pool.free")
    def free(x: Any, n: Any, b: Any) -> None:
        x.require(Not(x.listed[b]))
        n.listed[b] = True
        n.before[b, ALL] = lambda c: x.listed[c]

    @machine.invariant(a=block, b=block, cites="allocator.py Pool.links")
    def only_free_blocks_are_listed(x: Any, a: Any, b: Any) -> Any:
        """What is on the list is handed out next."""
        return Implies(x.before[a, b], And(x.listed[a], x.listed[b]))

    @machine.invariant(a=block, b=block, cites="allocator.py Pool.links")
    def every_free_block_has_a_place(x: Any, a: Any, b: Any) -> Any:
        """A free block off the list is lost."""
        both = And(x.listed[a], x.listed[b], Not(a == b))
        return Implies(both, Or(x.before[a, b], x.before[b, a]))

    @machine.invariant(a=block, b=block, cites="allocator.py Pool.free_blocks")
    def the_list_does_not_go_round(x: Any, a: Any, b: Any) -> Any:
        """Of two blocks one comes first, or following the links never ends."""
        return Not(And(x.before[a, b], x.before[b, a]))

    @machine.transition(a=block, b=block, cites="allocator.py Pool.alloc")
    def one_block_at_a_time(x: Any, n: Any, a: Any, b: Any) -> Any:
        """A call concerns one block: no other changes hands."""
        changed = And(Not(x.listed[a] == n.listed[a]), Not(x.listed[b] == n.listed[b]))
        return Implies(changed, a == b)

    return machine
