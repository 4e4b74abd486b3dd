"""A pool of objects of one type and a fixed size, in memory that is never given back.

Objects come from chunks of memory in the order of their addresses; freed ones come first, the last
freed before the others. A piece of memory becomes a Python object by the pool's `make` when it is
handed out for the first time, and stays that object. Not ported here: the words of the memory. The
link of a freed object is kept beside it, where Go overwrites the object's first word with it, and a
pool that zeroes asks the object to clear itself (memclr).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Optional, TypeVar

from impl.persistentalloc import persistentalloc
from impl.rt import Const, Plain, Struct, throw

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mstats import SysMemStat

T = TypeVar("T")

FIX_ALLOC_CHUNK = 16 << 10
"""runtime/malloc.go _FixAllocChunk: bytes of a chunk."""


class Mlink(NamedTuple):
    """runtime/mfixalloc.go mlink: a freed object and those freed before it."""

    v: Any
    next: Optional["Mlink"]


class Fixalloc(Struct, Generic[T]):
    """runtime/mfixalloc.go fixalloc: the caller locks around its use.

    size (bytes of an object), nchunk (bytes left in the chunk), nalloc (bytes of a new chunk) and
    inuse (bytes handed out) count memory as Go does. With zero (the default) a reused object is
    cleared; its type must then have the method memclr.
    """

    h: Const["Mheap"]
    size: Plain[int] = 0
    make: Const[Callable[[], T]]
    first: Const[Callable[[Any, T], None] | None] = None
    arg: Const[Any] = None
    list: Plain[Mlink | None] = None
    chunk: Plain[int] = 0
    nchunk: Plain[int] = 0
    nalloc: Plain[int] = 0
    inuse: Plain[int] = 0
    stat: Const["SysMemStat"]
    zero: Plain[bool] = False

    def init(
        self,
        h: "Mheap",
        size: int,
        make: Callable[[], T],
        first: Callable[[Any, T], None] | None,
        arg: Any,
        stat: "SysMemStat",
    ) -> None:
        """runtime/mfixalloc.go fixalloc.init: a pool of objects of `size` bytes, made by `make`.

        first(arg, object) is called when a piece of memory is handed out for the first time. Throws
        if the size is more than a chunk.
        """
        if size > FIX_ALLOC_CHUNK:
            throw("runtime: fixalloc size too large")
        link_size = h.config.ptr_size
        if size < link_size:
            size = link_size

        self.h = h
        self.size = size
        self.make = make
        self.first = first
        self.arg = arg
        self.list = None
        self.chunk = 0
        self.nchunk = 0
        # A whole number of objects, so that nothing is wasted at the end.
        self.nalloc = FIX_ALLOC_CHUNK // size * size
        self.inuse = 0
        self.stat = stat
        self.zero = True

    def alloc(self) -> T:
        """runtime/mfixalloc.go fixalloc.alloc: an object; throws if the pool isn't initialised."""
        size = self.size
        if size == 0:
            throw("runtime: internal error")

        link = self.list
        if link is not None:
            v: Any = link.v
            self.list = link.next
            self.inuse += size
            if self.zero:
                v.memclr()
            return v  # type: ignore[no-any-return]  # what was freed here
        if self.nchunk < size:
            self.chunk = persistentalloc(self.h, self.nalloc, 0, self.stat)
            self.nchunk = self.nalloc

        new = self.make()
        if self.first is not None:
            self.first(self.arg, new)
        self.chunk = self.chunk + size
        self.nchunk -= size
        self.inuse += size
        return new

    def free(self, p: T) -> None:
        """runtime/mfixalloc.go fixalloc.free: takes p back; it is the next to be handed out."""
        self.inuse -= self.size
        self.list = Mlink(p, self.list)
