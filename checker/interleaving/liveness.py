"""Live locals: which variables a function may still read after a statement.

Two states of a thread that differ only in variables nobody reads again are the same state. The
analysis runs backwards over the structured code the normal form produces: `while True` loops left
by `break`, no exceptions caught.
"""

import ast
from collections.abc import Sequence

Names = frozenset[str]


def live_after(body: Sequence[ast.stmt]) -> dict[int, tuple[str, ...]]:
    """For each statement, by id(): the variables read after it and not set by it, sorted.

    That is what a function suspended inside the statement still depends on, since the statement's
    own operands are already taken.
    """
    analysis = _Liveness()
    analysis.block(body, frozenset(), frozenset(), frozenset())
    return {key: tuple(sorted(names)) for key, names in analysis.live.items()}


class _Liveness:
    def __init__(self) -> None:
        self.live: dict[int, Names] = {}

    def block(self, body: Sequence[ast.stmt], out: Names, brk: Names, cont: Names) -> Names:
        """The names live before `body`, given those live after it, at `break` and at `continue`."""
        for stmt in reversed(body):
            out = self.statement(stmt, out, brk, cont)
        return out

    def statement(self, stmt: ast.stmt, out: Names, brk: Names, cont: Names) -> Names:
        if isinstance(stmt, ast.If):
            inside = self.block(stmt.body, out, brk, cont) | self.block(stmt.orelse, out, brk, cont)
            self.live[id(stmt)] = inside
            return inside | _names(stmt.test, ast.Load)
        if isinstance(stmt, ast.While):
            head: Names = frozenset()
            while True:
                before = self.block(stmt.body, head, out, head)
                if before == head:
                    break
                head = before
            self.live[id(stmt)] = head
            return head
        if isinstance(stmt, (ast.Return, ast.Raise)):
            out = frozenset()
        elif isinstance(stmt, ast.Break):
            out = brk
        elif isinstance(stmt, ast.Continue):
            out = cont
        after = out - _names(stmt, ast.Store)
        self.live[id(stmt)] = after
        used = _names(stmt, ast.Load)
        if isinstance(stmt, ast.AugAssign):
            used |= _names(stmt.target, ast.Store)
        return after | used


def _names(node: ast.AST, context: type[ast.expr_context]) -> Names:
    return frozenset(
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, context)
    )
