"""Shards: each obligation runs in one part, and only all parts together are a whole run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from checker import evidence
from checker.report import summary
from checker.sharding import CannotMerge, Shard, merged, shard
from tests.conftest import Folder

CLAIMS = """
@claim()
def holds():
    return PROVED

@claim(Grade.REFUTED, mutant=Mutant("drop"), case="drop", refutes="holds")
def holds_kills():
    return REFUTED

for name in ("one", "two", "three"):
    DECLARED.append(Obligation(
        name, Technique.TRACE, "it holds", "mheap.go:1", Grade.PROVED, lambda _: PROVED
    ))
"""
SAME = ("started", "seconds", "arguments")


def parts_of(folder: Folder, of: int, *arguments: str) -> dict[Path, dict[str, Any]]:
    """The evidence of each part of a run."""
    found = {}
    for part in range(1, of + 1):
        file = f"build/{part}/evidence.json"
        result = folder.run("--shard", f"{part}/{of}", "--evidence", file, *arguments)
        assert result.ret == pytest.ExitCode.OK
        found[folder.root / file] = evidence.read(folder.root / file)
    return found


def without_times(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence, but for what no two runs have in common, and where files lie."""
    return {
        **whole,
        "run": {name: value for name, value in whole["run"].items() if name not in SAME},
        "obligations": [
            {**each, "seconds": 0, "files": sorted(each["files"])} for each in whole["obligations"]
        ],
    }


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_each_item_is_in_one_part(of: int) -> None:
    items = list(range(20))
    parts = [Shard(part, of).mine(items) for part in range(1, of + 1)]
    assert sorted(each for part in parts for each in part) == items
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_parts_make_the_evidence_of_the_whole(folder: Folder) -> None:
    folder.add(CLAIMS)
    folder.run()
    whole = evidence.read(folder.root / "build/evidence.json")
    parts = parts_of(folder, 2)
    assert [each["run"]["shard"] for each in parts.values()] == ["1/2", "2/2"]
    found = merged(parts, folder.root / "build/evidence.json")
    assert without_times(found) == without_times(whole)
    (holds,) = [each for each in found["obligations"] if each["id"] == "toy.holds"]
    assert holds["mutants_killed"] == ["drop"], "though it ran in another part"


def test_a_part_says_that_it_is_one(folder: Folder) -> None:
    folder.add(CLAIMS)
    for part, each in enumerate(parts_of(folder, 2).values(), start=1):
        assert summary(each).endswith(f" (shard {part}/2)")
    whole = merged(parts_of(folder, 2), folder.root / "whole.json")
    assert summary(whole) == "4 proved, 1 refuted as expected"


def test_what_reads_recordings_is_in_one_part(folder: Folder) -> None:
    folder.add(CLAIMS)
    first, *others = parts_of(folder, 3).values()
    traces = {"toy.one", "toy.two", "toy.three"}
    assert traces <= {each["id"] for each in first["obligations"]}
    assert not traces & {each["id"] for part in others for each in part["obligations"]}


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "-1/2", "1/2/3"])
def test_what_is_no_shard(text: str, folder: Folder) -> None:
    with pytest.raises(ValueError, match="a shard is written as 2/5"):
        shard(text)
    folder.add(CLAIMS)
    result = folder.run(f"--shard={text}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*a shard is written as 2/5*"])


def test_a_run_without_all_of_its_parts_is_none(folder: Folder) -> None:
    folder.add(CLAIMS)
    file = folder.root / "whole.json"
    parts = parts_of(folder, 3)
    first, second, third = parts

    def refused(reason: str, given: Mapping[Path, Mapping[str, Any]]) -> None:
        with pytest.raises(CannotMerge, match=reason):
            merged(given, file)

    def changed(**run: Any) -> dict[Path, dict[str, Any]]:
        return {**parts, first: {**parts[first], "run": {**parts[first]["run"], **run}}}

    refused("there is no part 2/3", {first: parts[first], third: parts[third]})
    refused("there is no part 1/3, 3/3", {second: parts[second]})
    refused("some are parts of 2, some of 3", changed(shard="1/2"))
    refused("is not evidence of a shard", changed(shard=""))
    refused("the parts differ in the versions of tools", changed(versions={"python": "3"}))
    refused("the parts differ in what was selected", changed(wanted="0" * 16))
    refused("the parts had different arguments", changed(arguments=["claims", "--nightly"]))
    refused("the parts differ in how many obligations", changed(collected=6))
    refused("a part is there twice", {**parts, folder.root / "copy.json": parts[second]})
    again = {**parts[second], "obligations": parts[first]["obligations"]}
    refused("an obligation is in two parts", {**parts, second: again})
    fewer = {**parts[second], "obligations": []}
    refused("the parts have not just what was selected", {**parts, second: fewer})


def test_a_part_that_was_cut_short_makes_the_whole_incomplete(folder: Folder) -> None:
    folder.add(CLAIMS)
    parts = parts_of(folder, 2)
    first = next(iter(parts))
    parts[first] = {**parts[first], "run": {**parts[first]["run"], "complete": False}}
    whole = merged(parts, folder.root / "whole.json")
    assert not evidence.green(whole)


def test_a_selection_can_be_run_in_parts(folder: Folder) -> None:
    folder.add(CLAIMS)
    parts = parts_of(folder, 2, "-k", "holds")
    whole = merged(parts, folder.root / "whole.json")
    assert [each["id"] for each in whole["obligations"]] == ["toy.holds", "toy.holds_kills[drop]"]
    assert (whole["run"]["collected"], whole["run"]["selected"]) == (5, 2)
    assert whole["run"]["arguments"][-2:] == ["-k", "holds"]
    assert json.dumps(whole)


def test_parts_of_different_selections_are_no_run(folder: Folder) -> None:
    """Though there are as many obligations in each."""
    folder.add(CLAIMS)
    folder.add(CLAIMS, subject="other")
    mine, theirs = parts_of(folder, 2, "-k", "toy"), parts_of(folder, 2, "-k", "other")
    (first, one), (second, two) = next(iter(mine.items())), list(theirs.items())[1]
    with pytest.raises(CannotMerge, match="the parts differ in what was selected"):
        merged({first: one, second: two}, folder.root / "whole.json")
