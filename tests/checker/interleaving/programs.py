"""Programs written as text: loaded like a port, and made up at random."""

import ast
import random
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import Any

import checker.shared
from checker.interleaving.normalform import normal_form
from checker.interleaving.scenario import Scenario, Setup
from checker.interleaving.substrate import substrate


def load(source: str, *, normal: bool = True, explored: bool = True, **others: Any) -> Any:
    """A module with the substrate's names in scope, and others."""
    module = ModuleType("program")
    module.__dict__.update(vars(checker.shared))
    if explored:
        module.__dict__.update(substrate())
    module.__dict__.update(others)
    tree = ast.parse(source)
    exec(compile(normal_form(tree) if normal else tree, "program.py", "exec"), module.__dict__)
    return module


SHARED = """
class Shared(Struct):
    a: Mixed[int] = 0
    b: Mixed[int] = 0
    r: Racy[int] = 0
    p: Plain[int] = 0
    m: Mutex
    n: Mutex
    t: Atomic[int]
    words: Const[MixedArray[int]]
"""


def scenario(name: str, threads: int, **options: Any) -> Scenario:
    """Threads body0(x), body1(x), ... of a program over one Shared."""

    def setup(port: Any) -> Setup:
        x = port.Shared()
        x.words = port.MixedArray(2, 0)
        bodies = [(f"T{n}", partial(getattr(port, f"body{n}"), x)) for n in range(threads)]
        return Setup(bodies, {"x": x})

    return Scenario(name, setup, **options)


Instruction = tuple[Any, ...]


def straight_line(r: random.Random, threads: int) -> list[list[Instruction]]:
    """Threads of a few loads, stores, compare-and-swaps, adds, locks and unlocks each."""
    program = []
    for _ in range(threads):
        body: list[Instruction] = []
        held: list[str] = []
        for _ in range(r.randint(1, 4)):
            kind, field = (
                r.choice(["load", "store", "cas", "add", "lock", "unlock"]),
                r.choice("ab"),
            )
            if kind == "lock":
                mutex = r.choice("mn")
                if mutex not in held:
                    held.append(mutex)
                    body.append(("lock", mutex))
            elif kind == "unlock":
                if held:
                    body.append(("unlock", held.pop(r.randrange(len(held)))))
            else:
                body.append((kind, field, r.randint(0, 2), r.randint(1, 2)))
        if r.random() < 0.8:
            body += [("unlock", mutex) for mutex in reversed(held)]
        program.append(body)
    return program


def as_source(program: list[list[Instruction]]) -> str:
    """The program as port code."""
    lines = [SHARED]
    for number, body in enumerate(program):
        lines += [f"def body{number}(x):", "    out = ()"]
        for kind, name, *values in body:
            lines.append(
                "    "
                + {
                    "load": f"out = (*out, atomic.load(x, '{name}'))",
                    "store": f"atomic.store(x, '{name}', {(values or [0])[-1]})",
                    "cas": f"out = (*out, atomic.compare_and_swap(x, '{name}', *{tuple(values)}))",
                    "add": f"out = (*out, atomic.add(x, '{name}', {(values or [0])[-1]}))",
                    "lock": f"lock(x.{name})",
                    "unlock": f"unlock(x.{name})",
                }[kind]
            )
        lines.append("    return out")
    return "\n".join(lines)


@dataclass
class Everything:
    """All runs of a program: how many, their outcomes, deadlocked runs, Mazurkiewicz traces."""

    runs: int = 0
    deadlocks: int = 0
    outcomes: set[Any] = field(default_factory=set)
    traces: set[Any] = field(default_factory=set)


def brute_force(program: list[list[Instruction]]) -> Everything:
    """Runs every interleaving."""
    result = Everything()
    threads = len(program)

    def run(
        at: tuple[int, ...],
        memory: dict[str, int],
        outs: tuple[Any, ...],
        events: tuple[tuple[int, str, bool, tuple[int, ...]], ...],
    ) -> None:
        moved = False
        for t, body in enumerate(program):
            if at[t] == len(body):
                continue
            kind, name, *values = body[at[t]]
            new, out, writes = dict(memory), outs[t], True
            if kind == "lock":
                if memory[name]:
                    continue
                new[name] = 1
            elif kind == "unlock":
                new[name] = 0
            elif kind == "load":
                out, writes = (*out, memory[name]), False
            elif kind == "store":
                new[name] = values[1]
            elif kind == "add":
                new[name] += values[1]
                out = (*out, new[name])
            else:
                writes = memory[name] == values[0]
                new[name] = values[1] if writes else memory[name]
                out = (*out, writes)
            moved = True
            clock = [0] * threads
            for other, place, wrote, past in events:
                if other == t or (place == name and (writes or wrote)):
                    clock = [max(pair) for pair in zip(clock, past, strict=True)]
            clock[t] = at[t] + 1
            run(
                (*at[:t], at[t] + 1, *at[t + 1 :]),
                new,
                (*outs[:t], out, *outs[t + 1 :]),
                (*events, (t, name, writes, tuple(clock))),
            )
        if moved:
            return
        result.traces.add(tuple(sorted((t, clock) for t, _, _, clock in events)))
        if all(n == len(body) for n, body in zip(at, program, strict=True)):
            result.runs += 1
            result.outcomes.add(outs)
        else:
            result.deadlocks += 1

    run((0,) * threads, dict.fromkeys("abmn", 0), ((),) * threads, ())
    return result


HELPERS = """
def inc(x, f, d):
    while True:
        v = atomic.load(x, f)
        if atomic.compare_and_swap(x, f, v, v + d):
            return v

def both(x):
    return atomic.load(x, 'a') * 4 + atomic.load(x, 'b')

def locked(x, k):
    lock(x.m)
    s = 0
    for i in range(k):
        s += x.p
        x.p = s + 1
    unlock(x.m)
    return s

def first(x, n):
    for i in range(n):
        if x.words[i] > 0:
            break
    else:
        return -1
    return i
"""


def structured(r: random.Random, threads: int) -> str:
    """Port code with helpers, loops, branches, and several accesses in one expression."""

    def expression(names: list[str]) -> str:
        f, v = r.choice("ab"), r.choice(names)
        return r.choice(
            [
                f"atomic.load(x, '{f}')",
                f"both(x) + {v}",
                f"({v} + atomic.load(x, '{f}')) % 5",
                f"inc(x, '{f}', {r.randint(1, 2)})",
                "x.r",
                f"x.t.add({r.randint(1, 2)}) + {v}",
                f"locked(x, {r.randint(0, 2)})",
                f"{v} + {r.randint(0, 2)}",
                f"atomic.load(x, '{f}') and x.r or {v}",
                f"(x.r if {v} < atomic.load(x, '{f}') < 3 else x.t.load())",
            ]
        )

    def block(indent: int, depth: int, names: list[str], budget: int) -> list[str]:
        out = []
        for _ in range(r.randint(1, budget)):
            pad, k = "    " * indent, r.random()
            if k < 0.5:
                out.append(f"{pad}{r.choice('uvw')} = {expression(names)}")
            elif k < 0.65:
                out.append(f"{pad}atomic.store(x, '{r.choice('ab')}', {r.choice(names)} % 3)")
            elif k < 0.72:
                out.append(f"{pad}x.r += {r.choice(names)} % 3")
            elif k < 0.82 and depth:
                out.append(f"{pad}if {expression(names)} > {r.randint(0, 2)}:")
                out += block(indent + 1, depth - 1, names, 2)
            elif k < 0.92 and depth:
                out.append(f"{pad}for i in range({r.randint(1, 2)}):")
                out += block(indent + 1, 0, [*names, "i"], 2)
            elif k < 0.95 and "i" in names:
                out.append(f"{pad}if {expression(names)} > 1: {r.choice(['continue', 'break'])}")
            else:
                out.append(
                    f"{pad}w = atomic.compare_and_swap(x, 'a', {r.randint(0, 1)}, {r.choice(names)} % 3)"
                )
        return out

    lines = [SHARED, HELPERS]
    for t in range(threads):
        lines += [f"def body{t}(x):", "    u = v = w = i = 0"]
        lines += block(1, 1, ["u", "v", "w"], 3 if threads > 2 else 4)
        lines += ["    return (u, v, w)"]
    return "\n".join(lines)
