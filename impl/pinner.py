"""Which objects of a span are pinned, and how often: two bits for each, and counters.

The first bit says that the object is pinned, the second that it is so more than once; then a
special record counts the pins beyond the first. Who pins and unpins is in setpinned.py. Not ported
here: keeping an object alive while its bits are read (KeepAlive); pinnerGetPinCounter, which is for
Go's tests.
"""

from typing import TYPE_CHECKING, NamedTuple

from impl.config import Config
from impl.gcbits import GcBits, new_mark_bits
from impl.rt import MixedArray, atomic, lock, throw, u16, u64, unlock
from impl.special import (
    KIND_SPECIAL_PIN_COUNTER,
    Special,
    SpecialPinCounter,
    span_has_no_specials,
    span_has_specials,
)
from impl.stubs import align_up, div_round_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


class PinState(NamedTuple):
    """runtime/pinner.go pinState: the bits of an object: where they are, and what they were.

    mask is that of the first bit in words[i]; the second is above it. val is the word.
    """

    words: MixedArray[int]
    i: int
    mask: int
    val: int

    def is_pinned(self) -> bool:
        """runtime/pinner.go pinState.isPinned: the object was pinned."""
        return self.val & self.mask != 0

    def is_multi_pinned(self) -> bool:
        """runtime/pinner.go pinState.isMultiPinned: the object was pinned more than once."""
        return self.val & (self.mask << 1) != 0

    def set_pinned(self, val: bool) -> None:
        """runtime/pinner.go pinState.setPinned: sets or clears the first bit, atomically."""
        self.set(val, False)

    def set_multi_pinned(self, val: bool) -> None:
        """runtime/pinner.go pinState.setMultiPinned: sets or clears the second bit, atomically."""
        self.set(val, True)

    def set(self, val: bool, multipin: bool) -> None:
        """runtime/pinner.go pinState.set: sets or clears a bit, with multipin the second."""
        mask = self.mask
        if multipin:
            mask <<= 1
        if val:
            atomic.or64(self.words, self.i, mask)
        else:
            atomic.and64(self.words, self.i, u64(~mask))


def pinner_bits_of_object(p: GcBits, n: int) -> PinState:
    """runtime/pinner.go pinnerBits.ofObject: the bits of object n."""
    words, i, mask = p.bitp(n * 2)
    return PinState(words, i, mask, atomic.load8(words, i))


def pinner_bit_size(s: "Mspan", config: Config) -> int:
    """runtime/pinner.go mspan.pinnerBitSize: bytes of the pinner bits of s."""
    return div_round_up(config, s.nelems * 2, 8)


def new_pinner_bits(s: "Mspan", h: "Mheap") -> GcBits:
    """runtime/pinner.go mspan.newPinnerBits: zeroed pinner bits; the sweep copies them."""
    return new_mark_bits(h, s.nelems * 2)


def get_pinner_bits(s: "Mspan") -> GcBits | None:
    """runtime/pinner.go mspan.getPinnerBits: the pinner bits, None if nothing is pinned."""
    bits: GcBits | None = atomic.load(s, "pinner_bits")
    return bits


def set_pinner_bits(s: "Mspan", p: GcBits | None) -> None:
    """runtime/pinner.go mspan.setPinnerBits: replaces the pinner bits."""
    atomic.store(s, "pinner_bits", p)


def refresh_pinner_bits(s: "Mspan", h: "Mheap") -> None:
    """runtime/pinner.go mspan.refreshPinnerBits: moves the bits on to the arenas of the next cycle.

    If no object is pinned they are dropped.
    """
    p = s.get_pinner_bits()
    if p is None:
        return

    has_pins = False
    nbytes = align_up(h.config, s.pinner_bit_size(h.config), 8)
    for n in range(0, nbytes, 8):
        if p.word(n) != 0:
            has_pins = True
            break

    if has_pins:
        fresh = s.new_pinner_bits(h)
        words, first, _ = fresh.bitp(0)
        for n in range(0, nbytes, 8):
            words[first + n // 8] = p.word(n)
        s.set_pinner_bits(fresh)
    else:
        s.set_pinner_bits(None)


def inc_pin_counter(span: "Mspan", h: "Mheap", offset: int) -> None:
    """runtime/pinner.go mspan.incPinCounter: counts one more pin of a pinned object.

    offset is the object's, in bytes; span.speciallock is held.
    """
    ref, exists = span.special_find_splice_point(offset, KIND_SPECIAL_PIN_COUNTER)
    rec: SpecialPinCounter
    if not exists:
        lock(h.speciallock)
        rec = h.special_pin_counter_alloc.alloc()
        unlock(h.speciallock)
        rec.special.offset = u16(offset)
        rec.special.kind = KIND_SPECIAL_PIN_COUNTER
        rec.special.next = ref.load()
        ref.store(rec.special)
        span_has_specials(h, span)
    else:
        found: Special = ref.load()  # type: ignore[assignment]  # it exists
        rec = found.record
    rec.counter += 1


def dec_pin_counter(span: "Mspan", h: "Mheap", offset: int) -> bool:
    """runtime/pinner.go mspan.decPinCounter: counts a pin off; False if there is but one left.

    offset is the object's, in bytes; span.speciallock is held. Throws if there is no counter.
    """
    ref, exists = span.special_find_splice_point(offset, KIND_SPECIAL_PIN_COUNTER)
    if not exists:
        throw("runtime.Pinner: decreased non-existing pin counter")
    found: Special = ref.load()  # type: ignore[assignment]  # it exists
    counter: SpecialPinCounter = found.record
    counter.counter -= 1
    if counter.counter == 0:
        ref.store(counter.special.next)
        if span.specials is None:
            span_has_no_specials(h, span)
        lock(h.speciallock)
        h.special_pin_counter_alloc.free(counter)
        unlock(h.speciallock)
        return False
    return True
