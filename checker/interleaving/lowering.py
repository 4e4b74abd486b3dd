"""Lowering: one function rewritten so that each statement does one operation on names.

The order of evaluation is exactly Python's, except that a truth test may be made twice. See
normalform for why.
"""

import ast
import copy
from collections.abc import Sequence
from typing import NoReturn

TEMPORARY = "_v"
HELPERS = ("_iterable", "_more")
"""Functions the rewritten code calls: they make a loop's iterable indexable, and end the loop."""


class Outside(Exception):
    """A construct outside the subset, and the line of the source that uses it."""

    def __init__(self, node: ast.AST, construct: str) -> None:
        self.line = getattr(node, "lineno", 0)
        self.construct = construct


def _refuse(node: ast.AST, construct: str | None = None) -> NoReturn:
    raise Outside(node, construct or f"{type(node).__name__} (outside the normal form's subset)")


class Lowering:
    """Rewrites one function. `value` emits what an expression needs and leaves one operation."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.out: list[ast.stmt] = []
        self.line = 0
        self.temporaries = 0
        self.taken: set[str] = set()

    def function(self, node: ast.FunctionDef) -> list[ast.stmt]:
        self.taken = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        self.taken |= {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
        if any(each.startswith("__") and not each.endswith("__") for each in self.taken):
            _refuse(node, "a local name that Python mangles")
        return self.block(node.body) or [ast.Pass()]

    # Emitting

    def emit(self, stmt: ast.stmt) -> None:
        # Operands are shared between statements; each needs its own copy to bear its own line.
        own = copy.deepcopy(stmt) if not hasattr(stmt, "body") else stmt
        own.origin = self.line  # type: ignore[attr-defined]  # read back by _number
        self.out.append(own)

    def temporary(self) -> ast.Name:
        self.temporaries += 1
        name = f"{TEMPORARY}{self.temporaries}"
        return self.temporary() if name in self.taken else ast.Name(name, ast.Load())

    def assign(self, name: ast.Name, value: ast.expr) -> None:
        self.emit(ast.Assign([ast.Name(name.id, ast.Store())], value, lineno=self.line))

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        outer, self.out = self.out, []
        for stmt in body:
            self.statement(stmt)
        inner, self.out = self.out, outer
        return inner

    def branch(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
        self.emit(ast.If(copy.deepcopy(test), body or [ast.Pass()], orelse))

    # Statements

    def statement(self, node: ast.stmt) -> None:
        self.line = node.lineno
        lower = getattr(self, f"stmt_{type(node).__name__.lower()}", None)
        if lower is None:
            _refuse(node)
        lower(node)

    def stmt_expr(self, node: ast.Expr) -> None:
        value = self.value(node.value)
        self.emit(ast.Expr(value))

    def stmt_pass(self, node: ast.Pass) -> None:
        self.emit(node)

    def stmt_break(self, node: ast.Break) -> None:
        self.emit(node)

    def stmt_continue(self, node: ast.Continue) -> None:
        self.emit(node)

    def stmt_import(self, node: ast.Import) -> None:
        self.emit(node)

    def stmt_importfrom(self, node: ast.ImportFrom) -> None:
        self.emit(node)

    def stmt_return(self, node: ast.Return) -> None:
        self.emit(ast.Return(self.atom(node.value) if node.value else None))

    def stmt_raise(self, node: ast.Raise) -> None:
        if node.exc is None:
            _refuse(node, "raise without an exception")
        error = self.atom(node.exc)
        self.emit(ast.Raise(error, self.atom(node.cause) if node.cause else None))

    def stmt_assert(self, node: ast.Assert) -> None:
        test = self.atom(node.test)
        error = ast.Call(ast.Name("AssertionError", ast.Load()), [node.msg] if node.msg else [], [])
        failure = ast.fix_missing_locations(ast.copy_location(ast.Raise(error), node))
        self.branch(test, [], self.block([failure]))

    def stmt_assign(self, node: ast.Assign) -> None:
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.store(node.targets[0], self.value(node.value))
            return
        value = self.atom(node.value)
        for target in node.targets:
            self.store(target, value)

    def stmt_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is None:
            return
        value = self.value(node.value)
        self.store(node.target, value if isinstance(node.target, ast.Name) else self.keep(value))

    def stmt_augassign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.emit(ast.AugAssign(node.target, node.op, self.atom(node.value)))
            return
        target = self.place(node.target)
        old = self.keep(_in_context(target, ast.Load()))
        operand = self.atom(node.value)
        self.emit(ast.AugAssign(ast.Name(old.id, ast.Store()), node.op, operand))
        self.emit(ast.Assign([_in_context(target, ast.Store())], old, lineno=self.line))

    def stmt_if(self, node: ast.If) -> None:
        test = self.atom(node.test)
        line = self.line
        body, orelse = self.block(node.body), self.block(node.orelse)
        self.line = line
        self.branch(test, body, orelse)

    def stmt_while(self, node: ast.While) -> None:
        outer, self.out = self.out, []
        if not (isinstance(node.test, ast.Constant) and node.test.value):
            self.leave_unless(self.atom(node.test), node.orelse)
        self.loop(outer, node)

    def stmt_for(self, node: ast.For) -> None:
        index = self.temporary()
        sequence = self.keep(_call("_iterable", self.atom(node.iter)))
        self.assign(index, ast.Constant(0))
        outer, self.out = self.out, []
        self.leave_unless(self.keep(_call("_more", sequence, index)), node.orelse)
        element = ast.Subscript(sequence, index, ast.Load())
        self.store(
            node.target, element if isinstance(node.target, ast.Name) else self.keep(element)
        )
        self.assign(index, ast.BinOp(index, ast.Add(), ast.Constant(1)))
        self.loop(outer, node)

    def leave_unless(self, test: ast.expr, orelse: list[ast.stmt]) -> None:
        for stmt in orelse:
            if any(isinstance(each, (ast.Break, ast.Continue)) for each in ast.walk(stmt)):
                _refuse(stmt, "break or continue in the else of a loop")
        self.branch(test, [], [*self.block(orelse), ast.Break(lineno=self.line)])

    def loop(self, outer: list[ast.stmt], node: ast.While | ast.For) -> None:
        body = self.out + self.block(node.body)
        self.out, self.line = outer, node.lineno
        self.emit(ast.While(ast.Constant(True), body, []))

    def store(self, target: ast.expr, value: ast.expr) -> None:
        """Assigns an atom (for a name: any one operation) to a target."""
        if isinstance(target, ast.Name):
            self.assign(target, value)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            self.emit(ast.Assign([self.place(target)], value, lineno=self.line))
        elif isinstance(target, (ast.Tuple, ast.List)):
            if any(isinstance(each, ast.Starred) for each in target.elts):
                _refuse(target, "a starred target")
            parts = [
                each if isinstance(each, ast.Name) else self.temporary() for each in target.elts
            ]
            names: list[ast.expr] = [ast.Name(part.id, ast.Store()) for part in parts]
            self.emit(ast.Assign([ast.Tuple(names, ast.Store())], value, lineno=self.line))
            for each, part in zip(target.elts, parts, strict=True):
                if each is not part:
                    self.store(each, part)
        else:
            _refuse(target)

    def place(self, target: ast.expr) -> ast.Attribute | ast.Subscript:
        if isinstance(target, ast.Attribute):
            return ast.Attribute(self.atom(target.value), target.attr, ast.Store())
        if not isinstance(target, ast.Subscript):
            _refuse(target)
        owner = self.atom(target.value)
        return ast.Subscript(owner, self.index(target.slice), ast.Store())

    # Expressions

    def keep(self, value: ast.expr) -> ast.Name:
        """Assigns one operation to a fresh temporary."""
        name = self.temporary()
        self.assign(name, value)
        return name

    def atom(self, node: ast.expr) -> ast.Name | ast.Constant:
        value = self.value(node)
        return value if isinstance(value, (ast.Name, ast.Constant)) else self.keep(value)

    def value(self, node: ast.expr) -> ast.expr:
        self.line = node.lineno
        lower = getattr(self, f"expr_{type(node).__name__.lower()}", None)
        if lower is None:
            _refuse(node)
        value: ast.expr = lower(node)
        self.line = node.lineno
        return value

    def expr_name(self, node: ast.Name) -> ast.expr:
        return ast.Name(node.id, ast.Load())

    def expr_constant(self, node: ast.Constant) -> ast.expr:
        return node

    def expr_attribute(self, node: ast.Attribute) -> ast.expr:
        return ast.Attribute(self.atom(node.value), node.attr, ast.Load())

    def expr_subscript(self, node: ast.Subscript) -> ast.expr:
        owner = self.atom(node.value)
        return ast.Subscript(owner, self.index(node.slice), ast.Load())

    def index(self, node: ast.expr) -> ast.expr:
        if not isinstance(node, ast.Slice):
            return self.atom(node)
        lower, upper, step = (
            self.atom(each) if each else None for each in (node.lower, node.upper, node.step)
        )
        return ast.Slice(lower, upper, step)

    def expr_binop(self, node: ast.BinOp) -> ast.expr:
        left = self.atom(node.left)
        return ast.BinOp(left, node.op, self.atom(node.right))

    def expr_unaryop(self, node: ast.UnaryOp) -> ast.expr:
        return ast.UnaryOp(node.op, self.atom(node.operand))

    def expr_boolop(self, node: ast.BoolOp) -> ast.expr:
        result = self.temporary()
        self.short_circuit(result, node.op, node.values)
        return result

    def short_circuit(self, result: ast.Name, op: ast.boolop, values: list[ast.expr]) -> None:
        self.assign(result, self.value(values[0]))
        if len(values) > 1:
            outer, self.out = self.out, []
            self.short_circuit(result, op, values[1:])
            rest, self.out = self.out, outer
            self.branch(result, *((rest, []) if isinstance(op, ast.And) else ([], rest)))

    def expr_compare(self, node: ast.Compare) -> ast.expr:
        left = self.atom(node.left)
        if len(node.ops) == 1:
            return ast.Compare(left, node.ops, [self.atom(node.comparators[0])])
        result = self.temporary()
        self.chain(result, left, node.ops, node.comparators)
        return result

    def chain(
        self, result: ast.Name, left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr]
    ) -> None:
        right = self.atom(rights[0])
        self.assign(result, ast.Compare(left, ops[:1], [right]))
        if len(ops) > 1:
            outer, self.out = self.out, []
            self.chain(result, right, ops[1:], rights[1:])
            rest, self.out = self.out, outer
            self.branch(result, rest, [])

    def expr_ifexp(self, node: ast.IfExp) -> ast.expr:
        test, result = self.atom(node.test), self.temporary()
        branches = []
        for each in (node.body, node.orelse):
            outer, self.out = self.out, []
            self.assign(result, self.value(each))
            branches.append(self.out)
            self.out = outer
        self.branch(test, *branches)
        return result

    def expr_call(self, node: ast.Call) -> ast.expr:
        arguments = [*node.args, *(each.value for each in node.keywords)]
        if any(each.arg is None for each in node.keywords):
            _refuse(node, "a ** argument")
        # `o.m(x)` looks m up before it evaluates x: together only if x has nothing to evaluate.
        simple = all(isinstance(each, (ast.Name, ast.Constant)) for each in arguments)
        if isinstance(node.func, ast.Attribute) and simple:
            callee: ast.expr = self.expr_attribute(node.func)
        else:
            callee = self.atom(node.func)
        args = [self.element(each) for each in node.args]
        keywords = [ast.keyword(each.arg, self.atom(each.value)) for each in node.keywords]
        return ast.Call(callee, args, keywords)

    def element(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Starred):
            return ast.Starred(self.atom(node.value), ast.Load())
        return self.atom(node)

    def expr_tuple(self, node: ast.Tuple) -> ast.expr:
        return ast.Tuple([self.element(each) for each in node.elts], ast.Load())

    def expr_list(self, node: ast.List) -> ast.expr:
        return ast.List([self.element(each) for each in node.elts], ast.Load())

    def expr_joinedstr(self, node: ast.JoinedStr) -> ast.expr:
        return ast.JoinedStr([self.value(each) for each in node.values])

    def expr_formattedvalue(self, node: ast.FormattedValue) -> ast.expr:
        spec = self.value(node.format_spec) if node.format_spec else None
        return ast.FormattedValue(self.atom(node.value), node.conversion, spec)


def _call(helper: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(helper, ast.Load()), list(args), [])


def _in_context(
    place: ast.Attribute | ast.Subscript, ctx: ast.expr_context
) -> ast.Attribute | ast.Subscript:
    result = copy.deepcopy(place)
    result.ctx = ctx
    return result
