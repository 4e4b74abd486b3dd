"""Random programs on the whole heap: a rule is an operation of a program (program.py)."""

from dataclasses import replace
from typing import Any, ClassVar

from hypothesis.stateful import precondition, rule
from hypothesis.strategies import booleans, integers, sampled_from

from impl.config import LINUX_AMD64, MINIATURE, OPENBSD_AMD64, Config
from impl.mgcpacer import MAX_INT64
from proofs.port.whole_heap.judged import EVENTS, OUT_OF_MEMORY, Judged
from proofs.port.whole_heap.misuse import MISUSES
from proofs.port.whole_heap.mutants import PORT_MUTANTS

WHO = integers(0, 2)
ANY = integers(0, 63)
MOOD = integers(0, 5)


class WholeHeap(Judged):
    """A program on the miniature with 16 arenas: two places to begin, one for user arenas.

    The words of its bitmaps are wider than the miniature's: else a page cache is too small for any
    span (npages < pageCachePages/4).
    """

    config: ClassVar[Config] = replace(
        MINIATURE,
        heap_addr_bits=21,
        word_bits=8,
        arena_hints=(4 << 17, 1 << 17),
        user_arena_hints=(9 << 17,),
    )
    sizes: ClassVar[tuple[int, ...]] = (8, 3000, 4096, 8192)
    npages: ClassVar[tuple[int, ...]] = (2, 3, 5, 9, 17)
    slack: ClassVar[int] = 1 << 18
    mutants = PORT_MUTANTS
    harness = "miniature"
    throws = (
        *dict.fromkeys([*MISUSES.values(), OUT_OF_MEMORY, "runtime: cannot allocate memory"]),
    )

    # Objects.

    @rule(who=WHO, size=ANY, pointers=booleans(), zero=booleans(), count=integers(1, 6))
    def allocate(self, who: int, size: int, pointers: bool, zero: bool, count: int) -> None:
        p = self.program
        for _ in range(count):
            if self.program is p:
                nbytes = self.sizes[size % len(self.sizes)]
                self.risky(p.malloc, p.worker(who), nbytes, pointers, zero)

    @rule(who=WHO, npages=ANY, less=integers(0, 1), pointers=booleans(), zero=booleans())
    def allocate_large(self, who: int, npages: int, less: int, pointers: bool, zero: bool) -> None:
        p = self.program
        nbytes = self.npages[npages % len(self.npages)] * self.config.page_size - less
        self.risky(p.malloc, p.worker(who), nbytes, pointers, zero)

    @rule(n=ANY, count=integers(1, 8))
    def drop(self, n: int, count: int) -> None:
        for _ in range(count):
            self.program.drop(n)

    @rule(who=WHO, a=ANY, b=integers(-1, 63))
    def link(self, who: int, a: int, b: int) -> None:
        """An object comes to point to another, or to nothing."""
        m = self.program.worker(who)
        if b < 0:
            self.program.unlink(m, a)
        else:
            self.program.link(m, a, b)

    @rule(who=WHO, size=ANY, pointers=booleans(), rounds=integers(1, 4))
    def churn(self, who: int, size: int, pointers: bool, rounds: int) -> None:
        """Most of what is allocated is forgotten at once."""
        p, nbytes = self.program, self.sizes[size % len(self.sizes)]
        for _ in range(rounds):
            for _ in range(3):
                if self.program is p:
                    self.risky(p.malloc, p.worker(who), nbytes, pointers, True)
            if self.program is p:
                p.drop(-1)
                p.drop(-1)

    # Collection.

    @precondition(Judged.off)
    @rule(who=WHO)
    def start_cycle(self, who: int) -> None:
        self.risky(self.program.start_cycle, self.program.worker(who))

    @precondition(Judged.marking)
    @rule(who=WHO, n=ANY)
    def mark_some(self, who: int, n: int) -> None:
        self.program.mark_some(self.program.worker(who), n)

    @precondition(Judged.marking)
    @rule(who=WHO)
    def finish_cycle(self, who: int) -> None:
        self.risky(self.program.finish_cycle, self.program.worker(who))

    @rule(who=WHO, sweep=booleans())
    def collect(self, who: int, sweep: bool) -> None:
        """A whole cycle, up to the end of its sweep or up to its begin."""
        self.risky(self.program.collect, self.program.worker(who), sweep)

    @precondition(Judged.unswept)
    @rule(who=WHO, size=ANY, npages=integers(1, 20))
    def allocate_in_the_sweep(self, who: int, size: int, npages: int) -> None:
        """While spans are unswept the reclaimer sweeps, and so does an allocation."""
        p, nbytes = self.program, self.sizes[size % len(self.sizes)]
        with p.on(p.worker(who)):
            self.risky(self.port_call, self.heap.reclaim, npages)
        if p is self.program:
            self.risky(p.malloc, p.worker(who), nbytes, True, True)

    @rule(who=WHO, count=integers(1, 3))
    def sweep(self, who: int, count: int) -> None:
        with self.program.on(self.program.worker(who)):
            for _ in range(count):
                self.risky(self.port_call, self.port.mgcsweep.sweepone, self.heap)

    @precondition(lambda self: not self.heap.runtime.sweep.parked)
    @rule()
    def sweep_in_background(self) -> None:
        with self.program.on(self.program.worker(0)):
            self.risky(self.port_call, self.port.mgcsweep.bgsweep, self.heap)

    # Memory managed by hand.

    @rule(who=integers(0, 3), npages=ANY, typ=integers(1, 3))
    def new_stack(self, who: int, npages: int, typ: int) -> None:
        """Thread 3 has no P."""
        p = self.program
        m = p.bare if who == 3 else p.worker(who)
        n = (1, *self.npages)[npages % (len(self.npages) + 1)]
        p_before = p
        if self.risky(p.new_stack, m, n, typ) is None and p_before is self.program:
            self.failed = True
            if not self.tight():
                raise self.broken("memory_is_found", "runtime/mheap.go:951", f"none for {n} pages")

    @precondition(lambda self: self.off() and self.program.stacks)
    @rule(who=integers(0, 3), n=ANY)
    def free_stack(self, who: int, n: int) -> None:
        p = self.program
        with p.on(p.bare if who == 3 else p.worker(who)):
            s, typ = p.stacks.pop(n % len(p.stacks))[0::2]
            self.port_call(self.heap.free_manual, s, typ)

    # Records.

    @rule(who=WHO, n=ANY, c=integers(-1, 63), drop=booleans())
    def set_finalizer(self, who: int, n: int, c: int, drop: bool) -> None:
        """A root gets a finalizer and, with drop, is forgotten."""
        p = self.program
        if self.risky(p.set_finalizer, p.worker(who), n, c) and drop:
            p.drop(n)

    @rule(who=WHO, n=ANY)
    def clear_finalizer(self, who: int, n: int) -> None:
        self.risky(self.program.clear_finalizer, self.program.worker(who), n)

    @rule(who=WHO, keep=booleans(), collect=booleans())
    def run_finalizers(self, who: int, keep: bool, collect: bool) -> None:
        """What is due is called, with collect after a cycle; with keep the objects live on."""
        if collect:
            self.risky(self.program.collect, self.program.worker(who), True)
        count = self.program.run_finalizers(self.program.worker(who), keep)
        self.resurrected |= keep and count > 0

    @rule(who=WHO, n=ANY)
    def profile(self, who: int, n: int) -> None:
        self.risky(self.program.profile, self.program.worker(who), n)

    @rule(who=WHO, n=ANY)
    def ask_reachable(self, who: int, n: int) -> None:
        self.risky(self.program.ask_reachable, self.program.worker(who), n)

    @rule(who=WHO)
    def tidy(self, who: int) -> None:
        """What the sweeps have found is learnt, and pointers into freed arenas are forgotten."""
        self.learnt |= self.program.learn_reachable(self.program.worker(who)) > 0
        self.program.dangling.clear()

    @rule(who=WHO, n=ANY, times=integers(1, 3))
    def pin(self, who: int, n: int, times: int) -> None:
        """A new pinner pins a root; from the second time on pins are counted."""
        self.risky(self.program.pin, self.program.worker(who), n, times)

    @rule(who=WHO, n=ANY)
    def unpin(self, who: int, n: int) -> None:
        self.risky(self.program.unpin, self.program.worker(who), n)

    # User arenas.

    @precondition(lambda self: len(self.program.arenas) < 2)
    @rule(who=WHO)
    def new_arena(self, who: int) -> None:
        self.risky(self.program.new_arena, self.program.worker(who))

    @rule(who=WHO, n=ANY, size=ANY, cap=integers(-1, 6), pointers=booleans(), count=integers(1, 6))
    def arena_object(
        self, who: int, n: int, size: int, cap: int, pointers: bool, count: int
    ) -> None:
        """Up to a quarter of a chunk; what is larger comes from the heap."""
        p = self.program
        quarter = self.config.user_arena_chunk_bytes // 4
        nbytes = (64, quarter // 4, quarter, quarter + 8)[size % 4]
        for _ in range(count):
            if self.program is p:
                self.risky(p.arena_object, p.worker(who), n, nbytes, cap, pointers)

    @rule(who=WHO, dangle=booleans(), marking=booleans())
    def use_arena(self, who: int, dangle: bool, marking: bool) -> None:
        """An arena is used up to its second chunk and freed, perhaps while the collector marks."""
        self.risky(self.program.use_arena, self.program.worker(who), dangle, marking)

    @rule(who=WHO, n=ANY, b=ANY)
    def arena_link(self, who: int, n: int, b: int) -> None:
        self.program.arena_link(self.program.worker(who), n, b)

    @rule(who=WHO, n=ANY, dangle=booleans(), twice=booleans())
    def free_arena(self, who: int, n: int, dangle: bool, twice: bool) -> None:
        m = self.program.worker(who)
        arena = self.program.free_arena(m, n, dangle)
        if twice and arena is not None:
            self.panics("arena double free", m, arena.free, self.heap)

    # Scavenging.

    @rule(who=WHO, npages=integers(1, 40), force=booleans())
    def scavenge(self, who: int, npages: int, force: bool) -> None:
        with self.program.on(self.program.worker(who)):
            nbytes = npages * self.config.page_size
            scavenge = self.heap.pages.scavenge
            if self.port_call(scavenge, nbytes, None, force) > 0:
                self.forced = True

    @rule()
    def scavenge_in_background(self) -> None:
        with self.program.on(self.program.background):
            self.port_call(self.port.scavenger.bgscavenge, self.heap)

    @rule(who=WHO)
    def rest(self, who: int) -> None:
        """A program does nothing for two cycles, and the background scavenger works."""
        p = self.program
        for _ in range(2):
            if p is self.program:
                self.risky(p.collect, p.worker(who), True)
        with self.program.on(self.program.background):
            self.port_call(self.port.scavenger.bgscavenge, self.heap)

    @rule(who=WHO, npages=sampled_from((None, 1, 4, 16)))
    def limit_memory(self, who: int, npages: int | None) -> None:
        """The program limits its memory to a few pages more than it has."""
        now = self.heap.runtime.gc_controller.mapped_ready.load()
        limit = MAX_INT64 if npages is None else now + npages * self.config.page_size
        with self.program.on(self.program.worker(who)):
            self.port_call(self.port.mgcpacer.set_memory_limit, self.heap, limit)

    @rule(who=WHO)
    def free_os_memory(self, who: int) -> None:
        p, m = self.program, self.program.worker(who)

        def free() -> None:
            with p.on(m):
                release = self.port.mheap.runtime_debug_free_os_memory
                self.port_call(release, self.heap, lambda: p.collect(m, True))

        self.risky(free)

    @rule(how=sampled_from(("gives", "gives", "gives", "refuses hints", "refuses", "is short")))
    def system(self, how: str) -> None:
        """The operating system changes its mind."""
        system = self.program.system
        system.refuses_hints, system.refuses_all = how == "refuses hints", how == "refuses"
        mem = self.heap.runtime.mem
        mem.limit = mem.reserved + self.slack if how == "is short" else None

    # Processors.

    @precondition(Judged.off)
    @rule(procs=integers(1, 3))
    def change_procs(self, procs: int) -> None:
        """The other threads have given up their Ps when the world is stopped."""
        self.risky(self.program.change_procs, procs)

    @rule(who=integers(1, 2))
    def park(self, who: int) -> None:
        """A thread gives up its P, or takes one."""
        self.risky(self.program.park, who)

    @precondition(Judged.off)
    @rule(who=WHO)
    def read_statistics(self, who: int) -> None:
        """runtime.ReadMemStats checks the books by itself."""
        with self.program.on(self.program.worker(who)):
            self.risky(self.port_call, self.port.memstats.read_mem_stats, self.heap)

    # What must not be done.

    @precondition(lambda self: self.off() and self.age > 12 and self.heap.all_arenas)
    @rule(misuse=sampled_from(range(len(MISUSES))))
    def misbehave(self, misuse: int) -> None:
        """When a program is old somebody may do what must not be done, and it dies of it."""
        do, text = list(MISUSES.items())[misuse]
        p = self.program
        tried = self.risky(do, p)
        if self.program is p and tried.function is not None:
            with p.on(p.worker(0)):
                self.refused_by(tried, text, do.__name__.replace("_", " "))

    def refused_by(self, tried: Any, text: str, because: str) -> None:
        """The misuse must throw this text; a new program begins."""
        super().refused(tried.function, *tried.arguments, throws=text, because=because)
        self.start()

    @rule(who=WHO, npages=sampled_from((1 << 36, (1 << 50) + 3, (1 << 51) - 16384)), mood=MOOD)
    def ask_for_too_much(self, who: int, npages: int, mood: int) -> None:
        """No machine has so many pages; afterwards no hint is left where to grow, as in Go."""
        p = self.program
        if mood > 0:
            return
        with p.on(p.worker(who)):
            if self.port_call(self.heap.alloc_manual, npages, 1) is not None:
                raise self.broken("nothing_wraps", "runtime/mheap.go:1475", f"{npages} pages")

    @precondition(lambda self: self.heap.all_arenas)
    @rule(who=WHO)
    def pin_what_is_no_object(self, who: int) -> None:
        """Before the first growth Go would follow a nil pointer."""
        p, m = self.program, self.program.worker(who)
        pin = self.port.setpinned.Pinner().pin
        self.panics("runtime.Pinner.Pin: argument is not a Go pointer", m, pin, self.heap, 8)
        if p.in_arenas:
            addr = next(iter(p.in_arenas))
            self.panics(
                "runtime.Pinner: object was allocated into an arena", m, pin, self.heap, addr
            )


class RealHeap(WholeHeap):
    """The same in the geometry of linux/amd64, where a run takes longer, so that there are fewer.

    Nobody misbehaves, and not all events are asked for.
    """

    config = LINUX_AMD64
    sizes = (8, 48, 1024, 8192, 32768)
    npages = (5, 13, 16, 130, 600)
    slack = 1 << 22
    harness = "linux-amd64"
    throws = ()
    misbehave = None  # type: ignore[assignment]  # no rule
    events = tuple(
        name
        for name in EVENTS
        if name
        not in (
            "allocation scavenges",
            "an object is handed out again",
            "an object is resurrected",
            "the background scavenges",
            "the heap is in two pieces",
            "a chunk waits for the collector",
            "a test learns what is reachable",
            "the system has no memory",
        )
    )


class AlignedHeap(RealHeap):
    """The same where stacks begin at physical pages, which are larger than the heap's pages."""

    config = OPENBSD_AMD64
    harness = "openbsd-amd64"
