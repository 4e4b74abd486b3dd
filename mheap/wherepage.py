"""The page docs/where-is-what.md, made from the table of mheap/where.py."""

from collections.abc import Sequence
from pathlib import Path

from golang.fingerprint import Tree
from golang.toolchain import GO_VERSION
from mheap.where import SUBJECT, Row, gaps, neighbours, table

PAGE = Path(__file__).parents[1] / "docs" / "where-is-what.md"

_HEAD = f"""# Where is what

Each declaration of {SUBJECT} of {GO_VERSION}, with the line of its declaration and its counterpart
in the port, and after that the other Go files from which the port takes something. Made by
`mheap where --write` from Go's source and the docstrings of `impl/`; a test keeps it up to date.
"""
_EMPTY = "nothing"


def page(tree: Tree) -> str:
    """The whole page."""
    rows = table(tree)
    missing = len(gaps(rows))
    whole = [row for row in rows if row.declaration.kind != "field"]
    count = f"{len(whole)} declarations and {len(rows) - len(whole)} fields"
    state = (
        f"{missing} have no counterpart yet."
        if missing
        else "each has its counterpart or a reason."
    )
    parts = [_HEAD, f"## {SUBJECT}\n", f"{count}; {state}\n", _table(whole)]
    for row in whole:
        fields = [each for each in rows if _field_of(each, row)]
        if fields:
            parts += [f"### Fields of {row.declaration.name}\n", _table(fields)]
    for file, functions in neighbours(tree).items():
        parts += [f"## {file}\n", _neighbour(functions)]
    return "\n".join(parts)


def write(tree: Tree, path: Path = PAGE) -> None:
    """Write the page anew."""
    path.write_text(page(tree))


def _field_of(row: Row, owner: Row) -> bool:
    declaration = row.declaration
    inside = declaration.name.startswith(f"{owner.declaration.name}.")
    return declaration.kind == "field" and inside


def _table(rows: Sequence[Row]) -> str:
    lines = ["| Go | line | module | name | note |", "|---|---|---|---|---|"]
    for row in rows:
        modules = dict.fromkeys(f"`{place.path}`" for place in row.places)
        names = [f"`{place.name}`" for place in row.places]
        note = "**missing**" if row.gap else row.note
        go = f"{row.declaration.kind} `{row.declaration.name}`"
        cells = (go, str(row.declaration.start), ", ".join(modules), ", ".join(names), note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _neighbour(rows: Sequence[Row]) -> str:
    ported = [row for row in rows if row.places]
    parts = []
    for kind in ("func", "type"):
        all_of_kind = [row for row in rows if row.declaration.kind == kind]
        here = [row for row in all_of_kind if row.places]
        if all_of_kind:
            parts.append(f"{len(here)} of {len(all_of_kind)} {_PLURAL[kind]}")
    others = len(ported) - sum(row.declaration.kind in _PLURAL for row in ported)
    if others:
        parts.append(f"{others} constants, variables and fields")
    left = ", ".join(f"`{row.declaration.name}`" for row in rows if not row.places)
    text = [f"Ported: {', '.join(parts) or _EMPTY}.\n"]
    if ported:
        text.append(_table(ported))
    text.append(f"Not ported: {left or _EMPTY}.\n")
    return "\n".join(text)


_PLURAL = {"func": "functions", "type": "types"}
