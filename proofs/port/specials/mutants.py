"""Deliberate bugs in the lists of special records."""

from checker.binding import Edit
from checker.mutation import Mutant
from proofs.port.specials import scenarios

UNSWEPT = Mutant(
    "added-before-the-sweep",
    "a record is added to a span that is not swept: the sweep edits its list at the same time",
    (
        Edit(
            "addspecial",
            "    span.ensure_swept(h)\n\n    offset = p - span.base()\n    kind = s.kind\n",
            "    offset = p - span.base()\n    kind = s.kind\n",
        ),
    ),
)

UNLOCKED = Mutant(
    "added-without-the-lock",
    "a record is added without the lock of the span's list",
    (
        Edit(
            "addspecial",
            "    lock(span.speciallock)\n"
            "    iter_, exists = span.special_find_splice_point(offset, kind)\n"
            "    if not exists:\n",
            "    iter_, exists = span.special_find_splice_point(offset, kind)\n    if not exists:\n",
        ),
        Edit(
            "addspecial",
            "        span_has_specials(h, span)\n    unlock(span.speciallock)\n",
            "        span_has_specials(h, span)\n",
        ),
    ),
)

RACES = {UNSWEPT: scenarios.ADD_AND_SWEEP, UNLOCKED: scenarios.ORDER}
"""Those in which two threads use a plain field unordered, each with the scenario that shows it."""

LISTS = {
    UNSWEPT: scenarios.BESIDE_SWEEP,
    Mutant(
        "added-twice",
        "a record is added though there is one of its kind for the object",
        (Edit("addspecial", "    if not exists:\n        # 16", "    if True:\n        # 16"),),
    ): scenarios.SAME,
    Mutant(
        "kinds-not-in-order",
        "records of one object stand in the order in which they came",
        (
            Edit(
                "special",
                "        if offset < s.offset or (offset == s.offset and kind < s.kind):\n",
                "        if offset < s.offset:\n",
            ),
        ),
    ): scenarios.ORDER,
    Mutant(
        "removed-by-offset",
        "a record is found by its object, whatever its kind",
        (
            Edit(
                "special",
                "        if offset == s.offset and kind == s.kind:\n",
                "        if offset == s.offset:\n",
            ),
        ),
    ): scenarios.ORDER,
    Mutant(
        "bit-cleared-too-early",
        "removing a record clears the page's bit, though others may be left",
        (
            Edit(
                "addspecial",
                "    if span.specials is None:\n        span_has_no_specials(h, span)\n",
                "    span_has_no_specials(h, span)\n",
            ),
        ),
    ): scenarios.LAST,
    Mutant(
        "bit-set-too-late",
        "the page's bit is set after the lock was given back: the record may be gone by then",
        (
            Edit(
                "addspecial",
                "        span_has_specials(h, span)\n    unlock(span.speciallock)\n",
                "    unlock(span.speciallock)\n    if not exists:\n        span_has_specials(h, span)\n",
            ),
        ),
    ): scenarios.SAME,
    Mutant(
        "bit-stored",
        "the page's bit is set by a load and a store, which may lose the bit of another page",
        (
            Edit(
                "special",
                "    atomic.or8(ha.page_specials, arena_page // 8, 1 << (arena_page % 8))\n",
                "    byte = atomic.load8(ha.page_specials, arena_page // 8)\n"
                "    byte |= 1 << (arena_page % 8)\n"
                "    atomic.store(ha.page_specials, arena_page // 8, byte)\n",
            ),
        ),
    ): scenarios.BYTE,
    Mutant(
        "swept-records-stay",
        "the sweep leaves the records of an object that it frees",
        (Edit("mgcsweep", "        sweep_specials(h, s, size)\n\n", ""),),
    ): scenarios.BESIDE_SWEEP,
}
"""Each mutant with the scenario in which the history is impossible."""
