"""What the scavenger knows about a chunk, packed into 64 bits (runtime/mgcscavenge.go).

Not ported here: the diagnostic lines before a throw.
"""

from dataclasses import dataclass

from impl.config import Config
from impl.rt import Local, Plain, throw, u16

SCAV_CHUNK_HAS_FREE = 1 << 0
"""runtime/mgcscavenge.go scavChunkHasFree: there may be something left to scavenge."""

SCAV_CHUNK_NO_HUGE_PAGE = 1 << 1
"""runtime/mgcscavenge.go scavChunkNoHugePage: the scavenger has broken up huge pages here."""

SCAV_CHUNK_MAX_FLAGS = 6
"""runtime/mgcscavenge.go scavChunkMaxFlags: how many flags there is room for."""

SCAV_CHUNK_FLAGS_MASK = (1 << SCAV_CHUNK_MAX_FLAGS) - 1

SCAV_CHUNK_HI_OCC_FRAC = 0.96875
"""runtime/mgcscavenge.go scavChunkHiOccFrac: the part of a chunk in use from which it is dense."""


def scav_chunk_hi_occ_pages(config: Config) -> int:
    """runtime/mgcscavenge.go scavChunkHiOccPages: pages in use from which a chunk is dense."""
    return u16(int(SCAV_CHUNK_HI_OCC_FRAC * config.palloc_chunk_pages))


@dataclass(slots=True)
class ScavChunkData(Local):
    """runtime/mgcscavenge.go scavChunkData: pages in use now and when generation gen began.

    The zero value is a chunk the heap has just grown by: scavenged, and taken for huge pages. Packed,
    the second number takes logScavChunkInUseMax bits, one more than the index of a page does, since
    all pages may be in use.
    """

    in_use: Plain[int] = 0
    last_in_use: Plain[int] = 0
    gen: Plain[int] = 0
    flags: Plain[int] = 0

    def pack(self, config: Config) -> int:
        """runtime/mgcscavenge.go scavChunkData.pack: the value as a uint64."""
        log_max = config.log_palloc_chunk_pages + 1
        return self.in_use | self.last_in_use << 16 | self.flags << 16 + log_max | self.gen << 32

    def is_empty(self) -> bool:
        """runtime/mgcscavenge.go scavChunkFlags.isEmpty: nothing is left to scavenge."""
        return self.flags & SCAV_CHUNK_HAS_FREE == 0

    def set_empty(self) -> None:
        """runtime/mgcscavenge.go scavChunkFlags.setEmpty: nothing is left to scavenge."""
        self.flags &= ~SCAV_CHUNK_HAS_FREE

    def set_non_empty(self) -> None:
        """runtime/mgcscavenge.go scavChunkFlags.setNonEmpty: something may be left."""
        self.flags |= SCAV_CHUNK_HAS_FREE

    def is_huge_page(self) -> bool:
        """runtime/mgcscavenge.go scavChunkFlags.isHugePage: its huge pages are taken to be whole."""
        return self.flags & SCAV_CHUNK_NO_HUGE_PAGE == 0

    def set_huge_page(self) -> None:
        """runtime/mgcscavenge.go scavChunkFlags.setHugePage: take its huge pages to be whole."""
        self.flags &= ~SCAV_CHUNK_NO_HUGE_PAGE

    def set_no_huge_page(self) -> None:
        """runtime/mgcscavenge.go scavChunkFlags.setNoHugePage: its huge pages are broken up."""
        self.flags |= SCAV_CHUNK_NO_HUGE_PAGE

    def should_scavenge(self, config: Config, curr_gen: int, force: bool) -> bool:
        """runtime/mgcscavenge.go scavChunkData.shouldScavenge: the chunk is worth a look.

        Unless forced, not if it is dense or was so when this generation began.
        """
        if self.is_empty():
            return False
        if force:
            return True
        hi_occ_pages = scav_chunk_hi_occ_pages(config)
        if self.gen == curr_gen:
            return self.in_use < hi_occ_pages and self.last_in_use < hi_occ_pages
        # Nothing has changed since an earlier generation.
        return self.in_use < hi_occ_pages

    def alloc(self, config: Config, npages: int, new_gen: int) -> None:
        """runtime/mgcscavenge.go scavChunkData.alloc: npages of the chunk were allocated."""
        if self.in_use + npages > config.palloc_chunk_pages:
            throw("too many pages allocated in chunk?")
        if self.gen != new_gen:
            self.last_in_use = self.in_use
            self.gen = new_gen
        self.in_use = u16(self.in_use + npages)
        if self.in_use == config.palloc_chunk_pages:
            # There is nothing to scavenge here.
            self.set_empty()

    def free(self, npages: int, new_gen: int) -> None:
        """runtime/mgcscavenge.go scavChunkData.free: npages of the chunk were freed."""
        if self.in_use < npages:
            throw("allocated pages below zero?")
        if self.gen != new_gen:
            self.last_in_use = self.in_use
            self.gen = new_gen
        self.in_use = u16(self.in_use - npages)
        # There is something to scavenge again.
        self.set_non_empty()


def unpack_scav_chunk_data(config: Config, sc: int) -> ScavChunkData:
    """runtime/mgcscavenge.go unpackScavChunkData: the value of a uint64 that pack made."""
    log_max = config.log_palloc_chunk_pages + 1
    return ScavChunkData(
        sc & 0xFFFF,
        sc >> 16 & ((1 << log_max) - 1),
        sc >> 32,
        sc >> 16 + log_max & SCAV_CHUNK_FLAGS_MASK,
    )


def packed_has_free(config: Config, sc: int) -> bool:
    """runtime/mgcscavenge.go scavChunkFlags.isEmpty: its opposite, of a packed value.

    The search asks this most often, and so saves unpacking.
    """
    return sc >> 17 + config.log_palloc_chunk_pages & SCAV_CHUNK_HAS_FREE != 0
