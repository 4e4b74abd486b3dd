"""Make a copy of a trace with one event altered, to show that a monitor would reject it.

The copy is a well-formed complete trace again (tickets renumbered), so only its meaning differs.
An excerpt is such a copy too, of the events that one monitor reads.
"""

from __future__ import annotations

import array
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from golang.events import KINDS, RECORD_BYTES, STRUCTS, Event, payload_fields
from golang.trace import Trace
from golang.trace_format import HEADER_BYTES, WORDS


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave out the event `ticket`."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Record the event `ticket` twice in a row."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchange the event `ticket` with the next one that has the same value in field `by`."""

    ticket: int
    by: str


@dataclass(frozen=True, slots=True)
class Change:
    """Set `field` of the event `ticket` to `value`."""

    ticket: int
    field: str
    value: int


Alteration = Drop | Duplicate | Swap | Change


def alter(trace: Trace, alteration: Alteration, path: Path) -> None:
    """Write to `path` a copy of `trace` with one alteration.

    Raises IndexError for a ticket that is not in the trace, ValueError for a field that the
    event does not have, a value that it has already, and a swap without a partner.
    """
    event = trace[alteration.ticket]
    start = alteration.ticket
    records = trace.records()
    one = records[start * RECORD_BYTES : (start + 1) * RECORD_BYTES]
    match alteration:
        case Drop():
            stop, middle = start + 1, b""
        case Duplicate():
            stop, middle = start + 1, one + one
        case Change():
            stop, middle = start + 1, _packed(_changed(event, alteration))
        case Swap():
            partner = _partner(trace, event, alteration)
            stop = partner + 1
            other = records[partner * RECORD_BYTES : stop * RECORD_BYTES]
            middle = other + records[(start + 1) * RECORD_BYTES : partner * RECORD_BYTES] + one
    _write(trace, records[: start * RECORD_BYTES] + middle + records[stop * RECORD_BYTES :], path)


def excerpt(trace: Trace, kinds: Collection[type[Event]], count: int, path: Path) -> None:
    """Write to `path` the first `count` events of these kinds in `trace`."""
    chosen = islice((event for event in trace if type(event) in kinds), count)
    _write(trace, b"".join(_packed(event) for event in chosen), path)


def _write(trace: Trace, records: bytes, path: Path) -> None:
    """A complete trace of these records, with the header of `trace`."""
    body = bytearray(records)
    count = len(body) // RECORD_BYTES
    with memoryview(body).cast("I") as words:
        words[1 :: RECORD_BYTES // 4] = memoryview(array.array("I", range(1, count + 1)))
    header = bytearray(trace.header_page())
    WORDS.pack_into(header, 0, *trace.header._replace(next=count, final=count, capacity=count))
    assert len(header) == HEADER_BYTES
    path.write_bytes(header + body)


def _changed(event: Event, change: Change) -> Event:
    if change.field not in payload_fields(type(event)):
        raise ValueError(f"{type(event).__name__} has no field {change.field!r}")
    if getattr(event, change.field) == change.value:
        raise ValueError(f"{change.field} of event {change.ticket} is {change.value} already")
    fields = event._asdict() | {change.field: change.value}
    return type(event)(**fields)


def _packed(event: Event) -> bytes:
    record = bytearray(STRUCTS[type(event)].pack(*event[1:]))
    record[0] = KINDS.index(type(event)) + 1
    return bytes(record)


def _partner(trace: Trace, event: Event, swap: Swap) -> int:
    if swap.by not in payload_fields(type(event)):
        raise ValueError(f"{type(event).__name__} has no field {swap.by!r}")
    value = getattr(event, swap.by)
    for ticket in range(swap.ticket + 1, len(trace)):
        if getattr(trace[ticket], swap.by, None) == value:
            return ticket
    raise ValueError(f"no event after {swap.ticket} has {swap.by} {value:#x}")
