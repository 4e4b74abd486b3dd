"""The page docs/trusted-base.md: what no proof shows, why it may be trusted, what would notice."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import impl
from checker.obligation import Technique
from golang.hooks import UNRECORDED
from harness.assumptions import ASSUMPTIONS
from harness.stand_ins import STAND_INS
from harness.subject import Subject
from mheap.trusted import BRIDGE, CLAIMS, ENGINES, PORT, TrustedPiece
from proofs.port.stand_ins.subject import SHOWN_BY
from proofs.subjects import subjects

PAGE = Path(__file__).parents[1] / "docs" / "trusted-base.md"
COMPARING = (Technique.STATEFUL, Technique.INTERLEAVINGS)
DEPARTS = re.compile(r"Departs: (.+?\.)(?= |$)")

_HEAD = """# The trusted base

What verdicts rest on and no proof shows. Made by `mheap trust --write` from what is declared as an
assumption, a stand-in, an abstraction function, a departure, or a store that is not recorded, and from
`mheap/trusted.py`; a test keeps it up to date.

What would notice a mistake is an obligation, with its mutants, or a test. What follows "not:" would go
unnoticed.
"""

_ASSUMPTIONS = """A verdict that rests on one of these says so in its bound. Nothing would notice if
one were false.
"""

_STAND_INS = """They take the place of modules while threads are explored, and the queue does in random
runs beside a model. A verdict that rests on them says so in its bound. The obligations compare each
with its module, and with mutants of that.
"""

_ABSTRACTIONS = """How the port's memory shows each variable of a model, and which variables only the
model keeps. The two states are compared after each step, so a function that is wrong parts them. One
that shows too little would let a mutant pass.
"""

_LEFT_OUT = """The docstring of a module of `impl/` says under "Not ported here" what it leaves out of
Go's file, and [where-is-what.md](where-is-what.md) lists what of `mheap.go` has no counterpart. Where a
function does otherwise than Go's on purpose, its docstring says so:
"""

_UNRECORDED = """Stores of watched variables that the scan lets pass without an event:
"""


def page() -> str:
    """The whole page."""
    parts = [
        _HEAD,
        "## Assumptions\n",
        _ASSUMPTIONS,
        _table(("assumption", "it says", "why it may be"), _assumptions()),
        "## Stand-ins\n",
        _STAND_INS,
        _table(("module", "stand-in", "what would notice"), _stand_ins()),
        "## What is claimed\n",
        _pieces(CLAIMS),
        "## Abstraction functions\n",
        _ABSTRACTIONS,
        *_abstractions(),
        "## The port\n",
        _pieces(PORT),
        _LEFT_OUT,
        _table(("function", "departs"), departures()),
        "## The bridge to the real runtime\n",
        _pieces(BRIDGE),
        _UNRECORDED,
        _table(("in", "variable", "why it needs no event"), _unrecorded()),
        "## Engines and solvers\n",
        _pieces(ENGINES),
    ]
    return "\n".join(parts)


def write(path: Path = PAGE) -> None:
    """Write the page anew."""
    path.write_text(page())


def departures(root: Path = Path(impl.__path__[0])) -> Iterator[tuple[str, str]]:
    """The functions of the port that say that they depart from Go's, each with what it says."""
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                said = " ".join((ast.get_docstring(node) or "").split())
                for found in DEPARTS.findall(said):
                    yield f"`{path.relative_to(root.parent).as_posix()}` `{node.name}`", found


def _assumptions() -> Iterator[Sequence[str]]:
    for each in ASSUMPTIONS:
        yield each.name, each.statement, each.why


def _stand_ins() -> Iterator[Sequence[str]]:
    for module, stand_in in STAND_INS.items():
        path = f"`{stand_in.replace('.', '/')}.py`"
        yield f"`impl/{module}.py`", path, _names(f"stand_ins.{each}" for each in SHOWN_BY[module])


def _unrecorded() -> Iterator[Sequence[str]]:
    for (function, variable), why in UNRECORDED.items():
        yield f"`{function}`", f"`{variable}`", why


def _pieces(pieces: Sequence[TrustedPiece]) -> str:
    rows = []
    for each in pieces:
        beyond = f"not: {each.beyond}" if each.beyond else ""
        noticed = "; ".join(filter(None, (_names(each.noticed), beyond))) or "nothing"
        rows.append((_names(each.where), each.what, each.why, noticed))
    return _table(("in", "what is trusted", "why it may be", "what would notice"), rows)


def _abstractions() -> Iterator[str]:
    for subject in subjects():
        abstraction = subject.abstraction
        if abstraction is not None:
            files = {inspect.getmodule(each): None for each in abstraction.conjuncts.values()}
            paths = [f"`{module.__name__.replace('.', '/')}.py`" for module in files if module]
            yield f"### {subject.name}\n"
            yield f"In {', '.join(paths)}. What would notice: {_names(_comparing(subject))}.\n"
            shown = [(name, "memory", _said(each)) for name, each in abstraction.conjuncts.items()]
            shown += [("", "memory, or it is refused", _said(each)) for each in abstraction.checks]
            kept = [(name, "the model only", why) for name, why in abstraction.history.items()]
            yield _table(("variable", "is in", "as"), [*shown, *kept])


def _comparing(subject: Subject) -> Iterator[str]:
    """The obligations that run the port beside the model, and have mutants of the port."""
    for each in subject.obligations():
        if each.mutant is not None and each.technique in COMPARING:
            yield f"{subject.name}.{each.refutes}"


def _said(function: object) -> str:
    """The first sentence, or sentences, of its docstring."""
    return " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in dict.fromkeys(names))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [f"| {' | '.join(each)} |" for each in rows]
    return "\n".join(lines) + "\n"
