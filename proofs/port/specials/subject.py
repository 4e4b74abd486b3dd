"""Special records: a span's are in order, and none is lost, or kept beside the sweep.

A known finding in go1.21.13 is that special.offset has 16 bits, though spans may be larger than that.
No caller in 1.21 is hurt: a record is about the start of an object, or a tiny object inside it, and
in the size classes as they are no object starts beyond 55,296 bytes; the object of a large span
starts at 0. addspecial itself, asked about an address further on, adds its record twice and does
not find it again. go.dev/issue/70739, mended upstream by the width of the field.
"""

from checker.verdict import Grade
from harness.explorations import RACE_FREE, Exploring, possible
from harness.subject import Subject
from harness.theorems import case_by_case, case_theorem
from proofs.port.specials.mutants import LISTS, RACES
from proofs.port.specials.offsets import ADDRESSES, CLAIMS, NARROW, OBJECTS, WIDE
from proofs.port.specials.offsets import GO as OFFSET_GO
from proofs.port.specials.scenarios import BESIDE_SWEEP, SCENARIOS

GO = "runtime/mheap.go:1832-1900"
OFFSETS = "specials/offsets"

SUBJECT = Subject(
    "specials",
    statement="a span's records stay sorted, and none is lost or kept beside the sweep",
    groups=(
        possible(
            "specials/interleaving",
            SCENARIOS,
            Exploring(
                "interleavings",
                "a span's records are in order, its page's bit says if there are any, and nothing is lost",
                GO,
                list(SCENARIOS),
                mutants=list(LISTS.items()),
            ),
        ),
        possible(
            "specials/races",
            SCENARIOS,
            Exploring(
                "races",
                RACE_FREE,
                GO,
                # Of BESIDE_SWEEP every state is explored, but it has too many traces to look at each.
                [each for each in SCENARIOS if each != BESIDE_SWEEP],
                races=True,
                mutants=list(RACES.items()),
            ),
        ),
        case_by_case(
            {"offsets": CLAIMS},
            case_theorem(OBJECTS, "offsets_of_objects", OFFSETS, cites=OFFSET_GO, mutants=[NARROW]),
            case_theorem(ADDRESSES, "offset_of_16_bits", OFFSETS, cites=OFFSET_GO, finding="70739"),
            case_theorem(
                ADDRESSES,
                "offset_as_uintptr",
                OFFSETS,
                cites=OFFSET_GO,
                expect=Grade.SAMPLED,
                statement=f"{ADDRESSES.statement}, once the offset has the width of an address",
                variant=WIDE,
            ),
        ),
    ),
    fast=frozenset(
        {
            "interleavings_kills",
            "offset_as_uintptr",
            "offset_of_16_bits",
            "offsets_of_objects_kills",
            "races",
            "races_kills",
        }
    ),
)
