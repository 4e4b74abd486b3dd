"""The port's constants and tables for linux/amd64 are those compiled into the runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from golang.oracle import Oracle, build_oracle, tables
from golang.toolchain import Toolchain
from impl import gcbits, mfixalloc, mspanset, persistentalloc, scavchunk, sizeof
from impl.config import LINUX_AMD64
from impl.mranges import max_off_addr, min_off_addr

MEASURED = {"phys_huge_page_size"}
"""What the machine decides: there may be no huge pages."""


@pytest.fixture(scope="module")
def compiled(go: Toolchain, build_cache: Path) -> dict[str, Any]:
    with Oracle(build_oracle(go, build_cache)) as oracle:
        return {"constants": tables.constants(oracle), "tables": tables.tables(oracle)}


def test_the_geometry_is_that_of_the_compiled_runtime(compiled: dict[str, Any]) -> None:
    known = {
        name: value
        for name, value in compiled["constants"].items()
        if hasattr(LINUX_AMD64, name) and name not in MEASURED
    }
    assert len(known) >= 25
    assert {name: int(getattr(LINUX_AMD64, name)) for name in known} == known


def test_the_sizes_of_structures_are_those_of_the_compiled_runtime(
    compiled: dict[str, Any],
) -> None:
    constants = compiled["constants"]
    sizes = {
        f"size_of_{name.removesuffix('_size')}": getattr(sizeof, name)(LINUX_AMD64)
        for name in dir(sizeof)
        if name.endswith("_size")
    }
    assert len(sizes) >= 7
    sizes["size_of_span_set_block"] = mspanset.span_set_block_size(LINUX_AMD64)
    sizes["gc_bits_header_bytes"] = gcbits.gc_bits_header_bytes(LINUX_AMD64)
    sizes["fix_alloc_chunk"] = mfixalloc.FIX_ALLOC_CHUNK
    sizes["persistent_chunk_size"] = persistentalloc.PERSISTENT_CHUNK_SIZE
    sizes["scav_chunk_hi_occ_pages"] = scavchunk.scav_chunk_hi_occ_pages(LINUX_AMD64)
    sizes["min_off_addr"] = min_off_addr(LINUX_AMD64)
    sizes["max_off_addr"] = max_off_addr(LINUX_AMD64)
    assert {name: constants.get(name) for name in sizes} == sizes


def test_the_tables_are_those_of_the_compiled_runtime(compiled: dict[str, Any]) -> None:
    real = compiled["tables"]
    known = {name: table for name, table in real.items() if hasattr(LINUX_AMD64, name)}
    assert known.keys() == real.keys()
    assert {name: getattr(LINUX_AMD64, name) for name in known} == known
