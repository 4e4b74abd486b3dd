"""Normal form: every operation of a function becomes a statement of its own, with its own line.

A thread of the port is suspended in the middle of an expression. For the explorer to know where it
is and what it may still use, the source is rewritten when it is loaded: each call, attribute,
subscript and operator works on names and constants only and is assigned to a fresh temporary;
`and`, `or`, conditional expressions and chained comparisons become `if`; `for` becomes `while` over
an explicit index. Then nothing hides on the interpreter's stack, and (line, live locals) is all of
a frame's state, on any version of Python. The order of evaluation is exactly Python's.

Rewritten code has line numbers of its own, one for each statement, and the module carries the table
of what they stand for; `point` looks a frame's line up. A function that uses a construct outside the
subset is left as it is and its reason kept: it works as long as no thread is suspended in it.
"""

import ast
from collections.abc import Mapping, Sequence
from types import CodeType
from typing import Any, NamedTuple

from checker.interleaving.liveness import live_after
from checker.interleaving.lowering import HELPERS, Lowering, Outside
from checker.interleaving.values import Thing

FIRST_LINE = 1_000_000
"""Rewritten code has line numbers from here on; no source file reaches it."""

POINTS, REFUSED = "__points__", "__refused__"
"""The names under which a rewritten module has its tables."""


class Point(NamedTuple):
    """A statement of the rewritten code: function, line in the source, locals used later."""

    function: str
    line: int
    live: tuple[str, ...]


class Refusal(NamedTuple):
    """A function that was left as it is: its name, its first line, and why."""

    function: str
    first_line: int
    why: str


def point(module: Mapping[str, Any], line: int) -> Point | None:
    """What a line number in a module stands for; None in code that is not in normal form."""
    return Point(*module[POINTS][line - FIRST_LINE]) if line >= FIRST_LINE else None


def source_line(module: Mapping[str, Any], line: int) -> int:
    """The line in the source file of a line number in a module."""
    found = point(module, line)
    return found.line if found else line


def why_refused(module: Mapping[str, Any], code: CodeType) -> str:
    """Why a function was left as it is."""
    name = code.co_qualname
    if "<locals>" in name or "<lambda>" in name:
        return "it is a function inside another, which is outside the subset"
    for refusal in map(Refusal._make, module.get(REFUSED, ())):
        if (refusal.function, refusal.first_line) == (name, code.co_firstlineno):
            return refusal.why
    return "it was not loaded with transform=normal_form"


def normal_form(tree: ast.Module) -> ast.Module:
    """Rewrites every function of a module; the `transform` of a binding."""
    rewriting = _Rewriting()
    body = [rewriting.definition(stmt, "") for stmt in tree.body]
    helpers = ast.ImportFrom(__name__, [ast.alias(name) for name in HELPERS], 0)
    at = 1 if tree.body and _is_docstring(tree.body[0]) else 0
    tables = [_table(POINTS, rewriting.points), _table(REFUSED, rewriting.refused)]
    tree.body = [*body[:at], helpers, *tables, *body[at:]]
    return ast.fix_missing_locations(tree)


def _table(name: str, rows: Sequence[tuple[Any, ...]]) -> ast.stmt:
    constant: Any = tuple(map(tuple, rows))  # of numbers, texts and such tuples, as Python allows
    return ast.Assign([ast.Name(name, ast.Store())], ast.Constant(constant), lineno=1)


def _iterable(value: Any) -> Any:
    """What a `for` loop goes over, as something that can be indexed.

    An iterator on the stack has a state that nobody can read; an index is a local like any other.
    """
    if isinstance(value, (Sequence, Thing)):
        return value
    return tuple(value)


def _more(sequence: Any, index: int) -> bool:
    return index < len(sequence)


def _is_docstring(stmt: ast.stmt) -> bool:
    return isinstance(stmt, ast.Expr) and isinstance(stmt.value, ast.Constant)


class _Rewriting:
    """The rewriting of one module, with the tables it comes to carry.

    Line numbers are what the interpreter tells of a suspended frame at no cost and in the same way in
    every version. So a statement's line is made the index of its point.
    """

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.refused: list[Refusal] = []

    def definition(self, stmt: ast.stmt, scope: str) -> ast.stmt:
        if isinstance(stmt, ast.ClassDef):
            stmt.body = [self.definition(each, f"{scope}{stmt.name}.") for each in stmt.body]
        elif isinstance(stmt, ast.FunctionDef):
            name = scope + stmt.name
            try:
                body = Lowering(name).function(stmt)
            except Outside as outside:
                first = min([stmt.lineno, *(each.lineno for each in stmt.decorator_list)])
                why = f"line {outside.line} uses {outside.construct}"
                self.refused.append(Refusal(name, first, why))
            else:
                stmt.body = body
                self._number(stmt, name)
        elif isinstance(stmt, ast.If):
            stmt.body = [self.definition(each, scope) for each in stmt.body]
            stmt.orelse = [self.definition(each, scope) for each in stmt.orelse]
        return stmt

    def _number(self, function: ast.FunctionDef, name: str) -> None:
        """Gives each statement its own line and records its point."""
        numbered: list[tuple[ast.stmt, int]] = []
        pending = list(function.body)[::-1]
        while pending:
            stmt = pending.pop()
            line = FIRST_LINE + len(self.points) + len(numbered)
            numbered.append((stmt, getattr(stmt, "origin", function.lineno)))
            inner: list[ast.stmt] = []
            headers: list[ast.AST] = [stmt]
            for field, value in ast.iter_fields(stmt):
                if field in ("body", "orelse"):
                    inner += value
                else:
                    headers += _nodes(value)
            for node in headers:
                for each in [node] if node is stmt else ast.walk(node):
                    if isinstance(each, (ast.stmt, ast.expr, ast.keyword, ast.alias)):
                        each.lineno = each.end_lineno = line
                        each.col_offset = each.end_col_offset = 0
            pending += inner[::-1]
        live = live_after(function.body)
        self.points += [Point(name, origin, live[id(stmt)]) for stmt, origin in numbered]


def _nodes(value: Any) -> list[ast.AST]:
    if isinstance(value, ast.AST):
        return [value]
    return [each for each in value if isinstance(each, ast.AST)] if isinstance(value, list) else []
