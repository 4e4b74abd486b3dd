"""The list of Go's invariants names what exists, and its page says what it says."""

import ast
from pathlib import Path

import pytest

from harness.invariants import invariants
from mheap.cli import main
from mheap.corners import Corner, checks
from mheap.invariantspage import PAGE, page
from proofs.port.whole_heap.invariants import CLAIMS

ROOT = Path(__file__).resolve().parent.parent


def test_each_check_is_declared() -> None:
    known = checks()
    unknown = [(each.number, name) for each in invariants() for name in each.checked]
    assert [(number, name) for number, name in unknown if name not in known] == []


def test_a_check_is_named_once() -> None:
    for each in invariants():
        assert len({*each.checked, *each.tested}) == len(each.checked + each.tested), each.number


def test_each_unit_test_exists() -> None:
    functions = {}
    for name in sorted({name for each in invariants() for name in each.tested}):
        path, _, function = name.partition("::")
        if path not in functions:
            body = ast.parse((ROOT / path).read_text()).body
            functions[path] = {each.name for each in body if isinstance(each, ast.FunctionDef)}
        assert function in functions[path], name


def test_each_numbered_claim_about_the_whole_heap_is_among_the_checks_of_its_invariant() -> None:
    listed = {each.number: each.checked for each in invariants()}
    numbered = [claim for claim in CLAIMS if claim.number]
    assert len(numbered) > 10
    for claim in numbered:
        assert f"whole_heap.{claim.name}" in listed[claim.number], claim.name


def test_checks_are_told_apart_by_what_they_are_about() -> None:
    known = checks()
    assert known["sweepgen.induction"] is Corner.MODEL
    assert known["sweepgen.one_owner"] is Corner.MODEL
    assert known["sweepgen.interleavings"] is Corner.PORT
    assert known["sweepgen.interleavings[three sweepers on two spans]"] is Corner.PORT
    assert known["whole_heap.no_overlap"] is Corner.PORT
    assert known["differential.same_as_go[heap]"] is Corner.PORT
    assert known["sweepgen.runtime_conforms"] is Corner.RUNTIME
    assert "sweepgen.induction_kills" not in known


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "write it anew with: mheap invariants --write"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["190"], 0, "checked in the port: whole_heap.no_overlap"),
        (["13"], 1, "13. reclaimIndex never goes down within a cycle."),
        (["0"], 2, ""),
        ([], 1, f"of {len(invariants())} are not checked"),
    ],
)
def test_the_command(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert main(["invariants", *arguments]) == code
    assert said in capsys.readouterr().out
