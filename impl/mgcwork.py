"""Grey objects waiting to be scanned, and what the collector counts during a cycle.

The simulated memory has no contents: which words an object holds is what the client of the heap
says, through Work.points_to. Not ported here, of runtime/mgcwork.go: the work buffers and their
spans: queues have any length, and a P's go to the others only when it is done with them (dispose);
heapScanWork, the bytes up to an object's last pointer, which is for pacing the mark phase.
"""

from collections.abc import Callable

from impl.rt import Plain, PlainSlice, Struct, append, u64


def holds_nothing(_obj: int) -> tuple[int, ...]:
    """runtime/mgcmark.go scanobject: what it finds in an object before a client says otherwise."""
    return ()


class GcWork(Struct):
    """runtime/mgcwork.go gcWork: the grey objects of a P, by address, and the bytes it marked."""

    objects: Plain[PlainSlice[int]] = PlainSlice()
    bytes_marked: Plain[int] = 0

    def put(self, obj: int) -> None:
        """runtime/mgcwork.go gcWork.put: queues a grey object."""
        self.objects = append(self.objects, obj)

    def try_get(self, work: "Work") -> int:
        """runtime/mgcwork.go gcWork.tryGet: the grey object queued last, or 0 if there is none."""
        if len(self.objects) == 0:
            # Take over what others gave away.
            self.objects = work.full
            work.full = PlainSlice()
        n = len(self.objects)
        if n == 0:
            return 0
        obj = self.objects[n - 1]
        self.objects = self.objects.upto(n - 1)
        return obj

    def empty(self) -> bool:
        """runtime/mgcwork.go gcWork.empty: nothing is queued."""
        return len(self.objects) == 0

    def dispose(self, work: "Work") -> None:
        """runtime/mgcwork.go gcWork.dispose: gives the grey objects and the count to all Ps."""
        for obj in self.objects:
            work.full = append(work.full, obj)
        self.objects = PlainSlice()
        if self.bytes_marked != 0:
            work.bytes_marked = u64(work.bytes_marked + self.bytes_marked)
            self.bytes_marked = 0


class Work(Struct):
    """runtime/mgc.go work: what the Ps share in a cycle, as far as the page heap has to do with it.

    points_to maps the address of an object to the words it holds; it is the client's. full has the
    grey objects that are not on a P's queue.
    """

    points_to: Plain[Callable[[int], tuple[int, ...]]] = holds_nothing
    full: Plain[PlainSlice[int]] = PlainSlice()
    bytes_marked: Plain[int] = 0
    n_span_roots: Plain[int] = 0
    mode: Plain[int] = 0
    user_forced: Plain[bool] = False
    cycles: Plain[int] = 0
