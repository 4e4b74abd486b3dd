"""The normal form means what the source means: results, exceptions, and the order of everything."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from checker.interleaving.normalform import FIRST_LINE, point
from checker.interleaving.search import explore
from checker.interleaving.values import Unsupported
from tests.checker.interleaving.programs import SHARED, load, scenario


class Failure(Exception):
    pass


class Echo:
    """Logs everything done to it, and fails at one of these things."""

    def __init__(self, log: list[Any], name: str, fail_at: int) -> None:
        self.__dict__.update(log=log, name=name, fail_at=fail_at)

    def _log(self, *what: Any) -> Any:
        self.log.append((self.name, *map(repr, what)))
        if len(self.log) == self.fail_at:
            raise Failure(self.name)
        return Echo(self.log, f"{self.name}'", self.fail_at)

    def __getattr__(self, name: str) -> Any:
        return self._log("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._log("set", name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._log("item", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._log("set item", key, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._log("call", args, kwargs)

    def __add__(self, other: Any) -> Any:
        return self._log("add", other)

    def __iadd__(self, other: Any) -> Any:
        return self._log("iadd", other)

    def __neg__(self) -> Any:
        return self._log("neg")

    def __lt__(self, other: Any) -> Any:
        return self._log("less", other)

    def __bool__(self) -> bool:
        return len(self.name) % 3 != 1

    def __repr__(self) -> str:
        return f"<{self.name}>"


def expression(r: random.Random, depth: int) -> str:
    if depth == 0:
        return r.choice(["a", "b", "c", "1", "None"])

    def e() -> str:
        return expression(r, depth - r.randint(1, depth))

    made: list[Callable[[], str]] = [
        lambda: f"{r.choice('abc')}.{r.choice('xy')}",
        lambda: f"a[{e()}]",
        lambda: f"b[{e()}:{e()}]",
        lambda: f"a({e()}, {e()}, k={e()})",
        lambda: f"b.m({e()}, {e()})",
        lambda: f"c(*({e()}, {e()}), {e()})",
        lambda: f"(a + {e()})",
        lambda: f"(-b.x + {e()})",
        lambda: f"({e()} and {e()} or {e()})",
        lambda: f"(not {e()})",
        lambda: f"({e()} if {e()} else {e()})",
        lambda: f"(a < c({e()}) < b.y < c)",
        lambda: f"({e()}, *({e()},), {e()})",
        lambda: f"[{e()}, {e()}]",
        lambda: "f'{a.x}-{" + r.choice("abc") + "!r:>{b.y!r}}'",
    ]
    return r.choice(made)()


def block(r: random.Random, depth: int, in_loop: bool) -> list[str]:
    def e() -> str:
        return expression(r, 2)

    def inner() -> list[str]:
        return ["    " + line for line in block(r, depth - 1, in_loop)]

    def looping() -> list[str]:
        return ["    " + line for line in block(r, depth - 1, True)]

    out: list[str] = []
    for _ in range(r.randint(1, 3)):
        simple = [
            lambda: [f"{r.choice('uvw')} = {e()}"],
            lambda: [f"u = a.x = b[{e()}] = {e()}"],
            lambda: [f"a.x, (v, b[{e()}]) = {e()}, ({e()}, {e()})"],
            lambda: [f"u: int = {e()}"],
            lambda: [f"a.y += {e()}"],
            lambda: [f"b[{e()}] += {e()}"],
            lambda: ["w = a", f"w += {e()}"],
            lambda: [e()],
            lambda: [f"assert a.x, {e()}"],
            lambda: [f"if {e()}:", f"    return {e()}"],
        ]
        if in_loop:
            simple += [lambda: [f"if {e()}: continue"], lambda: [f"if {e()}: break"]]
        compound = [
            lambda: [f"if {e()}:", *inner(), "else:", *inner()],
            lambda: ["for u in range(2):", *looping(), "else:", "    v = c.z"],
            lambda: [f"for u, v in ((1, {e()}), ({e()}, 2)):", *looping()],
            lambda: ["n = 0", "while n < 2 and b.x:", "    n += 1", *looping()],
        ]
        out += r.choice(simple + (compound if depth else []))()
    return out


def run(module: Any, fail_at: int) -> tuple[Any, list[Any]]:
    log: list[Any] = []
    try:
        result = repr(module.f(*(Echo(log, name, fail_at) for name in "abc")))
    except Exception as error:
        result = f"{type(error).__name__} {error}"
    return result, log


@pytest.mark.parametrize("seed", range(300))
def test_normal_form_means_the_same(seed: int) -> None:
    r = random.Random(seed)
    body = ["u = v = w = n = 0", *block(r, 2, False), "return u, v, w"]
    source = "\n".join(["def f(a, b, c):", *("    " + line for line in body)])
    plain, normal = load(source, normal=False), load(source)
    assert normal.f.__code__.co_code != plain.f.__code__.co_code
    for fail_at in (0, 1, 2, 4, 7, 12):
        assert run(normal, fail_at) == run(plain, fail_at), source


def test_points_lead_back_to_the_source() -> None:
    module = load("def f(a):\n    b = a.x + a.y\n    return b\n")
    lines = [line for *_, line in module.f.__code__.co_lines() if line and line >= FIRST_LINE]
    points = [point(vars(module), line) for line in lines]
    assert {(each.function, each.line) for each in points if each} == {("f", 2), ("f", 3)}
    assert len(set(lines)) >= 4


def test_live_locals_are_those_read_later() -> None:
    module = load("def f(a):\n    b = a.x\n    c = a.y\n    return b\n")
    lines = sorted({line for *_, line in module.f.__code__.co_lines() if line})
    live = [found.live for line in lines if (found := point(vars(module), line))]
    assert live == [("a",), ("b",), ()]


def test_what_a_loop_reads_in_its_next_round_is_live() -> None:
    module = load(
        "def f(a, b, c):\n    while a.x:\n        if a.y:\n            b = a.z\n"
        "            continue\n        if b.x:\n            break\n        c = a.u\n    return c\n"
    )
    lines = sorted({line for *_, line in module.f.__code__.co_lines() if line})
    live = {found.line: found.live for line in lines if (found := point(vars(module), line))}
    assert live[4] == ("a", "c")
    assert live[8] == ("a", "b")
    assert live[9] == ()


@pytest.mark.parametrize(
    ("construct", "body"),
    [
        ("ListComp", "return [i for i in (x.r,)]"),
        ("function inside another", "return (lambda: x.r)()"),
        ("Try", "try:\n        return x.r\n    finally:\n        pass"),
        ("With", "with memoryview(b''):\n        return x.r"),
        ("NamedExpr", "return (y := x.r)"),
        ("function inside another", "def g():\n        return x.r\n    return g()"),
        ("a \\*\\* argument", "return dict(**{'a': x.r})"),
        ("mangles", "__y = x.r\n    return __y"),
    ],
)
def test_a_construct_outside_the_subset_is_refused_where_a_thread_stops(
    construct: str, body: str
) -> None:
    port = load(f"{SHARED}\ndef body0(x):\n    {body}\n")
    with pytest.raises(Unsupported, match=rf"program\.py:\d+: .*{construct}"):
        explore(scenario("refused", 1), port)


def test_a_construct_outside_the_subset_is_harmless_where_no_thread_stops() -> None:
    port = load(
        f"{SHARED}\ndef double(v):\n    return [2 * i for i in (v,)][0]\n"
        "def body0(x):\n    return double(x.r)\n"
    )
    assert explore(scenario("allowed", 1), port).exhausted


def test_a_live_list_is_refused_by_name() -> None:
    port = load(
        f"{SHARED}\ndef body0(x):\n    out = []\n    out.append(x.r)\n    return len(out)\n"
    )
    with pytest.raises(Unsupported, match=r"program\.py:\d+: local \w+ of body0.*list"):
        explore(scenario("list", 1), port)
