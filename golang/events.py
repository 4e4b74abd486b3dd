"""The events that the instrumented runtime records: their meaning and their binary layout.

A record is 64 bytes, little-endian: kind u8, flag u8, M id u16, stamp u32 (ticket + 1; 0 while
the record is unwritten), 48 bytes of payload, mheap_.sweepgen u32, P id u16 (0xffff without a
P), 2 unused.  The index of a record is its ticket, from one global counter.  The ticket of an
acquire-type operation (CAS won, pop, load) is taken AFTER it, that of a release-type operation
(a store that publishes, push, free) BEFORE it, so the recorded ownership interval lies inside
the real one and the tickets of one object's chain of owners are in real order.  `m` identifies
the thread: hooks are not preempted, so nested events of one operation carry the same `m`.

Exact order: what is written under a lock or with the world stopped (lists, phases, generation,
STW).  Ownership order: span state, span generation, set entries.  No order at all between
threads: the lock-free monotone zeroedBase (ZbLoad, ZbCas: chain the values, not the tickets)
and activeSweep (Drained may precede the SweeperBegin whose CAS it followed).

| event          | ticket | operation (Go)                              | fields beyond the names |
|----------------|--------|---------------------------------------------|-------------------------|
| StateStore     | before | mSpanStateBox.set                           | the span as it is now   |
| GcPhase        | before | setGCPhase                                  |                         |
| StwStop        | after  | stopTheWorldWithSema                        |                         |
| StwStart       | before | startTheWorldWithSema                       |                         |
| ListInit       | after  | mSpanList.init                              |                         |
| ListInsert     | after  | mSpanList.insert                            | ends and links after it;|
| ListInsertBack | after  | mSpanList.insertBack                        | owner: 0 span.list nil, |
| ListRemove     | after  | mSpanList.remove                            | 1 this list, 2 another  |
| ListTakeAll    | after  | mSpanList.takeAll                           | strays: members (at most|
|                |        |                                             | 255) of another list    |
| SgStore        | before | store of mspan.sweepgen                     | site: the Go function   |
| SgCas          | after  | successful CAS of mspan.sweepgen            |                         |
| Hsg            | before | mheap_.sweepgen += 2                        |                         |
| SpanInit       | after  | mheap.initSpan                              | typ: spanAllocType      |
| SpanFree       | before | mheap.freeSpanLocked                        |                         |
| SetPush        | before | spanSet.push                                |                         |
| SetPop         | after  | spanSet.pop that found a span               | nothing racy is read    |
| SweepBegin     | before | sweepLocked.sweep                           | addresses of both bits  |
| SweepEnd       | after  | sweepLocked.sweep                           | freed: its result       |
| SweepBits      | before | allocBits = gcmarkBits in sweep             | their addresses         |
| Refill         | after  | mcache.refill                               |                         |
| Flush          | before | store of mcache.flushGen                    | site                    |
| SweeperBegin   | after  | activeSweep.begin                           | gen, valid: its result; |
|                |        |                                             | invalid: the first per M|
|                |        |                                             | and generation only     |
| SweeperEnd     | before | activeSweep.end                             |                         |
| Drained        | after  | activeSweep.markDrained that returned true  |                         |
| SweepReset     | after  | activeSweep.reset                           |                         |
| NzBegin        | before | mheap.allocNeedsZero                        |                         |
| ZbLoad         | after  | load of heapArena.zeroedBase in it          | retry: after a lost CAS |
| ZbCas          | after  | successful CAS of heapArena.zeroedBase      |                         |
| ZbStore        | before | plain store of it (never in a correct Go)   |                         |
| NzEnd          | after  | mheap.allocNeedsZero                        | zeroedBase re-read, of  |
|                |        |                                             | first and last arena    |

Addresses (span, list, set, mcache, start, base, limit, bits) are bytes; npages and zeroedBase
are in pages and in bytes from the arena's base.  SpanInit, SpanFree, NzBegin, ZbLoad, ZbCas,
ZbStore and NzEnd are recorded for the process heap only.
golang/page_events.py has the events of the page allocator.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple, get_args, get_type_hints

from golang.fields import U8, U16, U32, U64, Bool8, BoolFlag, Flag
from golang.page_events import PageEvent

RECORD_BYTES: Final = 64
NO_P: Final = 0xFFFF

StoreSite = IntEnum(
    "StoreSite", "initSpan refill uncacheSpan sweep tryAcquire allocmcache prepareForSweep"
)
"""The Go function that stores a generation (SgStore, SgCas, Flush)."""


class StateStore(NamedTuple):
    ticket: int
    m: U16
    span: U64
    start: U64
    limit: U64
    elemsize: U64
    npages: U32
    sweepgen: U32
    nelems: U16
    span_class: U8
    needzero: U8
    mark_bits: Bool8
    alloc_bits: Bool8
    old: U8
    new: U8
    h: U32
    p: U16


class GcPhase(NamedTuple):
    ticket: int
    m: U16
    old: U32
    new: U32
    h: U32
    p: U16


class StwStop(NamedTuple):
    ticket: int
    m: U16
    h: U32
    p: U16


class StwStart(NamedTuple):
    ticket: int
    m: U16
    h: U32
    p: U16


class ListInit(NamedTuple):
    ticket: int
    m: U16
    list: U64
    h: U32
    p: U16


class ListInsert(NamedTuple):
    ticket: int
    owner: Flag
    m: U16
    list: U64
    span: U64
    first: U64
    last: U64
    next: U64
    prev: U64
    h: U32
    p: U16


class ListInsertBack(NamedTuple):
    ticket: int
    owner: Flag
    m: U16
    list: U64
    span: U64
    first: U64
    last: U64
    next: U64
    prev: U64
    h: U32
    p: U16


class ListRemove(NamedTuple):
    ticket: int
    owner: Flag
    m: U16
    list: U64
    span: U64
    first: U64
    last: U64
    next: U64
    prev: U64
    h: U32
    p: U16


class ListTakeAll(NamedTuple):
    ticket: int
    strays: Flag
    m: U16
    list: U64
    other: U64
    first: U64
    last: U64
    other_first: U64
    other_last: U64
    h: U32
    p: U16


class SgStore(NamedTuple):
    ticket: int
    site: Flag
    m: U16
    span: U64
    start: U64
    old: U32
    new: U32
    npages: U32
    alloc_count: U16
    nelems: U16
    span_class: U8
    state: U8
    needzero: U8
    mark_bits: Bool8
    h: U32
    p: U16


class SgCas(NamedTuple):
    ticket: int
    site: Flag
    m: U16
    span: U64
    start: U64
    old: U32
    new: U32
    h: U32
    p: U16


class Hsg(NamedTuple):
    ticket: int
    m: U16
    old: U32
    new: U32
    h: U32
    p: U16


class SpanInit(NamedTuple):
    ticket: int
    typ: Flag
    m: U16
    span: U64
    start: U64
    limit: U64
    elemsize: U64
    npages: U32
    sweepgen: U32
    nelems: U16
    span_class: U8
    needzero: U8
    mark_bits: Bool8
    alloc_bits: Bool8
    state: U8
    h: U32
    p: U16


class SpanFree(NamedTuple):
    ticket: int
    typ: Flag
    m: U16
    span: U64
    start: U64
    npages: U32
    sweepgen: U32
    alloc_count: U16
    nelems: U16
    span_class: U8
    needzero: U8
    state: U8
    h: U32
    p: U16


class SetPush(NamedTuple):
    ticket: int
    m: U16
    set: U64
    span: U64
    start: U64
    npages: U32
    sweepgen: U32
    alloc_count: U16
    nelems: U16
    span_class: U8
    state: U8
    h: U32
    p: U16


class SetPop(NamedTuple):
    ticket: int
    m: U16
    set: U64
    span: U64
    h: U32
    p: U16


class SweepBegin(NamedTuple):
    ticket: int
    preserve: BoolFlag
    m: U16
    span: U64
    start: U64
    mark_bits: U64
    alloc_bits: U64
    npages: U32
    sweepgen: U32
    alloc_count: U16
    nelems: U16
    span_class: U8
    needzero: U8
    state: U8
    h: U32
    p: U16


class SweepEnd(NamedTuple):
    ticket: int
    preserve: BoolFlag
    m: U16
    span: U64
    freed: Bool8
    h: U32
    p: U16


class SweepBits(NamedTuple):
    ticket: int
    m: U16
    span: U64
    mark_bits: U64
    alloc_bits: U64
    npages: U32
    sweepgen: U32
    alloc_count: U16
    nelems: U16
    h: U32
    p: U16


class Refill(NamedTuple):
    ticket: int
    span_class: Flag
    m: U16
    mcache: U64
    span: U64
    start: U64
    npages: U32
    sweepgen: U32
    alloc_count: U16
    nelems: U16
    h: U32
    p: U16


class Flush(NamedTuple):
    ticket: int
    site: Flag
    m: U16
    mcache: U64
    old: U32
    new: U32
    h: U32
    p: U16


class SweeperBegin(NamedTuple):
    ticket: int
    valid: BoolFlag
    m: U16
    gen: U32
    h: U32
    p: U16


class SweeperEnd(NamedTuple):
    ticket: int
    m: U16
    gen: U32
    h: U32
    p: U16


class Drained(NamedTuple):
    ticket: int
    m: U16
    h: U32
    p: U16


class SweepReset(NamedTuple):
    ticket: int
    m: U16
    h: U32
    p: U16


class NzBegin(NamedTuple):
    ticket: int
    m: U16
    base: U64
    npages: U64
    h: U32
    p: U16


class ZbLoad(NamedTuple):
    ticket: int
    retry: BoolFlag
    m: U16
    arena: U64
    value: U64
    h: U32
    p: U16


class ZbCas(NamedTuple):
    ticket: int
    m: U16
    arena: U64
    old: U64
    new: U64
    h: U32
    p: U16


class ZbStore(NamedTuple):
    ticket: int
    m: U16
    arena: U64
    old: U64
    new: U64
    h: U32
    p: U16


class NzEnd(NamedTuple):
    ticket: int
    need_zero: BoolFlag
    m: U16
    base: U64
    npages: U64
    first_zeroed_base: U64
    last_zeroed_base: U64
    h: U32
    p: U16


Event = (
    StateStore
    | GcPhase
    | StwStop
    | StwStart
    | ListInit
    | ListInsert
    | ListInsertBack
    | ListRemove
    | ListTakeAll
    | SgStore
    | SgCas
    | Hsg
    | SpanInit
    | SpanFree
    | SetPush
    | SetPop
    | SweepBegin
    | SweepEnd
    | SweepBits
    | Refill
    | Flush
    | SweeperBegin
    | SweeperEnd
    | Drained
    | SweepReset
    | NzBegin
    | ZbLoad
    | ZbCas
    | ZbStore
    | NzEnd
    | PageEvent
)

KINDS: Final[tuple[type[Event], ...]] = get_args(Event)
"""Every event type; the kind byte of a record is the index here plus one."""


def payload_fields(event: type[Event]) -> tuple[str, ...]:
    """The fields of an event type that are its own: all but ticket, m, h and p."""
    return tuple(name for name in event._fields if name not in ("ticket", "m", "h", "p"))


def _record_struct(event: type[Event]) -> struct.Struct:
    flag, payload = "x", ""
    hints = get_type_hints(event, include_extras=True)
    for name in payload_fields(event):
        letter, *role = hints[name].__metadata__
        if role:
            flag = letter
        else:
            payload += letter
    padding = 48 - struct.calcsize("<" + payload)
    return struct.Struct(f"<x{flag}H4x{payload}{padding}xIH2x")


STRUCTS: Final = {event: _record_struct(event) for event in KINDS}
"""The layout of each event type: unpacks a record into its fields from the second one on."""
