"""Fixtures: the installed Go, one instrumented build of the session, and made-up traces."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from golang import build, toolchain, trace_format
from golang.errors import GoMissing
from golang.events import KINDS, NO_P, RECORD_BYTES, STRUCTS, Event
from golang.source import Source
from golang.toolchain import GO_VERSION, Toolchain

CENTRAL = 0x1000
WriteTrace = Callable[..., Path]


@pytest.fixture(scope="session")
def go() -> Toolchain:
    try:
        return toolchain.find_go()
    except GoMissing as error:
        pytest.skip(f"not run: {error}")


@pytest.fixture(scope="session")
def source(go: Toolchain) -> Source:
    return Source.read(go.runtime_source)


@pytest.fixture(scope="session")
def build_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programs")


@pytest.fixture(scope="session")
def program(go: Toolchain, build_cache: Path) -> build.InstrumentedProgram:
    return build.build(go, build_cache)


@pytest.fixture(scope="session")
def recording(
    program: build.InstrumentedProgram, tmp_path_factory: pytest.TempPathFactory
) -> build.WorkloadRun:
    return build.run(program, tmp_path_factory.mktemp("traces") / "default.trace")


def example(kind: type[Event], ticket: int = 0, **fields: Any) -> Event:
    """An event with field values that are all different, and fit a byte."""
    values: dict[str, Any] = {name: 10 + place for place, name in enumerate(kind._fields)}
    hints = kind.__annotations__
    values |= {name: True for name in values if "Bool" in str(hints[name])}
    return kind(**(values | {"ticket": ticket, "m": 1, "h": 4, "p": NO_P} | fields))


@pytest.fixture
def write_trace(tmp_path: Path) -> WriteTrace:
    """Write events (tickets are renumbered) as a complete trace; keywords change the header."""

    def write(events: Iterable[Event], version: str = GO_VERSION, **header: int) -> Path:
        records = b""
        for ticket, event in enumerate(events):
            record = bytearray(STRUCTS[type(event)].pack(*event[1:]))
            record[0] = KINDS.index(type(event)) + 1
            struct.pack_into("<I", record, 4, ticket + 1)
            records += record
        count = len(records) // RECORD_BYTES
        words = trace_format.Header(
            magic=trace_format.MAGIC,
            next=count,
            final=count,
            capacity=count,
            record_bytes=RECORD_BYTES,
            format=trace_format.FORMAT,
            central=CENTRAL,
            central_stride=0x200,
            central_length=136,
            partial_offset=0x40,
            full_offset=0xC0,
            set_bytes=0x40,
            heap_arena_bytes=1 << 26,
            arena_base_offset=0,
            page_bytes=8192,
            phys_page_bytes=4096,
            phys_huge_page_bytes=1 << 21,
        )._replace(**header)
        page = bytearray(trace_format.HEADER_BYTES)
        trace_format.WORDS.pack_into(page, 0, *words)
        text = version.encode()
        page[trace_format.VERSION_OFFSET : trace_format.VERSION_OFFSET + len(text)] = text
        path = tmp_path / "made.trace"
        path.write_bytes(bytes(page) + records)
        return path

    return write


@pytest.fixture
def make_event() -> Callable[..., Event]:
    return example
