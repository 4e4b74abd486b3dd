"""The page docs/invariants.md: the invariants of Go's mheap.go, and where each of them is checked."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from golang.toolchain import GO_VERSION
from harness.invariants import GoInvariant, StatedBy, invariants
from mheap.corners import Corner, checks

PAGE = Path(__file__).parents[1] / "docs" / "invariants.md"
MHEAP = "runtime/mheap.go"


_HEAD = f"""# Invariants

What {MHEAP} of {GO_VERSION} states in its comments, throws and assertions, or implies by its
code, and what checks it. Made by `mheap invariants --write` from `harness/invariants.toml`; a test
keeps it up to date. Line numbers are those of {MHEAP} where no other file is named.

A check stands in the column of the corner in which it would find the statement to be false. It has
the name that turns red: that of an obligation, as in the tables of a run, or of an invariant of a
model or a claim about the whole heap, as counterexamples have it. `same_as_go` compares the port with
Go's own code. Where only a part of the statement is checked the note says so. A unit test does not
count as a check.
"""


def described(each: GoInvariant, known: Mapping[str, Corner]) -> str:
    """The entry as lines of text."""
    lines = [f"{each.number}. {each.text}"]
    lines += [f"  {place}: {', '.join(cites)}" for place, cites in each.cites.items()]
    lines += [f"  checked in the {known[name]}: {name}" for name in each.checked]
    lines += [f"  tested: {name}" for name in each.tested]
    return "\n".join([*lines, *([f"  {each.note}"] if each.note else [])])


def page() -> str:
    """The whole page."""
    found, known = invariants(), checks()
    parts = [_HEAD, _summary(found, known)]
    for section in dict.fromkeys(each.section for each in found):
        parts += [f"## {section}\n", _table([e for e in found if e.section == section], known)]
    return "\n".join(parts)


def write(path: Path = PAGE) -> None:
    """Write the page anew."""
    path.write_text(page())


def _summary(found: Sequence[GoInvariant], known: Mapping[str, Corner]) -> str:
    checked = [{known[name] for name in each.checked} for each in found]
    lines = ["| of the invariants | |", "|---|---|", f"| in the list | {len(found)} |"]
    lines += [f"| checked in the {c} | {sum(c in each for each in checked)} |" for c in Corner]
    unchecked = [each for each in found if not each.checked]
    tested = sum(bool(each.tested) for each in unchecked)
    lines.append(f"| not checked, but unit-tested in the port | {tested} |")
    lines.append(f"| neither | {len(unchecked) - tested} |")
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[GoInvariant], known: Mapping[str, Corner]) -> str:
    lines = [
        f"| | invariant | Go | {' | '.join(Corner)} | note |",
        f"|---|---|---|{'---|' * len(Corner)}---|",
    ]
    for row in rows:
        columns = [[f"`{n}`" for n in row.checked if known[n] is corner] for corner in Corner]
        tests = ", ".join(f"`{name.partition('::')[2]}`" for name in row.tested)
        notes = (_escaped(row.note), f"Unit tests: {tests}." if tests else "")
        cells = (
            str(row.number),
            _escaped(row.text),
            "; ".join(_cited(place, cites) for place, cites in row.cites.items()),
            *(", ".join(each) for each in columns),
            " ".join(filter(None, notes)),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """The text as Markdown that shows it as it is."""
    return re.sub(r"([*_|])", r"\\\1", text)


def _cited(place: StatedBy, cites: Sequence[str]) -> str:
    return f"{place} {', '.join(each.removeprefix(f'{MHEAP}:') for each in cites)}"
