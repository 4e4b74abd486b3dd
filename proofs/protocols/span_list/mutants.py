"""Deliberate bugs about span lists."""

from checker.binding import Edit
from checker.mutation import Mutant

MODEL_MUTANTS = [
    Mutant(
        "insert-without-check",
        "a span that is on a list already is inserted into another",
        (
            Edit(
                "span_list",
                'first of this one."""\n    x.require(free(x, s))\n',
                'first of this one."""\n',
            ),
        ),
    ),
    Mutant(
        "remove-keeps-order",
        "a removed span keeps its links",
        (
            Edit(
                "span_list",
                "    n.before[s, ALL] = lambda _: False\n    n.before[ALL, s] = lambda _: False\n",
                "",
            ),
        ),
    ),
    Mutant(
        "take-all-forgets-order",
        "the spans taken are not put before the others",
        (
            Edit(
                "span_list",
                "Or(x.before[a, b], And(x.on[a, other], x.on[b, a_list]))",
                "x.before[a, b]",
            ),
        ),
    ),
]

SEQUENTIAL_MUTANTS = [
    Mutant(
        "remove-moves-last-forward",
        "removing the last span sets last to what follows it, not to what precedes it",
        (Edit("mspanlist", "self.last = span.prev", "self.last = span.next"),),
    ),
    Mutant(
        "remove-from-any-list",
        "a span is removed by a list that it is not on",
        (Edit("mspanlist", "if span.list is not self:", "if span.list is None:"),),
    ),
    Mutant(
        "insert-without-check",
        "a span that is on a list already is inserted into another",
        (Edit("mspanlist", 'throw("mSpanList.insert")', "pass"),),
    ),
    Mutant(
        "insert-back-without-list",
        "a span put last does not know its list",
        (
            Edit(
                "mspanlist",
                "        self.last = span\n        span.list = self\n",
                "        self.last = span\n",
            ),
        ),
    ),
    Mutant(
        "take-all-without-reparenting",
        "the spans taken still name their old list",
        (
            Edit(
                "mspanlist",
                "            s.list = self\n            s = s.next",
                "            s = s.next",
            ),
        ),
    ),
    Mutant(
        "take-all-forgets-prev",
        "the old first span has no predecessor after others were put before it",
        (
            Edit(
                "mspanlist",
                "            self.first.prev = other.last  # type: ignore[union-attr]  # nor is this list\n",
                "",
            ),
        ),
    ),
]
"""Bugs that show in a single thread."""

PORT_MUTANTS = {each.name: each for each in SEQUENTIAL_MUTANTS}
