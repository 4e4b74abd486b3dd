"""The sweep generation protocol: who may touch a span between two garbage collections.

A span's sweepgen is kept *relative* to the heap's, which is all that the protocol reads. So a new
cycle subtracts 2, the machine is finite for any number of cycles, and uint32 wrap-around is a
separate lemma on the words. `stage` says what a span is in the middle of, `owns` which thread may
act on it: that no two threads own one span is a theorem here, not built into the state.
"""

from checker.spec import (
    ALL,
    BOOL,
    And,
    Choice,
    Element,
    Enumeration,
    If,
    Implies,
    Machine,
    Next,
    Not,
    Or,
    Range,
    State,
    Truth,
    is_one_of,
)


class Generation(Enumeration):
    """A span's sweepgen less the heap's."""

    NEEDS_SWEEPING = -2
    BEING_SWEPT = -1
    SWEPT = 0  # and ready to use
    CACHED_STALE = 1  # cached before the sweep began, and still
    CACHED_SWEPT = 3  # swept, then cached


class SpanStage(Enumeration):
    """What a span is in the middle of."""

    SHARED = 0
    SWEEPING = 1
    PROCESSED = 2
    HELD = 3
    CACHED = 4


NEEDS_SWEEPING, BEING_SWEPT, SWEPT, CACHED_STALE, CACHED_SWEPT = Generation
SHARED, SWEEPING, PROCESSED, HELD, CACHED = SpanStage

machine = Machine(
    "sweepgen",
    cites="runtime/mheap.go:475",
    why="a span must be swept exactly once a cycle, before anyone allocates from it",
)
Span, Thread, Cache = machine.sort("Span"), machine.sort("Thread"), machine.sort("Cache")

# Init: the variables, with the initial value of every entry.
machine.var("live", Span, type=BOOL, init=False, why="state is mSpanInUse")
machine.var("gen", Span, type=Range(-2, 3, Generation), init=SWEPT, why="sweepgen less the heap's")
machine.var("unswept", Span, type=BOOL, init=False, why="the last mark is not processed yet")
machine.var("stage", Span, type=Choice(SpanStage), init=SHARED)
machine.var("owns", Thread, Span, type=BOOL, init=False)
machine.var("cached", Cache, Span, type=BOOL, init=False, why="mcache.alloc holds it")
machine.var("present", Cache, type=BOOL, init=False, why="the mcache was allocated")
machine.var("flushed", Cache, type=BOOL, init=False, why="flushGen == mheap.sweepgen")
machine.var("sweeping", Thread, type=BOOL, init=False, why="between activeSweep.begin and end")
machine.var("drained", type=BOOL, init=False, why="sweepDrainedMask is set")
machine.var("waiting", Span, type=BOOL, init=False, why="on an unswept set, perhaps stale")
machine.var("picking", Thread, type=BOOL, init=False, why="popped a span from an unswept set")
machine.var("picked", Thread, type=Span, init=0, why="that span")
machine.var("half", Thread, type=BOOL, init=False, why="in the middle of sweeping a span")
machine.var("hand", Thread, type=Span, init=0, why="that span")
machine.var("restarting", type=BOOL, init=False, why="between the bump and activeSweep.reset")

# Next: a step is one of these, for some threads, caches and spans.
machine.next("begin", "end", "pick", "drain", "acquire", "process", "publish")
machine.next("init", "free", "release", "take")
machine.next("create", "refill", "uncache", "uncache_stale", "flush")
machine.next("bump", "reset")


def build() -> Machine:
    """The machine of the protocol: any number of spans, threads, caches and cycles."""
    return machine.copy()


def settled(x: State, t: Element) -> Truth:
    """Whether the span a sweeper picked last, if any, no longer needs sweeping."""
    s = x.picked[t]
    return Not(And(x.picking[t], x.live[s], x.gen[s] == NEEDS_SWEEPING))


def _sweep(x: State, n: Next, t: Element, s: Element) -> None:
    """A thread becomes the sweeper of a span; it sweeps one at a time."""
    x.require(Not(x.half[t]))
    n.gen[s] = BEING_SWEPT
    n.stage[s] = SWEEPING
    n.owns[t, s] = True
    n.half[t] = True
    n.hand[t] = s


@machine.action(t=Thread, cites="runtime/mgcsweep.go:151 activeSweep.begin")
def begin(x: State, n: Next, t: Element) -> None:
    """A thread registers as a sweeper, unless all work is drained."""
    x.require(And(Not(x.drained), Not(x.sweeping[t])))
    n.sweeping[t] = True


@machine.action(t=Thread, cites="runtime/mgcsweep.go:165 activeSweep.end")
def end(x: State, n: Next, t: Element) -> None:
    """It deregisters, with no span left unswept that it picked or owns."""
    x.require(And(x.sweeping[t], Not(x.half[t]), settled(x, t)))
    n.sweeping[t] = False
    n.picking[t] = False
    n.picked[t] = 0


@machine.action(t=Thread, s=Span, cites="runtime/mgcsweep.go:99 mheap.nextSpanForSweep")
def pick(x: State, n: Next, t: Element, s: Element) -> None:
    """A sweeper pops a span from an unswept set; it may be stale, swept by somebody else."""
    x.require(And(x.sweeping[t], x.waiting[s], settled(x, t)))
    n.waiting[s] = False
    n.picking[t] = True
    n.picked[t] = s


@machine.action(cites="runtime/mgcsweep.go:193 activeSweep.markDrained")
def drain(x: State, n: Next) -> None:
    """The unswept sets are empty; a span that was picked may still wait for its sweeper."""
    x.require(Not(x.drained))
    x.require(x.all(Span, lambda s: Not(x.waiting[s])))
    n.drained = True


@machine.action(t=Thread, s=Span, cites="runtime/mgcsweep.go:348 sweepLocker.tryAcquire")
def acquire(x: State, n: Next, t: Element, s: Element) -> None:
    """The CAS from h-2 to h-1: whoever wins owns the span."""
    x.require(And(x.sweeping[t], x.live[s], x.gen[s] == NEEDS_SWEEPING))
    _sweep(x, n, t, s)


@machine.action(t=Thread, s=Span, cites="runtime/mgcsweep.go:668 sweepLocked.sweep")
def process(x: State, n: Next, t: Element, s: Element) -> None:
    """The mark bits become the allocation bits: unmarked objects are free from here on."""
    x.require(And(x.owns[t, s], x.stage[s] == SWEEPING))
    n.unswept[s] = False
    n.stage[s] = PROCESSED


@machine.action(t=Thread, s=Span, cites="runtime/mgcsweep.go:699 sweepLocked.sweep")
def publish(x: State, n: Next, t: Element, s: Element) -> None:
    """The final store: everybody may see that the span is swept, the sweeper still holds it."""
    x.require(And(x.owns[t, s], x.stage[s] == PROCESSED))
    n.gen[s] = SWEPT
    n.stage[s] = HELD
    n.half[t] = False
    n.hand[t] = 0


@machine.action(t=Thread, s=Span, cites="runtime/mheap.go:1418 mheap.initSpan")
def init(x: State, n: Next, t: Element, s: Element) -> None:
    """A fresh span is born swept, in its allocator's hands."""
    x.require(Not(x.live[s]))
    n.live[s] = True
    n.gen[s] = SWEPT
    n.unswept[s] = False
    n.stage[s] = HELD
    n.owns[t, s] = True


@machine.action(t=Thread, s=Span, cites="runtime/mheap.go:1605 mheap.freeSpanLocked")
def free(x: State, n: Next, t: Element, s: Element) -> None:
    """Only a swept span in one's hands can be freed."""
    x.require(And(x.owns[t, s], x.stage[s] == HELD, x.live[s]))
    n.live[s] = False
    n.stage[s] = SHARED
    n.owns[t, s] = False


@machine.action(t=Thread, s=Span, cites="runtime/mcentral.go:232 mcentral.uncacheSpan")
def release(x: State, n: Next, t: Element, s: Element) -> None:
    """Pushing a span onto a swept set gives it away."""
    x.require(And(x.owns[t, s], x.stage[s] == HELD))
    n.stage[s] = SHARED
    n.owns[t, s] = False


@machine.action(t=Thread, s=Span, cites="runtime/mcentral.go:106 mcentral.cacheSpan")
def take(x: State, n: Next, t: Element, s: Element) -> None:
    """Popping a span from a swept set takes it."""
    x.require(And(x.live[s], x.stage[s] == SHARED, x.gen[s] == SWEPT))
    n.stage[s] = HELD
    n.owns[t, s] = True


@machine.action(c=Cache, cites="runtime/mcache.go:90 allocmcache")
def create(x: State, n: Next, c: Element) -> None:
    """A new cache is empty and belongs to the present cycle."""
    x.require(Not(x.present[c]))
    n.present[c] = True
    n.flushed[c] = True


@machine.action(t=Thread, c=Cache, s=Span, cites="runtime/mcache.go:193 mcache.refill")
def refill(x: State, n: Next, t: Element, c: Element, s: Element) -> None:
    """A held span goes into a flushed cache with h+3: out of reach of the next sweep."""
    x.require(And(x.owns[t, s], x.stage[s] == HELD, x.live[s], x.flushed[c]))
    n.gen[s] = CACHED_SWEPT
    n.stage[s] = CACHED
    n.owns[t, s] = False
    n.cached[c, s] = True


@machine.action(t=Thread, c=Cache, s=Span, cites="runtime/mcentral.go:215 mcentral.uncacheSpan")
def uncache(x: State, n: Next, t: Element, c: Element, s: Element) -> None:
    """A span cached in this cycle is swept already."""
    x.require(And(x.cached[c, s], x.gen[s] == CACHED_SWEPT))
    n.gen[s] = SWEPT
    n.stage[s] = HELD
    n.owns[t, s] = True
    n.cached[c, s] = False


@machine.action(t=Thread, c=Cache, s=Span, cites="runtime/mcentral.go:212 mcentral.uncacheSpan")
def uncache_stale(x: State, n: Next, t: Element, c: Element, s: Element) -> None:
    """A span cached before the sweep began is on no list: whoever uncaches it must sweep it."""
    x.require(And(x.cached[c, s], x.gen[s] == CACHED_STALE))
    _sweep(x, n, t, s)
    n.cached[c, s] = False


@machine.action(c=Cache, cites="runtime/mcache.go:330 mcache.prepareForSweep")
def flush(x: State, n: Next, c: Element) -> None:
    """A cache enters the new cycle, empty."""
    x.require(And(x.present[c], Not(x.flushed[c])))
    x.require(x.all(Span, lambda s: Not(x.cached[c, s])))
    n.flushed[c] = True


@machine.action(cites="runtime/mgc.go:1554 gcSweep")
def bump(x: State, n: Next) -> None:
    """With the world stopped, everything swept and all caches flushed, the next cycle begins."""
    x.require(And(x.drained, Not(x.restarting)))
    x.require(x.all(Thread, lambda t: Not(x.sweeping[t])))
    x.require(x.all(Cache, lambda c: Implies(x.present[c], x.flushed[c])))
    x.require(
        x.all(
            Span,
            lambda s: Implies(
                x.live[s],
                Or(
                    And(x.gen[s] == SWEPT, x.stage[s] == SHARED),
                    And(x.gen[s] == CACHED_SWEPT, x.stage[s] == CACHED),
                ),
            ),
        )
    )
    n.gen[ALL] = lambda s: If(x.live[s], x.gen[s] - 2, x.gen[s])
    n.unswept[ALL] = lambda s: x.live[s]
    n.flushed[ALL] = lambda _: False
    n.restarting = True


@machine.action(cites="runtime/mgcsweep.go:220 activeSweep.reset")
def reset(x: State, n: Next) -> None:
    """The world is still stopped: the swept sets are the unswept ones of the new cycle."""
    x.require(x.restarting)
    n.restarting = False
    n.drained = False
    n.waiting[ALL] = lambda s: And(x.live[s], x.stage[s] == SHARED)


# What is claimed.


@machine.invariant(s=Span, cites="runtime/mheap.go:475")
def five_meanings(x: State, s: Element) -> Truth:
    """A span in use is at h-2, h-1, h, h+1 or h+3."""
    meanings = (NEEDS_SWEEPING, BEING_SWEPT, SWEPT, CACHED_STALE, CACHED_SWEPT)
    return Implies(x.live[s], is_one_of(x.gen[s], *meanings))


@machine.invariant(t=Thread, u=Thread, s=Span, cites="runtime/mgcsweep.go:339")
def one_owner(x: State, t: Element, u: Element, s: Element) -> Truth:
    """Two threads never own one span, so a span is swept once."""
    return Implies(And(x.owns[t, s], x.owns[u, s]), t == u)


@machine.invariant(s=Span, cites="runtime/mgcsweep.go:348")
def needs_sweeping_is_shared(x: State, s: Element) -> Truth:
    """A span at h-2 is in nobody's hands, which is why one CAS decides."""
    return Implies(And(x.live[s], x.gen[s] == NEEDS_SWEEPING), x.stage[s] == SHARED)


@machine.invariant(t=Thread, s=Span, cites="runtime/mgcsweep.go:333")
def half_swept_is_in_hand(x: State, t: Element, s: Element) -> Truth:
    """A sweeper is busy exactly while it half owns a span: none can end half way."""
    sweeps = And(x.owns[t, s], is_one_of(x.stage[s], SWEEPING, PROCESSED))
    return And(
        Implies(sweeps, And(x.half[t], x.hand[t] == s)),
        Implies(And(x.half[t], x.hand[t] == s), sweeps),
    )


@machine.invariant(s=Span, cites="runtime/mgcsweep.go:690")
def swept_before_use(x: State, s: Element) -> Truth:
    """Allocation believes that a span at h or h+3 is swept."""
    return Implies(And(x.live[s], is_one_of(x.gen[s], SWEPT, CACHED_SWEPT)), Not(x.unswept[s]))


@machine.invariant(s=Span, cites="runtime/mgcsweep.go:213 activeSweep.isDone")
def done_means_swept(x: State, s: Element) -> Truth:
    """Drained and without sweepers, no span needs sweeping; stale ones wait in caches."""
    done = And(x.drained, Not(x.restarting), x.all(Thread, lambda t: Not(x.sweeping[t])))
    return Implies(And(done, x.live[s]), x.gen[s] != NEEDS_SWEEPING)


@machine.invariant(c=Cache, s=Span, cites="runtime/mheap.go:478")
def cached_spans_say_so(x: State, c: Element, s: Element) -> Truth:
    """A cached span is at h+3 in a flushed cache and at h+1 in one not flushed yet."""
    expected = If(x.flushed[c], CACHED_SWEPT, CACHED_STALE)
    return Implies(x.cached[c, s], And(x.live[s], x.gen[s] == expected))


@machine.invariant(c=Cache, d=Cache, s=Span, cites="runtime/mcache.go:193")
def in_one_cache(x: State, c: Element, d: Element, s: Element) -> Truth:
    """Two caches never hold one span: its objects would be allocated twice."""
    return Implies(And(x.cached[c, s], x.cached[d, s]), c == d)


# What makes it inductive.


@machine.invariant(s=Span, cites="runtime/mgcsweep.go:99", lemma=True)
def unswept_spans_are_found(x: State, s: Element) -> Truth:
    """A span at h-2 is on an unswept set, or was picked by a sweeper not done yet."""
    in_hand = x.any(Thread, lambda t: And(x.sweeping[t], x.picking[t], x.picked[t] == s))
    found = Or(x.waiting[s], in_hand, x.restarting)
    return Implies(And(x.live[s], x.gen[s] == NEEDS_SWEEPING), found)


@machine.invariant(s=Span, cites="runtime/mgcsweep.go:193", lemma=True)
def drained_sets_are_empty(x: State, s: Element) -> Truth:
    """Nothing joins an unswept set within a cycle."""
    return Implies(x.drained, Not(x.waiting[s]))


@machine.invariant(c=Cache, cites="runtime/mcache.go:90", lemma=True)
def flushed_is_present(x: State, c: Element) -> Truth:
    """Only an allocated cache is flushed."""
    return Implies(x.flushed[c], x.present[c])


@machine.invariant(c=Cache, s=Span, cites="runtime/mcache.go:90", lemma=True)
def caching_is_present(x: State, c: Element, s: Element) -> Truth:
    """Only an allocated cache holds spans."""
    return Implies(x.cached[c, s], x.present[c])


@machine.invariant(t=Thread, s=Span, cites="runtime/mgcsweep.go:333", lemma=True)
def owned_is_in_hand(x: State, t: Element, s: Element) -> Truth:
    """An owned span is being swept or held."""
    in_hand = is_one_of(x.stage[s], SWEEPING, PROCESSED, HELD)
    return Implies(x.owns[t, s], And(x.live[s], in_hand))


@machine.invariant(s=Span, cites="runtime/mgcsweep.go:333", lemma=True)
def stage_fits_generation(x: State, s: Element) -> Truth:
    """While it is swept a span is at h-1, held at h, cached at h+1 or h+3."""
    at_hand = And(
        Implies(is_one_of(x.stage[s], SWEEPING, PROCESSED), x.gen[s] == BEING_SWEPT),
        Implies(x.stage[s] == HELD, x.gen[s] == SWEPT),
        Implies(x.stage[s] == CACHED, is_one_of(x.gen[s], CACHED_STALE, CACHED_SWEPT)),
    )
    shared = Implies(x.stage[s] == SHARED, is_one_of(x.gen[s], NEEDS_SWEEPING, SWEPT))
    return Implies(x.live[s], And(at_hand, shared))


@machine.invariant(s=Span, cites="runtime/mgcsweep.go:668", lemma=True)
def processed_is_swept(x: State, s: Element) -> Truth:
    """Once the bits are swapped the mark is processed."""
    return Implies(And(x.live[s], x.stage[s] == PROCESSED), Not(x.unswept[s]))
