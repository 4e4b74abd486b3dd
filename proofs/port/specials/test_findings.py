"""A known finding in go1.21.13: special.offset has 16 bits, though spans may be larger than that.

No caller in 1.21 is hurt: a record is about the start of an object, or a tiny object inside it, and
in the size classes as they are no object starts beyond 55,296 bytes; the object of a large span
starts at 0. addspecial itself, asked about an address further on, adds its record twice and does
not find it again. go.dev/issue/70739, mended upstream by the width of the field.
"""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.cases import holds
from proofs.port.specials.offsets import ADDRESSES, GO, NARROW, OBJECTS, WIDE

HARNESS = "specials/offsets"


@obligation(technique="port run", cites=GO, expect=Grade.EXHAUSTED, statement=OBJECTS.says)
def test_offsets_of_objects() -> Verdict:
    return holds(OBJECTS, harness=HARNESS)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", [NARROW], ids=str)
@obligation(technique="port run", cites=GO, expect=Grade.REFUTED, statement=OBJECTS.says)
def test_offsets_of_objects_kills(mutant: Mutant) -> Verdict:
    return holds(OBJECTS, harness=HARNESS, variant=mutant)


@pytest.mark.fast
@obligation(
    technique="port run", cites=GO, expect=Grade.REFUTED, finding="70739", statement=ADDRESSES.says
)
def test_offset_of_16_bits() -> Verdict:
    return holds(ADDRESSES, harness=HARNESS)


@pytest.mark.fast
@obligation(
    technique="port run",
    cites=GO,
    expect=Grade.SAMPLED,
    statement=f"{ADDRESSES.says}, once the offset has the width of an address",
)
def test_offset_as_uintptr() -> Verdict:
    return holds(ADDRESSES, harness=HARNESS, variant=WIDE)
