"""`mheap merge`: the shards of a run made one."""

import pytest

from checker import evidence
from mheap.cli import main
from tests.checker.test_sharding import CLAIMS, parts_of
from tests.conftest import Folder


def test_counterexamples_are_found_from_where_the_evidence_is(folder: Folder) -> None:
    folder.add(CLAIMS)
    output = folder.root / "whole" / "evidence.json"
    parts = [str(path) for path in parts_of(folder, 2)]
    assert main(["merge", *parts, "--output", str(output)]) == 0
    (refuted,) = [each for each in evidence.read(output)["obligations"] if each["files"]]
    for name in refuted["files"].values():
        assert (output.parent / name).is_file()


def test_the_command_says_what_is_missing(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.add(CLAIMS)
    first, _ = parts_of(folder, 2)
    assert main(["merge", str(first), "-o", str(folder.root / "whole.json")]) == 2
    assert "cannot merge: there is no part 2/2; give all parts" in capsys.readouterr().err
    assert not (folder.root / "whole.json").exists()
