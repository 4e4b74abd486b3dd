"""Bitmaps of a chunk: which of its pages are allocated, and which were given back to the system.

Words have config.word_bits bits, 64 in Go, whose names with 64 in them are kept. In a pallocBits, 1
means allocated. Ranges [i, i+n) are in pages and lie within the chunk.
"""

from impl.config import Config
from impl.mgcscavenge import find_scavenge_candidate
from impl.mpallocsum import pack_palloc_sum
from impl.rt import U64_MAX, Const, PlainArray, Struct, leading_zeros, ones_count64, trailing_zeros

NOT_FOUND = U64_MAX
"""^uint(0) in Go: the index that find returns when there is none."""


class PageBits(Struct):
    """runtime/mpallocbits.go pageBits: one bit per page of a chunk, in words."""

    config: Const[Config]
    words: Const[PlainArray[int]]

    def init(self, config: Config) -> None:
        """runtime/mpallocbits.go pageBits: the zero value, no bit is set."""
        self.config = config
        self.words = PlainArray(config.palloc_chunk_words, 0)

    def get(self, i: int) -> int:
        """runtime/mpallocbits.go pageBits.get: bit i."""
        width = self.config.word_bits
        return self.words[i // width] >> i % width & 1

    def block64(self, i: int) -> int:
        """runtime/mpallocbits.go pageBits.block64: the word that holds bit i."""
        return self.words[i // self.config.word_bits]

    def set(self, i: int) -> None:
        """runtime/mpallocbits.go pageBits.set: sets bit i."""
        width = self.config.word_bits
        self.words[i // width] |= 1 << i % width

    def set_range(self, i: int, n: int) -> None:
        """runtime/mpallocbits.go pageBits.setRange: sets the bits [i, i+n)."""
        words = self.words
        width = self.config.word_bits
        first = i // width
        head = words[first]
        if n == 1:
            words[first] = head | 1 << i % width
            return
        j = i + n - 1
        last = j // width
        if first == last:
            words[first] = head | ((1 << n) - 1) << i % width
            return
        ones = self.config.word_mask
        tail = words[last]  # before the first store, so that a bad range changes nothing
        words[first] = head | ones << i % width & ones
        for k in range(first + 1, last):
            words[k] = ones
        words[last] = tail | (1 << j % width + 1) - 1

    def set_all(self) -> None:
        """runtime/mpallocbits.go pageBits.setAll: sets every bit."""
        words = self.words
        ones = self.config.word_mask
        for i in range(len(words)):
            words[i] = ones

    def set_block64(self, i: int, v: int) -> None:
        """runtime/mpallocbits.go pageBits.setBlock64: sets the bits of v in the word of bit i."""
        self.words[i // self.config.word_bits] |= v

    def clear(self, i: int) -> None:
        """runtime/mpallocbits.go pageBits.clear: clears bit i."""
        width = self.config.word_bits
        self.words[i // width] &= ~(1 << i % width)

    def clear_range(self, i: int, n: int) -> None:
        """runtime/mpallocbits.go pageBits.clearRange: clears the bits [i, i+n)."""
        words = self.words
        width = self.config.word_bits
        first = i // width
        head = words[first]
        if n == 1:
            words[first] = head & ~(1 << i % width)
            return
        j = i + n - 1
        last = j // width
        if first == last:
            words[first] = head & ~(((1 << n) - 1) << i % width)
            return
        tail = words[last]  # before the first store, so that a bad range changes nothing
        words[first] = head & ~(self.config.word_mask << i % width)
        for k in range(first + 1, last):
            words[k] = 0
        words[last] = tail & ~((1 << j % width + 1) - 1)

    def clear_all(self) -> None:
        """runtime/mpallocbits.go pageBits.clearAll: clears every bit."""
        words = self.words
        for i in range(len(words)):
            words[i] = 0

    def clear_block64(self, i: int, v: int) -> None:
        """runtime/mpallocbits.go pageBits.clearBlock64: clears the bits of v in the word of bit i."""
        self.words[i // self.config.word_bits] &= ~v

    def popcnt_range(self, i: int, n: int) -> int:
        """runtime/mpallocbits.go pageBits.popcntRange: how many of the bits [i, i+n) are set."""
        words = self.words
        width = self.config.word_bits
        first = i // width
        head = words[first] >> i % width
        if n == 1:
            return head & 1
        j = i + n - 1
        last = j // width
        if first == last:
            return ones_count64(head & (1 << n) - 1)
        s = ones_count64(head)
        for k in range(first + 1, last):
            s += ones_count64(words[k])
        s += ones_count64(words[last] & (1 << j % width + 1) - 1)
        return s


class PallocBits(PageBits):
    """runtime/mpallocbits.go pallocBits: a pageBits that says which pages are allocated."""

    def summarize(self) -> int:
        """runtime/mpallocbits.go pallocBits.summarize: the packed summary of the free pages."""
        words = self.words
        width = self.config.word_bits
        ones = self.config.word_mask
        start = not_set_yet = NOT_FOUND
        max_ = cur = 0
        mixed = []
        for i in range(len(words)):
            x = words[i]
            if x == 0:
                cur += width
                continue
            if x == ones:
                # As below, with no zeros to count.
                if start == not_set_yet:
                    start = cur
                if cur > max_:
                    max_ = cur
                cur = 0
                continue
            t = trailing_zeros(x, width)
            cur += t
            if start == not_set_yet:
                start = cur
            if cur > max_:
                max_ = cur
            # The last run may go on in the next word.
            cur = leading_zeros(x, width)
            mixed.append(x >> t)
        if start == not_set_yet:
            n = width * len(words)
            return pack_palloc_sum(self.config, n, n, n)
        if cur > max_:
            max_ = cur
        if max_ >= width - 2:
            # No run inside a word is longer.
            return pack_palloc_sum(self.config, start, max_, cur)
        # Now the runs inside the words, none of which is 0, or that would have been longer.
        for x in mixed:
            if x & (x + 1) != 0:
                max_ = longest_inner_run(x, max_, width)
        return pack_palloc_sum(self.config, start, max_, cur)

    def find(self, npages: int, search_idx: int) -> tuple[int, int]:
        """runtime/mpallocbits.go pallocBits.find: (index of npages free pages, of a free page).

        The second is the first free page from search_idx on, where the next search may begin. Both
        are NOT_FOUND if nothing is free; if only the first is, nothing large enough is.
        """
        if npages == 1:
            addr = self.find1(search_idx)
            return addr, addr
        if npages <= self.config.word_bits:
            return self.find_small_n(npages, search_idx)
        return self.find_large_n(npages, search_idx)

    def find1(self, search_idx: int) -> int:
        """runtime/mpallocbits.go pallocBits.find1: index of the first free page, or NOT_FOUND.

        Looks from the beginning of search_idx's word.
        """
        words = self.words
        width = self.config.word_bits
        ones = self.config.word_mask
        for i in range(search_idx // width, len(words)):
            x = words[i]
            if x == ones:
                continue
            return i * width + trailing_zeros(~x & ones, width)
        return NOT_FOUND

    def find_small_n(self, npages: int, search_idx: int) -> tuple[int, int]:
        """runtime/mpallocbits.go pallocBits.findSmallN: find for npages no more than a word's bits.

        Such a run crosses at most one boundary of words.
        """
        words = self.words
        width = self.config.word_bits
        ones = self.config.word_mask
        end, new_search_idx = 0, NOT_FOUND
        for i in range(search_idx // width, len(words)):
            bi = words[i]
            if bi == ones:
                end = 0
                continue
            if new_search_idx == NOT_FOUND:
                new_search_idx = i * width + trailing_zeros(~bi & ones, width)
            # First the end of the word before and the start of this one.
            start = trailing_zeros(bi, width)
            if end + start >= npages:
                return i * width - end, new_search_idx
            # Then the inside of this word.
            j = find_bit_range64(~bi & ones, npages, width)
            if j < width:
                return i * width + j, new_search_idx
            end = leading_zeros(bi, width)
        return NOT_FOUND, new_search_idx

    def find_large_n(self, npages: int, search_idx: int) -> tuple[int, int]:
        """runtime/mpallocbits.go pallocBits.findLargeN: find for npages more than a word's bits.

        Such a run crosses at least one boundary of words.
        """
        words = self.words
        width = self.config.word_bits
        ones = self.config.word_mask
        start, size, new_search_idx = NOT_FOUND, 0, NOT_FOUND
        for i in range(search_idx // width, len(words)):
            x = words[i]
            if x == ones:
                size = 0
                continue
            if new_search_idx == NOT_FOUND:
                new_search_idx = i * width + trailing_zeros(~x & ones, width)
            if size == 0:
                size = leading_zeros(x, width)
                start = i * width + width - size
                continue
            s = trailing_zeros(x, width)
            if s + size >= npages:
                return start, new_search_idx
            if s < width:
                size = leading_zeros(x, width)
                start = i * width + width - size
                continue
            size += width
        if size < npages:
            return NOT_FOUND, new_search_idx
        return start, new_search_idx

    def alloc_range(self, i: int, n: int) -> None:
        """runtime/mpallocbits.go pallocBits.allocRange: allocates the pages [i, i+n)."""
        self.set_range(i, n)

    def alloc_all(self) -> None:
        """runtime/mpallocbits.go pallocBits.allocAll: allocates every page."""
        self.set_all()

    def free1(self, i: int) -> None:
        """runtime/mpallocbits.go pallocBits.free1: frees page i."""
        self.clear(i)

    def free(self, i: int, n: int) -> None:
        """runtime/mpallocbits.go pallocBits.free: frees the pages [i, i+n)."""
        self.clear_range(i, n)

    def free_all(self) -> None:
        """runtime/mpallocbits.go pallocBits.freeAll: frees every page."""
        self.clear_all()

    def pages64(self, i: int) -> int:
        """runtime/mpallocbits.go pallocBits.pages64: the word of page i; 1 means allocated."""
        return self.block64(i)

    def alloc_pages64(self, i: int, alloc: int) -> None:
        """runtime/mpallocbits.go pallocBits.allocPages64: allocates alloc's pages in i's word."""
        self.set_block64(i, alloc)


def longest_inner_run(x: int, max_: int, width: int) -> int:
    """runtime/mpallocbits.go pallocBits.summarize: its loop over one word x.

    The length of x's longest run of zeros with a one on both sides, or max_ if that is not less.
    x has a zero with a one on both sides, and no zeros at the bottom.
    """
    ones = (1 << width) - 1
    shift_mask = width - 1

    # Shorten all runs of zeros by max_. What is left of one makes the longest longer.
    p = max_
    k = 1  # every run of ones has at least k
    while True:
        while p > 0:
            if p <= k:
                # Shift p ones down into the top of each run of zeros.
                x |= x >> (p & shift_mask)
                if x & (x + 1) == 0:
                    return max_
                break
            # Shift k ones down into the top of each run of zeros.
            x |= x >> (k & shift_mask)
            if x & (x + 1) == 0:
                return max_
            p -= k
            # The shortest run of ones has doubled, so the next shift may be as far again.
            k *= 2

        # The lowest run of zeros is by how much the longest grows.
        j = trailing_zeros(~x & ones, width)
        x >>= j & shift_mask
        j = trailing_zeros(x, width)
        x >>= j & shift_mask
        max_ += j
        if x & (x + 1) == 0:
            return max_
        p = j


def find_bit_range64(c: int, n: int, width: int) -> int:
    """runtime/mpallocbits.go findBitRange64: index of the first n ones in a row in the word c.

    width or more if there are none. n must be above 0.
    """
    # Remove the top n-1 ones of each run; the first one left is where a long enough run starts.
    shift_mask = width - 1
    p = n - 1
    k = 1  # every run of zeros has at least k
    while p > 0:
        if p <= k:
            c &= c >> (p & shift_mask)
            break
        c &= c >> (k & shift_mask)
        if c == 0:
            return width
        p -= k
        # The shortest run of zeros has doubled, so the next shift may be as far again.
        k *= 2
    return trailing_zeros(c, width)


class PallocData(Struct):
    """runtime/mpallocbits.go pallocData: a chunk's allocated pages, and its scavenged ones."""

    palloc_bits: PallocBits
    scavenged: PageBits

    find_scavenge_candidate = find_scavenge_candidate

    def init(self, config: Config) -> None:
        """runtime/mpallocbits.go pallocData: the zero value, pages are free and not scavenged."""
        self.palloc_bits.init(config)
        self.scavenged.init(config)

    def alloc_range(self, i: int, n: int) -> None:
        """runtime/mpallocbits.go pallocData.allocRange: allocates [i, i+n), no longer scavenged."""
        self.palloc_bits.alloc_range(i, n)
        self.scavenged.clear_range(i, n)

    def alloc_all(self) -> None:
        """runtime/mpallocbits.go pallocData.allocAll: allocates every page; none is scavenged."""
        self.palloc_bits.alloc_all()
        self.scavenged.clear_all()
