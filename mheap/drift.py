"""`mheap drift`: which ported parts of Go another version has changed, as people read it."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from golang.errors import CannotCheck
from golang.fingerprint import (
    RECORD,
    Cited,
    Drift,
    Fate,
    Tree,
    current_record,
    drift,
    fingerprints,
    unified_diff,
    write_record,
)
from golang.releases import tree_of
from golang.toolchain import GO_VERSION
from mheap.citations import cited, places
from mheap.where import table

RELEASES = Path("build/go-releases")
OURS = GO_VERSION.removeprefix("go")


def ported_go() -> Tree:
    """The source that the port is a port of."""
    return tree_of(OURS, RELEASES)


def ported(tree: Tree) -> frozenset[Cited]:
    """What the port cites, and the constants of mheap.go that it has by name alone."""
    constants = [row for row in table(tree) if row.declaration.kind in ("const", "var")]
    found = [row.declaration for row in constants if row.places]
    return cited() | {Cited(each.file, each.name) for each in found}


def wrong_citations(tree: Tree) -> list[str]:
    """For each citation of what `tree` does not declare: who makes it, and what may be meant."""
    wrong = []
    for place in places():
        if place.cited is not None and tree.find(place.cited) is None:
            elsewhere = sorted(other.file for other in tree.elsewhere(place.cited))
            hint = f" (it is in {', '.join(elsewhere)})" if elsewhere else ""
            wrong.append(f"{place} cites {place.cited}{hint}")
    return wrong


def record(path: Path = RECORD) -> int:
    """Write the fingerprints of all that is ported; how many there are."""
    tree = ported_go()
    wrong = wrong_citations(tree)
    if wrong:
        raise CannotCheck(
            f"the citations of {GO_VERSION}", "\n  ".join(["", *wrong]), "correct these docstrings"
        )
    prints = fingerprints(tree, ported(tree))
    write_record(prints, path)
    return len(prints)


def compare(wanted: str) -> tuple[Tree, list[Drift]]:
    """The source of the wanted Go, and what became in it of all that is ported."""
    recorded = current_record(ported(ported_go()))
    tree = tree_of(wanted, RELEASES)
    return tree, drift(recorded, tree)


def summary(tree: Tree, changes: Sequence[Drift]) -> str:
    """The differences by file, with counts."""
    lines = []
    for file, group in groupby(changes, lambda each: each.cited.file):
        each_of_file = list(group)
        different = [each for each in each_of_file if each.fate is not Fate.SAME]
        if different:
            lines.append(f"{file}: {_counts(each_of_file)}")
            lines += [f"  {_line(tree, each)}" for each in different]
            lines.append("")
    ported = f"{len(changes)} ported declarations of {GO_VERSION}"
    return "\n".join([*lines, f"{ported} in {tree.version}: {_counts(changes)}"])


def differs(changes: Sequence[Drift]) -> bool:
    """Whether anything is not as it was."""
    return any(each.fate is not Fate.SAME for each in changes)


def chosen(name: str, changes: Sequence[Drift]) -> list[Drift]:
    """The ported declarations that `name` means: "mheap.grow" or "runtime/mheap.go mheap.grow"."""
    found = [each for each in changes if name in (each.cited.name, str(each.cited))]
    if not found:
        last = name.rpartition(".")[2].lower()
        alike = sorted(
            str(each.cited) for each in changes if each.cited.name.lower().endswith(last)
        )
        hint = (
            f"choose from {', '.join(alike)}"
            if alike
            else "docs/where-is-what.md lists what is ported"
        )
        raise CannotCheck(name, "the port does not cite it", hint)
    return found


def diffs(tree: Tree, changes: Sequence[Drift]) -> str:
    """Unified diffs from 1.21.13 to `tree`, with a line of its own for what has not changed."""
    old = ported_go()
    return "\n".join(_diff(old, tree, each) for each in changes)


def _diff(old: Tree, new: Tree, change: Drift) -> str:
    text = unified_diff(old, new, change)
    if change.fate is Fate.SAME:
        difference = "differs in comments or formatting only" if text else "is the same"
        head = f"{change.cited} {difference} in {new.version}"
        return f"{head}\n{text}" if text else head
    return text or f"{change.cited} moved unchanged to {change.file}"


def _line(tree: Tree, change: Drift) -> str:
    where = ""
    if change.file not in ("", change.cited.file):
        constraint = tree.constraint(change.file)
        where = f" -> {change.file}" + (f" ({constraint})" if constraint else "")
    return f"{change.fate.value:<17}  {change.cited.name}{where}"


def _counts(changes: Sequence[Drift]) -> str:
    counted = [(fate, sum(each.fate is fate for each in changes)) for fate in Fate]
    return ", ".join(f"{count} {fate.value}" for fate, count in counted if count)
