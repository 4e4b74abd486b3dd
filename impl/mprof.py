"""Buckets of the heap profile: how much of what one place in a program allocated has been freed.

Not ported here, of runtime/mprof.go: stacks and the table of buckets, sampling, the cycles by which a
profile shows frees and allocations of the same time, and with them the locks of the records.
"""

from impl.rt import Struct, Tally


class Bucket(Struct):
    """runtime/mprof.go bucket: the frees of a memRecordCycle, as numbers and in bytes."""

    frees: Tally
    free_bytes: Tally


def m_prof_free(b: Bucket, size: int) -> None:
    """runtime/mprof.go mProf_Free: a profiled object of size bytes was freed."""
    b.frees.add(1)
    b.free_bytes.add(size)
