"""Recorded calls of allocNeedsZero against the zeroedBase machine.

zeroedBase is raised without a lock, so the tickets of its loads and stores are in no order between
threads. Their values are: a word that only grows takes each value once, so every compare-and-swap
and every load finds its place in the chain of values. An event that is recorded early waits for its
predecessor in the chain; a load recorded late is replayed with the value that was there, provided
the call had begun when it was. No event reads a value of a call that begins after it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from checker.monitor import Monitor
from golang.events import Event, NzBegin, NzEnd, SpanInit, ZbCas, ZbLoad, ZbStore
from golang.trace import Trace
from harness.conformance import TraceMonitor, TraceViolation
from model import zeroed_base

GO = "runtime/mheap.go:1024 mheap.allocNeedsZero"
LONGEST_WAIT = 10_000


@dataclass
class CallInFlight:
    """One call in flight: its shares of arenas as (arena, low, high), in pages."""

    began: int
    shares: list[tuple[int, int, int]]
    raised: dict[int, int] = field(default_factory=dict)


class ZeroedBasesMonitor(TraceMonitor):
    """Every arena's word, and the calls in flight."""

    subject = "zeroed_base"
    key = "m"

    def __init__(self, trace: Trace) -> None:
        header = trace.header
        self.page_bytes = header.page_bytes
        self.arena_pages = header.heap_arena_bytes // header.page_bytes
        self.first_page = header.arena_base_offset // header.page_bytes
        super().__init__(trace, Monitor(zeroed_base.build(), {"arena_pages": self.arena_pages}))
        self.waiting: list[Event] = []
        self.calls: dict[int, CallInFlight] = {}
        self.left: dict[tuple[int, int], int] = {}
        self.made: dict[tuple[int, int], int] = {}
        self.answers: dict[int, tuple[int, bool]] = {}

    def listens_to(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {
            NzBegin: self.arrive,
            ZbLoad: self.arrive,
            ZbCas: self.arrive,
            NzEnd: self.arrive,
            ZbStore: self.store,
            SpanInit: self.init,
        }

    def store(self, event: ZbStore) -> None:
        raise TraceViolation(
            "zeroed_base.raise_base", GO, f"plain store to zeroedBase by M{event.m}"
        )

    def init(self, event: SpanInit) -> None:
        """The span that is made of the pages passes the answer on."""
        if not self.waiting:
            cites = "runtime/mheap.go:1385 mheap.initSpan"
            answer = (event.start, bool(event.needzero))
            self.expect("answer_is_passed_on", cites, answer, self.answers.get(event.m))

    def arrive(self, event: Event) -> None:
        """Takes every step whose turn has come, the new event's included."""
        self.waiting.append(event)
        progress = True
        while progress:
            progress = False
            stuck: set[int] = set()
            for each in list(self.waiting):
                if each.m in stuck:
                    continue
                if self._take(each, stuck):
                    self.waiting.remove(each)
                    progress = True
                else:
                    stuck.add(each.m)
        if len(self.waiting) > LONGEST_WAIT:
            raise self._lost(self.waiting[0])

    def finish(self) -> None:
        if self.waiting:
            raise self._lost(self.waiting[0])

    def _take(self, event: Event, stuck: set[int]) -> bool:
        if isinstance(event, NzBegin):
            return self._begin(event, stuck)
        call = self.calls.get(event.m)
        if call is None:
            raise TraceViolation("zeroed_base.own", GO, f"M{event.m} is in no call")
        if isinstance(event, ZbLoad):
            return self._load(event, call)
        if isinstance(event, ZbCas):
            return self._raise(event)
        assert isinstance(event, NzEnd)
        self._end(event, call)
        return True

    def _begin(self, event: NzBegin, stuck: set[int]) -> bool:
        shares = list(self._shares(event.base, event.npages))
        for m in stuck:
            other = self.calls.get(m)
            if other and any(_overlap(a, b) for a in shares for b in other.shares):
                return False
        for arena, low, high in shares:
            self.step("own", (event.m, arena), arena, low, high)
        self.calls[event.m] = CallInFlight(event.ticket, shares)
        return True

    def _load(self, event: ZbLoad, call: CallInFlight) -> bool:
        part, value = (event.m, event.arena), self._page(event.value)
        present = self.model.read("zeroed_base", event.arena)
        if value > present:
            return False
        if value < present and self.left.get((event.arena, value), -1) < call.began:
            raise TraceViolation(
                "zeroed_base.load", GO, "the load returns a value of before the call"
            )
        self._in_time(event, value)
        with self.model.seeing("zeroed_base", event.arena, value=value):
            self.step("reload" if event.retry else "load", part)
        return True

    def _raise(self, event: ZbCas) -> bool:
        part = (event.m, event.arena)
        old, new = self._page(event.old), self._page(event.new)
        present = self.model.read("zeroed_base", event.arena)
        if old > present:
            return False
        self.expect("chain", GO, old, present)
        self._in_time(event, old)
        self.step("raise_base", part)
        self.expect_entry("raised_to", GO, new, "zeroed_base", event.arena)
        self.left[event.arena, old] = event.ticket
        self.made[event.arena, new] = self.calls[event.m].began
        return True

    def _in_time(self, event: ZbLoad | ZbCas, value: int) -> None:
        """The call that stored a value had begun before the event that read it was over."""
        if self.made.get((event.arena, value), -1) > event.ticket:
            why = "it reads a value that a later call stores"
            raise TraceViolation("zeroed_base.load", GO, why)

    def _end(self, event: NzEnd, call: CallInFlight) -> None:
        shares = list(self._shares(event.base, event.npages))
        self.expect("range", GO, shares, call.shares)
        needs_zero = False
        for arena, low, high in shares:
            part = (event.m, arena)
            if self.model.read("stage", part) == zeroed_base.LOADED:
                self.step("enough", part)
            self.step("hand_out", part)
            needs_zero = needs_zero or self.model.read("needs_zero", part)
            for page in range(low, high):
                self.step("use", part, page)
        self.expect("answer", GO, event.need_zero, needs_zero)
        words = (event.first_zeroed_base, event.last_zeroed_base)
        for (arena, _, high), word in zip((shares[0], shares[-1]), words, strict=True):
            if word // self.page_bytes < high:
                why = f"the word of arena {arena} is at {word:#x} after the call"
                raise TraceViolation("zeroed_base.raised_to_the_end", GO, why)
        del self.calls[event.m]
        self.answers[event.m] = (event.base, bool(event.need_zero))

    def _shares(self, base: int, npages: int) -> Any:
        """The call's share of each arena it reaches into, in pages."""
        page = (base // self.page_bytes - self.first_page) % (2**64 // self.page_bytes)
        while npages > 0:
            arena, low = divmod(page, self.arena_pages)
            high = min(low + npages, self.arena_pages)
            yield arena, low, high
            page, npages = page + high - low, npages - (high - low)

    def _page(self, word: int) -> int:
        """The word in pages. Raises TraceViolation when it is not at the end of a page."""
        self.expect("whole_pages", "runtime/mheap.go:1050", word % self.page_bytes, 0)
        return word // self.page_bytes

    def _lost(self, event: Event) -> TraceViolation:
        why = f"ticket {event.ticket} ({type(event).__name__}) never finds its place in the chain"
        return TraceViolation("zeroed_base.chain", GO, why)


def _overlap(a: tuple[int, int, int], b: tuple[int, int, int]) -> bool:
    return a[0] == b[0] and a[1] < b[2] and b[1] < a[2]
