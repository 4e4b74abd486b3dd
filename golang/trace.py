"""Read a trace file as typed events, and refuse anything that is not a whole recording.

The file is the recorder's memory: a header page (trace_format), then one record per ticket
(events).  The header counts the tickets and each record carries its own, so a file that was cut,
overran its capacity, came from elsewhere or has holes is told apart from a complete one.
"""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from golang.errors import TraceError
from golang.events import KINDS, RECORD_BYTES, STRUCTS, Event
from golang.toolchain import GO_VERSION
from golang.trace_format import (
    FORMAT,
    HEADER_BYTES,
    MAGIC,
    VERSION_BYTES,
    VERSION_OFFSET,
    WORDS,
    Header,
)

RECORD_AGAIN = "record it again (mheap record FILE)"
_CHUNK = 8192


class CentralSet(NamedTuple):
    """A spanSet of mheap_.central: full[half] or partial[half] of an mcentral."""

    span_class: int
    full: bool
    half: int


class Trace:
    """A recording; iterate over it for its events in ticket order.

    `complete` tells whether the program ended in an orderly way.  One that died leaves the
    tickets that its threads had taken and not written as holes: then `len` counts the events
    before the first hole, and the absence of a later event means nothing.
    """

    def __init__(self, path: Path, allow_crash: bool = False) -> None:
        """Open and validate the trace at `path`.

        Raises TraceError for any other file, for a damaged one, and, without `allow_crash`, for
        the recording of a program that died.
        """
        self.path = path
        self._memory = _mapped(path)
        self.header = _header(path, self._memory)
        self.complete = self.header.final != 0
        if not self.complete and not allow_crash:
            raise TraceError(
                path,
                "the recorded program died before it ended its recording",
                "read what it left with allow_crash=True (mheap trace --prefix FILE)",
            )
        self._length = self._check_stamps()
        self._decoders = [
            None,
            *((STRUCTS[event].unpack_from, event) for event in KINDS),
            *[None] * (255 - len(KINDS)),
        ]

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Event]:
        return self.only(KINDS)

    def only(self, kinds: Collection[type[Event]]) -> Iterator[Event]:
        """The events of these kinds, in ticket order. The others cost little.

        Raises TraceError at a record of a kind that nobody knows.
        """
        memory, decoders, new = self._memory, self._decoders, tuple.__new__
        skipped = {number for number, each in enumerate(KINDS, start=1) if each not in kinds}
        for start in range(0, self._length, _CHUNK):
            for ticket, kind in enumerate(self._kinds(start), start):
                if kind in skipped:
                    continue
                decoder = decoders[kind]
                if decoder is None:
                    raise self._foreign(ticket)
                unpack, event = decoder
                yield new(event, (ticket, *unpack(memory, HEADER_BYTES + ticket * RECORD_BYTES)))

    def _kinds(self, start: int) -> list[int]:
        """The numbers of the kinds of the next events from a ticket on."""
        stop = min(start + _CHUNK, self._length)
        with memoryview(self._memory) as view:
            first, end = (HEADER_BYTES + each * RECORD_BYTES for each in (start, stop))
            return view[first:end:RECORD_BYTES].tolist()

    def __getitem__(self, ticket: int) -> Event:
        if not 0 <= ticket < self._length:
            raise IndexError(f"event {ticket} of {self._length}")
        offset = HEADER_BYTES + ticket * RECORD_BYTES
        decoder = self._decoders[self._memory[offset]]
        if decoder is None:
            raise self._foreign(ticket)
        unpack, event = decoder
        return tuple.__new__(event, (ticket, *unpack(self._memory, offset)))

    def counts(self) -> dict[type[Event], int]:
        """The number of events of each kind, zeros included."""
        with memoryview(self._memory) as view:
            end = HEADER_BYTES + self._length * RECORD_BYTES
            counts = Counter(view[HEADER_BYTES:end:RECORD_BYTES].tolist())
        return {event: counts[number] for number, event in enumerate(KINDS, start=1)}

    def header_page(self) -> bytes:
        """The first page of the file, as it is."""
        return self._memory[:HEADER_BYTES]

    def records(self) -> bytes:
        """The records of all events, as they are."""
        return self._memory[HEADER_BYTES : HEADER_BYTES + self._length * RECORD_BYTES]

    def central_set(self, address: int) -> CentralSet | None:
        """The set of mheap_.central at `address`, None if it is not one."""
        header = self.header
        offset = address - header.central
        if not 0 <= offset < header.central_stride * header.central_length:
            return None
        span_class, offset = divmod(offset, header.central_stride)
        for full, start in ((False, header.partial_offset), (True, header.full_offset)):
            half, rest = divmod(offset - start, header.set_bytes)
            if half in (0, 1) and rest == 0:
                return CentralSet(span_class, full, half)
        return None

    def _check_stamps(self) -> int:
        """The number of events up to the first hole; in a complete trace a hole is an error."""
        count = self.header.final or self.header.next
        with memoryview(self._memory).cast("I") as words:
            for start in range(0, count, _CHUNK):
                stop = min(start + _CHUNK, count)
                word = HEADER_BYTES // 4 + 1
                step = RECORD_BYTES // 4
                stamps = words[word + start * step : word + stop * step : step].tolist()
                if stamps == list(range(start + 1, stop + 1)):
                    continue
                wrong = next(i for i, stamp in enumerate(stamps) if stamp != start + i + 1)
                if stamps[wrong] == 0 and not self.complete:
                    return start + wrong
                what = "is empty" if stamps[wrong] == 0 else f"carries stamp {stamps[wrong]}"
                raise TraceError(self.path, f"record {start + wrong} {what}", RECORD_AGAIN)
        return count

    def _foreign(self, ticket: int) -> TraceError:
        kind = self._memory[HEADER_BYTES + ticket * RECORD_BYTES]
        return TraceError(
            self.path,
            f"record {ticket} has the unknown kind {kind}",
            "record it again with this version of golang/events.py",
        )


def shrink(path: Path) -> None:
    """Give back the unused tail of a recording that ended in an orderly way."""
    with open(path, "r+b") as file:
        words = bytearray(file.read(WORDS.size))
        if len(words) < WORDS.size:
            return
        header = Header._make(WORDS.unpack(words))
        if header.magic == MAGIC and 0 < header.final <= header.capacity:
            file.seek(0)
            file.write(WORDS.pack(*header._replace(capacity=header.final)))
            file.truncate(HEADER_BYTES + header.final * RECORD_BYTES)


def _mapped(path: Path) -> mmap.mmap:
    try:
        with open(path, "rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the file is empty"
        raise TraceError(path, reason, RECORD_AGAIN) from error


def _header(path: Path, memory: mmap.mmap) -> Header:
    """The header of a trace whose size and origin fit it."""
    size = len(memory)
    if size < 8 or int.from_bytes(memory[:8], "little") != MAGIC:
        raise TraceError(path, "not a trace (wrong magic number)", RECORD_AGAIN)
    if size < HEADER_BYTES:
        raise TraceError(
            path, f"truncated: {size} bytes, the header alone has {HEADER_BYTES}", RECORD_AGAIN
        )
    header = Header._make(WORDS.unpack_from(memory))
    if header.format != FORMAT:
        raise TraceError(
            path, f"trace format {header.format}, this reader knows {FORMAT}", RECORD_AGAIN
        )
    if header.record_bytes != RECORD_BYTES:
        raise TraceError(
            path, f"records of {header.record_bytes} bytes, not {RECORD_BYTES}", RECORD_AGAIN
        )
    version = (
        memory[VERSION_OFFSET : VERSION_OFFSET + VERSION_BYTES]
        .rstrip(b"\0")
        .decode(errors="replace")
    )
    if version != GO_VERSION:
        raise TraceError(path, f"recorded by {version!r}, not {GO_VERSION}", RECORD_AGAIN)
    expected = HEADER_BYTES + header.capacity * RECORD_BYTES
    if size != expected:
        what = "truncated" if size < expected else "too long"
        raise TraceError(path, f"{what}: {size} bytes, not {expected}", RECORD_AGAIN)
    used = header.final or header.next
    if used > header.capacity:
        raise TraceError(
            path,
            f"overrun: {used} events, room for {header.capacity}",
            "record it again with a larger capacity or fewer rounds",
        )
    return header
