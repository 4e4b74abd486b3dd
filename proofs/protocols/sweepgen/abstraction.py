"""How span, cache and sweep words show the protocol's state.

Several variables of the model have no word of their own in the port: what a span is in the middle of,
who owns it, and whether its mark was processed are facts about what threads have done. They are
history variables, driven by the operations of the port as `scenarios` and `stateful` read them.
"""

from checker.refinement import Abstraction
from harness.port import PortView
from impl.mgcsweep import SWEEP_DRAINED_MASK
from impl.mspanstate import M_SPAN_IN_USE
from model import sweepgen as machine

ABSTRACTION = Abstraction(
    machine.build(),
    history={
        "unswept": "whether the last mark was processed: a fact about the past",
        "stage": "what the span's owner is in the middle of",
        "owns": "Go keeps no owner: ownership is knowing that one won the compare-and-swap",
        "cached": "mcache.alloc is written a step after sweepgen says so",
        "sweeping": "activeSweep counts sweepers without naming them",
        "present": "the caches of a scenario are those its setup allocates",
        "half": "which span a thread is in the middle of sweeping",
        "hand": "which span a thread is in the middle of sweeping",
        "picking": "which span a thread popped last",
        "picked": "which span a thread popped last",
        "waiting": "the unswept sets may hold spans of an earlier life as well",
        "restarting": "the two stores of gcSweep with the world stopped",
    },
)


def relative(generation: int, heap: int) -> int:
    """A uint32 generation relative to the heap's, as a small signed number."""
    distance = (generation - heap) & 0xFFFFFFFF
    return distance - (1 << 32) if distance >= 1 << 31 else distance


@ABSTRACTION.of
def live(port: PortView, s: int) -> bool:
    """A span is live while its state is mSpanInUse."""
    return bool(port.get(port.get(port.spans[s], "state"), "s") == M_SPAN_IN_USE)


@ABSTRACTION.of
def gen(port: PortView, s: int) -> int:
    """The generation relative to the heap's; of a dead span it means nothing."""
    if not live(port, s):
        return machine.SWEPT
    return relative(port.get(port.spans[s], "sweepgen"), port.get(port.heap, "sweepgen"))


@ABSTRACTION.of
def flushed(port: PortView, c: int) -> bool:
    """An allocated cache is flushed when its flushGen is the heap's generation."""
    return c < len(port.caches) and bool(
        port.get(port.caches[c], "flush_gen") == port.get(port.heap, "sweepgen")
    )


@ABSTRACTION.of
def drained(port: PortView) -> bool:
    """The top bit of activeSweep.state."""
    return bool(_active(port) & SWEEP_DRAINED_MASK)


def _active(port: PortView) -> int:
    sweep = port.get(port.get(port.heap, "runtime"), "sweep")
    return int(port.get(port.get(sweep, "active"), "state"))
