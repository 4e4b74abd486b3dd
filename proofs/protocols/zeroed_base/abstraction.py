"""How heapArena.zeroedBase shows the model's word; what allocations are in the middle of does not."""

from checker.refinement import Abstraction
from harness.port import PortView
from model import zeroed_base as machine

_LOCAL = "a local variable of alloc_needs_zero"
ABSTRACTION = Abstraction(
    machine.build(),
    history={
        "used": "the content of memory, which the port does not hold",
        "stage": "where a thread is inside alloc_needs_zero",
        "arena": _LOCAL,
        "low": _LOCAL,
        "high": _LOCAL,
        "seen": _LOCAL,
        "needs_zero": _LOCAL,
    },
)


@ABSTRACTION.of
def zeroed_base(port: PortView, a: int) -> int:
    """The word in bytes, seen in pages."""
    pages, rest = divmod(
        port.get(port.arenas[a], "zeroed_base"), port.get(port.heap, "config").page_size
    )
    return int(pages) if not rest else -1
