"""Pinning objects: the collector neither moves nor frees them, so that C code may keep pointers.

Objects are given by their addresses. Not ported here, of runtime/pinner.go: the finalizer of a pinner,
which complains of pins that were forgotten, since pinners are not in the simulated heap, and the
checks of the argument's type. A program's globals (isGoPointerWithoutSpan) don't exist here.
"""

from typing import TYPE_CHECKING

from impl.pinner import (
    pinner_bits_of_object,
)
from impl.proc import acquirem, releasem
from impl.rt import Plain, PlainSlice, Struct, append, lock, panic, throw, unlock
from impl.spanof import span_of_heap
from impl.userarena import in_user_arena_chunk

if TYPE_CHECKING:
    from impl.mheap import Mheap


class PinnerRefs(Struct):
    """runtime/pinner.go pinner: the addresses of what was pinned, once for each pin."""

    refs: Plain[PlainSlice[int]] = PlainSlice()

    def unpin(self, h: "Mheap") -> None:
        """runtime/pinner.go pinner.unpin: takes every pin back."""
        refs = self.refs
        for i in range(len(refs)):
            set_pinned(h, refs[i], False)
        self.refs = PlainSlice()


class Pinner(Struct):
    """runtime/pinner.go Pinner: a set of pinned objects."""

    pinner: Plain[PinnerRefs | None] = None

    def pin(self, h: "Mheap", ptr: int) -> None:
        """runtime/pinner.go Pinner.Pin: pins the object at ptr until unpin."""
        pinner = self.pinner
        if pinner is None:
            mp = acquirem()
            pp = mp.p
            if pp is not None:
                pinner = pp.pinner_cache
                pp.pinner_cache = None
            releasem(mp)
            if pinner is None:
                pinner = PinnerRefs()
            self.pinner = pinner
        if in_user_arena_chunk(h, ptr):
            panic("runtime.Pinner: object was allocated into an arena")
        set_pinned(h, ptr, True)
        pinner.refs = append(pinner.refs, ptr)

    def unpin(self, h: "Mheap") -> None:
        """runtime/pinner.go Pinner.Unpin: unpins all objects of the set."""
        if self.pinner is not None:
            self.pinner.unpin(h)

        mp = acquirem()
        pp = mp.p
        if pp is not None and pp.pinner_cache is None:
            pp.pinner_cache = self.pinner
            self.pinner = None
        releasem(mp)


def is_pinned(h: "Mheap", ptr: int) -> bool:
    """runtime/pinner.go isPinned: the object that contains ptr is pinned; what isn't in the heap is."""
    span = span_of_heap(h, ptr)
    if span is None:
        return True
    pinner_bits = span.get_pinner_bits()
    # A sweep may drop these bits now, but they aren't cleared before the next cycle.
    if pinner_bits is None:
        return False
    return pinner_bits_of_object(pinner_bits, span.obj_index(h.config, ptr)).is_pinned()


def set_pinned(h: "Mheap", ptr: int, pin: bool) -> None:
    """runtime/pinner.go setPinned: pins the object that contains ptr once more, or once less.

    Panics if ptr isn't in the heap. Throws if an object is to be unpinned that isn't pinned.
    """
    span = span_of_heap(h, ptr)
    if span is None:
        panic("runtime.Pinner.Pin: argument is not a Go pointer")

    # The sweep doesn't lock the records.
    mp = acquirem()
    span.ensure_swept(h)

    index = span.obj_index(h.config, ptr)

    lock(span.speciallock)
    pinner_bits = span.get_pinner_bits()
    if pinner_bits is None:
        pinner_bits = span.new_pinner_bits(h)
        span.set_pinner_bits(pinner_bits)
    pin_state = pinner_bits_of_object(pinner_bits, index)
    if pin:
        if pin_state.is_pinned():
            pin_state.set_multi_pinned(True)
            span.inc_pin_counter(h, index * span.elemsize)
        else:
            pin_state.set_pinned(True)
    else:
        if not pin_state.is_pinned():
            throw("runtime.Pinner: object already unpinned")
        if pin_state.is_multi_pinned():
            exists = span.dec_pin_counter(h, index * span.elemsize)
            if not exists:
                pin_state.set_multi_pinned(False)
        else:
            pin_state.set_pinned(False)
    unlock(span.speciallock)
    releasem(mp)
