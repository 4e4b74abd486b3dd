"""What a sweep does with the objects that it finds free, before it takes back their slots.

debug.clobberfree makes freed objects dirty, since the simulated memory has no contents. An object that
is marked and free is a zombie: somebody kept a pointer to it.
"""

from typing import TYPE_CHECKING

from impl.config import Config
from impl.rt import throw, u8
from impl.stubs import div_round_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


def clobber_freed(h: "Mheap", s: "Mspan", size: int) -> None:
    """runtime/mgcsweep.go sweepLocked.sweep: overwrites the objects that are about to be freed."""
    mbits = s.mark_bits_for_base()
    abits = s.alloc_bits_for_index(0)
    for i in range(s.nelems):
        if not mbits.is_marked() and (abits.n < s.freeindex or abits.is_marked()):
            clobberfree(h, s.base() + i * s.elemsize, size)
        mbits.advance()
        abits.advance()


def clobberfree(h: "Mheap", x: int, size: int) -> None:
    """runtime/mgcsweep.go clobberfree: spoils size bytes at x."""
    h.runtime.mem.write(x, size)


def check_zombies(s: "Mspan", config: Config) -> None:
    """runtime/mgcsweep.go sweepLocked.sweep: no object is both marked and free, or it throws."""
    if s.freeindex < s.nelems:
        # Objects below freeindex are allocated; their byte needs care.
        obj = s.freeindex
        marked = s.gcmark_bits.bytep(obj // 8)
        allocated = s.alloc_bits.bytep(obj // 8)
        if (marked & u8(~allocated)) >> (obj % 8) != 0:
            s.report_zombies()
        for i in range(obj // 8 + 1, div_round_up(config, s.nelems, 8)):
            marked = s.gcmark_bits.bytep(i)
            allocated = s.alloc_bits.bytep(i)
            if marked & u8(~allocated) != 0:
                s.report_zombies()


def report_zombies(s: "Mspan") -> None:  # noqa: ARG001  # a method of mspan in Go
    """runtime/mgcsweep.go mspan.reportZombies: throws; Go lists the objects of the span before."""
    throw("found pointer to free object")
