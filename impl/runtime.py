"""The runtime's globals, as far as the page heap has to do with them, each a record of its own.

In Go they are variables. Here there may be several heaps, each with the globals around it: a function
gets the heap, `h`, and reaches the others as h.runtime.
"""

from impl.config import Config
from impl.gcbits import GcBitsArenas
from impl.mallocinit import mallocinit
from impl.mcache import Mcache
from impl.mfinal import Finalizers
from impl.mgclimit import GcCPULimiterState
from impl.mgcpacer import GcControllerState
from impl.mgcscavenge import ScavengeGlobals
from impl.mgcsweep import Sweepdata
from impl.mgcwork import Work
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.mspanset import SpanSetBlockAlloc
from impl.mstats import Mstats
from impl.persistentalloc import Persistent
from impl.rt import AddressSpace, Const, Mixed, Plain, PlainSlice, Struct
from impl.runtime1 import DebugVars
from impl.runtime2 import P, Schedt
from impl.scavenger import ScavengerState
from impl.userarenastate import UserArenaState


class Runtime(Struct):
    """What Go has as variables of the package runtime, and the memory and the clock of the system.

    nanotime is what the clock shows, in nanoseconds: the client moves it. mcache0 is the cache that
    threads without a P use until there are Ps; ever_allp has all Ps there ever were, in Go the array
    behind the slice allp. world_is_stopped counts stops.
    """

    mem: Const[AddressSpace]
    nanotime: Plain[int] = 0
    debug: DebugVars

    mheap_: Mheap
    allp: Plain[PlainSlice[P]] = PlainSlice()
    emptymspan: Const[Mspan]
    ever_allp: Plain[PlainSlice[P]] = PlainSlice()
    finalizers: Finalizers
    gc_bits_arenas: GcBitsArenas
    gc_blacken_enabled: Mixed[int] = 0
    gc_controller: GcControllerState
    gc_cpu_limiter: GcCPULimiterState
    gcphase: Mixed[int] = 0
    mcache0: Plain[Mcache | None] = None
    memstats: Mstats
    persistent: Persistent
    scavenge: ScavengeGlobals
    scavenger: ScavengerState
    sched: Schedt
    span_set_block_pool: SpanSetBlockAlloc
    sweep: Sweepdata
    use_checkmark: Plain[bool] = False
    user_arena_state: UserArenaState
    work: Work
    world_is_stopped: Plain[int] = 0


def new_mheap(config: Config, mem: AddressSpace | None = None) -> Mheap:
    """runtime/malloc.go mallocinit: a fresh heap of the given geometry, without memory.

    mem is the address space to put it in; None stands for one of its own. There a miniature heap has
    memory where its hints lead to and no other, since the system's choice lies beyond its reach.
    """
    runtime = Runtime()
    h = runtime.mheap_
    h.runtime = runtime
    if mem is not None:
        mallocinit(h, config, mem)
        return h
    mallocinit(h, config, new_address_space(config))
    if is_miniature(config):
        h.runtime.mem.refuses = lambda v, _n: v == 0
    return h


def is_miniature(config: Config) -> bool:
    """runtime/malloc.go heapAddrBits: the heap's addresses have no room for the memory beside it."""
    return config.ptr_size == 8 and config.heap_addr_bits < 32


def new_address_space(config: Config) -> AddressSpace:
    """runtime/malloc.go heapAddrBits: the memory that a program has on this platform.

    With sign-extended addresses only the lower half is the program's. A miniature heap's metadata is
    put where the heap doesn't reach.
    """
    addr_bits = config.heap_addr_bits
    if is_miniature(config):
        addr_bits = 40
    elif config.arena_base_offset != 0:
        addr_bits -= 1
    return AddressSpace(config.phys_page_size, addr_bits)
