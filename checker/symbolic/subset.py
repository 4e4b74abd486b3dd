"""Code that may not be executed symbolically, because a symbolic value would pass unnoticed.

Most of what symbolic values can't do raises an error. A few forms instead answer wrongly without a
word: `isinstance(x, int)` is false, `x is True` is false, `except Exception` hides what went wrong.
A path would vanish and the proof would still say it is complete. These forms are found in the text
of the code; the proving engine refuses when a line it executed contains one.
"""

import ast
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from checker.symbolic.lines import SourceLine

_BLIND_CALLS = {"isinstance", "issubclass", "type", "id", "hash", "callable", "str", "repr"}
_WIDE_EXCEPTIONS = {"Exception", "BaseException", "TypeError", "AttributeError"}


@dataclass(frozen=True)
class Finding:
    """A form outside the subset, on the lines from `line` to `last` of `path`."""

    path: str
    line: int
    last: int
    what: str
    silent: bool = True
    """Whether a symbolic value passes without an error."""

    def __str__(self) -> str:
        return f"{os.path.basename(self.path)}:{self.line}: {self.what}"


def findings(source: str, path: str) -> list[Finding]:
    """What is outside the subset in the text of the file at `path`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt | ast.expr | ast.ExceptHandler):
            last = node.end_lineno or node.lineno
            if isinstance(node, ast.ExceptHandler | ast.Match):
                last = node.lineno  # the head, without the block under it
            found += [
                Finding(path, node.lineno, last, what, silent) for what, silent in _reasons(node)
            ]
    return sorted(found, key=lambda each: (each.line, each.what))


def executed_outside(lines: Iterable[SourceLine]) -> list[str]:
    """The silent findings on lines that were executed, and files whose text cannot be examined."""
    executed: dict[str, set[int]] = {}
    for path, line in lines:
        executed.setdefault(path, set()).add(line)
    outside = []
    for path, numbers in sorted(executed.items()):
        try:
            found = _of_file(path)
        except OSError:
            outside.append(f"{path} cannot be read")
            continue
        outside += [
            str(each)
            for each in found
            if each.silent and not numbers.isdisjoint(range(each.line, each.last + 1))
        ]
    return outside


@cache
def _of_file(path: str) -> tuple[Finding, ...]:
    with open(path, encoding="utf-8") as file:
        return tuple(findings(file.read(), path))


def _reasons(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """What is wrong with one node, and whether it is silent."""
    if isinstance(node, ast.Compare):
        operands = [node.left, *node.comparators]
        for i, operator in enumerate(node.ops):
            if isinstance(operator, ast.Is | ast.IsNot) and any(
                isinstance(each, ast.Constant) and each.value is not None
                for each in operands[i : i + 2]
            ):
                yield "`is` with a constant: use ==", True
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in _BLIND_CALLS:
            yield f"{node.func.id}() does not see the value of a symbolic operand", True
    elif isinstance(node, ast.ExceptHandler):
        names = {each.id for each in _parts(node.type) if isinstance(each, ast.Name)}
        if node.type is None or names & _WIDE_EXCEPTIONS:
            yield "an except clause that hides refused operations", True
    elif isinstance(node, ast.Match):
        yield "match: patterns test classes and identity", True
    elif isinstance(node, ast.Dict):
        if any(key is not None and not isinstance(key, ast.Constant) for key in node.keys):
            yield "a dict with computed keys", False
    elif isinstance(node, ast.DictComp | ast.SetComp):
        yield "a comprehension that hashes computed values", False
    elif isinstance(node, ast.Set) and any(not isinstance(x, ast.Constant) for x in node.elts):
        yield "a set of computed values", False


def _parts(node: ast.expr | None) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node] if node else []
