"""In place of impl/gcbits.py: each bitmap has memory of its own, zeroed, that is never reused."""

from typing import TYPE_CHECKING

from impl.rt import Const, MixedArray, Struct

if TYPE_CHECKING:
    from impl.mheap import Mheap


class GcBits(Struct):
    """runtime/mheap.go gcBits: a bitmap, in words of 64 bits."""

    words: Const[MixedArray[int]]

    def bytep(self, n: int) -> int:
        """The n'th byte."""
        return (self.word(n) >> (8 * (n % 8))) & 0xFF

    def bitp(self, n: int) -> tuple[MixedArray[int], int, int]:
        """Bit n as (words, index of its word, mask in the word)."""
        return self.words, n // 64, 1 << (n % 64)

    def word(self, n: int) -> int:
        """The 8 aligned bytes around byte n."""
        return self.words[n // 8]


class GcBitsArenas(Struct):
    """There are no arenas."""

    def init(self) -> None:
        """Has nothing to do."""


def new_mark_bits(_h: "Mheap", nelems: int) -> GcBits:
    """Zeroed bits for nelems objects, in whole 64-bit blocks."""
    bits = GcBits()
    bits.words = MixedArray((nelems + 63) // 64, 0)
    return bits


def new_alloc_bits(h: "Mheap", nelems: int) -> GcBits:
    """Zeroed bits for nelems objects."""
    return new_mark_bits(h, nelems)


def next_mark_bit_arena_epoch(_h: "Mheap") -> None:
    """Bits are not reused, so that there is nothing to wait for."""
