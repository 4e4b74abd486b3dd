"""The port without its access classes: what one would have written had nothing to be proved.

The text of `impl/` is rewritten before it is compiled: a struct becomes an ordinary class with slots
and a constructor, an atomic a plain field, an atomic operation a plain read or write, an array a list
and a sparse one a dictionary. Locks and the checks that they are held stay, or go too.

A form that is not known here is an error, so nothing is left over without notice.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import impl
from checker.binding import Binding

U64_MAX = (1 << 64) - 1
ATOMIC_METHODS = {"load", "store", "add", "swap", "compare_and_swap", "and_", "or_"}
LOCKING = {"lock", "unlock", "lock_init", "assert_lock_held"}
LISTS = {"PlainArray", "RacyArray", "MixedArray"}
SPARSE = {"SparsePlainArray", "SparseRacyArray", "SparseMixedArray"}

AccessParts = tuple[str, str, list[str]]
NO_OPERATION: AccessParts = ("", "", [])


class CannotRewrite(Exception):
    """The port uses its substrate in a way that this module does not know."""


class SparseDict(dict[int, Any]):
    """An array of which only the elements ever written are kept, as a dictionary."""

    __slots__ = ("initial", "size")

    def __init__(self, n: int, initial: Any) -> None:
        super().__init__()
        self.size = n
        self.initial = initial

    def __missing__(self, index: int) -> Any:
        if 0 <= index < self.size:
            return self.initial
        raise IndexError(index)

    def __len__(self) -> int:
        return self.size

    def fill(self, low: int, high: int, value: Any) -> None:
        """Writes value to the elements [low, high)."""
        for index in range(low, high):
            self[index] = value

    def touched(self) -> list[int]:
        """The indexes ever written, ascending."""
        return sorted(self)


def compare_and_swap(owner: Any, field: str, old: Any, new: Any) -> bool:
    """For a place in an expression, where no statement fits."""
    if getattr(owner, field) == old:
        setattr(owner, field, new)
        return True
    return False


def bind(locks: bool) -> Binding:
    """The port without access classes; with `locks`, its locks are as they are."""
    substrate = dict.fromkeys(SPARSE, SparseDict) | {"compare_and_swap": compare_and_swap}
    return Binding("impl", substrate=substrate, transform=lambda tree: Rewriter(locks).module(tree))


@dataclass(frozen=True)
class Survey:
    """What of the port's fields one must know to rewrite any of its modules."""

    structs: frozenset[str]
    atomics: frozenset[str]
    tally_arrays: frozenset[str]


@cache
def survey() -> Survey:
    """Reads the port. Raises CannotRewrite if a field's name does not say whether it is atomic."""
    trees = [ast.parse(path.read_text()) for path in sorted(Path(impl.__path__[0]).glob("*.py"))]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    structs = {"Struct"}
    while more := {c.name for c in classes if _bases(c) & structs} - structs:
        structs |= more
    atomics, arrays = set(), set()
    held: dict[str, str] = {}
    for struct in classes:
        for field in _fields(struct) if struct.name in structs else ():
            name, kind = _name(field.target), _name(field.annotation)
            if kind in ("Atomic", "Tally"):
                atomics.add(name)
            elif "Tally" in ast.dump(field.annotation):
                arrays.add(name)
            else:
                held[name] = kind
    with_methods = {
        c.name
        for c in classes
        if any(isinstance(each, ast.FunctionDef) and each.name in ATOMIC_METHODS for each in c.body)
    }
    for name in sorted(atomics & held.keys()):
        if held[name] in with_methods:
            raise CannotRewrite(f"{name} is an atomic in one struct and a {held[name]} in another")
    return Survey(frozenset(structs), frozenset(atomics), frozenset(arrays))


class Rewriter(ast.NodeTransformer):
    """Rewrites one module."""

    def __init__(self, locks: bool) -> None:
        self._locks = locks
        self._survey = survey()
        self._before: list[ast.stmt] = []

    def module(self, tree: ast.Module) -> ast.Module:
        """The module's text without access classes."""
        self.visit(tree)
        at = 1 if ast.get_docstring(tree, clean=False) is not None else 0
        tree.body.insert(at, ast.parse("from impl.rt import compare_and_swap").body[0])
        return ast.fix_missing_locations(tree)

    def visit(self, node: ast.AST) -> Any:
        """As usual; what was to be done before a statement must have found its place there."""
        waiting = len(self._before)
        made = super().visit(node)
        if len(self._before) > waiting and isinstance(node, ast.stmt | ast.BoolOp | ast.IfExp):
            raise CannotRewrite(f"not always done first: {ast.unparse(self._before[-1])}")
        return made

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """A struct becomes a class with slots; a default that is made is made once."""
        if not _bases(node) & self._survey.structs:
            return self.generic_visit(node)
        fields = _fields(node)
        before: list[ast.stmt] = []
        setting: list[str] = []
        for field in fields:
            name, kind = _name(field.target), _name(field.annotation)
            value = "None" if field.value is None else ast.unparse(field.value)
            if kind in ("Atomic", "Tally"):
                value = "0"
            elif kind not in ("Const", "Plain", "Racy", "Mixed"):
                value = f"{kind}()"
            elif field.value is not None and not isinstance(field.value, ast.Constant | ast.Name):
                shared = f"_{node.name}_{name}"
                before += ast.parse(f"{shared} = {value}").body
                value = shared
            setting.append(f"self.{name} = {value}")
        names = [_name(field.target) for field in fields]
        made = ast.parse(f"__slots__ = {tuple(names)!r}").body
        if setting:
            body = "\n    ".join(setting)
            made += ast.parse(f"def __init__(self):\n    {body}").body
        rest = self._all(each for each in node.body if each not in fields)
        node.body = [*made, *rest]
        node.bases = [base for base in node.bases if _name(base) != "Struct"]
        return [*before, node]

    def visit_Expr(self, node: ast.Expr) -> Any:
        """An atomic operation whose result nobody wants."""
        call = node.value
        if not isinstance(call, ast.Call):
            return self.generic_visit(node)
        if not self._locks and isinstance(call.func, ast.Name) and call.func.id in LOCKING:
            return ast.Pass()
        place, method, arguments = self._operation(call)
        if method in ("store", "swap"):
            return _statements(f"{place} = {arguments[0]}")
        if method == "add":
            return _statements(f"{place} = {place} + ({arguments[0]}) & {U64_MAX}")
        if method in ("or", "and"):
            return _statements(f"{place} {'|' if method == 'or' else '&'}= {arguments[0]}")
        if method == "compare_and_swap":
            old, new = arguments
            return _statements(f"if {place} == {old}: {place} = {new}")
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        """An atomic operation whose result gets a name."""
        return self._assign(node, node.targets[0], node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """The same with an annotation."""
        return self._assign(node, node.target, node.value)

    def _assign(self, node: ast.stmt, target: ast.expr, value: ast.expr | None) -> Any:
        if isinstance(value, ast.Call):
            place, method, arguments = self._operation(value)
            name = ast.unparse(target)
            if method == "add":
                return _statements(f"{place} = {name} = {place} + ({arguments[0]}) & {U64_MAX}")
            if method == "swap":
                return _statements(f"{name} = {place}\n{place} = {arguments[0]}")
        self.generic_visit(node)
        before, self._before = self._before, []
        return [*before, node]

    def visit_If(self, node: ast.If) -> Any:
        """A compare-and-swap that decides."""
        test, swapped = node.test, False
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test, swapped = test.operand, True
        place, method, arguments = NO_OPERATION
        if isinstance(test, ast.Call):
            place, method, arguments = self._operation(test)
        if method != "compare_and_swap":
            node.test = self.visit(node.test)
            before, self._before = self._before, []
            node.body, node.orelse = self._all(node.body), self._all(node.orelse)
            return [*before, node]
        old, new = arguments
        done, failed = self._all(node.body), self._all(node.orelse)
        if swapped:
            done, failed = failed, done
        (made,) = _statements(f"if {place} == {old}: {place} = {new}")
        made.body += done
        made.orelse = failed
        return made

    def visit_Return(self, node: ast.Return) -> Any:
        """A compare-and-swap whose outcome is the function's."""
        if isinstance(node.value, ast.Call):
            place, method, arguments = self._operation(node.value)
            if method == "compare_and_swap":
                old, new = arguments
                text = f"if {place} == {old}:\n    {place} = {new}\n    return True\nreturn False"
                return _statements(text)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:
        """An atomic operation, or the making of an array, within an expression."""
        name = _name(node.func)
        if name in LISTS:
            n, initial = (ast.unparse(self.visit(each)) for each in node.args)
            return _expression(f"[{initial}] * ({n})")
        if name == "Tally":
            return _expression("0")
        if name == "tuple" and "'Tally'" in ast.dump(node):
            node.func = ast.Name("list", ast.Load())
        place, method, arguments = self._operation(node)
        if not method:
            return self.generic_visit(node)
        if method == "load":
            return _expression(place)
        if method == "compare_and_swap":
            owner, field = place.rsplit(".", 1)
            return _expression(f"compare_and_swap({owner}, {field!r}, {', '.join(arguments)})")
        if method == "add":
            # Done before the statement it is part of.
            self._before += _statements(f"{place} = {place} + ({arguments[0]}) & {U64_MAX}")
            return _expression(place)
        raise CannotRewrite(f"line {node.lineno}: {ast.unparse(node)}")

    def _all(self, body: Iterable[ast.stmt]) -> list[ast.stmt]:
        """The statements rewritten, where each may become several."""
        made: list[ast.stmt] = []
        for each in body:
            new = self.visit(each)
            made += new if isinstance(new, list) else [new]
        return made

    def _operation(self, call: ast.Call) -> AccessParts:
        """(place, operation, arguments) of an atomic operation, as text; without one, no operation."""
        function = call.func
        if not isinstance(function, ast.Attribute):
            return NO_OPERATION
        if _name(function.value) == "atomic" and isinstance(function.value, ast.Name):
            owner, where, *arguments = (ast.unparse(self.visit(each)) for each in call.args)
            where_node = call.args[1]
            if function.attr in ("load", "store", "cas", "xadd"):
                if not isinstance(where_node, ast.Constant):
                    raise CannotRewrite(f"line {call.lineno}: {ast.unparse(call)}")
                place = f"{owner}.{where_node.value!s}"
            else:
                place = f"{owner}[{where}]"
            plain = {"cas": "compare_and_swap", "xadd": "add"}.get(function.attr)
            return place, plain or function.attr.rstrip("p0123456789"), arguments
        owner_node = function.value
        if function.attr not in ATOMIC_METHODS or not self._is_atomic(owner_node):
            return NO_OPERATION
        arguments = [ast.unparse(self.visit(each)) for each in call.args]
        return ast.unparse(self.visit(owner_node)), function.attr.rstrip("_"), arguments

    def _is_atomic(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Subscript):
            return _name(node.value) in self._survey.tally_arrays
        return isinstance(node, ast.Attribute) and node.attr in self._survey.atomics


def _fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    return [each for each in node.body if isinstance(each, ast.AnnAssign)]


def _bases(node: ast.ClassDef) -> set[str]:
    return {_name(base) for base in node.bases}


def _name(node: ast.expr) -> str:
    """The last part of a name, without its subscript: `Atomic` for `rt.Atomic[int]`."""
    if isinstance(node, ast.Subscript):
        return _name(node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _statements(text: str) -> list[Any]:
    return ast.parse(text).body


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
