"""The page of what one has to trust is complete, up to date, and names what exists."""

from pathlib import Path

import pytest

from harness.assumptions import ASSUMPTIONS
from harness.stand_ins import STAND_INS
from mheap.cli import main
from mheap.corners import checks
from mheap.trusted import BRIDGE, CLAIMS, ENGINES, PORT
from mheap.trustpage import PAGE, departures, page
from proofs.port.stand_ins.subject import SHOWN_BY, SUBJECT
from proofs.subjects import subjects

ROOT = Path(__file__).resolve().parent.parent
PIECES = (*CLAIMS, *PORT, *BRIDGE, *ENGINES)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "write it anew with: mheap trust --write"


def test_what_would_notice_exists() -> None:
    known = checks()
    for piece in PIECES:
        for name in piece.noticed:
            assert name in known or (ROOT / name).is_file(), name


def test_what_is_trusted_exists() -> None:
    for piece in PIECES:
        for name in piece.where:
            assert list(ROOT.glob(name)), name


def test_each_stand_in_is_shown_to_be_its_module_by_theorems_with_mutants() -> None:
    assert SHOWN_BY.keys() == STAND_INS.keys()
    for module, theorems in SHOWN_BY.items():
        mutated = {each.refutes for each in SUBJECT.obligations() if each.mutant is not None}
        claimed = {each.name for each in SUBJECT.obligations() if each.mutant is None}
        assert set(theorems) <= claimed, module
        assert mutated & set(theorems), module


def test_each_variable_of_a_model_is_on_the_page() -> None:
    text = page()
    found = 0
    for subject in subjects():
        if subject.abstraction is not None:
            section = text.partition(f"### {subject.name}\n")[2].partition("\n## ")[0]
            for name in subject.abstraction.machine.variables:
                assert f"| {name} | " in section, f"{subject.name}.{name}"
                found += 1
    assert found > 20


def test_each_assumption_is_on_the_page() -> None:
    for each in ASSUMPTIONS:
        assert f"| {each.name} | {each.statement} | {each.why} |" in page()


def test_each_departure_in_the_port_is_on_the_page() -> None:
    said = sum(path.read_text().count("Departs:") for path in (ROOT / "impl").rglob("*.py"))
    assert len(list(departures())) == said > 0


def test_departures_are_read_to_the_end_of_their_sentence(tmp_path: Path) -> None:
    (tmp_path / "port").mkdir()
    (tmp_path / "port" / "x.py").write_text(
        'def f():\n    """x.go f: does it.\n\n    Departs: asks impl.rt, and\n    waits. So."""\n'
    )
    found = departures(tmp_path / "port")
    assert list(found) == [("`port/x.py` `f`", "asks impl.rt, and waits.")]


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust"]) == 0
    assert capsys.readouterr().out.strip() == page().strip()
