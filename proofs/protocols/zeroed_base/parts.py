"""The word zeroedBase among threads that raise it, beside the part of the model that it belongs to.

What the port loads and swaps are steps of the model's part, which the model must allow, and after
each of them both words are equal. The other threads are represented by what they may do to a word,
the rely; the last function states that the steps of the whole model keep to it.
"""

from collections.abc import Mapping
from typing import Any

from checker.logic import And, If, Iff, Implies, Or, Truth
from checker.spec import Element, Machine, Sort, State
from checker.symbolic import Engine
from checker.symbolic.cut import Invariant
from checker.symbolic.interference import Relation, Shared, SharedWord
from checker.symbolic.model import SymbolicModelRun
from impl.config import LINUX_AMD64
from model.zeroed_base import HANDED_OUT, LOADED, in_flight
from proofs.protocols.zeroed_base.abstraction import ABSTRACTION

PAGE, ARENA = LINUX_AMD64.page_size, LINUX_AMD64.heap_arena_bytes
PAGES = LINUX_AMD64.pages_per_arena


def rely(low: Any, high: Any) -> Relation:
    """Others only raise the word, and never into the pages from low to high, which are ours."""

    def relation(before: Any, after: Any) -> Truth:
        return Or(before == after, And(before < after, Or(after <= low, after > high)))

    return relation


def guarantee(low: Any, high: Any) -> Relation:
    """We only raise the word, and just to the end of our pages."""

    def relation(before: Any, after: Any) -> Truth:
        return And(before < after, after == high, low < high)

    return relation


class Part(SharedWord):
    """The zeroedBase of an arena (bytes), and the model's part with our pages of that arena.

    Without `retries` the others may interfere for ever; 0 says that there are none.
    """

    def __init__(
        self, e: Engine, name: str, low: Any, high: Any, retries: int | None = None
    ) -> None:
        self.e, self.low, self.high = e, low, high
        self.model = SymbolicModelRun(e, ABSTRACTION.machine, {"Arena": 1, "Part": 1})
        bounds = low * PAGE, high * PAGE
        super().__init__(e, name, self.any_word, rely(*bounds), guarantee(*bounds), retries)

    def any_word(self, name: str) -> Any:
        """What the word may be at all."""
        return self.e.integer(name, 0, PAGES) * PAGE

    def of_model(self, variable: str) -> Any:
        """The model's word, or a variable of its part."""
        return self.model.state[variable][0]

    def interfere(self) -> None:
        super().interfere()
        self.model.state["zeroed_base"][0] = self.value // PAGE

    def load(self) -> Any:
        value = super().load()
        if len(self.seen) == 1:
            self.model.take("own", 0, 0, self.low, self.high)
            self.model.take("load", 0)
        else:
            self.model.take("reload", 0)
        return value

    def _write(self, value: Any) -> None:
        super()._write(value)
        self.model.take("raise_base", 0)
        self.e.check(self.of_model("zeroed_base") * PAGE == value, "the model's word is the port's")

    def hand_out(self) -> None:
        """The port is done with the part."""
        if self.of_model("stage") == LOADED:
            self.model.take("enough", 0)
        self.model.take("hand_out", 0)
        self.e.check(self.value >= self.high * PAGE, "zeroed_base covers the pages")


def part_of(first: Any, end: Any, k: Any) -> tuple[Any, Any]:
    """The pages from first to end, counted from arena 0, as pages of arena k: its part of them."""
    low, high = first - k * PAGES, end - k * PAGES
    return If(low < 0, 0, low), If(high > PAGES, PAGES, high)


class Retrying(Invariant):
    """The local copy is what the model's part has seen, and others led from it to the word."""

    calls = frozenset({"atomic.cas", "atomic.load", "throw"})

    def __init__(self, e: Engine) -> None:
        self.e = e

    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        part, copy = local_names["ha"].cells["zeroed_base"], local_names["zeroed_base"]
        return And(
            part.of_model("stage") == LOADED,
            part.of_model("seen") * PAGE == copy,
            part.of_model("zeroed_base") * PAGE == part.value,
            part.rely(copy, part.value),
        )

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:
        part = local_names["ha"].cells["zeroed_base"]
        copy, part.value = part.any_word("copy"), part.any_word("word")
        part.model.state["seen"][0] = copy // PAGE
        part.model.state["zeroed_base"][0] = part.value // PAGE
        self.e.assume(part.rely(copy, part.value))
        return {"zeroed_base": copy}

    def is_kept(self, local_names: Mapping[str, Any]) -> Truth:
        return self.on_entry(local_names)


class Arenas:
    """The arenas of the pages from first to end: one arbitrary of them is followed throughout."""

    def __init__(self, e: Engine, index: Any, first: Any, end: Any) -> None:
        self.e, self.index, self.first, self.end = e, index, first, end
        self.m = e.integer("m", 0)
        e.assume(self.m * PAGES < end)
        self.followed = self._part(self.m, "followed")
        self.last: Any = None
        self.needs_zero: Truth = False
        """Whether some part that was handed out so far needs zeroing."""

    def get(self, l2: Any) -> Shared:
        """The arena that the port looks at."""
        k = l2 - self.index
        self.last = self.followed if k == self.m else self._part(k, "other")
        return Shared(zeroed_base=self.last)

    __getitem__ = get

    def hand_out(self) -> None:
        """The port is done with the arena that it looked at last."""
        self.last.hand_out()
        self.needs_zero = Or(self.needs_zero, self.last.of_model("needs_zero"))

    def _part(self, k: Any, name: str) -> Part:
        return Part(self.e, name, *part_of(self.first, self.end, k))


class Walking(Invariant):
    """The pages up to an arena's end are dealt with, the followed arena with them if it is there."""

    calls = frozenset({"arena_at", "arena_index", "atomic.load", "atomic.cas", "throw"})

    def __init__(self, e: Engine, arenas: Arenas, base: Any, npage: Any) -> None:
        self.e, self.arenas, self.base, self.npage = e, arenas, base, npage

    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        arenas, done = self.arenas, self.npage - local_names["npage"]
        part = arenas.followed
        passed = arenas.m * PAGES + part.high <= arenas.first + done
        handed_out = part.of_model("stage") == HANDED_OUT
        return And(
            done >= 0,
            local_names["npage"] >= 0,
            local_names["base"] == self.base + done * PAGE,
            Or(done == 0, local_names["npage"] == 0, local_names["base"] % ARENA == 0),
            Iff(handed_out, passed),
            Implies(handed_out, part.value >= part.high * PAGE),
            Implies(And(handed_out, part.of_model("needs_zero")), local_names["need_zero"]),
            Iff(local_names["need_zero"], arenas.needs_zero),
        )

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:
        e, arenas = self.e, self.arenas
        walked = e.integer("arenas walked", 1) * PAGES - arenas.first
        done = (0, walked, self.npage)[e.choose(3, "at the start, between arenas, at the end")]
        new = {
            "base": self.base + done * PAGE,
            "npage": self.npage - done,
            "need_zero": e.flag("need_zero"),
        }
        arenas.needs_zero = e.flag("some part needs zeroing")
        arenas.followed.value = arenas.followed.any_word("followed")
        if e.choose(2, "the followed arena is passed"):
            arenas.followed.model.state["stage"][0] = HANDED_OUT
            arenas.followed.model.state["needs_zero"][0] = e.flag("followed needs zeroing")
        e.assume(self.on_entry({**local_names, **new}))
        return new

    def is_kept(self, local_names: Mapping[str, Any]) -> Truth:
        self.arenas.hand_out()
        return self.on_entry(local_names)


def relying(machine: Machine) -> Machine:
    """The model with one more property of its steps: whoever takes them keeps to the rely."""
    machine.name += "/rely"

    @machine.transition(
        p=Sort("Part"),
        cites="runtime/mheap.go:1060",
        why="each thread is proved alone, beside the rely",
    )
    def others_keep_to_the_rely(x: State, n: State, p: Element) -> Truth:
        """A step that isn't the part's own (those, save `reload`, change its stage)."""
        a = x.arena[p]
        kept = And(n.arena[p] == a, n.low[p] == x.low[p], n.high[p] == x.high[p])
        raised = rely(x.low[p], x.high[p])(x.zeroed_base[a], n.zeroed_base[a])
        return Implies(And(in_flight(x, p), n.stage[p] == x.stage[p]), And(kept, raised))

    return machine
