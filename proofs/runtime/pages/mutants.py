"""Deliberate bugs about pages. Those of the real runtime are in golang/mutants.py."""

from checker.binding import Edit
from checker.mutation import Mutant

REPLAY_MUTANTS = [
    Mutant(
        "search-not-lowered",
        "freeing pages leaves the search address above them",
        (
            Edit(
                "mpagealloc",
                '''frees npages pages from base on."""
        assert_lock_held(self.mheap_lock)
        config = self.h.config
        if off_addr_less_than(config, base, self.search_addr):
''',
                '''frees npages pages from base on."""
        assert_lock_held(self.mheap_lock)
        config = self.h.config
        if False:
''',
            ),
        ),
    ),
    Mutant(
        "allocated-pages-stay-scavenged",
        "allocating pages leaves their scavenged bits",
        (
            Edit(
                "mpallocbits",
                "        self.palloc_bits.alloc_range(i, n)\n        self.scavenged.clear_range(i, n)\n",
                "        self.palloc_bits.alloc_range(i, n)\n",
            ),
        ),
    ),
    Mutant(
        "runs-do-not-cross",
        "a summary does not count a run that lies across two entries of the level below",
        (Edit("mpallocsum", "if end + si > max_:", "if False:"),),
    ),
    Mutant(
        "flush-loses-scavenged",
        "flushing a cache forgets which pages are scavenged",
        (
            Edit(
                "mpagecache",
                "                p.chunk_of(ci).scavenged.set_range(pi + i, 1)\n",
                "                pass\n",
            ),
        ),
    ),
    Mutant(
        "search-after-the-cache",
        "filling a cache moves the search address past it, to the next page",
        (
            Edit(
                "mpagecache",
                "c.base + config.page_size * (cache_pages - 1)",
                "c.base + config.page_size * cache_pages",
            ),
        ),
    ),
    Mutant(
        "more-than-asked",
        "the scavenger takes the whole of a run, however few pages it was asked for",
        (Edit("mgcscavenge", "    if size > max_:", "    if False:"),),
    ),
    Mutant(
        "scavenged-pages-not-marked",
        "pages that were given back to the system do not count as scavenged",
        (
            Edit(
                "mgcscavenge",
                "            p.chunk_of(ci).scavenged.set_range(base, npages)\n",
                "",
            ),
        ),
    ),
    Mutant(
        "generation-keeps-its-highest",
        "a new generation of the scavenge index keeps the highest address freed in the last one",
        (
            Edit(
                "scavengeindex",
                "            self.search_addr_bg.store_marked(config, self.free_hwm)\n"
                "        self.free_hwm = min_off_addr(config)\n",
                "            self.search_addr_bg.store_marked(config, self.free_hwm)\n",
            ),
        ),
    ),
]
