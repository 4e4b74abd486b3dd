"""The sweep generation protocol: who may touch a span between two garbage collections.

A span's sweepgen is kept *relative* to the heap's, which is all that the protocol reads:

    -2  needs sweeping          -1  is being swept         0  is swept, ready to use
    +1  was cached before the sweep began and still is     +3  was swept, then cached

So a new cycle subtracts 2, the machine is finite for any number of cycles, and uint32 wrap-around is
a separate lemma on the words. `stage` says what a span is in the middle of, `owns` which thread may
act on it: that no two threads own one span is a theorem here, not built into the state.
"""

from typing import Any

from checker.spec import ALL, BOOL, And, Choice, If, Implies, Machine, Not, Or, Range, is_one_of

NEEDS_SWEEPING, BEING_SWEPT, SWEPT, CACHED_STALE, CACHED_SWEPT = -2, -1, 0, 1, 3
STAGES = Choice(("SHARED", "SWEEPING", "PROCESSED", "HELD", "CACHED"))
SHARED, SWEEPING, PROCESSED, HELD, CACHED = range(5)


def build() -> Machine:
    """The machine of the protocol: any number of spans, threads, caches and cycles."""
    machine = Machine(
        "sweepgen",
        cites="runtime/mheap.go:475",
        why="a span must be swept exactly once a cycle, before anyone allocates from it",
    )
    span, thread, cache = machine.sort("Span"), machine.sort("Thread"), machine.sort("Cache")
    machine.var("live", span, type=BOOL, init=False, why="state is mSpanInUse")
    machine.var("gen", span, type=Range(-2, 3), init=0, why="mspan.sweepgen - mheap.sweepgen")
    machine.var("unswept", span, type=BOOL, init=False, why="the last mark is not processed yet")
    machine.var("stage", span, type=STAGES, init=SHARED)
    machine.var("owns", thread, span, type=BOOL, init=False)
    machine.var("cached", cache, span, type=BOOL, init=False, why="mcache.alloc holds it")
    machine.var("present", cache, type=BOOL, init=False, why="the mcache was allocated")
    machine.var("flushed", cache, type=BOOL, init=False, why="flushGen == mheap.sweepgen")
    machine.var("sweeping", thread, type=BOOL, init=False, why="between activeSweep.begin and end")
    machine.var("drained", type=BOOL, init=False, why="sweepDrainedMask is set")
    machine.var("waiting", span, type=BOOL, init=False, why="on an unswept set, perhaps stale")
    machine.var("picking", thread, type=BOOL, init=False, why="popped a span from an unswept set")
    machine.var("picked", thread, type=span, init=0, why="that span")
    machine.var("half", thread, type=BOOL, init=False, why="in the middle of sweeping a span")
    machine.var("hand", thread, type=span, init=0, why="that span")
    machine.var("restarting", type=BOOL, init=False, why="between the bump and activeSweep.reset")
    _sweeping(machine, span, thread)
    _allocating(machine, span, thread)
    _caching(machine, span, thread, cache)
    _cycle(machine, span, thread, cache)
    _claims(machine, span, thread, cache)
    _lemmas(machine, span, thread, cache)
    return machine


def settled(x: Any, t: Any) -> Any:
    """Whether the span a sweeper picked last, if any, no longer needs sweeping."""
    s = x.picked[t]
    return Not(And(x.picking[t], x.live[s], x.gen[s] == NEEDS_SWEEPING))


def _sweep(x: Any, n: Any, t: Any, s: Any) -> None:
    """A thread becomes the sweeper of a span; it sweeps one at a time."""
    x.require(Not(x.half[t]))
    n.gen[s] = BEING_SWEPT
    n.stage[s] = SWEEPING
    n.owns[t, s] = True
    n.half[t] = True
    n.hand[t] = s


def _sweeping(machine: Machine, span: Any, thread: Any) -> None:
    @machine.action(t=thread, cites="runtime/mgcsweep.go:151 activeSweep.begin")
    def begin(x: Any, n: Any, t: Any) -> None:
        """A thread registers as a sweeper, unless all work is drained."""
        x.require(And(Not(x.drained), Not(x.sweeping[t])))
        n.sweeping[t] = True

    @machine.action(t=thread, cites="runtime/mgcsweep.go:165 activeSweep.end")
    def end(x: Any, n: Any, t: Any) -> None:
        """It deregisters, with no span left unswept that it picked or owns."""
        x.require(And(x.sweeping[t], Not(x.half[t]), settled(x, t)))
        n.sweeping[t] = False
        n.picking[t] = False
        n.picked[t] = 0

    @machine.action(t=thread, s=span, cites="runtime/mgcsweep.go:99 mheap.nextSpanForSweep")
    def pick(x: Any, n: Any, t: Any, s: Any) -> None:
        """A sweeper pops a span from an unswept set; it may be stale, swept by somebody else."""
        x.require(And(x.sweeping[t], x.waiting[s], settled(x, t)))
        n.waiting[s] = False
        n.picking[t] = True
        n.picked[t] = s

    @machine.action(cites="runtime/mgcsweep.go:193 activeSweep.markDrained")
    def drain(x: Any, n: Any) -> None:
        """The unswept sets are empty; a span that was picked may still wait for its sweeper."""
        x.require(Not(x.drained))
        x.require(x.all(span, lambda s: Not(x.waiting[s])))
        n.drained = True

    @machine.action(t=thread, s=span, cites="runtime/mgcsweep.go:348 sweepLocker.tryAcquire")
    def acquire(x: Any, n: Any, t: Any, s: Any) -> None:
        """The CAS from h-2 to h-1: whoever wins owns the span."""
        x.require(And(x.sweeping[t], x.live[s], x.gen[s] == NEEDS_SWEEPING))
        _sweep(x, n, t, s)

    @machine.action(t=thread, s=span, cites="runtime/mgcsweep.go:668 sweepLocked.sweep")
    def process(x: Any, n: Any, t: Any, s: Any) -> None:
        """The mark bits become the allocation bits: unmarked objects are free from here on."""
        x.require(And(x.owns[t, s], x.stage[s] == SWEEPING))
        n.unswept[s] = False
        n.stage[s] = PROCESSED

    @machine.action(t=thread, s=span, cites="runtime/mgcsweep.go:699 sweepLocked.sweep")
    def publish(x: Any, n: Any, t: Any, s: Any) -> None:
        """The final store: everybody may see that the span is swept, the sweeper still holds it."""
        x.require(And(x.owns[t, s], x.stage[s] == PROCESSED))
        n.gen[s] = SWEPT
        n.stage[s] = HELD
        n.half[t] = False
        n.hand[t] = 0


def _allocating(machine: Machine, span: Any, thread: Any) -> None:
    @machine.action(t=thread, s=span, cites="runtime/mheap.go:1418 mheap.initSpan")
    def init(x: Any, n: Any, t: Any, s: Any) -> None:
        """A fresh span is born swept, in its allocator's hands."""
        x.require(Not(x.live[s]))
        n.live[s] = True
        n.gen[s] = SWEPT
        n.unswept[s] = False
        n.stage[s] = HELD
        n.owns[t, s] = True

    @machine.action(t=thread, s=span, cites="runtime/mheap.go:1605 mheap.freeSpanLocked")
    def free(x: Any, n: Any, t: Any, s: Any) -> None:
        """Only a swept span in one's hands can be freed."""
        x.require(And(x.owns[t, s], x.stage[s] == HELD, x.live[s]))
        n.live[s] = False
        n.stage[s] = SHARED
        n.owns[t, s] = False

    @machine.action(t=thread, s=span, cites="runtime/mcentral.go:232 mcentral.uncacheSpan")
    def release(x: Any, n: Any, t: Any, s: Any) -> None:
        """Pushing a span onto a swept set gives it away."""
        x.require(And(x.owns[t, s], x.stage[s] == HELD))
        n.stage[s] = SHARED
        n.owns[t, s] = False

    @machine.action(t=thread, s=span, cites="runtime/mcentral.go:106 mcentral.cacheSpan")
    def take(x: Any, n: Any, t: Any, s: Any) -> None:
        """Popping a span from a swept set takes it."""
        x.require(And(x.live[s], x.stage[s] == SHARED, x.gen[s] == SWEPT))
        n.stage[s] = HELD
        n.owns[t, s] = True


def _caching(machine: Machine, span: Any, thread: Any, cache: Any) -> None:
    @machine.action(c=cache, cites="runtime/mcache.go:90 allocmcache")
    def create(x: Any, n: Any, c: Any) -> None:
        """A new cache is empty and belongs to the present cycle."""
        x.require(Not(x.present[c]))
        n.present[c] = True
        n.flushed[c] = True

    @machine.action(t=thread, c=cache, s=span, cites="runtime/mcache.go:193 mcache.refill")
    def refill(x: Any, n: Any, t: Any, c: Any, s: Any) -> None:
        """A held span goes into a flushed cache with h+3: out of reach of the next sweep."""
        x.require(And(x.owns[t, s], x.stage[s] == HELD, x.live[s], x.flushed[c]))
        n.gen[s] = CACHED_SWEPT
        n.stage[s] = CACHED
        n.owns[t, s] = False
        n.cached[c, s] = True

    @machine.action(t=thread, c=cache, s=span, cites="runtime/mcentral.go:215 mcentral.uncacheSpan")
    def uncache(x: Any, n: Any, t: Any, c: Any, s: Any) -> None:
        """A span cached in this cycle is swept already."""
        x.require(And(x.cached[c, s], x.gen[s] == CACHED_SWEPT))
        n.gen[s] = SWEPT
        n.stage[s] = HELD
        n.owns[t, s] = True
        n.cached[c, s] = False

    @machine.action(t=thread, c=cache, s=span, cites="runtime/mcentral.go:212 mcentral.uncacheSpan")
    def uncache_stale(x: Any, n: Any, t: Any, c: Any, s: Any) -> None:
        """A span cached before the sweep began is on no list: whoever uncaches it must sweep it."""
        x.require(And(x.cached[c, s], x.gen[s] == CACHED_STALE))
        _sweep(x, n, t, s)
        n.cached[c, s] = False

    @machine.action(c=cache, cites="runtime/mcache.go:330 mcache.prepareForSweep")
    def flush(x: Any, n: Any, c: Any) -> None:
        """A cache enters the new cycle, empty."""
        x.require(And(x.present[c], Not(x.flushed[c])))
        x.require(x.all(span, lambda s: Not(x.cached[c, s])))
        n.flushed[c] = True


def _cycle(machine: Machine, span: Any, thread: Any, cache: Any) -> None:
    @machine.action(cites="runtime/mgc.go:1554 gcSweep")
    def bump(x: Any, n: Any) -> None:
        """With the world stopped, everything swept and all caches flushed, the next cycle begins."""
        x.require(And(x.drained, Not(x.restarting)))
        x.require(x.all(thread, lambda t: Not(x.sweeping[t])))
        x.require(x.all(cache, lambda c: Implies(x.present[c], x.flushed[c])))
        x.require(
            x.all(
                span,
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
    def reset(x: Any, n: Any) -> None:
        """The world is still stopped: the swept sets are the unswept ones of the new cycle."""
        x.require(x.restarting)
        n.restarting = False
        n.drained = False
        n.waiting[ALL] = lambda s: And(x.live[s], x.stage[s] == SHARED)


def _claims(machine: Machine, span: Any, thread: Any, cache: Any) -> None:
    @machine.invariant(s=span, cites="runtime/mheap.go:475")
    def five_meanings(x: Any, s: Any) -> Any:
        """A span in use is at h-2, h-1, h, h+1 or h+3."""
        meanings = (NEEDS_SWEEPING, BEING_SWEPT, SWEPT, CACHED_STALE, CACHED_SWEPT)
        return Implies(x.live[s], is_one_of(x.gen[s], *meanings))

    @machine.invariant(t=thread, u=thread, s=span, cites="runtime/mgcsweep.go:339")
    def one_owner(x: Any, t: Any, u: Any, s: Any) -> Any:
        """Two threads never own one span, so a span is swept once."""
        return Implies(And(x.owns[t, s], x.owns[u, s]), t == u)

    @machine.invariant(s=span, cites="runtime/mgcsweep.go:348")
    def needs_sweeping_is_shared(x: Any, s: Any) -> Any:
        """A span at h-2 is in nobody's hands, which is why one CAS decides."""
        return Implies(And(x.live[s], x.gen[s] == NEEDS_SWEEPING), x.stage[s] == SHARED)

    @machine.invariant(t=thread, s=span, cites="runtime/mgcsweep.go:333")
    def half_swept_is_in_hand(x: Any, t: Any, s: Any) -> Any:
        """A sweeper is busy exactly while it half owns a span: none can end half way."""
        sweeps = And(x.owns[t, s], is_one_of(x.stage[s], SWEEPING, PROCESSED))
        return And(
            Implies(sweeps, And(x.half[t], x.hand[t] == s)),
            Implies(And(x.half[t], x.hand[t] == s), sweeps),
        )

    @machine.invariant(s=span, cites="runtime/mgcsweep.go:690")
    def swept_before_use(x: Any, s: Any) -> Any:
        """Allocation believes that a span at h or h+3 is swept."""
        return Implies(And(x.live[s], is_one_of(x.gen[s], SWEPT, CACHED_SWEPT)), Not(x.unswept[s]))

    @machine.invariant(s=span, cites="runtime/mgcsweep.go:213 activeSweep.isDone")
    def done_means_swept(x: Any, s: Any) -> Any:
        """Drained and without sweepers, no span needs sweeping; stale ones wait in caches."""
        done = And(x.drained, Not(x.restarting), x.all(thread, lambda t: Not(x.sweeping[t])))
        return Implies(And(done, x.live[s]), x.gen[s] != NEEDS_SWEEPING)

    @machine.invariant(c=cache, s=span, cites="runtime/mheap.go:478")
    def cached_spans_say_so(x: Any, c: Any, s: Any) -> Any:
        """A cached span is at h+3 in a flushed cache and at h+1 in one not flushed yet."""
        expected = If(x.flushed[c], CACHED_SWEPT, CACHED_STALE)
        return Implies(x.cached[c, s], And(x.live[s], x.gen[s] == expected))

    @machine.invariant(c=cache, d=cache, s=span, cites="runtime/mcache.go:193")
    def in_one_cache(x: Any, c: Any, d: Any, s: Any) -> Any:
        """Two caches never hold one span: its objects would be allocated twice."""
        return Implies(And(x.cached[c, s], x.cached[d, s]), c == d)


def _lemmas(machine: Machine, span: Any, thread: Any, cache: Any) -> None:
    @machine.invariant(s=span, cites="runtime/mgcsweep.go:99", lemma=True)
    def unswept_spans_are_found(x: Any, s: Any) -> Any:
        """A span at h-2 is on an unswept set, or was picked by a sweeper not done yet."""
        in_hand = x.any(thread, lambda t: And(x.sweeping[t], x.picking[t], x.picked[t] == s))
        found = Or(x.waiting[s], in_hand, x.restarting)
        return Implies(And(x.live[s], x.gen[s] == NEEDS_SWEEPING), found)

    @machine.invariant(s=span, cites="runtime/mgcsweep.go:193", lemma=True)
    def drained_sets_are_empty(x: Any, s: Any) -> Any:
        """Nothing joins an unswept set within a cycle."""
        return Implies(x.drained, Not(x.waiting[s]))

    @machine.invariant(c=cache, cites="runtime/mcache.go:90", lemma=True)
    def flushed_is_present(x: Any, c: Any) -> Any:
        """Only an allocated cache is flushed."""
        return Implies(x.flushed[c], x.present[c])

    @machine.invariant(c=cache, s=span, cites="runtime/mcache.go:90", lemma=True)
    def caching_is_present(x: Any, c: Any, s: Any) -> Any:
        """Only an allocated cache holds spans."""
        return Implies(x.cached[c, s], x.present[c])

    @machine.invariant(t=thread, s=span, cites="runtime/mgcsweep.go:333", lemma=True)
    def owned_is_in_hand(x: Any, t: Any, s: Any) -> Any:
        """An owned span is being swept or held."""
        in_hand = is_one_of(x.stage[s], SWEEPING, PROCESSED, HELD)
        return Implies(x.owns[t, s], And(x.live[s], in_hand))

    @machine.invariant(s=span, cites="runtime/mgcsweep.go:333", lemma=True)
    def stage_fits_generation(x: Any, s: Any) -> Any:
        """While it is swept a span is at h-1, held at h, cached at h+1 or h+3."""
        at_hand = And(
            Implies(is_one_of(x.stage[s], SWEEPING, PROCESSED), x.gen[s] == BEING_SWEPT),
            Implies(x.stage[s] == HELD, x.gen[s] == SWEPT),
            Implies(x.stage[s] == CACHED, is_one_of(x.gen[s], CACHED_STALE, CACHED_SWEPT)),
        )
        shared = Implies(x.stage[s] == SHARED, is_one_of(x.gen[s], NEEDS_SWEEPING, SWEPT))
        return Implies(x.live[s], And(at_hand, shared))

    @machine.invariant(s=span, cites="runtime/mgcsweep.go:668", lemma=True)
    def processed_is_swept(x: Any, s: Any) -> Any:
        """Once the bits are swapped the mark is processed."""
        return Implies(And(x.live[s], x.stage[s] == PROCESSED), Not(x.unswept[s]))
