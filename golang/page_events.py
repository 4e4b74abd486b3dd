"""The events of the page allocator of the process heap, mheap_.pages, and of the page caches.

The heap's lock guards the page allocator, so a ticket anywhere in the critical section is exact.
A page cache belongs to its P: the tickets of its operations are in real order too, because a P is
handed on only after the operation, and flushed by others only while it is idle or being destroyed.
Replaying the events in ticket order therefore meets every operation in the state it met in Go.

| event          | ticket | operation (Go)                       | fields beyond the names         |
|----------------|--------|--------------------------------------|---------------------------------|
| PagesGrow      | after  | pageAlloc.grow                       | start, end: chunks known then;  |
|                |        |                                      | ready: summaryMappedReady;      |
|                |        |                                      | total: bytes in inUse           |
| PagesAlloc     | after  | pageAlloc.alloc                      | addr 0: it found nothing        |
| PagesFree      | after  | pageAlloc.free                       |                                 |
| PageToCache    | after  | pageAlloc.allocToCache               | its result: base, cache, scav   |
| PageCacheAlloc | after  | pageCache.alloc                      | addr 0: it found nothing;       |
|                |        |                                      | cache, cache_scav: what is left |
| PageFlush      | after  | pageCache.flush of a cache not empty | the cache as it was before      |
| ScavBegin      | before | pageAlloc.scavengeOne                | its arguments, of this M only   |
| ScavTake       | within | the same, lock held: a run of pages  |                                 |
|                |        | is allocated, to be released         |                                 |
| ScavGive       | within | the same, lock held again: the run   |                                 |
|                |        | is free, and scavenged               |                                 |
| ScavNone       | within | the same: nothing there to scavenge  |                                 |
| ScavGen        | before | scavengeIndex.nextGen, world stopped | gen: the new one;               |
|                |        |                                      | free_hwm: as it is now          |

`search` is searchAddr after the operation, maxOffAddr if there is no free memory; `word` is then
the packed entry of the scavenge index for the chunk of the (first) page, 0 if nothing was found.
`scav` of an allocation is the number of bytes of it that had been scavenged; caches are bitmaps.
`owner` is the id of the P.  Addresses (addr, base, search, free_hwm), size, total, ready and max are bytes;
start, end and chunk are chunk indices; search_index is the page in the chunk to start from.

Not recorded: direct calls of pageAlloc.find and allocRange (only where stacks need alignment to
physical pages, not on linux/amd64); scavengeIndex.find, which runs without the lock, so its order
is unknown, and its result is what ScavBegin shows; enableChunkHugePages, which changes no result.
"""

from __future__ import annotations

from typing import NamedTuple

from golang.fields import U16, U32, U64


class PagesGrow(NamedTuple):
    ticket: int
    m: U16
    base: U64
    size: U64
    search: U64
    start: U32
    end: U32
    ready: U64
    total: U64
    h: U32
    p: U16


class PagesAlloc(NamedTuple):
    ticket: int
    m: U16
    npages: U64
    addr: U64
    scav: U64
    search: U64
    word: U64
    h: U32
    p: U16


class PagesFree(NamedTuple):
    ticket: int
    m: U16
    base: U64
    npages: U64
    search: U64
    word: U64
    h: U32
    p: U16


class PageToCache(NamedTuple):
    ticket: int
    m: U16
    owner: U64
    base: U64
    cache: U64
    scav: U64
    search: U64
    word: U64
    h: U32
    p: U16


class PageCacheAlloc(NamedTuple):
    ticket: int
    m: U16
    owner: U32
    npages: U32
    addr: U64
    scav: U64
    cache: U64
    cache_scav: U64
    h: U32
    p: U16


class PageFlush(NamedTuple):
    ticket: int
    m: U16
    owner: U64
    base: U64
    cache: U64
    scav: U64
    search: U64
    word: U64
    h: U32
    p: U16


class ScavBegin(NamedTuple):
    ticket: int
    m: U16
    chunk: U32
    search_index: U32
    max: U64
    h: U32
    p: U16


class ScavTake(NamedTuple):
    ticket: int
    m: U16
    addr: U64
    npages: U64
    word: U64
    h: U32
    p: U16


class ScavGive(NamedTuple):
    ticket: int
    m: U16
    addr: U64
    npages: U64
    search: U64
    h: U32
    p: U16


class ScavNone(NamedTuple):
    ticket: int
    m: U16
    chunk: U64
    word: U64
    h: U32
    p: U16


class ScavGen(NamedTuple):
    ticket: int
    m: U16
    gen: U64
    free_hwm: U64
    h: U32
    p: U16


PageEvent = (
    PagesGrow
    | PagesAlloc
    | PagesFree
    | PageToCache
    | PageCacheAlloc
    | PageFlush
    | ScavBegin
    | ScavTake
    | ScavGive
    | ScavNone
    | ScavGen
)
