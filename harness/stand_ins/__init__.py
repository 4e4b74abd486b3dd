"""Stand-ins for three neighbours of the heap while its threads are explored or run symbolically.

The page allocator, the span sets and the mark bits each have an inside of their own, which would
multiply the states of everything that uses them. Here each is the plainest thing that does the same:

| module of the port | stand-in | shown to be that by |
|---|---|---|
| mpagealloc | first_fit: one bitmap, lowest run that fits | random runs of both, side by side |
| mspanset | queue: a queue that changes in one step | every interleaving of pushes and pops |
| gcbits | fresh_bits: each bitmap has memory of its own | every interleaving of allocations |

The theorems about them are in a subject of their own.
"""

STAND_INS = {
    "mpagealloc": "harness.stand_ins.first_fit",
    "mspanset": "harness.stand_ins.queue",
    "gcbits": "harness.stand_ins.fresh_bits",
}
"""For checker.binding: module of impl/ -> module in its place."""
