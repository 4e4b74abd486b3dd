"""Deliberate bugs about span states."""

from checker.binding import Edit
from checker.mutation import Mutant

MODEL_MUTANTS = [
    Mutant(
        "publish-before-fields",
        "the state is stored before the other fields are valid",
        (
            Edit(
                "span_state",
                "x.require(And(x.state[s] == DEAD, x.fields[s]))\n        if",
                "x.require(x.state[s] == DEAD)\n        if",
            ),
            Edit("span_state", "            x.require(x.limit[s])\n", "            pass\n"),
        ),
    ),
    Mutant(
        "free-in-any-phase",
        "a span is freed while the collector marks",
        (Edit("span_state", "And(x.phase == OFF, x.state[s] != DEAD", "And(x.state[s] != DEAD"),),
    ),
    Mutant(
        "scan-across-phases",
        "the collector goes off while somebody is inside a conservative scan",
        (
            Edit(
                "span_state",
                "        x.require(x.all(reader, lambda r: Not(x.looking[r])))\n",
                "",
            ),
        ),
    ),
]
