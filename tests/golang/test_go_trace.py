"""The reader: every kind round-trips, and every damaged file is refused with its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from golang.errors import TraceError
from golang.events import KINDS, RECORD_BYTES, STRUCTS, Event, GcPhase, Hsg, SetPush
from golang.trace import CentralSet, Trace
from golang.trace_format import HEADER_BYTES, VERSION_BYTES, VERSION_OFFSET

MakeEvent = Callable[..., Event]
WriteTrace = Callable[..., Path]


@pytest.fixture
def path(write_trace: WriteTrace, make_event: MakeEvent) -> Path:
    return write_trace([make_event(kind) for kind in KINDS])


def refused(path: Path, match: str) -> None:
    with pytest.raises(TraceError, match=match) as caught:
        list(Trace(path))
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def test_every_layout_fills_a_record() -> None:
    assert {layout.size for layout in STRUCTS.values()} == {RECORD_BYTES}
    assert len(set(KINDS)) == len(KINDS) == len(STRUCTS)


def test_every_kind_round_trips(path: Path, make_event: MakeEvent) -> None:
    expected = [make_event(kind, ticket) for ticket, kind in enumerate(KINDS)]
    trace = Trace(path)
    assert trace.complete
    assert len(trace) == len(KINDS)
    assert list(trace) == expected
    assert [type(event) for event in trace] == list(KINDS)
    assert [trace[ticket] for ticket in range(len(trace))] == expected
    assert set(trace.counts().values()) == {1}


def test_events_of_some_kinds_are_those_among_all(path: Path) -> None:
    trace = Trace(path)
    for wanted in ([], [GcPhase], [Hsg, SetPush], KINDS):
        assert list(trace.only(wanted)) == [each for each in trace if type(each) in wanted]


def test_a_foreign_record_is_noticed_whatever_is_wanted(path: Path) -> None:
    overwrite(path, HEADER_BYTES + 2 * RECORD_BYTES, b"\xee")
    with pytest.raises(TraceError, match="record 2 has the unknown kind 238"):
        list(Trace(path).only([KINDS[-1]]))


def test_index_out_of_range(path: Path) -> None:
    with pytest.raises(IndexError):
        Trace(path)[len(KINDS)]


def test_central_set(path: Path) -> None:
    trace = Trace(path)
    assert trace.central_set(0x1000 + 0x40) == CentralSet(0, False, 0)
    assert trace.central_set(0x1000 + 5 * 0x200 + 0xC0 + 0x40) == CentralSet(5, True, 1)
    assert trace.central_set(0x1000 + 0x41) is None
    assert trace.central_set(0x1000 + 136 * 0x200 + 0x40) is None
    assert trace.central_set(0xFC0) is None


def test_missing_empty_and_foreign_files(tmp_path: Path) -> None:
    refused(tmp_path / "none", "No such file")
    (tmp_path / "empty").touch()
    refused(tmp_path / "empty", "the file is empty")
    (tmp_path / "text").write_text("some text that is not a trace")
    refused(tmp_path / "text", "not a trace")


@pytest.mark.parametrize("cut", [1, RECORD_BYTES, 5 * RECORD_BYTES])
def test_truncated(path: Path, cut: int) -> None:
    path.write_bytes(path.read_bytes()[:-cut])
    refused(path, "truncated")


def test_truncated_within_the_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])
    refused(path, "truncated")


def test_too_long(path: Path) -> None:
    path.write_bytes(path.read_bytes() + bytes(RECORD_BYTES))
    refused(path, "too long")


def test_other_formats(write_trace: WriteTrace) -> None:
    refused(write_trace([], format=1), "trace format 1")
    refused(write_trace([], record_bytes=32), "records of 32 bytes")
    refused(write_trace([], version="go1.22.0"), "recorded by 'go1.22.0'")


def test_version_must_be_whole(path: Path) -> None:
    overwrite(path, VERSION_OFFSET, bytes(VERSION_BYTES))
    refused(path, "recorded by ''")


def test_overrun(write_trace: WriteTrace, make_event: MakeEvent) -> None:
    refused(write_trace([make_event(Hsg)], final=3, next=3), "overrun: 3 events, room for 1")


def test_hole_and_foreign_stamp(path: Path) -> None:
    offset = HEADER_BYTES + 7 * RECORD_BYTES
    overwrite(path, offset, bytes(RECORD_BYTES))
    refused(path, "record 7 is empty")
    overwrite(path, offset + 4, b"\x63\0\0\0")
    refused(path, "record 7 carries stamp 99")


def test_unknown_kind(path: Path) -> None:
    overwrite(path, HEADER_BYTES + 2 * RECORD_BYTES, b"\xee")
    refused(path, "record 2 has the unknown kind 238")
    with pytest.raises(TraceError, match="unknown kind"):
        Trace(path)[2]


def test_a_crash_leaves_a_prefix(write_trace: WriteTrace, make_event: MakeEvent) -> None:
    path = write_trace([make_event(GcPhase, old=n, new=n + 1) for n in range(9)], final=0)
    refused(path, "died before it ended its recording")
    overwrite(path, HEADER_BYTES + 6 * RECORD_BYTES, bytes(RECORD_BYTES))
    trace = Trace(path, allow_crash=True)
    assert not trace.complete
    assert len(trace) == len(list(trace)) == 6


def test_a_crash_does_not_excuse_a_foreign_stamp(
    write_trace: WriteTrace, make_event: MakeEvent
) -> None:
    path = write_trace([make_event(SetPush)] * 4, final=0)
    overwrite(path, HEADER_BYTES + 2 * RECORD_BYTES + 4, b"\x09\0\0\0")
    with pytest.raises(TraceError, match="record 2 carries stamp 9"):
        Trace(path, allow_crash=True)
