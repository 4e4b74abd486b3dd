"""Where the recorder is attached to Go 1.21.13's package runtime, as tables.

A Wrap renames a function and puts our statements around a call of it, so only its name and its
parameter names must survive; `r0`, `r1` are its results.  A Line rewrites a store inside a function,
where a wrap would be too coarse.  Both name the watched variables whose stores they record; the
scan refuses the runtime when a store of a watched variable is left over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Wrap:
    """Go statements before and after `function` ("Type.method" or "function")."""

    function: str
    before: str = ""
    after: str = ""
    covers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """A regular expression replaced in every line of package runtime.

    `functions` counts the replacements expected in the source as installed, per function.
    In `replacement`, SITE becomes the StoreSite number of the enclosing function.
    """

    pattern: str
    replacement: str
    functions: Mapping[str, int]
    covers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Watched:
    """A variable of which every store must be seen.

    `declaration` is the pattern of its declaration inside `struct` ("" for a package variable),
    with the name as its only group.  `elements` names, per following selector, the watched
    variable that a longer chain (`s.next.prev`) reaches.
    """

    name: str
    struct: str
    declaration: str
    leads_to: str = ""


def _functions(**counts: int) -> Mapping[str, int]:
    return MappingProxyType(counts)


LIST_FIELDS: Final = frozenset(
    {"mspan.next", "mspan.prev", "mspan.list", "mSpanList.first", "mSpanList.last"}
)

WATCHED: Final = (
    Watched("mspan.sweepgen", "mspan", r"\t(sweepgen)\s+uint32\b"),
    Watched("mspan.state", "mspan", r"\t(state)\s+mSpanStateBox\b"),
    Watched("mspan.next", "mspan", r"\t(next)\s+\*mspan\b", "mspan"),
    Watched("mspan.prev", "mspan", r"\t(prev)\s+\*mspan\b", "mspan"),
    Watched("mspan.list", "mspan", r"\t(list)\s+\*mSpanList\b", "mSpanList"),
    Watched("mSpanStateBox.s", "mSpanStateBox", r"\t(s)\s+atomic\.Uint8\b"),
    Watched("mSpanList.first", "mSpanList", r"\t(first)\s+\*mspan\b", "mspan"),
    Watched("mSpanList.last", "mSpanList", r"\t(last)\s+\*mspan\b", "mspan"),
    Watched("mheap.sweepgen", "mheap", r"\t(sweepgen)\s+uint32\b"),
    Watched("heapArena.zeroedBase", "heapArena", r"\t(zeroedBase)\s+uintptr\b"),
    Watched("mcache.flushGen", "mcache", r"\t(flushGen)\s+atomic\.Uint32\b"),
    Watched("activeSweep.state", "activeSweep", r"\t(state)\s+atomic\.Uint32\b"),
    Watched("pageAlloc.searchAddr", "pageAlloc", r"\t(searchAddr)\s+offAddr\b"),
    Watched("gcphase", "", r"var (gcphase) uint32$"),
)

UNRECORDED: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("mspan.init", "mspan.next"): "the mspan is blank; StateStore, of the same call, marks it",
        ("mspan.init", "mspan.prev"): "the mspan is blank; StateStore, of the same call, marks it",
        ("mspan.init", "mspan.list"): "the mspan is blank; StateStore, of the same call, marks it",
        ("userArena.free", "mspan.next"): "a chunk's own chain, on no mSpanList",
        ("userArena.refill", "mspan.next"): "a chunk's own chain, on no mSpanList",
        ("gcinit", "activeSweep.state"): "before the first generation",
        ("pageAlloc.init", "pageAlloc.searchAddr"): "there are no pages before the first PageGrow",
        ("pageAlloc.scavengeOne", "pageAlloc.searchAddr"): "ScavGive shows it, before unlock",
    }
)
"""Stores that need no event: (function, variable) -> why."""

_HEAP = "if h == &mheap_ { %s }"
_PAGES = "if p == &mheap_.pages { %s }"
_SEARCH = frozenset({"pageAlloc.searchAddr"})

WRAPS: Final = (
    # stackinit runs before mallocinit and initialises the first lists.
    Wrap("stackinit", before="tapOpen()"),
    Wrap("runExitHooks", after="tapClose()"),
    Wrap("mSpanStateBox.set", before="tapState(b, s)", covers=frozenset({"mSpanStateBox.s"})),
    Wrap("setGCPhase", before="tapGCPhase(x)", covers=frozenset({"gcphase"})),
    Wrap("stopTheWorldWithSema", after="tapPlain(tapKindStwStop)"),
    Wrap("startTheWorldWithSema", before="tapPlain(tapKindStwStart)"),
    Wrap("mSpanList.init", after="tapListInit(list)", covers=LIST_FIELDS),
    Wrap("mSpanList.insert", after="tapList(tapKindListInsert, list, span)", covers=LIST_FIELDS),
    Wrap(
        "mSpanList.insertBack",
        after="tapList(tapKindListInsertBack, list, span)",
        covers=LIST_FIELDS,
    ),
    Wrap("mSpanList.remove", after="tapList(tapKindListRemove, list, span)", covers=LIST_FIELDS),
    Wrap("mSpanList.takeAll", after="tapListTakeAll(list, other)", covers=LIST_FIELDS),
    Wrap("mheap.initSpan", after=_HEAP % "tapSpanInit(s, typ)"),
    Wrap("mheap.freeSpanLocked", before=_HEAP % "tapSpanFree(s, typ)"),
    Wrap(
        "mheap.allocNeedsZero",
        before=_HEAP % "tapNzBegin(base, npage)",
        after=_HEAP % "tapNzEnd(base, npage, r0)",
    ),
    Wrap("spanSet.push", before="tapSetPush(b, s)"),
    Wrap("spanSet.pop", after="tapSetPop(b, r0)"),
    Wrap(
        "sweepLocked.sweep",
        before="tapS := sl.mspan; tapSweepBegin(tapS, preserve)",  # sweep sets sl.mspan to nil
        after="tapSweepEnd(tapS, preserve, r0)",
    ),
    Wrap("mcache.refill", after="tapRefill(c, spc)"),
    Wrap(
        "activeSweep.begin",
        after="tapSweeperBegin(r0)",
        covers=frozenset({"activeSweep.state"}),
    ),
    Wrap(
        "activeSweep.end",
        before="tapSweeperEnd(sl)",
        covers=frozenset({"activeSweep.state"}),
    ),
    Wrap(
        "activeSweep.markDrained",
        after="tapDrained(r0)",
        covers=frozenset({"activeSweep.state"}),
    ),
    Wrap(
        "activeSweep.reset",
        after="tapPlain(tapKindSweepReset)",
        covers=frozenset({"activeSweep.state"}),
    ),
    Wrap("pageAlloc.grow", after=_PAGES % "tapPageGrow(p, base, size)", covers=_SEARCH),
    Wrap("pageAlloc.alloc", after=_PAGES % "tapPageAlloc(p, npages, r0, r1)", covers=_SEARCH),
    Wrap("pageAlloc.free", after=_PAGES % "tapPageFree(p, base, npages)", covers=_SEARCH),
    Wrap("pageAlloc.allocToCache", after=_PAGES % "tapPageToCache(p, r0)", covers=_SEARCH),
    Wrap("pageCache.alloc", after="tapPageCacheAlloc(c, npages, r0, r1)"),
    Wrap(
        "pageCache.flush",
        before="tapC := *c",
        after=_PAGES % "tapPageFlush(p, c, tapC)",
        covers=_SEARCH,
    ),
    Wrap("pageAlloc.scavengeOne", before=_PAGES % "tapScavBegin(ci, searchIdx, max)"),
    Wrap("scavengeIndex.nextGen", before="tapScavGen(s)"),
)

LINES: Final = (
    Line(
        r"atomic\.Store\(&(\w+)\.sweepgen, ([^()]+)\)",
        r"tapSgStore(\1, \2, SITE); \g<0>",
        _functions(initSpan=1, uncacheSpan=2, sweep=1),
        frozenset({"mspan.sweepgen"}),
    ),
    Line(
        r"\ts\.sweepgen = (.+)$",
        r"\ttapSgStore(s, \1, SITE);\g<0>",
        _functions(refill=1),
        frozenset({"mspan.sweepgen"}),
    ),
    Line(
        r"atomic\.Cas\(&(\w+)\.sweepgen, ([^(),]+), ([^(),]+)\)",
        r"tapSgCas(\1, \2, \3, SITE)",
        _functions(tryAcquire=1),
        frozenset({"mspan.sweepgen"}),
    ),
    Line(
        r"mheap_\.sweepgen \+= (\d+)$",
        r"tapHsg(mheap_.sweepgen + \1); \g<0>",
        _functions(gcSweep=1),
        frozenset({"mheap.sweepgen"}),
    ),
    Line(
        r"c\.flushGen\.Store\(([^()]+)\)",
        r"tapFlush(c, \1, SITE); \g<0>",
        _functions(allocmcache=1, prepareForSweep=1),
        frozenset({"mcache.flushGen"}),
    ),
    Line(
        r"s\.allocBits = s\.gcmarkBits\b",
        r"tapSweepBits(s); \g<0>",
        _functions(sweep=1),
    ),
    Line(
        r"zeroedBase := atomic\.Loaduintptr\(&ha\.zeroedBase\)",
        r"\g<0>; tapZbLoad(h, ai, zeroedBase, 0)",
        _functions(allocNeedsZero=1),
    ),
    Line(
        r"zeroedBase = atomic\.Loaduintptr\(&ha\.zeroedBase\)",
        r"\g<0>; tapZbLoad(h, ai, zeroedBase, 1)",
        _functions(allocNeedsZero=1),
    ),
    Line(
        r"atomic\.Casuintptr\(&ha\.zeroedBase, ([^(),]+), ([^(),]+)\)",
        r"tapZbCas(h, ai, &ha.zeroedBase, \1, \2)",
        _functions(allocNeedsZero=1),
        frozenset({"heapArena.zeroedBase"}),
    ),
    Line(  # no such store in the installed source: it serves the mutants
        r"atomic\.Storeuintptr\(&ha\.zeroedBase, ([^(),]+)\)",
        r"tapZbStore(h, ai, &ha.zeroedBase, \1); \g<0>",
        _functions(),
        frozenset({"heapArena.zeroedBase"}),
    ),
    Line(
        r"p\.scav\.index\.setNoHugePage\(ci\)",
        r"\g<0>; tapScavTake(p, addr, uintptr(npages))",
        _functions(scavengeOne=1),
    ),
    Line(
        r"p\.chunkOf\(ci\)\.scavenged\.setRange\(base, npages\)",
        r"\g<0>; tapScavGive(p, addr, uintptr(npages))",
        _functions(scavengeOne=1),
    ),
    Line(
        r"p\.scav\.index\.setEmpty\(ci\)",
        r"\g<0>; tapScavNone(p, ci)",
        _functions(scavengeOne=1),
    ),
)
