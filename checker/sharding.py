"""Shards: one run in parts, on several machines, and one evidence made of theirs.

`pytest proofs/ --shard 2/5` runs the second of five parts. What reads recordings of a real system is
in the first, since a recording is made once in a session; the rest goes round. Merged evidence is
that of a whole run, or there is none. That the parts ran on the same sources is for their user to see
to: evidence does not say of which it is.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker import evidence
from checker.obligation import Technique
from checker.subjects import ObligationItem

_SAME = {
    "versions": "the versions of tools",
    "collected": "how many obligations there are",
    "wanted": "what was selected",
}
"""What the parts of a run have in common, and in words."""


class CannotMerge(Exception):
    """The evidence is not that of all parts of one run: `reason` says why not."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"cannot merge: {reason}; {remedy}")


@dataclass(frozen=True)
class Shard:
    """Part `part` of `of`, counted from 1."""

    part: int
    of: int

    def __str__(self) -> str:
        return f"{self.part}/{self.of}"

    def mine(self, items: Sequence[Any]) -> list[Any]:
        """Those of the items that this part runs."""
        together = [each for each in items if _together(each)]
        parts: list[list[Any]] = [[] for _ in range(self.of)]
        parts[0] += together
        for each in items:
            if not _together(each):
                min(parts, key=len).append(each)
        kept = set(parts[self.part - 1])
        return [each for each in items if each in kept]


def _together(item: Any) -> bool:
    return isinstance(item, ObligationItem) and item.obligation.technique is Technique.TRACE


def shard(text: str) -> Shard:
    """The shard that "2/5" names. Raises ValueError for anything else."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"a shard is written as 2/5, the second of five parts, not {text!r}")
    return Shard(int(found[1]), int(found[2]))


def merged(parts: Mapping[Path, Mapping[str, Any]], file: Path) -> dict[str, Any]:
    """The evidence of the whole run, to be written to `file`. Raises CannotMerge."""
    runs = [each["run"] for each in parts.values()]
    _check_all_are_there(parts)
    for name, what in _SAME.items():
        if any(run[name] != runs[0][name] for run in runs):
            reason = f"the parts differ in {what}"
            raise CannotMerge(reason, "run all of them anew, with the same tools and arguments")
    if any(
        _without_shard(run["arguments"]) != _without_shard(runs[0]["arguments"]) for run in runs
    ):
        raise CannotMerge("the parts had different arguments", "run all of them anew, alike")
    records = [
        {**record, "files": _moved(record["files"], path.parent, file.parent)}
        for path, each in parts.items()
        for record in each["obligations"]
    ]
    if len({record["id"] for record in records}) != len(records):
        raise CannotMerge("an obligation is in two parts", "run all of them anew")
    if evidence.fingerprint(record["id"] for record in records) != runs[0]["wanted"]:
        raise CannotMerge("the parts have not just what was selected", "run all of them anew")
    run = {
        **runs[0],
        "started": min(each["started"] for each in runs),
        "seconds": max(each["seconds"] for each in runs),
        "platform": "; ".join(sorted({each["platform"] for each in runs})),
        "selected": len(records),
        "complete": all(each["complete"] for each in runs),
        "shard": "",
        "arguments": _without_shard(runs[0]["arguments"]),
    }
    problems = [problem for each in parts.values() for problem in each["problems"]]
    if run["selected"] == run["collected"]:
        problems += evidence.without_mutants(records)
    return evidence.assembled(records, run, problems)


def _without_shard(arguments: Sequence[str]) -> list[str]:
    """The arguments that the parts have in common."""
    found, rest = [], iter(arguments)
    for each in rest:
        name, equals, _ = each.partition("=")
        if name not in ("--shard", "--evidence"):
            found.append(each)
        elif not equals:
            next(rest, None)
    return found


def _check_all_are_there(parts: Mapping[Path, Mapping[str, Any]]) -> None:
    for path, each in parts.items():
        if not each["run"]["shard"]:
            raise CannotMerge(
                f"{path} is not evidence of a shard", "run with --shard 1/2 and so on"
            )
    shards = sorted(
        (shard(each["run"]["shard"]) for each in parts.values()), key=lambda s: (s.of, s.part)
    )
    (of, *others) = {each.of for each in shards}
    if others:
        raise CannotMerge(f"some are parts of {of}, some of {others[0]}", "give those of one run")
    missing = sorted(set(range(1, of + 1)) - {each.part for each in shards})
    if missing:
        raise CannotMerge(
            f"there is no part {', '.join(f'{part}/{of}' for part in missing)}", "give all parts"
        )
    if len(shards) != of:
        raise CannotMerge("a part is there twice", "give each part once")


def _moved(files: Mapping[str, str], old: Path, new: Path) -> dict[str, str]:
    """Paths that were relative to one folder, relative to another."""
    return {kind: Path(os.path.relpath(old / name, new)).as_posix() for kind, name in files.items()}
