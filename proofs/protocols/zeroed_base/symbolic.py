"""allocNeedsZero at every heap address, alone and among threads that raise zeroedBase meanwhile;
and the arithmetic of arena indexes for every word.
"""

import types
from functools import partial
from typing import Any

from checker.logic import And, Eq, Iff, Implies, Or
from checker.mutation import Mutant
from checker.spec import Machine
from checker.symbolic import Engine
from checker.symbolic.containers import ByKey
from checker.symbolic.interference import Shared, check_preorder
from harness.symbolic import Port, theorem
from impl.config import LINUX_AMD64, WINDOWS_AMD64
from impl.rt import U64_MAX, Throw
from model import zeroed_base
from model.zeroed_base import HANDED_OUT
from proofs.protocols.zeroed_base import parts
from proofs.protocols.zeroed_base.mutants import LEMMA_MUTANTS, PORT_MUTANTS
from proofs.protocols.zeroed_base.parts import (
    ARENA,
    PAGE,
    PAGES,
    Arenas,
    Part,
    Retrying,
    Walking,
    part_of,
)

VARIANTS = {**PORT_MUTANTS, **{each.name: each for each in LEMMA_MUTANTS}}

GO = "runtime/mheap.go:1024-1074 mheap.allocNeedsZero"
ARENAS, RETRY = ("Mheap.alloc_needs_zero", 0), ("Mheap.alloc_needs_zero", 1)
STEPS = tuple(f"the model allows {name}" for name in ("load", "raise_base", "enough", "hand_out"))
RELOADS = "the model allows reload"


def heap_address(e: Engine) -> tuple[Any, Any, Any]:
    """Any page-aligned heap address, the index of its arena, and its page in the arena.

    It is put together from its parts, which is easier on the solver than taking it apart.
    """
    half = LINUX_AMD64.arena_l2_len // 2
    index, page = e.integer("arena", 0, 2 * half - 1), e.integer("page", 0, PAGES - 1)
    lower = e.choose(2, "lower half") == 1
    e.assume(index >= half if lower else index < half)
    start = index - half if lower else index + (2**64 // ARENA - half)
    return start * ARENA + page * PAGE, index, page


def some_arenas(e: Engine, port: Port, arenas: int, retries: int) -> None:
    """alloc_needs_zero of any pages in `arenas` neighbouring arenas, at any heap address."""
    base, index, page = heap_address(e)
    npage = e.integer("npage", 1, arenas * PAGES)
    e.assume(page + npage <= arenas * PAGES)
    e.assume(base + npage * PAGE <= 2**64)
    e.assume(index + arenas <= LINUX_AMD64.arena_l2_len)
    shares = [part_of(page, page + npage, k) for k in range(arenas)]
    parts = [Part(e, f"zeroed_base{k}", *each, retries) for k, each in enumerate(shares)]
    l2 = ByKey((index + k, Shared(zeroed_base=part)) for k, part in enumerate(parts))
    h = types.SimpleNamespace(config=LINUX_AMD64, arenas=ByKey([(0, l2)]))
    try:
        result = port.mheap.Mheap.alloc_needs_zero(h, base, npage)
    except Throw:
        e.fail("it does not throw, as every thread keeps to its own pages")
        return
    ours = []
    for part in parts:
        if And(part.low < PAGES, part.high > 0):
            e.check(bool(part.seen), "it looks at every arena of the pages")
            part.hand_out()
            ours.append(part.of_model("needs_zero"))
        else:
            e.check(not part.seen, "it leaves other arenas alone")
    e.check(Iff(result, Or(*ours)), "the answer is that of the model")


@theorem(
    *STEPS,
    "the answer is that of the model",
    cites=GO,
    bound="one, two or three arenas",
    cross_check=False,
)
def sequential(e: Engine, port: Port) -> None:
    """Alone, allocNeedsZero takes the model's steps at every heap address and gives its answer."""
    some_arenas(e, port, e.choose(3, "arenas but one") + 1, 0)


@theorem(
    *STEPS,
    RELOADS,
    cites=GO,
    bound="one arena and two failures of the compare-and-swap, or two arenas and one failure",
    cross_check=False,
)
def racing(e: Engine, port: Port) -> None:
    """Among other threads, allocNeedsZero takes the model's steps and gives its answer."""
    two = e.choose(2, "two arenas")
    some_arenas(e, port, 1 + two, 2 - two)


@theorem(
    *STEPS,
    RELOADS,
    "loop 0 of Mheap.alloc_needs_zero: invariant kept",
    "loop 1 of Mheap.alloc_needs_zero: invariant kept",
    "the answer is that of the model",
    cites=GO,
    cuts=[ARENAS, RETRY],
    uncut=racing,
    cross_check=False,
)
def any_arenas(e: Engine, port: Port) -> None:
    """In any number of arenas, among any number of threads and however often the compare-and-swap
    fails, allocNeedsZero takes the model's steps and gives its answer.
    """
    base, index, page = heap_address(e)
    npage = e.integer("npage", 1)
    e.assume(base + npage * PAGE <= 2**64)
    arenas = Arenas(e, index, page, page + npage)
    e.assume(index * PAGES + arenas.end <= LINUX_AMD64.arena_l2_len * PAGES)
    h = types.SimpleNamespace(config=LINUX_AMD64, arenas=[arenas])
    invariants = {ARENAS: Walking(e, arenas, base, npage), RETRY: Retrying(e)}
    with port.cuts.using(e, invariants):
        try:
            result = port.mheap.Mheap.alloc_needs_zero(h, base, npage)
        except Throw:
            e.fail("it does not throw, as every thread keeps to its own pages")
            return
    part = arenas.followed
    e.check(part.of_model("stage") == HANDED_OUT, "it deals with every arena of the pages")
    e.check(part.value >= part.high * PAGE, "zeroed_base covers the pages")
    e.check(Implies(part.of_model("needs_zero"), result), "no arena with used pages passes as zero")
    e.check(Iff(result, arenas.needs_zero), "the answer is that of the model")


@theorem(
    "the rely is transitive",
    "the guarantee implies the rely of others",
    cites="runtime/mheap.go:308-317 heapArena.zeroedBase",
    of="proofs.protocols.zeroed_base.parts",
)
def lemmas(e: Engine, port: Port) -> None:
    """One step of the rely stands for any number of them, and each thread's own steps keep to it."""
    rely, guarantee = port.parts.rely, port.parts.guarantee
    low, high = e.integer("low", 0, PAGES), e.integer("high", 0, PAGES)
    e.assume(low < high)
    if e.choose(2, "guarantee"):
        other_low, other_high = e.integer("other low", 0, PAGES), e.integer("other high", 0, PAGES)
        e.assume(And(other_low < other_high, Or(high <= other_low, other_high <= low)))
        before, after = e.integer("before", 0, PAGES), e.integer("after", 0, PAGES)
        e.assume(guarantee(low, high)(before, after))
        e.check(
            rely(other_low, other_high)(before, after), "the guarantee implies the rely of others"
        )
    else:
        check_preorder(e, lambda name: e.integer(name, 0, PAGES), rely(low, high))


def relying_on(mutant: Mutant | None) -> Machine:
    """The model whose steps must keep to the rely, or to a wrong one."""
    module = mutant.bind("proofs.protocols.zeroed_base").parts if mutant else parts
    machine: Machine = module.relying(zeroed_base.build())
    return machine


RELYING = {
    "": partial(relying_on, None),
    **{each.name: partial(relying_on, each) for each in LEMMA_MUTANTS},
}

GEOMETRIES = (LINUX_AMD64, WINDOWS_AMD64)


@theorem(
    "an L1 part of its own",
    cites="runtime/mheap.go:601-640 arenaIndex, arenaBase, arenaIdx.l1, arenaIdx.l2",
)
def arena_indexes(e: Engine, port: Port) -> None:
    """Any word is in the arena of its index, and just heap addresses have both parts in bounds."""
    config, arena = GEOMETRIES[e.choose(2, "windows")], port.heaparena
    p = e.word("p", 0, U64_MAX)
    index = arena.arena_index(config, p)
    base = arena.arena_base(config, index)
    e.check((p - base) % 2**64 < config.heap_arena_bytes, "the word is in the arena")
    e.check(And(base >= 0, base <= U64_MAX), "the arena's base is a word")
    e.check(base % config.heap_arena_bytes == 0, "arenas are aligned")
    e.check(arena.arena_index(config, base) == index, "index and base are inverse")
    l1, l2 = arena.arena_idx_l1(config, index), arena.arena_idx_l2(config, index)
    within = And(l1 < config.arena_l1_len, l2 < config.arena_l2_len)
    is_heap = (p - config.arena_base_offset) % 2**64 < 2**config.heap_addr_bits
    e.check(Iff(within, is_heap), "in bounds are just the heap addresses")
    e.check(l1 * config.arena_l2_len + l2 == index, "the parts make up the index")
    if config.arena_l1_bits == 0:
        e.check(l1 == 0, "without L1 bits, the L1 part is in bounds")
    else:
        e.check(l2 < config.arena_l2_len, "with L1 bits, the L2 part is in bounds")
        e.reach("an L1 part of its own")


class AnyArena:
    """The arena map, its L2 maps and its arenas in one: it only notes the indexes asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __getitem__(self, index: Any) -> "AnyArena":
        self.asked.append(index)
        return self


@theorem("pages have different bits", cites="runtime/mheap.go:742 pageIndexOf")
def page_bits(e: Engine, port: Port) -> None:
    """At any address pageIndexOf finds its arena, and two pages of an arena have different bits."""
    config, arena = GEOMETRIES[e.choose(2, "windows")], port.heaparena
    h = types.SimpleNamespace(config=config, arenas=AnyArena())
    found = []
    for name in "pq":
        address = e.word(name, 0, U64_MAX)
        index = arena.arena_index(config, address)
        parts = [arena.arena_idx_l1(config, index), arena.arena_idx_l2(config, index)]
        h.arenas.asked = []
        _, at, mask = arena.page_index_of(h, address)
        e.check(Eq(h.arenas.asked, parts), "the arena of the address")
        e.check(at < config.pages_per_arena // 8, "the index is in bounds")
        bit = (mask & -mask).bit_length() - 1
        e.check(And(mask == 1 << bit, bit < 8), "the mask is one bit of a byte")
        found.append((index, address // config.page_size, at, mask))
    (index, page, at, mask), (index_q, page_q, at_q, mask_q) = found
    e.assume(index == index_q)
    same = And(at == at_q, mask == mask_q)
    e.check(Iff(page == page_q, same), "pages have different bits")
