"""What the oracle knows of the compiled runtime: constants of its geometry, and its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from golang.oracle.ops import Op

if TYPE_CHECKING:
    from golang.oracle.client import Oracle

# Our name -> the Go expression.
CONSTANTS = {
    "page_shift": "pageShift",
    "page_size": "pageSize",
    "ptr_size": "goarch.PtrSize",
    "heap_addr_bits": "heapAddrBits",
    "log_heap_arena_bytes": "logHeapArenaBytes",
    "heap_arena_bytes": "heapArenaBytes",
    "pages_per_arena": "pagesPerArena",
    "arena_l1_bits": "arenaL1Bits",
    "arena_l2_bits": "arenaL2Bits",
    "arena_base_offset": "arenaBaseOffset",
    "pages_per_reclaimer_chunk": "pagesPerReclaimerChunk",
    "palloc_chunk_pages": "pallocChunkPages",
    "palloc_chunk_bytes": "pallocChunkBytes",
    "palloc_chunks_l1_bits": "pallocChunksL1Bits",
    "palloc_chunks_l2_bits": "pallocChunksL2Bits",
    "summary_levels": "summaryLevels",
    "summary_level_bits": "summaryLevelBits",
    "summary_l0_bits": "summaryL0Bits",
    "log_max_packed_value": "logMaxPackedValue",
    "palloc_sum_bytes": "pallocSumBytes",
    "page_cache_pages": "pageCachePages",
    "max_search_addr": "maxSearchAddr().addr()",
    "min_off_addr": "minOffAddr.addr()",
    "max_off_addr": "maxOffAddr.addr()",
    "phys_page_size": "physPageSize",
    "phys_huge_page_size": "physHugePageSize",
    "min_phys_page_size": "minPhysPageSize",
    "max_phys_page_size": "maxPhysPageSize",
    "max_phys_huge_page_size": "maxPhysHugePageSize",
    "phys_page_aligned_stacks": "bool2int(physPageAlignedStacks)",
    "num_size_classes": "_NumSizeClasses",
    "num_span_classes": "numSpanClasses",
    "max_small_size": "_MaxSmallSize",
    "small_size_max": "smallSizeMax",
    "small_size_div": "smallSizeDiv",
    "large_size_div": "largeSizeDiv",
    "tiny_size": "_TinySize",
    "tiny_size_class": "_TinySizeClass",
    "fix_alloc_chunk": "_FixAllocChunk",
    "persistent_chunk_size": "persistentChunkSize",
    "span_set_block_entries": "spanSetBlockEntries",
    "span_set_init_spine_cap": "spanSetInitSpineCap",
    "gc_bits_chunk_bytes": "gcBitsChunkBytes",
    "gc_bits_header_bytes": "gcBitsHeaderBytes",
    "user_arena_chunk_bytes": "userArenaChunkBytes",
    "mspan_cache_len": "len(p{}.mspancache.buf)",
    "scav_chunk_hi_occ_pages": "scavChunkHiOccPages",
    "size_of_mspan": "unsafe.Sizeof(mspan{})",
    "size_of_mcache": "unsafe.Sizeof(mcache{})",
    "size_of_heap_arena": "unsafe.Sizeof(heapArena{})",
    "size_of_arena_hint": "unsafe.Sizeof(arenaHint{})",
    "size_of_span_set_block": "unsafe.Sizeof(spanSetBlock{})",
    "size_of_arena_l2": "unsafe.Sizeof(*mheap_.arenas[0])",
    "size_of_special": "unsafe.Sizeof(special{})",
    "size_of_specialfinalizer": "unsafe.Sizeof(specialfinalizer{})",
    "size_of_specialprofile": "unsafe.Sizeof(specialprofile{})",
    "size_of_special_reachable": "unsafe.Sizeof(specialReachable{})",
    "size_of_special_pin_counter": "unsafe.Sizeof(specialPinCounter{})",
}

# Our name and the Go array are the same.
TABLES = (
    "class_to_size",
    "class_to_allocnpages",
    "class_to_divmagic",
    "size_to_class8",
    "size_to_class128",
)
LEVEL_TABLES = {
    "level_bits": "levelBits",
    "level_shift": "levelShift",
    "level_log_pages": "levelLogPages",
}


def go_constants() -> str:
    """The constants as elements of a Go slice."""
    return "\n".join(f"\t\t\tuint64({expression})," for expression in CONSTANTS.values())


def go_tables() -> str:
    """The cases of a Go switch that emit a table by its number."""
    arrays = [*TABLES, *LEVEL_TABLES.values()]
    return "\n".join(
        f"\t\tcase {number}:\n\t\t\tfor _, x := range {array} {{\n"
        "\t\t\t\toracleEmit(uint64(x))\n\t\t\t}"
        for number, array in enumerate(arrays)
    )


def constants(oracle: Oracle) -> dict[str, int]:
    """The constants of the compiled runtime, by our names."""
    answer = oracle.one(Op.CONSTANTS)
    return dict(zip(CONSTANTS, answer.results, strict=True))


def tables(oracle: Oracle) -> dict[str, tuple[int, ...]]:
    """The tables of size classes and of summary levels, by our names."""
    names = [*TABLES, *LEVEL_TABLES]
    answers = oracle.ask([(Op.TABLE, number) for number in range(len(names))])
    return {name: answer.results for name, answer in zip(names, answers, strict=True)}
