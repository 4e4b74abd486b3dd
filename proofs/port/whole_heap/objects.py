"""A program that uses the whole heap, and what it knows of its objects: the memory has no contents.

The program writes every object that it gets. It knows what it can still reach, and so what the heap
must not free or hand out again. Threads are Ms; each has a P or is without. A promise that the heap
breaks is raised as Diverged.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from checker.refinement import Diverged
from impl.config import Config
from impl.gcphase import GC_MARK, GC_OFF
from impl.rt import M, run_on, u32
from impl.spanof import span_of_heap

PortFunction = Callable[..., Any]

SET, DUE = 1, 2
"""A finalizer is set; or the object was found unreachable, and the finalizer is to be called."""

CLOSURE = 8
"""The address of a function that is no heap object."""


PROMISES = {
    "not_handed_out_twice": "runtime/mheap.go:427-435",
    "objects_lie_in_a_span": "runtime/mheap.go:492",
    "swept_before_use": "runtime/mheap.go:475-483",
    "reachable_is_marked": "runtime/mgc.go:25-29",
    "objects_stay_allocated": "runtime/mheap.go:427-435",
    "finalized_once": "runtime/mfinal.go:320-360",
    "one_finalizer": "runtime/mheap.go:1936",
    "one_record": "runtime/mheap.go:1820-1822",
    "profiled_once": "runtime/mheap.go:2000-2003",
    "reachable_is_told": "runtime/mheap.go:2011-2015",
    "pins_are_kept": "runtime/pinner.go:107-110",
    "spans_are_complete": "runtime/mheap.go:970-984",
    "stacks_are_aligned": "runtime/mheap.go:1175-1181",
}
"""What the heap promises to a program, and where Go says so."""


def wrong(promise: str, why: str) -> Diverged:
    """The heap broke this promise."""
    return Diverged(f"whole_heap.{promise}", PROMISES[promise], why)


@dataclass(eq=False)
class ProgramObject:
    """An object of the program, or a run of pages for a stack. Sizes are in bytes."""

    addr: int
    size: int
    pointers: bool = False
    refs: list[int] = field(default_factory=list)
    finalizer: int = 0
    closure: int = 0
    bucket: Any = None
    record: Any = None
    marked: bool = False
    pins: int = 0


class System:
    """What the operating system is like: how it answers to reservations."""

    def __init__(self, has_places: bool) -> None:
        self.has_places = has_places
        self.refuses_hints = False
        self.refuses_all = False

    def __call__(self, v: int, _n: int) -> bool:
        """Whether it refuses to reserve memory at v, or anywhere if v is 0."""
        if v == 0:
            return self.refuses_all or not self.has_places
        return self.refuses_all or self.refuses_hints


class Objects:
    """The objects of a program with a heap of its own, and their collection.

    port is where the heap's code is, call is what calls it.
    """

    def __init__(self, port: Any, config: Config, call: PortFunction) -> None:
        self.port, self.call, self.config = port, call, config
        self.threads = [M() for _ in range(3)]
        self.bare = M()
        self.background = M()
        self.h = port.runtime.new_mheap(config)
        # In the miniature memory that the system would choose is out of the heap's reach.
        self.system = System(has_places=config.heap_addr_bits > 40 or config.page_alloc32_bit)
        self.things: dict[int, ProgramObject] = {}
        self.roots: list[int] = []
        self.stacks: list[tuple[Any, int, int]] = []
        self.arenas: list[Any] = []
        self.in_arenas: dict[int, ProgramObject] = {}
        self.dangling: list[int] = []
        self.profiled: list[ProgramObject] = []
        self.tested: list[ProgramObject] = []
        self.ever: set[int] = set()
        self.handed_out_again = False
        self.pinners: list[tuple[Any, list[ProgramObject]]] = []
        self.root_jobs_done = False
        self.to_scan: list[int] = []
        self.h.runtime.work.points_to = self.points_to
        with self.on(self.threads[0]):
            port.procresize.schedinit(self.h, 2)
        with self.on(self.background):
            clock = lambda: self.h.runtime.nanotime  # noqa: E731  # a field
            hooks = port.scavenger.real_hooks(self.h, clock, lambda _until: None)
            self.h.runtime.scavenger.init(self.h, hooks)
        self.park(1)
        self.h.runtime.mem.refuses = self.system

    def on(self, m: M) -> Any:
        """Lets this thread run."""
        self.h.runtime.nanotime += 1000
        return run_on(m)

    def worker(self, who: int) -> M:
        """One of the threads that have a P."""
        able = [m for m in self.threads if m.p is not None]
        return able[who % len(able)]

    def change_procs(self, procs: int) -> None:
        """GOMAXPROCS: the other threads give up their Ps when the world is stopped.

        Afterwards they take Ps again, while there are any.
        """
        for m in self.threads[1:]:
            if m.p is not None:
                with self.on(m):
                    self.call(self.port.proc.releasep)
        with self.on(self.threads[0]):
            self.call(self.port.procresize.gomaxprocs, self.h, procs)
        for who in range(1, min(procs, len(self.threads))):
            self.park(who)

    def park(self, who: int) -> None:
        """A thread gives up its P, or takes an idle one if there is one."""
        m = self.threads[who]
        idle = [pp for pp in self.h.runtime.allp if pp.m is None]
        with self.on(m):
            if m.p is not None:
                self.call(self.port.proc.releasep)
            elif idle:
                self.call(self.port.proc.acquirep, self.h, idle[0])

    # Objects.

    def malloc(self, m: M, size: int, pointers: bool, needzero: bool) -> ProgramObject:
        """A new object of the thread, which is a root, and is written."""
        typ = self.port.malloc.Type(size, size if pointers else 0, 8) if pointers else None
        with self.on(m):
            addr = self.call(self.port.malloc.mallocgc, self.h, size, typ, needzero)
        return self.take(ProgramObject(addr, size, pointers))

    def take(self, thing: ProgramObject) -> ProgramObject:
        """The heap hands out an object: it must be nobody's yet, and its span swept."""
        end = thing.addr + thing.size
        for other in self.things.values():
            if other.addr < end and thing.addr < other.addr + other.size:
                why = f"[{thing.addr:#x}, {end:#x}) is handed out, of which {other.addr:#x} is live"
                raise wrong("not_handed_out_twice", why)
        s = span_of_heap(self.h, thing.addr)
        if s is None or span_of_heap(self.h, end - 1) is not s:
            raise wrong("objects_lie_in_a_span", f"[{thing.addr:#x}, {end:#x})")
        if s.sweepgen not in (self.h.sweepgen, u32(self.h.sweepgen + 3)):
            raise wrong("swept_before_use", f"the span of {thing.addr:#x} isn't swept")
        self.call(self.h.runtime.mem.write, thing.addr, thing.size)
        self.handed_out_again |= thing.addr in self.ever
        self.ever.add(thing.addr)
        self.things[thing.addr] = thing
        self.roots.append(thing.addr)
        return thing

    def root(self, n: int) -> ProgramObject | None:
        """A root that is an object of the heap; None if there is none."""
        return self.things[self.roots[n % len(self.roots)]] if self.roots else None

    def drop(self, n: int) -> None:
        """The program forgets a root."""
        if self.roots:
            self.roots.pop(n % len(self.roots))

    def link(self, m: M, a: int, b: int) -> None:
        """One object comes to point to another; the write barrier shades what it writes."""
        holder, target = self.root(a), self.root(b)
        if holder is None or target is None or not holder.pointers:
            return
        holder.refs.append(target.addr)
        self.shade(m, target.addr)

    def unlink(self, m: M, a: int) -> None:
        """An object points to nothing any more; the write barrier shades what it overwrites."""
        holder = self.root(a)
        for target in holder.refs if holder else ():
            self.shade(m, target)
        if holder:
            holder.refs.clear()

    def shade(self, m: M, addr: int) -> None:
        """The write barrier."""
        if self.h.runtime.gcphase == GC_MARK:
            with self.on(m):
                self.call(self.port.mgcmark.shade, self.h, addr, m.p.gcw)

    def points_to(self, b: int) -> tuple[int, ...]:
        """What the collector finds in the object at b, or in the chunk that begins there."""
        thing = self.things.get(b)
        if thing is not None:
            return tuple(thing.refs)
        s = span_of_heap(self.h, b)
        if s is None or not s.is_user_arena_chunk:
            return ()
        end = b + s.elemsize
        return tuple(r for t in self.in_arenas.values() if b <= t.addr < end for r in t.refs)

    # Collection.

    def all_roots(self) -> Iterator[int]:
        """What the program's stacks and globals point to."""
        yield from self.roots
        yield from self.dangling
        for arena in self.arenas:
            yield from arena.refs
        for chunk in (
            *self.h.runtime.user_arena_state.reuse,
            *self.h.runtime.user_arena_state.fault,
        ):
            yield chunk.x
        for _, pinned in self.pinners:
            yield from (thing.addr for thing in pinned)

    def reachable(self) -> set[int]:
        """The objects that the heap must keep, by address."""
        todo = list(self.all_roots())
        for thing in self.things.values():
            if thing.finalizer == SET:
                # It keeps what the object points to, and not the object, even if that is the same.
                todo += [thing.closure, *(ref for ref in thing.refs if ref != thing.addr)]
            elif thing.finalizer == DUE:
                todo += [thing.addr, thing.closure]
        for thing in self.in_arenas.values():
            todo += thing.refs
        found: set[int] = set()
        while todo:
            reached = self.things.get(todo.pop())
            if reached is not None and reached.addr not in found:
                found.add(reached.addr)
                todo += reached.refs
        return found

    def start_cycle(self, m: M) -> None:
        """A collection starts; the world is stopped and runs again.

        Only what the program's stacks hold now is scanned: what they get later is marked already.
        """
        with self.on(m):
            self.call(self.port.mgc.gc_start, self.h)
        self.root_jobs_done = False
        self.to_scan = list(self.all_roots())

    def mark_some(self, m: M, n: int) -> None:
        """The collector does its root jobs, scans a root, and what it leads to."""
        with self.on(m):
            if not self.root_jobs_done:
                self.root_jobs_done = True
                self.call(self.port.mgcmark.markroot_finalizers, self.h, m.p.gcw)
                for shard in range(self.h.runtime.work.n_span_roots):
                    self.call(self.port.mgcmark.markroot_spans, self.h, m.p.gcw, shard)
            roots = self.to_scan
            if roots:
                self.call(self.port.mgcmark.scan_word, self.h, roots[n % len(roots)], m.p.gcw)
            self.call(self.port.mgcmark.gc_drain, self.h, m.p.gcw)

    def finish_cycle(self, m: M) -> None:
        """Marking ends, and the sweep begins: what is unmarked is no object any more."""
        self.mark_some(m, 0)
        with self.on(m):
            for root in self.to_scan:
                self.call(self.port.mgcmark.scan_word, self.h, root, m.p.gcw)
            # Idle Ps have grey objects, too.
            for pp in self.h.runtime.allp:
                self.call(pp.gcw.dispose, self.h.runtime.work)
            self.call(self.port.mgcmark.gc_drain, self.h, m.p.gcw)
        self.judge_marks()
        with self.on(m):
            self.call(self.port.mgc.gc_mark_done, self.h)

    def judge_marks(self) -> None:
        """What is reachable must be marked; the rest is dead, but for objects with finalizers."""
        blocks: dict[tuple[int, int], list[ProgramObject]] = {}
        needed = self.reachable()
        for thing in list(self.things.values()):
            s = span_of_heap(self.h, thing.addr)
            assert s is not None
            index = s.obj_index(self.h.config, thing.addr)
            if s.mark_bits_for_index(index).is_marked():
                thing.marked |= thing.record is not None and not thing.record.done
                continue
            if thing.addr in needed:
                raise wrong("reachable_is_marked", f"{thing.addr:#x} is reachable, not marked")
            blocks.setdefault((s.base(), index), []).append(thing)
        for block in blocks.values():
            kept = any(thing.finalizer == SET for thing in block)
            for thing in block:
                if kept:
                    thing.finalizer = DUE if thing.finalizer == SET else thing.finalizer
                else:
                    del self.things[thing.addr]
        self.roots = [root for root in self.roots if root in self.things]

    def collect(self, m: M, sweep: bool) -> None:
        """A whole cycle, with sweep up to the end of its sweep."""
        if self.h.runtime.gcphase == GC_OFF:
            self.start_cycle(m)
        self.finish_cycle(m)
        if sweep:
            self.sweep_all(m)

    def sweep_all(self, m: M) -> None:
        """The thread sweeps until nothing is left."""
        nothing = self.port.mgcsweep.NOTHING_TO_SWEEP
        with self.on(m):
            while self.call(self.port.mgcsweep.sweepone, self.h) != nothing:
                pass

    def run_finalizers(self, m: M, keep: bool) -> int:
        """Calls the finalizers that are due, each once; with keep their objects live on."""

        def call(_fn: int, addr: int) -> None:
            thing = self.things.get(addr)
            if thing is None or thing.finalizer != DUE:
                raise wrong("finalized_once", f"the finalizer of {addr:#x} is called, but not due")
            thing.finalizer, thing.closure = 0, 0
            if keep:
                self.roots.append(addr)
            # The queue is memory like any other: what is overwritten there is shaded.
            overwritten.append(addr)

        overwritten: list[int] = []
        with self.on(m):
            count: int = self.call(self.port.mfinal.runfinq, self.h, call)
        for addr in overwritten:
            self.shade(m, addr)
        return count

    # What must hold of objects at all times.

    def check_objects(self) -> None:
        """Every object that the program knows is allocated, in a span that is in use."""
        for thing in self.things.values():
            s = span_of_heap(self.h, thing.addr)
            if s is None or s.is_free(s.obj_index(self.h.config, thing.addr)):
                raise wrong("objects_stay_allocated", f"{thing.addr:#x} is live, but free")
            self.call(self.h.runtime.mem.read, thing.addr, thing.size)
        for thing in self.in_arenas.values():
            self.call(self.h.runtime.mem.read, thing.addr, thing.size)

    def check_stacks(self) -> None:
        """Memory managed by hand stays its owner's, and is ready."""
        for s, npages, _ in self.stacks:
            self.call(self.h.runtime.mem.read, s.base(), npages * self.config.page_size)
