"""What every random program on the whole heap is judged by, whatever its operations are.

There is no model beside the port. After each operation every claim of invariants.py is checked, and
the program's own books (program.py). A throw ends a program, and the run goes on with a new one.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Self

from hypothesis.stateful import invariant

from checker.counterexample import Scalar
from harness.stateful import PortExercise
from impl.config import Config
from impl.gcphase import GC_MARK, GC_OFF
from impl.mgcsweep import is_sweep_done
from impl.rt import M, Panic, Throw, run_on
from proofs.port.whole_heap.invariants import CLAIMS, NOTHING_LEAKED, HeapInvariant
from proofs.port.whole_heap.program import Program
from proofs.port.whole_heap.walk import Look

OUT_OF_MEMORY = "out of memory"
DEATHS = {
    OUT_OF_MEMORY,
    "runtime: cannot allocate memory",
    "pageAlloc: out of memory",
    "out of memory allocating heap arena map",
    "out of memory allocating heap arena metadata",
    "out of memory allocating allArenas",
}
"""What Go dies of when the system gives no memory."""

EVENTS: dict[str, Callable[["Judged"], bool]] = {
    "the heap is in two pieces": lambda m: len(m.heap.pages.in_use.ranges) > 1,
    "pages are scavenged": lambda m: m.scavenged_now(),
    "allocation scavenges": lambda m: m.heap.pages.scav.released_eager.load() > 0,
    "the background scavenges": lambda m: m.heap.pages.scav.released_bg.load() > 0,
    "a chunk is in quarantine": lambda m: bool(m.look.quarantined),
    "a chunk is ready again": lambda m: any(s.is_user_arena_chunk for s in m.look.ready),
    "pages are in a page cache": lambda m: bool(m.look.caches),
    "two Ps have page caches": lambda m: len(m.look.caches) > 1,
    "a sweep is half done": lambda m: m.off() and m.heap.pages_swept.load() > 0 and m.unswept(),
    "an object is handed out again": lambda m: m.program.handed_out_again,
    "a chunk waits for the collector": lambda m: bool(m.heap.runtime.user_arena_state.fault),
    "the system has no memory": lambda m: m.failed,
    "an object is resurrected": lambda m: m.resurrected,
    "a test learns what is reachable": lambda m: m.learnt,
}


def checked(each: HeapInvariant) -> Any:
    """The invariant of a machine that checks the claim."""

    def check(self: "Judged") -> None:
        if self.only not in ("", each.name):
            return
        for why in each.check(self.look):
            raise self.broken(each.name, each.cites, why)

    check.__name__ = each.name
    check.__doc__ = each.statement
    return invariant()(check)


class Judged(PortExercise):
    """A program, its events, and the claims; `only` names the one that is checked, "" all of them."""

    config: ClassVar[Config]
    events: ClassVar[Collection[str]] = tuple(EVENTS)
    only: ClassVar[str] = ""

    program: Program
    heap: Any
    failed: bool
    resurrected: bool
    learnt: bool

    @classmethod
    def subject(cls) -> str:
        """The name of the folder."""
        return "whole_heap"

    @classmethod
    def judged_by(cls, claim: str) -> type[Self]:
        """The machine that checks but this claim, all of them if it is ""; calls are judged always."""
        return type(cls.__name__, (cls,), {"only": claim, "__module__": cls.__module__})

    @classmethod
    def actions(cls) -> Collection[str]:
        """The events that must come about."""
        return cls.events

    def build(self) -> Any:
        """A fresh program."""
        self.seen: Counter[str] = Counter()
        self.start()
        return self.port

    def start(self) -> None:
        """A program begins, whoever was running when the one before died."""
        with run_on(M()):
            self.program = Program(self.port, self.config, self.port_call)
        self.heap = self.program.h
        self.current: Look | None = None
        self.failed = self.resurrected = self.learnt = self.forced = False
        self.age = 0

    def port_call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls the port; what was seen of the heap is out of date."""
        self.current = None
        return super().port_call(function, *arguments)

    @property
    def look(self) -> Look:
        """The heap as it is now."""
        if self.current is None:
            self.current = Look(self.heap)
        return self.current

    def concrete(self) -> Mapping[str, Scalar]:
        """What a reader of a trace wants to see change."""
        h, gc = self.heap, self.heap.runtime.gc_controller
        size = self.config.page_size
        shown: dict[str, Scalar] = {
            "sweepgen": h.sweepgen,
            "gcphase": h.runtime.gcphase,
            "pages in use": h.pages_in_use.load(),
            "heapInUse in pages": gc.heap_in_use.load() // size,
            "heapFree in pages": gc.heap_free.load() // size,
            "heapReleased in pages": gc.heap_released.load() // size,
            "searchAddr": hex(h.pages.search_addr),
            "spans": len(Look(h).live),
        }
        for pp in h.runtime.allp:
            shown[f"P{pp.id}.pcache"] = f"{pp.pcache.base:#x}:{pp.pcache.cache:#x}"
        return shown

    def fired(self) -> Mapping[str, int]:
        """How often each event was seen."""
        return self.seen

    # What the events need.

    def off(self) -> bool:
        """Whether the collector is off."""
        return bool(self.heap.runtime.gcphase == GC_OFF)

    def marking(self) -> bool:
        """Whether the collector marks."""
        return bool(self.heap.runtime.gcphase == GC_MARK)

    def unswept(self) -> bool:
        """Whether spans are still to be swept."""
        return not is_sweep_done(self.heap)

    def scavenged_now(self) -> bool:
        """Whether pages were scavenged that no growth of the heap brought."""
        released = self.heap.pages.scav
        return bool(released.released_bg.load() + released.released_eager.load()) or self.forced

    # Dying.

    def tight(self) -> bool:
        """Whether the system may have no memory."""
        system = self.program.system
        return (
            not system.has_places or system.refuses_all or self.heap.runtime.mem.limit is not None
        )

    def risky(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """An operation that may need memory. Where there is none the program dies: None."""
        try:
            return function(*arguments)
        except Throw as death:
            if death.text not in DEATHS or not self.tight():
                raise
            if death.text in self.throws:
                self.thrown[death.text] += 1
            self.failed = True
            self.current = None
            if death.text == OUT_OF_MEMORY:
                for each in NOTHING_LEAKED:
                    for why in each.check(self.look):
                        raise self.broken(each.name, each.cites, why) from death
            self.notice()
            self.recover()
            self.start()
            return None

    def panics(self, text: str, m: M, function: Callable[..., Any], *arguments: Any) -> None:
        """The call must panic with this text; the program recovers and goes on."""
        with self.program.on(m):
            try:
                self.called = function
                function(*arguments)
            except Panic as panic:
                self.same_text(panic.text, text)
            else:
                raise self.broken("panics", "", f"no panic where {text!r} is due")

    def same_text(self, port: str, go: str) -> None:
        """The port's words must be Go's."""
        if port != go:
            raise self.broken("texts", "", f"the port says {port!r} where {go!r} is due")

    @invariant()
    def notice(self) -> None:
        """Counts the events that have come about."""
        self.age += 1
        for name in self.events:
            if not self.seen[name] and EVENTS[name](self):
                self.seen[name] = 1

    @invariant()
    def objects_stay(self) -> None:
        """What the program owns stays as it is."""
        if self.only:
            return
        self.program.check_objects()
        self.program.check_stacks()
        self.program.check_pins()
        if not self.unswept():
            self.program.check_profile()


for _claim in CLAIMS:
    setattr(Judged, _claim.name, checked(_claim))
