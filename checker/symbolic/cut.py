"""Loops cut by invariants: one arbitrary round stands for any number of rounds.

`LoopCuts` rewrites the heads of chosen `while` loops when a `Binding` compiles the code; the body
stays as it is, and Python still executes it.

    while TEST:               round = ...     # claims the invariant on entry, then an arbitrary
        BODY                  x = ...         # state under the invariant takes over
                       =>     if TEST:
                                  for _ in (0,):
                                      BODY
                                  else:
                                      ...     # claims the invariant again; the path ends

`continue` falls into the `else`, `break` skips it and `return` leaves, as they do in the loop.
Why that is a proof for any number of rounds: the invariant holds when the loop is reached (claimed),
one round from any state under it leads to such a state again (claimed, and the path ends), so each
state before a round is one of those the arbitrary state stands for, and so is the one after the last.
The arbitrary state must then be no narrower than what rounds can leave behind.

What the body may change must be covered by the invariant: local names are found in the text and
must all be given, fields written and functions called must be declared, or the loop is refused.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from checker.bitvectors import OutsideSubset
from checker.context import CONTEXT, acting
from checker.logic import Truth
from checker.symbolic.harness import Engine

LoopSite = tuple[str, int]
"""A function's qualified name in its module, and the number of one of its loops in the text."""

_PLAIN_STATEMENTS = (
    ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr | ast.If | ast.While | ast.For
    | ast.Break | ast.Continue | ast.Return | ast.Raise | ast.Pass | ast.Assert
)  # fmt: skip


class Invariant:
    """What holds before each round of a loop. `locals` are the function's local names."""

    writes: frozenset[str] = frozenset()
    """Fields the body may write ("[]" for elements); `arbitrary` accounts for them."""
    calls: frozenset[str] = frozenset()
    """Functions the body calls; they have no effect or `arbitrary` accounts for it."""

    def on_entry(self, local_names: Mapping[str, Any]) -> Truth:
        """The invariant for the state in which the loop is reached."""
        raise NotImplementedError

    def arbitrary(self, local_names: Mapping[str, Any]) -> Mapping[str, Any]:
        """Turns the state into an arbitrary one under the invariant.

        Assumes the invariant of it and nothing more, for a state left out here is not covered by
        the proof. Returns the new values of the local names the body assigns.
        """
        raise NotImplementedError

    def is_kept(self, local_names: Mapping[str, Any]) -> Truth:
        """The invariant for the state after one round from the arbitrary state."""
        raise NotImplementedError


@dataclass(frozen=True)
class _Loop:
    """What the text of a loop's body says it may change."""

    assigned: frozenset[str]
    writes: frozenset[str]
    calls: frozenset[str]


class LoopCuts:
    """The loops to cut in one binding: `Binding(package, transform=cuts.transform)`."""

    def __init__(self, *sites: LoopSite) -> None:
        self._sites = frozenset(sites)
        self._loops: dict[LoopSite, _Loop] = {}

    def transform(self, tree: ast.Module) -> ast.Module:
        """Cuts the chosen loops of the functions defined in a module."""
        before = len(self._loops)
        self._functions(tree.body, "")
        if len(self._loops) > before:
            at = 1 if ast.get_docstring(tree) is not None else 0
            line = "from checker.symbolic.cut import enter_loop as _enter_loop_"
            tree.body[at:at] = ast.parse(line).body
        return ast.fix_missing_locations(tree)

    @contextmanager
    def using(self, e: Engine, invariants: Mapping[LoopSite, Invariant]) -> Iterator[None]:
        """The invariants of the cut loops while the code runs in a harness."""
        if set(invariants) != set(self._loops) or set(invariants) != self._sites:
            raise ValueError(
                f"invariants for {sorted(invariants)}, loops found {sorted(self._loops)}, "
                f"loops to cut {sorted(self._sites)}"
            )
        for site, invariant in invariants.items():
            _demand_declared(site, self._loops[site], invariant)
        with acting("cuts", CutsInForce(e, self._loops, invariants)):
            yield

    def _functions(self, body: Sequence[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                self._functions(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef):
                name = prefix + node.name
                numbers = {each for function, each in self._sites if function == name}
                if numbers:
                    node.body = _Rewriter(name, numbers, self._loops).block(node.body)


@dataclass(frozen=True)
class CutsInForce:
    """The loops that are cut while a harness runs, and its invariants for them."""

    e: Engine
    loops: Mapping[LoopSite, _Loop]
    invariants: Mapping[LoopSite, Invariant]


class _Round:
    """One arbitrary round of a cut loop."""

    def __init__(self, cuts: CutsInForce, site: LoopSite, local_names: Mapping[str, Any]) -> None:
        self._e, self._site = cuts.e, site
        self._invariant = cuts.invariants[site]
        bound = cuts.loops[site].assigned & set(local_names)
        # What fails from here on, the entry included, is the invariant: no run of the program need.
        self._e.havoc()
        self._e.check(self._invariant.on_entry(local_names), f"{_name(site)}: invariant on entry")
        self.values = dict(self._invariant.arbitrary(local_names))
        if set(self.values) != bound:
            raise OutsideSubset(
                f"{_name(site)} assigns {sorted(bound)}, its invariant gives {sorted(self.values)}"
            )

    def close(self, local_names: Mapping[str, Any]) -> None:
        # The rounds after this one are the arbitrary one again.
        kept = self._invariant.is_kept(local_names)
        self._e.check(kept, f"{_name(self._site)}: invariant kept")
        self._e.stop()


def enter_loop(function: str, number: int, local_names: Mapping[str, Any]) -> _Round:
    """Called by rewritten code at the head of a cut loop."""
    if CONTEXT.cuts is None:
        raise OutsideSubset(f"{function}: a cut loop runs outside LoopCuts.using")
    return _Round(CONTEXT.cuts, (function, number), local_names)


class _Rewriter:
    """Rewrites the chosen loops of one function, numbered in the order of the text."""

    def __init__(self, function: str, numbers: set[int], loops: dict[LoopSite, _Loop]) -> None:
        self._function, self._numbers, self._loops = function, numbers, loops
        self._next = 0

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        return [new for node in body for new in self._statement(node)]

    def _statement(self, node: ast.stmt) -> list[ast.stmt]:
        number = self._next
        if isinstance(node, ast.While | ast.For):
            self._next += 1
            if number in self._numbers:
                return self._cut(node, number)
        for field in ("body", "orelse", "finalbody"):
            if isinstance(getattr(node, field, None), list):
                setattr(node, field, self.block(getattr(node, field)))
        return [node]

    def _cut(self, node: ast.While | ast.For, number: int) -> list[ast.stmt]:
        site = self._function, number
        if isinstance(node, ast.For) or node.orelse:
            raise OutsideSubset(f"{_name(site)} is not a plain `while` loop")
        loop = _effects(site, node)
        self._loops[site] = loop
        each = f"_round_{number}_"
        text = [f"{each} = _enter_loop_({self._function!r}, {number}, locals())"]
        text += [
            f"if {x!r} in {each}.values: {x} = {each}.values[{x!r}]" for x in sorted(loop.assigned)
        ]
        text += ["if True:", "    for _once_ in (0,):", "        pass"]
        text += ["    else:", f"        {each}.close(locals())"]
        new = ast.parse("\n".join(text)).body
        for statement in new:
            for part in ast.walk(statement):
                ast.copy_location(part, node)
        branch = new[-1]
        assert isinstance(branch, ast.If)
        once = branch.body[0]
        assert isinstance(once, ast.For)
        branch.test, once.body = node.test, self.block(node.body)
        return new


def _effects(site: LoopSite, loop: ast.While) -> _Loop:
    assigned, writes, calls = set(), set(), set()
    for node in (part for each in (loop.test, *loop.body) for part in ast.walk(each)):
        if isinstance(node, ast.stmt) and not isinstance(node, _PLAIN_STATEMENTS):
            raise OutsideSubset(f"{_name(site)} contains a {type(node).__name__} statement")
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            assigned.add(node.id)
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            writes.add(node.attr)
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            writes.add("[]")
        elif isinstance(node, ast.Call):
            calls.add(ast.unparse(node.func))
    return _Loop(frozenset(assigned), frozenset(writes), frozenset(calls))


def _demand_declared(site: LoopSite, loop: _Loop, invariant: Invariant) -> None:
    writes, calls = loop.writes - invariant.writes, loop.calls - invariant.calls
    if writes or calls:
        raise OutsideSubset(
            f"{_name(site)} writes {sorted(writes)} and calls {sorted(calls)}, "
            "which its invariant does not declare"
        )


def _name(site: LoopSite) -> str:
    return f"loop {site[1]} of {site[0]}"
