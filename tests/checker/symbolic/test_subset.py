"""The forms that would let a symbolic value pass unnoticed are found, and refused when executed."""

from typing import Any

import pytest

from checker.symbolic import Engine, prove
from checker.symbolic.subset import findings

SILENT = [
    "isinstance(x, int)",
    "x is True",
    "1 is not x",
    "type(x) == int",
    "id(x)",
    "str(x) == '5'",
    "try:\n    f(x)\nexcept Exception:\n    pass",
    "try:\n    f(x)\nexcept (ValueError, TypeError):\n    pass",
    "try:\n    f(x)\nexcept:\n    pass",
    "match x:\n    case 1:\n        pass",
]
LOUD = ["{x: 1}", "{x, y}", "{y for y in z}", "{y: 1 for y in z}"]
HARMLESS = [
    "x is None",
    "x is y",
    "{'a': x, 3: y}",
    "{**x}",
    "try:\n    f(x)\nexcept Throw:\n    pass",
    "int(x)",
    "[x, y]",
    "x in (1, 2)",
]


@pytest.mark.parametrize("source", SILENT)
def test_silent_form_is_found(source: str) -> None:
    (finding,) = findings(f"\n{source}", "somewhere/code.py")
    assert finding.silent
    assert str(finding).startswith(f"code.py:{4 if 'except' in source else 2}: ")


@pytest.mark.parametrize("source", LOUD)
def test_loud_form_is_found(source: str) -> None:
    (finding,) = findings(source, "code.py")
    assert not finding.silent


@pytest.mark.parametrize("source", HARMLESS)
def test_harmless_form_is_not_found(source: str) -> None:
    assert findings(source, "code.py") == []


def vanishing(x: Any) -> int:
    if isinstance(x, int) and x == 7:
        return 1
    return 0


def test_executed_form_makes_the_outcome_unknown() -> None:
    def harness(e: Engine) -> None:
        x = e.integer("x", 8, 9)
        e.check(vanishing(x) == 0, "never seven")

    outcome = prove(harness)
    assert outcome.status == "unknown"
    assert "outside the subset: test_subset.py" in outcome.reason


def test_form_that_is_not_executed_does_no_harm() -> None:
    def harness(e: Engine) -> None:
        x = e.integer("x", 8, 9)
        if x == 7:
            vanishing(x)
        e.check(x > 7, "large")

    assert prove(harness).status == "proved"
