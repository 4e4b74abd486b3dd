"""Span sets, fixalloc, span lists, and the arenas of mark bits."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from checker.binding import Edit
from checker.mutation import Mutant
from golang.oracle import NOTHING, Op
from golang.oracle.client import OracleRequest
from proofs.runtime.differential.compare import (
    Differential,
    Made,
    Numbers,
    Results,
    Words,
    words_of,
)
from proofs.runtime.differential.heaps import Reader, shared_heap

BLOCK = 512


class SpanSetsDifferential(Differential):
    """One spanSet, filled with more than a block at times."""

    name = "span_set"
    cites = "runtime/mspanset.go:14-246"
    operations = ("SET_",)
    rules: ClassVar = {"push": 20, "pop": 20, "push_many": 1, "pop_many": 1, "reset": 2}
    throws = ("attempt to clear non-empty span set",)
    start = ((Op.SET_INIT,),)
    mutants = (
        Mutant(
            "pop-takes-the-next",
            "the span after the oldest one is taken",
            (Edit("mspanset", "bottom = head % entries\n", "bottom = (head + 1) % entries\n"),),
        ),
        Mutant(
            "slot-not-cleared",
            "a popped span stays in its slot",
            (Edit("mspanset", "        atomic.storep(block.spans, bottom, None)\n", ""),),
        ),
        Mutant(
            "reset-keeps-length",
            "a reset leaves the length of the spine",
            (Edit("mspanset", "        self.spine_len.store(0)\n", ""),),
        ),
    )

    def __init__(self, port: Any) -> None:
        super().__init__(port)
        self.h = shared_heap(port)
        self.h.runtime.span_set_block_pool = port.mspanset.SpanSetBlockAlloc()
        self.set = port.mspanset.SpanSet()
        self.set.init(self.h)
        self.spans: dict[int, Any] = {}
        self.numbers: dict[Any, int] = {}
        self.blocks: dict[Any, int] = {}

    def apply(self, request: OracleRequest) -> Results:
        if request[0] == Op.SET_PUSH:
            self.set.push(self.span(request[1]))
            # A block has its number from the moment it is there.
            split = self.port.mspanset.head_tail_index_split
            _, tail = split(self.set.index.load())
            block = self.set.spine.load()[(tail - 1) // BLOCK]
            self.blocks.setdefault(block, len(self.blocks))
            return ()
        if request[0] == Op.SET_POP:
            span = self.set.pop()
            return (NOTHING if span is None else self.numbers[span],)
        return words_of(self.set.reset())

    def span(self, number: int) -> Any:
        if number not in self.spans:
            self.spans[number] = span = self.port.mspan.Mspan()
            self.numbers[span] = number
        return self.spans[number]

    def state(self) -> list[int]:
        mspanset, numbers = self.port.mspanset, self.numbers
        head, tail = mspanset.head_tail_index_split(self.set.index.load())
        length = self.set.spine_len.load()
        words = [head, tail, length, self.set.spine_cap]
        for i in range(length):
            block = self.set.spine.load()[i]
            if block is None:
                words.append(NOTHING)
                continue
            spans = block.spans
            taken = [(j, span) for j in range(BLOCK) if (span := spans[j]) is not None]
            words += [self.blocks[block], block.popped.load(), len(taken)]
            for j, span in taken:
                words += (j, numbers[span])
        node = self.h.runtime.span_set_block_pool.stack.head.load()
        while node != 0:
            words.append(self.blocks[node.node])
            node = node.node.next
        return words

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        reader = Reader(words)
        for name in ("head", "tail", "spineLen", "spineCap"):
            reader.name(name)
        for i in range(words[2]):
            if reader.name(f"spine[{i}]") == NOTHING:
                continue
            reader.name(f"spine[{i}].popped")
            for _ in range(reader.name(f"spine[{i}].taken")):
                reader.name(f"spine[{i}].spans[{reader.next()}]")
        named = reader.named
        count = 0
        while True:
            try:
                reader.name(f"pool[{count}]")
            except StopIteration:
                return named
            count += 1

    def push(self, numbers: Numbers) -> Made:
        return (Op.SET_PUSH, numbers.below(1 << 16))

    def pop(self, _numbers: Numbers) -> Made:
        return (Op.SET_POP,)

    def push_many(self, numbers: Numbers) -> Made:
        if numbers.below(3) != 1:
            return None
        return [(Op.SET_PUSH, i) for i in range(numbers.below(BLOCK + 100) + 1)]

    def pop_many(self, numbers: Numbers) -> Made:
        if numbers.below(3) != 1:
            return None
        return [(Op.SET_POP,)] * (numbers.below(BLOCK + 100) + 1)

    def reset(self, numbers: Numbers) -> Made:
        """Mostly of an empty set, as Go asks for."""
        head, tail = self.port.mspanset.head_tail_index_split(self.set.index.load())
        if head < tail and numbers.below(6) != 1:
            return None
        return (Op.SET_RESET,)


class Block:
    """An object of a fixalloc: where it is, and whether anything was written to it."""

    def __init__(self, chunk: int, offset: int) -> None:
        self.place = (chunk, offset)
        self.filled = False

    def memclr(self) -> None:
        self.filled = False


class FixAllocsDifferential(Differential):
    """One fixalloc, of several sizes in turn."""

    name = "fixalloc"
    cites = "runtime/mfixalloc.go:31-110"
    operations = ("FIX_",)
    rules: ClassVar = {"init": 1, "alloc": 14, "free": 9, "fill": 4}
    throws = ("runtime: fixalloc size too large",)
    start = ((Op.FIX_INIT, 160, 1),)
    mutants = (
        Mutant(
            "chunk-one-object-short",
            "the last object of a chunk is left unused",
            (Edit("mfixalloc", "if self.nchunk < size:", "if self.nchunk <= size:"),),
        ),
        Mutant(
            "free-forgets-the-others",
            "a freed object is the only one to be handed out again",
            (Edit("mfixalloc", "Mlink(p, self.list)", "Mlink(p, None)"),),
        ),
        Mutant(
            "never-zeroes",
            "a reused object keeps what was written to it",
            (Edit("mfixalloc", "            if self.zero:\n", "            if False:\n"),),
        ),
    )

    def __init__(self, port: Any) -> None:
        super().__init__(port)
        self.fix = port.mfixalloc.Fixalloc()
        self.do_init(160, 1)

    def do_init(self, size: int, zero: int) -> None:
        h = shared_heap(self.port)
        self.chunks, self.firsts = 0, 0
        self.fix.init(h, size, self.make, self.first, None, h.runtime.memstats.other_sys)
        self.fix.zero = bool(zero)
        self.live: dict[tuple[int, int], Block] = {}

    def make(self) -> Block:
        self.chunks += self.fix.nchunk == self.fix.nalloc
        return Block(self.chunks - 1, self.fix.nalloc - self.fix.nchunk)

    def first(self, _argument: Any, _block: Block) -> None:
        self.firsts += 1

    def apply(self, request: OracleRequest) -> Results:
        op, *arguments = request
        if op == Op.FIX_INIT:
            self.do_init(*arguments)
        elif op == Op.FIX_ALLOC:
            firsts = self.firsts
            block = self.fix.alloc()
            self.live[block.place] = block
            dirty = self.fix.size - 8 if block.filled else 0
            return (*block.place, self.firsts - firsts, dirty)
        elif op == Op.FIX_FREE:
            self.fix.free(self.live.pop((arguments[0], arguments[1])))
        else:
            self.live[arguments[0], arguments[1]].filled = True
        return ()

    def state(self) -> list[int]:
        fix = self.fix
        words = [fix.size, fix.nalloc, fix.nchunk, fix.inuse]
        link = fix.list
        while link is not None:
            words += link.v.place
            link = link.next
        return words

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        named = dict(zip(("size", "nalloc", "nchunk", "inuse"), words, strict=False))
        for i, word in enumerate(words[4:]):
            named[f"list[{i // 2}].{('chunk', 'offset')[i % 2]}"] = word
        return named

    def init(self, numbers: Numbers) -> Made:
        size = numbers.pick([160, 8, 24, 1, 4096, 5000, 16384, 17, 1200, 16385])
        return (Op.FIX_INIT, size, numbers.below(2))

    def alloc(self, numbers: Numbers) -> Made:
        return [(Op.FIX_ALLOC,)] * (1 if numbers.below(8) != 1 else numbers.below(30) + 1)

    def free(self, numbers: Numbers) -> Made:
        return (Op.FIX_FREE, *numbers.pick(sorted(self.live))) if self.live else None

    def fill(self, numbers: Numbers) -> Made:
        return (Op.FIX_FILL, *numbers.pick(sorted(self.live))) if self.live else None


class SpanListsDifferential(Differential):
    """Four mSpanLists of 16 spans."""

    name = "span_list"
    cites = "runtime/mheap.go:1693-1792"
    operations = ("LIST_",)
    rules: ClassVar = {"insert": 8, "remove": 5, "take_all": 2, "ask": 4}
    throws = ("mSpanList.insert", "mSpanList.insertBack", "mSpanList.remove")
    start = ((Op.LIST_RESET,),)
    mutants = (
        Mutant(
            "take-all-without-reparenting",
            "taken spans still name the list they came from",
            (Edit("mspanlist", "            s.list = self\n", "            pass\n"),),
        ),
    )

    def __init__(self, port: Any) -> None:
        super().__init__(port)
        self.lists = [port.mspanlist.MSpanList() for _ in range(4)]
        self.spans = [port.mspan.Mspan() for _ in range(16)]
        for each in self.lists:
            each.init()
        self.names: dict[Any, int] = {None: NOTHING}
        self.names |= {each: i for i, each in enumerate(self.lists)}
        self.names |= {each: i for i, each in enumerate(self.spans)}
        lists, spans = self.lists, self.spans
        self.calls: dict[int, Callable[..., Any]] = {
            Op.LIST_INSERT: lambda k, s: lists[k].insert(spans[s]),
            Op.LIST_INSERT_BACK: lambda k, s: lists[k].insert_back(spans[s]),
            Op.LIST_REMOVE: lambda k, s: lists[k].remove(spans[s]),
            Op.LIST_TAKE_ALL: lambda k, o: lists[k].take_all(lists[o]),
            Op.LIST_IS_EMPTY: lambda k: lists[k].is_empty(),
            Op.LIST_IN_LIST: lambda s: spans[s].in_list(),
        }

    def apply(self, request: OracleRequest) -> Results:
        return words_of(self.calls[request[0]](*request[1:]))

    def state(self) -> list[int]:
        names = self.names
        words: list[int] = []
        for each in self.lists:
            words += (names[each.first], names[each.last])
        for each in self.spans:
            words += (names[each.next], names[each.prev], names[each.list])
        return words

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        names = [f"list{i}.{field}" for i in range(4) for field in ("first", "last")]
        names += [f"span{i}.{field}" for i in range(16) for field in ("next", "prev", "list")]
        return dict(zip(names, words, strict=True))

    def insert(self, numbers: Numbers) -> Made:
        op = numbers.pick([Op.LIST_INSERT, Op.LIST_INSERT_BACK])
        wanted = numbers.below(60) == 1
        spans = [i for i, each in enumerate(self.spans) if (each.list is not None) == wanted]
        return (op, numbers.below(4), numbers.pick(spans)) if spans else None

    def remove(self, numbers: Numbers) -> Made:
        if numbers.below(40) == 1:
            return (Op.LIST_REMOVE, numbers.below(4), numbers.below(16))
        spans = [i for i, each in enumerate(self.spans) if each.list is not None]
        if not spans:
            return None
        span = numbers.pick(spans)
        return (Op.LIST_REMOVE, self.names[self.spans[span].list], span)

    def take_all(self, numbers: Numbers) -> Made:
        """Never of a list by itself, which Go has no check for."""
        one = numbers.below(4)
        return (Op.LIST_TAKE_ALL, one, (one + 1 + numbers.below(3)) % 4)

    def ask(self, numbers: Numbers) -> Made:
        if numbers.below(2):
            return (Op.LIST_IS_EMPTY, numbers.below(4))
        return (Op.LIST_IN_LIST, numbers.below(16))


class GcBitsDifferential(Differential):
    """The arenas of mark bits."""

    name = "gc_bits"
    cites = "runtime/mheap.go:2083-2260"
    operations = ("GCBITS_",)
    rules: ClassVar = {"new": 12, "new_large": 4, "epoch": 4, "full": 1, "too_large": 1}
    throws = ("markBits overflow", "index out of range")
    start = ((Op.GCBITS_RESET,),)
    mutants = (
        Mutant(
            "bits-for-one-object-less",
            "a multiple of 64 objects and one more have no bit for the last",
            (Edit("gcbits", "(nelems + 63) // 64 * 8", "(nelems + 62) // 64 * 8"),),
        ),
        Mutant(
            "epoch-drops-free-arenas",
            "arenas that were free are lost when others become free",
            (Edit("gcbits", "            last.next = arenas.free\n", ""),),
        ),
    )

    def __init__(self, port: Any) -> None:
        super().__init__(port)
        self.h = shared_heap(port)
        arenas = self.h.runtime.gc_bits_arenas
        arenas.free = arenas.next = arenas.current = arenas.previous = None
        self.numbers: dict[Any, int] = {}

    def apply(self, request: OracleRequest) -> Results:
        if request[0] == Op.GCBITS_EPOCH:
            return words_of(self.port.gcbits.next_mark_bit_arena_epoch(self.h))
        bits = self.port.gcbits.new_mark_bits(self.h, request[1])
        return self.numbers.setdefault(bits.arena, len(self.numbers)), bits.start

    def state(self) -> list[int]:
        arenas = self.h.runtime.gc_bits_arenas
        words = []
        for each in (arenas.free, arenas.next, arenas.current, arenas.previous):
            chain = []
            while each is not None:
                chain += [self.numbers[each], each.free]
                each = each.next
            words += [len(chain) // 2, *chain]
        return words

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        reader = Reader(words)
        for name in ("free", "next", "current", "previous"):
            for i in range(reader.name(f"len({name})")):
                reader.name(f"{name}[{i}]")
                reader.name(f"{name}[{i}].free")
        return reader.named

    def new(self, numbers: Numbers) -> Made:
        return (Op.GCBITS_NEW, numbers.below(1025))

    def new_large(self, numbers: Numbers) -> Made:
        return (Op.GCBITS_NEW, 8 * (65520 - numbers.below(4) * numbers.below(20000)))

    def epoch(self, _numbers: Numbers) -> Made:
        return (Op.GCBITS_EPOCH,)

    def full(self, numbers: Numbers) -> Made:
        """No bits at all out of an arena without any left, which Go notices by itself."""
        if numbers.below(10) != 1:
            return None
        return [(Op.GCBITS_NEW, 8 * 65520), (Op.GCBITS_NEW, 0)]

    def too_large(self, numbers: Numbers) -> Made:
        if numbers.below(10) != 1:
            return None
        return (Op.GCBITS_NEW, 8 * 65520 + 1)
