"""The first page of a trace file: where the recorder and the reader agree.

The 64-bit words of Header, then the Go version as text; records follow at HEADER_BYTES.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

MAGIC: Final = int.from_bytes(b"MHEAPTRC", "little")
FORMAT: Final = 2
HEADER_BYTES: Final = 4096
VERSION_OFFSET: Final = 256
VERSION_BYTES: Final = 64
WORDS: Final = struct.Struct("<17Q")


class Header(NamedTuple):
    """`next` tickets were given; `final` is their number at an orderly exit, else 0.

    `central` is the address of mheap_.central: `central_length` elements of `central_stride`
    bytes, in each two sets of `set_bytes` bytes at `partial_offset` and two at `full_offset`.
    `phys_huge_page_bytes` is 0 where the system has no huge pages.
    """

    magic: int
    next: int
    final: int
    capacity: int
    record_bytes: int
    format: int
    central: int
    central_stride: int
    central_length: int
    partial_offset: int
    full_offset: int
    set_bytes: int
    heap_arena_bytes: int
    arena_base_offset: int
    page_bytes: int
    phys_page_bytes: int
    phys_huge_page_bytes: int
