"""The rest of a program: records about objects, pins, stacks, and user arenas."""

from typing import Any

from impl.gcphase import GC_OFF
from impl.rt import M, lock, unlock
from impl.spanof import span_of_heap
from proofs.port.whole_heap.objects import CLOSURE, DUE, SET, Objects, ProgramObject, wrong


class Program(Objects):
    """A program that uses the whole heap."""

    # Records about objects, pins.

    def set_finalizer(self, m: M, n: int, c: int) -> bool:
        """A root gets a finalizer, whose closure may be another root."""
        thing, closure = self.root(n), self.root(c) if c >= 0 else None
        if thing is None or thing.finalizer == DUE:
            return False
        fn = closure.addr if closure else CLOSURE
        with self.on(m):
            add = self.port.addspecial.addfinalizer
            added: bool = self.call(add, self.h, thing.addr, fn, 0, 1, 1)
        if added == (thing.finalizer == SET):
            raise wrong("one_finalizer", f"{thing.addr:#x}: added is {added}")
        if added:
            thing.finalizer, thing.closure = SET, fn
        return added

    def clear_finalizer(self, m: M, n: int) -> None:
        """A root has no finalizer any more."""
        thing = self.root(n)
        if thing is not None and thing.finalizer != DUE:
            with self.on(m):
                self.call(self.port.addspecial.removefinalizer, self.h, thing.addr)
            thing.finalizer, thing.closure = 0, 0

    def profile(self, m: M, n: int) -> None:
        """The heap profile is to be told when the object is freed."""
        thing = self.root(n)
        if thing is not None and thing.bucket is None:
            thing.bucket = self.port.mprof.Bucket()
            with self.on(m):
                self.call(self.port.addspecial.setprofilebucket, self.h, thing.addr, thing.bucket)
            self.profiled.append(thing)

    def check_profile(self) -> None:
        """After a sweep the profile knows of every object that was freed, and of no other."""
        for thing in self.profiled:
            dead = self.things.get(thing.addr) is not thing
            if thing.bucket.frees.load() != dead:
                why = f"{thing.addr:#x} was freed {thing.bucket.frees.load()} times, dead: {dead}"
                raise wrong("profiled_once", why)
        self.profiled = [t for t in self.profiled if self.things.get(t.addr) is t]

    def ask_reachable(self, m: M, n: int) -> None:
        """runtime/mgc.go gcTestIsReachable: the next sweep is to tell whether a root is reachable."""
        thing = self.root(n)
        if thing is None or thing.record is not None:
            return
        h = self.h
        with self.on(m):
            lock(h.speciallock)
            record = h.special_reachable_alloc.alloc()
            unlock(h.speciallock)
            record.special.kind = self.port.special.KIND_SPECIAL_REACHABLE
            if not self.call(self.port.addspecial.addspecial, h, thing.addr, record.special):
                raise wrong("one_record", f"{thing.addr:#x} has a record that nobody added")
        thing.record, thing.marked = record, False
        self.tested.append(thing)

    def learn_reachable(self, m: M) -> int:
        """What the sweep has found must be what was marked; the records are freed."""
        h = self.h
        done = [thing for thing in self.tested if thing.record.done]
        for thing in done:
            if thing.record.reachable != thing.marked:
                raise wrong("reachable_is_told", f"{thing.addr:#x}: {thing.record.reachable}")
            with self.on(m):
                lock(h.speciallock)
                h.special_reachable_alloc.free(thing.record)
                unlock(h.speciallock)
            thing.record = None
            self.tested.remove(thing)
        return len(done)

    def pin(self, m: M, n: int, times: int) -> None:
        """A new pinner pins a root, so often."""
        thing = self.root(n)
        if thing is None:
            return
        pinner = self.port.setpinned.Pinner()
        with self.on(m):
            for _ in range(times):
                self.call(pinner.pin, self.h, thing.addr)
                thing.pins += 1
        self.pinners.append((pinner, [thing] * times))

    def unpin(self, m: M, n: int) -> None:
        """A pinner takes its pins back."""
        if self.pinners:
            pinner, pinned = self.pinners.pop(n % len(self.pinners))
            with self.on(m):
                self.call(pinner.unpin, self.h)
            for thing in pinned:
                thing.pins -= 1

    def check_pins(self) -> None:
        """An object shows as pinned if a pinner has it; so does what shares a tiny block with it."""
        blocks: dict[tuple[int, int], int] = {}
        for thing in self.things.values():
            s = span_of_heap(self.h, thing.addr)
            assert s is not None
            key = s.base(), s.obj_index(self.h.config, thing.addr)
            blocks[key] = blocks.get(key, 0) + thing.pins
        for thing in self.things.values():
            s = span_of_heap(self.h, thing.addr)
            assert s is not None
            pinned = blocks[s.base(), s.obj_index(self.h.config, thing.addr)] > 0
            if self.port.setpinned.is_pinned(self.h, thing.addr) != pinned:
                raise wrong("pins_are_kept", f"{thing.addr:#x} is pinned: {pinned}")

    # Memory managed by hand.

    def new_stack(self, m: M, npages: int, typ: int) -> Any:
        """A manual span, written; None without memory."""
        with self.on(m):
            s = self.call(self.h.alloc_manual, npages, typ)
        if s is None:
            return None
        nbytes = npages * self.config.page_size
        if s.needzero == 0:
            self.call(self.h.runtime.mem.check_zero, s.base(), nbytes)
        if s.npages != npages or s.limit != s.base() + nbytes:
            raise wrong("spans_are_complete", f"{s.npages} pages up to {s.limit:#x}")
        if (
            self.config.phys_page_aligned_stacks
            and typ == self.port.spanalloctype.SPAN_ALLOC_STACK
            and s.base() % self.config.phys_page_size
        ):
            raise wrong("stacks_are_aligned", f"{s.base():#x} isn't the start of a physical page")
        self.call(self.h.runtime.mem.write, s.base(), nbytes)
        self.stacks.append((s, npages, typ))
        return s

    # User arenas.

    def new_arena(self, m: M) -> None:
        """A user arena, with a chunk."""
        with self.on(m):
            self.arenas.append(self.call(self.port.userarena.new_user_arena, self.h))

    def arena_object(self, m: M, n: int, size: int, cap: int, pointers: bool) -> None:
        """An object, or an array if cap >= 0, in a user arena: zero, and written."""
        if not self.arenas:
            return
        arena = self.arenas[n % len(self.arenas)]
        if pointers:
            # To write the bits of more takes long.
            size = min(size, 4096)
        typ = self.port.malloc.Type(size, 64 if pointers else 0, 8, 0xFF if pointers else 0)
        with self.on(m):
            if cap < 0:
                addr = self.call(arena.new, self.h, typ)
            else:
                addr = self.call(arena.slice, self.h, typ, cap)
        nbytes = size * (1 if cap < 0 else cap)
        if addr == self.port.malloc.ZEROBASE:
            return
        thing = ProgramObject(addr, nbytes, pointers)
        self.call(self.h.runtime.mem.check_zero, addr, nbytes)
        if nbytes > self.config.user_arena_chunk_bytes // 4:
            self.take(thing)
            return
        for other in self.in_arenas.values():
            if other.addr < addr + nbytes and addr < other.addr + other.size:
                raise wrong(
                    "not_handed_out_twice", f"{addr:#x} in an arena, beside {other.addr:#x}"
                )
        self.call(self.h.runtime.mem.write, addr, nbytes)
        self.in_arenas[addr] = thing

    def arena_link(self, m: M, n: int, b: int) -> None:
        """An object in a user arena comes to point to a root."""
        able = [thing for thing in self.in_arenas.values() if thing.pointers]
        target = self.root(b)
        if able and target is not None:
            able[n % len(able)].refs.append(target.addr)
            self.shade(m, target.addr)

    def free_arena(self, m: M, n: int, dangle: bool) -> Any:
        """A user arena is freed; with dangle a pointer into it stays. Returns it."""
        if not self.arenas:
            return None
        arena = self.arenas.pop(n % len(self.arenas))
        bases = [span_of_heap(self.h, x).base() for x in arena.refs]  # type: ignore[union-attr]
        for base in bases:
            for addr in list(self.in_arenas):
                if base <= addr < base + self.config.user_arena_chunk_bytes:
                    for target in self.in_arenas.pop(addr).refs:
                        self.shade(m, target)
        if dangle and len(bases) > 1:
            self.dangling.append(bases[0] + self.config.page_size)
        with self.on(m):
            self.call(arena.free, self.h)
        return arena

    def use_arena(self, m: M, dangle: bool, marking: bool) -> None:
        """A user arena is filled up to its second chunk and freed; with marking in a collection."""
        self.new_arena(m)
        for _ in range(5):
            self.arena_object(m, -1, self.config.user_arena_chunk_bytes // 4, -1, False)
        if marking and self.h.runtime.gcphase == GC_OFF:
            self.start_cycle(m)
        self.free_arena(m, -1, dangle)
