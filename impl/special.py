"""Special records: what is kept about single objects of a span, outside the heap.

A span's records are a list in the order of (offset, kind), guarded by its speciallock; the sweep,
which owns the span, does without. Not ported here: Go's pointer casts from a record's first field,
special, to the record; Special.record leads there.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from impl.heaparena import arena_at, arena_index
from impl.mfinal import queuefinalizer
from impl.mprof import Bucket, m_prof_free
from impl.rt import Const, Local, Plain, Struct, atomic, lock, throw, u8, unlock

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan

KIND_SPECIAL_FINALIZER = 1
"""runtime/mheap.go _KindSpecialFinalizer: a function to call before the object is freed.

The smallest kind: a finalizer keeps the object from being freed, and with it the other records.
"""

KIND_SPECIAL_PROFILE = 2
"""runtime/mheap.go _KindSpecialProfile: the object is part of the heap profile."""

KIND_SPECIAL_REACHABLE = 3
"""runtime/mheap.go _KindSpecialReachable: a test wants to know whether the object is reachable."""

KIND_SPECIAL_PIN_COUNTER = 4
"""runtime/mheap.go _KindSpecialPinCounter: how many times more the object is pinned than once."""


class Special(Struct):
    """runtime/mheap.go special: the part that all records have; offset is in bytes, 16 bits."""

    next: Plain[Optional["Special"]] = None
    offset: Plain[int] = 0
    kind: Plain[int] = 0
    record: Const[Any] = None

    def memclr(self) -> None:
        """runtime/mheap.go special: zeroes it, as its pool does before it is used again."""
        self.next = None
        self.offset = 0
        self.kind = 0


class Specialfinalizer(Struct):
    """runtime/mheap.go specialfinalizer: fn is called with the object; it has nret bytes of results.

    fn is the address of a closure; fint (the type of its parameter) and ot (that of the pointer to
    the object) are opaque.
    """

    special: Special
    fn: Plain[int] = 0
    nret: Plain[int] = 0
    fint: Plain[Any] = None
    ot: Plain[Any] = None

    def memclr(self) -> None:
        """runtime/mheap.go specialfinalizer: zeroes it, before it is used again."""
        self.special.memclr()
        self.fn = 0
        self.nret = 0
        self.fint = None
        self.ot = None


class Specialprofile(Struct):
    """runtime/mheap.go specialprofile: the bucket of the profile that counts the object."""

    special: Special
    b: Plain[Bucket | None] = None

    def memclr(self) -> None:
        """runtime/mheap.go specialprofile: zeroes it, before it is used again."""
        self.special.memclr()
        self.b = None


class SpecialReachable(Struct):
    """runtime/mheap.go specialReachable: done says that a sweep has found out; then reachable counts."""

    special: Special
    done: Plain[bool] = False
    reachable: Plain[bool] = False

    def memclr(self) -> None:
        """runtime/mheap.go specialReachable: zeroes it, before it is used again."""
        self.special.memclr()
        self.done = False
        self.reachable = False


class SpecialPinCounter(Struct):
    """runtime/mheap.go specialPinCounter: the pins of an object beyond the first."""

    special: Special
    counter: Plain[int] = 0

    def memclr(self) -> None:
        """runtime/mheap.go specialPinCounter: zeroes it, before it is used again."""
        self.special.memclr()
        self.counter = 0


def new_specialfinalizer() -> Specialfinalizer:
    """runtime/mheap.go specialfinalizer: a zeroed one."""
    s = Specialfinalizer()
    s.special.record = s
    return s


def new_specialprofile() -> Specialprofile:
    """runtime/mheap.go specialprofile: a zeroed one."""
    s = Specialprofile()
    s.special.record = s
    return s


def new_special_reachable() -> SpecialReachable:
    """runtime/mheap.go specialReachable: a zeroed one."""
    s = SpecialReachable()
    s.special.record = s
    return s


def new_special_pin_counter() -> SpecialPinCounter:
    """runtime/mheap.go specialPinCounter: a zeroed one."""
    s = SpecialPinCounter()
    s.special.record = s
    return s


def span_has_specials(h: "Mheap", s: "Mspan") -> None:
    """runtime/mheap.go spanHasSpecials: notes in the arena that s has records."""
    config = h.config
    arena_page = s.base() // config.page_size % config.pages_per_arena
    ha = arena_at(h, arena_index(config, s.base()))
    atomic.or8(ha.page_specials, arena_page // 8, 1 << (arena_page % 8))


def span_has_no_specials(h: "Mheap", s: "Mspan") -> None:
    """runtime/mheap.go spanHasNoSpecials: notes in the arena that s has no records."""
    config = h.config
    arena_page = s.base() // config.page_size % config.pages_per_arena
    ha = arena_at(h, arena_index(config, s.base()))
    atomic.and8(ha.page_specials, arena_page // 8, u8(~(1 << (arena_page % 8))))


class SpecialRef(NamedTuple):
    """A link of a span's list, **special in Go; prev is None for the first one."""

    span: "Mspan"
    prev: Special | None

    def load(self) -> Special | None:
        """runtime/mheap.go mspan.specialFindSplicePoint: *iter, the record that the link leads to."""
        if self.prev is None:
            return self.span.specials
        return self.prev.next

    def store(self, s: Special | None) -> None:
        """runtime/mheap.go addspecial: *iter = s, the link leads to s from now on."""
        if self.prev is None:
            self.span.specials = s
        else:
            self.prev.next = s


def special_find_splice_point(span: "Mspan", offset: int, kind: int) -> tuple[SpecialRef, bool]:
    """runtime/mheap.go mspan.specialFindSplicePoint: (the link for such a record, whether it's there).

    Without such a record the link is where one belongs, in the order of offset (bytes) and kind.
    """
    prev: Special | None = None
    s = span.specials
    found = False
    while s is not None:
        if offset == s.offset and kind == s.kind:
            found = True
            break
        if offset < s.offset or (offset == s.offset and kind < s.kind):
            break
        prev = s
        s = s.next
    return SpecialRef(span, prev), found


@dataclass(slots=True)
class SpecialsIter(Local):
    """runtime/mheap.go specialsIter: goes through a span's records; s is the present one.

    pprev is the link that leads to it. After the last one s is None, and only valid may be called.
    """

    pprev: Plain[SpecialRef]
    s: Plain[Special]

    def valid(self) -> bool:
        """runtime/mheap.go specialsIter.valid: there is a present record."""
        return self.s is not None

    def next(self) -> None:
        """runtime/mheap.go specialsIter.next: goes on to the next record; there is a present one."""
        self.pprev = SpecialRef(self.pprev.span, self.s)
        self.s = self.pprev.load()  # type: ignore[assignment]  # None after the last

    def unlink_and_next(self) -> Special:
        """runtime/mheap.go specialsIter.unlinkAndNext: takes the present record off, and returns it.

        The iterator goes on to the one after it.
        """
        cur = self.s
        self.s = cur.next  # type: ignore[assignment]  # None after the last
        self.pprev.store(self.s)
        return cur


def new_specials_iter(span: "Mspan") -> SpecialsIter:
    """runtime/mheap.go newSpecialsIter: starts with the first record of span."""
    return SpecialsIter(SpecialRef(span, None), span.specials)  # type: ignore[arg-type]  # or None


def free_special(h: "Mheap", s: Special, p: int, size: int) -> None:
    """runtime/mheap.go freeSpecial: does what s is for, and frees it; s is on no list any more.

    p is the address it was for, in an object of size bytes.
    """
    if s.kind == KIND_SPECIAL_FINALIZER:
        sf: Specialfinalizer = s.record
        queuefinalizer(h, p, sf.fn, sf.nret, sf.fint, sf.ot)
        lock(h.speciallock)
        h.specialfinalizeralloc.free(sf)
        unlock(h.speciallock)
    elif s.kind == KIND_SPECIAL_PROFILE:
        sp: Specialprofile = s.record
        m_prof_free(sp.b, size)  # type: ignore[arg-type]  # set when the record was made
        lock(h.speciallock)
        h.specialprofilealloc.free(sp)
        unlock(h.speciallock)
    elif s.kind == KIND_SPECIAL_REACHABLE:
        sr: SpecialReachable = s.record
        sr.done = True
        # Whoever made it frees it.
    elif s.kind == KIND_SPECIAL_PIN_COUNTER:
        lock(h.speciallock)
        h.special_pin_counter_alloc.free(s.record)
        unlock(h.speciallock)
    else:
        throw("bad special kind")
