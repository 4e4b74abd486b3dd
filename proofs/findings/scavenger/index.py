"""The memory behind the scavenge index: it grows, and what is in use is never mapped again.

Growing maps words for the new chunks; mapping memory that is in use would zero it. A word covers a
chunk of 4 MiB, a page of words 512 chunks.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

from checker.binding import Edit
from checker.mutation import Mutant
from harness.cases import CallTrace, Case, Claim
from impl.config import LINUX_AMD64, Config
from impl.rt import MemoryFault
from impl.rt.memory import MemoryState
from impl.scavengeindex import SCAV_CHUNK_DATA_SIZE as WORD_BYTES

GO = "runtime/mpagealloc_64bit.go:238 scavengeIndex.sysGrow"
LOW_ADDRESSES = replace(LINUX_AMD64, name="addresses from 0", arena_base_offset=0)
CHUNKS = (495, 591, 351, 1100, 1600)
"""Two chunks whose words lie in the first page of the index, and one in each of three others."""


def _growths() -> Iterator[Case]:
    return permutations(CHUNKS, 3)


def _grows(config: Config, port: Any, case: Case, calls: CallTrace) -> str:
    heap = port.runtime.new_mheap(config)
    index, stat = heap.pages.scav.index, heap.pages.sys_stat
    known: list[int] = []
    low = high = 0
    for chunk in case:
        base = chunk * config.palloc_chunk_bytes
        try:
            size = index.grow(base, base + config.palloc_chunk_bytes, stat)
        except MemoryFault as fault:
            calls.did(f"grow by chunk {chunk}", "memory of the index is mapped again")
            return f"with chunks {known} in use, growing by {chunk} maps again: {fault}"
        low, high = index.min.load(), index.max.load()
        calls.did(f"grow by chunk {chunk}", f"{size} bytes mapped, words [{low}, {high})")
        words = (index.chunks_addr + low * WORD_BYTES, (high - low) * WORD_BYTES)
        if any(state is not MemoryState.READY for _, _, state in heap.runtime.mem.states(*words)):
            return f"not all words in [{low}, {high}) are mapped"
        known.append(chunk)
        index.alloc(port.chunkindex.chunk_index(config, base), 3)
    for each in known:
        word = port.chunkindex.chunk_index(config, each * config.palloc_chunk_bytes)
        if not low <= word < high:
            return f"the word of chunk {each} is in use, but not in [{low}, {high})"
        if index.load(word).in_use != 3:
            return f"chunk {each} has {index.load(word).in_use} pages in use, where 3 are due"
    return ""


def _shipped(port: Any, case: Case, calls: CallTrace) -> str:
    return _grows(LINUX_AMD64, port, case, calls)


def _low(port: Any, case: Case, calls: CallTrace) -> str:
    return _grows(LOW_ADDRESSES, port, case, calls)


STATEMENT = "the scavenge index maps no word twice, and knows all words in use"
EVERY = f"every sequence of three growths by the chunks {', '.join(map(str, CHUNKS))}"

SHIPPED = Claim("scavenger.index", GO, STATEMENT, _growths, _shipped, EVERY)
LOW = Claim("scavenger.index_low", GO, STATEMENT, _growths, _low, EVERY)
CLAIMS = (SHIPPED, LOW)

UNSET_BY_MAX = Mutant(
    "unset-by-max",
    "the upper bound says whether the index has words, as upstream does since the fix",
    (
        Edit(
            "scavengeindex",
            "            if have_min == 0 or need_min < have_min:\n",
            "            if have_max == 0 or need_min < have_min:\n",
        ),
    ),
)

INDEX_MUTANTS = [
    Mutant(
        "gap-above",
        "a growth above the words that there are leaves a gap",
        (
            Edit(
                "scavengeindex",
                "        if have_max != 0 and need_min > have_max:\n"
                "            need_min = have_max\n",
                "",
            ),
        ),
    ),
    Mutant(
        "rounding-not-subtracted",
        "words that a growth shares with the one before are mapped once more",
        (Edit("scavengeindex", "        need = need.subtract(config, have)\n", ""),),
    ),
    Mutant(
        "max-only-once",
        "the upper bound stays where the first growth put it",
        (
            Edit(
                "scavengeindex",
                "            if have_max == 0 or need_max > have_max:\n",
                "            if have_max == 0:\n",
            ),
        ),
    ),
]
