"""The bench works, and what it compares is the same work. That one is faster is not tested."""

import ast
import json
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import impl
from bench import access, classless, cli, growth, oracle, readings, report, size
from bench.classless import CannotRewrite, Rewriter
from bench.measure import DifferentWork, Measurement, Pair, Side, TimedWork, speeds
from bench.snapshot import snapshot
from bench.workloads import WORKLOADS
from checker.binding import Binding, Edit
from checker.emitted import EmittedInstance
from checker.plain import PlainState
from checker.spec import Action
from golang.errors import GoMissing
from golang.toolchain import find_go

MODULES = sorted(path.stem for path in Path(impl.__path__[0]).glob("[a-z]*.py"))
GIB = 1 << 30


@pytest.fixture(scope="module")
def port() -> Binding:
    return Binding("impl")


def rewritten(text: str, locks: bool = True) -> str:
    tree = Rewriter(locks).module(ast.parse(textwrap.dedent(text)))
    return ast.unparse(ast.Module(tree.body[1:], []))


def only_names(measurements: Iterable[Measurement]) -> list[str]:
    return [each.name for each in measurements]


def test_the_plain_binding_and_the_code_without_access_classes_end_with_the_same_heap(
    port: Binding,
) -> None:
    measurements = access.measure(port, scale=0.01, rounds=1)
    assert only_names(measurements) == list(WORKLOADS)
    for each in measurements:
        assert set(each.amounts) == {access.PLAIN, access.CLASSLESS, access.BARE}
        assert [(r.of, r.to, r.least) for r in each.ratios] == [
            (access.PLAIN, access.CLASSLESS, 0.5),
            (access.PLAIN, access.BARE, None),
        ]


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_does_the_same_again_and_each_operation_counts(port: Binding, name: str) -> None:
    workload, _ = WORKLOADS[name]
    results = []
    for operations in (60, 60, 61):
        work = workload(port, operations)
        work.do()
        results.append(work.result())
    assert results[0] == results[1] != results[2]


def test_a_collection_is_part_of_the_objects_workload(port: Binding) -> None:
    workload, operations = WORKLOADS["objects and collections"]
    assert operations // 4000 >= 5
    work = workload(port, 4000)
    before = work.result()
    work.do()
    (heap,) = [dict(each[1:]) for each in work.result()[1] if each[0] == "Mheap"]
    (fresh,) = [dict(each[1:]) for each in before[1] if each[0] == "Mheap"]
    assert heap["sweepgen"] == fresh["sweepgen"] + 2


@pytest.mark.parametrize("locks", [True, False])
def test_every_module_of_the_port_can_do_without_access_classes(locks: bool) -> None:
    bare = classless.bind(locks)
    for name in MODULES:
        module = getattr(bare, name)
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__module__ == module.__name__:
                assert type(kind).__name__ != "StructMeta", kind
    span = bare.mspan.Mspan()
    assert (span.sweepgen, span.state.s, type(span).__mro__[1]) == (0, 0, object)


def test_atomics_become_plain_reads_and_writes() -> None:
    text = """
    def f(h, a, s):
        x = h.heap_live.load()
        h.heap_live.store(x)
        h.heap_live.add(2)
        y = h.heap_live.add(3)
        atomic.or8(a.page_in_use, x, 1)
        if atomic.cas(s, "sweepgen", x, y):
            return atomic.load(s, "sweepgen")
        lock(h.lock)
        h.unlock()
        return PlainArray(4, 0)
    """
    most = (1 << 64) - 1
    expected = f"""
    def f(h, a, s):
        x = h.heap_live
        h.heap_live = x
        h.heap_live = h.heap_live + 2 & {most}
        h.heap_live = y = h.heap_live + 3 & {most}
        a.page_in_use[x] |= 1
        if s.sweepgen == x:
            s.sweepgen = y
            return s.sweepgen
        pass
        h.unlock()
        return [0] * 4
    """
    assert rewritten(text, locks=False) == textwrap.dedent(expected).strip()
    assert "lock(h.lock)" in rewritten(text)


def test_a_struct_becomes_a_class_with_slots() -> None:
    text = """
    class S(Struct):
        a: Plain[int] = 3
        b: Atomic[int]
        c: Mutex
        d: Const[R] = R(1)
        def get(self):
            return self.b.heap_live.load()
    """
    expected = """
    _S_d = R(1)

    class S:
        __slots__ = ('a', 'b', 'c', 'd')

        def __init__(self):
            self.a = 3
            self.b = 0
            self.c = Mutex()
            self.d = _S_d

        def get(self):
            return self.b.heap_live
    """
    assert rewritten(text) == textwrap.dedent(expected).strip()


@pytest.mark.parametrize(
    "text",
    [
        "while h.heap_live.add(1) < 3: pass",
        "x = a and h.heap_live.add(1)",
        "x = atomic.load(s, name)",
        "x = [h.heap_live.swap(1)]",
    ],
)
def test_what_cannot_be_rewritten_is_an_error(text: str) -> None:
    with pytest.raises(CannotRewrite):
        rewritten(text)


def test_different_work_is_no_comparison(port: Binding) -> None:
    def side(name: str, result: Any) -> Side:
        return Side(name, lambda: TimedWork(lambda: None, lambda: result))

    with pytest.raises(DifferentWork, match="b came to another result"):
        speeds("s", "n", 1, [side("a", 1), side("b", 2)], [Pair("a", "b")], 1)
    workload, _ = WORKLOADS["pages"]
    works = [workload(each, 50) for each in (port, _with_a_bug())]
    for work in works:
        work.do()
    assert works[0].result() != works[1].result()


def _with_a_bug() -> Binding:
    old = "        self.scavenged.clear_range(i, n)\n"
    return Binding("impl", edits=[Edit("mpallocbits", old, "")])


def test_the_snapshot_sees_every_field_and_not_how_it_is_kept(port: Binding) -> None:
    bare = classless.bind(locks=True)
    states = [each.runtime.new_mheap(each.config.LINUX_AMD64) for each in (port, bare)]
    assert snapshot(states[0]) == snapshot(states[1])
    states[0].pages_in_use.add(1)
    assert snapshot(states[0]) != snapshot(states[1])
    states[1].pages_in_use += 1
    assert snapshot(states[0]) == snapshot(states[1])
    states[1].central[7].partial[1].spine_cap = 1
    assert snapshot(states[0]) != snapshot(states[1])


def test_the_port_answers_as_the_oracle(
    port: Binding, tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        find_go()
    except GoMissing as missing:
        pytest.skip(f"not run: {missing}")
    found = oracle.measure(port, tmp_path_factory.mktemp("programs"), scale=0.02, rounds=1)
    assert only_names(found) == ["pages", "spans"]
    for each in found:
        assert set(each.amounts) == {oracle.PORT, oracle.LOCK_STEP, oracle.AT_ONCE}
        assert all(amount.median > 0 for amount in each.amounts.values())


def test_queues_of_several_lengths_get_as_many_puts(port: Binding) -> None:
    (found,) = growth.measure(port, scale=0.01, rounds=1)
    assert list(found.amounts) == ["2,000 puts", "8,000 puts", "32,000 puts"]
    assert [(r.of, r.to, r.least) for r in found.ratios] == [
        ("8,000 puts", "2,000 puts", None),
        ("32,000 puts", "2,000 puts", 0.5),
    ]
    assert found.counts["operations"] == 320
    lost = Edit("mgcwork", "self.objects = append(self.objects, obj)", "append(self.objects, obj)")
    with pytest.raises(DifferentWork):
        growth.measure(Binding("impl", edits=[lost]), scale=0.01, rounds=1)


def test_both_readings_of_a_model_visit_the_same_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "INSTANCES", readings.INSTANCES[:2])
    found = readings.measure(rounds=1)
    assert only_names(found) == ["span_list, 261 states", "span_state, 885 states"]
    for each in found:
        assert set(each.amounts) == {readings.TEXT, readings.BODIES}

    class Fewer(EmittedInstance):
        def successors(
            self, state: PlainState
        ) -> Iterator[tuple[Action, tuple[Any, ...], PlainState]]:
            yield from list(super().successors(state))[1:]

    monkeypatch.setattr(readings, "EmittedInstance", Fewer)
    with pytest.raises(DifferentWork):
        readings.measure(rounds=1)


def test_a_larger_heap_is_measured_with_as_many_spans(port: Binding) -> None:
    small = size.footprint(port, size.SMALL, spans=20)
    large = size.footprint(port, GIB, spans=20)
    assert small.used_pages == large.used_pages > 20
    for each in (small, large):
        assert each.fresh < each.grown < each.used


def test_measurements_are_shown_and_written(port: Binding, tmp_path: Path) -> None:
    file = tmp_path / "made" / "bench.json"
    measurements = size.measure(port, large=GIB, spans=10)
    report.write(file, measurements, {"oracle": "no Go"})
    document = json.loads(file.read_text())
    assert document["not_run"] == {"oracle": "no Go"}
    assert [each["name"] for each in document["measurements"]] == only_names(measurements)
    (ratio,) = document["measurements"][0]["ratios"]
    assert (ratio["of"], ratio["to"]) == ("1 GiB", "64 MiB")
    (table,) = report.tables(measurements)
    assert table.row_count == len(measurements)


def test_the_command_teaches_and_says_what_came_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["--help"]) == 0
    assert "at least half the speed is kept" in capsys.readouterr().out
    assert cli.main(["--only", "nothing"]) == cli.NO_ANSWER
    output = str(tmp_path / "bench.json")
    tiny = ["--only", "access", "--rounds", "1", "--scale", "0.001", "--output", output]
    assert cli.main(tiny) in (cli.HOLDS, cli.VIOLATED)
    assert len(json.loads(Path(output).read_text())["measurements"]) == len(WORKLOADS)

    def broken(*_: Any) -> list[Measurement]:
        raise DifferentWork("one, two: b came to another result")

    monkeypatch.setattr(access, "measure", broken)
    assert cli.main(tiny) == cli.NO_ANSWER
    assert "came to another result" in capsys.readouterr().err
