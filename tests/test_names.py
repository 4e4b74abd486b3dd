"""Names of Go are mapped to names of the port by the one rule of mheap/names.py."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

from golang.declarations import Declaration
from golang.errors import CannotCheck
from golang.fingerprint import Cited, Tree
from mheap import drift
from mheap.citations import ROOT, PortPlace, places
from mheap.names import OTHERWISE, port_names, snake

IN_PART = {
    "markroot": "of the roots only those of the heap are ported, a function for each kind",
    "scanblock": "there is no memory to read: a client says what a block holds, word by word",
}
"""Functions of Go of which the port has only parts, which have names of their own."""

ELSEWHERE = {
    "init": "Go runs it unasked; here each record readies its own lock",
    "sweepClass.split": "a function of the value, an integer; the class is where one is kept",
    "gcBitsArena.tryAlloc": "a function, since its receiver may be nil",
    "atomicScavChunkData.load": "a method of the index, whose array has the words themselves",
    "atomicScavChunkData.store": "a method of the index, whose array has the words themselves",
}
"""Methods of Go that are not methods of that class."""

MHEAP = "runtime/mheap.go"
BESIDE = {
    "config",  # the constants of the platform
    "runtime",  # the other globals
    "all_arenas_cap",  # the capacity of the slice all_arenas
}
"""Fields of Mheap that mheap doesn't have."""


@pytest.fixture(scope="module")
def go() -> Tree:
    try:
        return drift.ported_go()
    except CannotCheck as error:
        pytest.skip(f"not run: {error}")


def last(name: str) -> str:
    return name.rpartition(".")[2].lstrip("_")


def misnamed(go: Tree, port: tuple[PortPlace, ...]) -> list[str]:
    """What cites a declaration of Go of which nothing has the name.

    What cites the declaration beside its counterpart is a part of it, or serves it.
    """
    citing = defaultdict[Cited, list[PortPlace]](list)
    for place in port:
        if place.cited is not None:
            citing[place.cited].append(place)
    values = {last(place.name) for place in port if place.kind in ("field", "constant")}
    wrong = []
    for cited, pieces in citing.items():
        declaration = go.find(cited)
        assert declaration is not None, cited
        names = port_names(declaration)
        found = {last(piece.name) for piece in pieces}
        if declaration.kind in ("const", "var", "field"):
            found |= values
        if found.isdisjoint(names) and declaration.name not in IN_PART:
            wrong.append(f"{cited}: {', '.join(map(str, pieces))} instead of {' or '.join(names)}")
    return wrong


def misplaced(go: Tree, port: tuple[PortPlace, ...]) -> list[str]:
    """Methods that cannot be called as Go's are, and functions that only a class has.

    A method of a type that has a class is in the class, or bound there to a function of another
    module. Of a type that is an integer it is a function, named for the type.
    """
    classes = {place.cited: place.name for place in port if place.kind == "class"}
    members = {place.name for place in port if "." in place.name}
    wrong = []
    for cited in {place.cited for place in port if place.cited is not None}:
        declaration = go.find(cited)
        assert declaration is not None, cited
        if declaration.kind != "func" or cited.name in {*IN_PART, *ELSEWHERE}:
            continue
        owner, _, name = cited.name.rpartition(".")
        pieces = {place.name for place in port if place.cited == cited}
        found = [classes[each] for each in holders(go, cited.file, owner) if each in classes]
        if not owner:
            right = {port_names(declaration)[0]} & pieces
        elif found:
            right = {f"{each}.{snake(name)}" for each in found} & members
        else:
            right = {f"{snake(owner)}_{snake(name)}"} & pieces
        if not right:
            wrong.append(f"{cited}: {', '.join(sorted(pieces))}")
    return sorted(wrong)


def holders(go: Tree, file: str, owner: str) -> list[Cited]:
    """The struct of that name, wherever it is declared, and the structs that embed it."""
    files = {place.cited.file for place in places() if place.cited is not None}
    declared = [
        each for other in sorted({file, *files}) for each in go.declarations(other).values()
    ]
    return [
        Cited(each.file, each.name.removesuffix(f".{owner}"))
        for each in declared
        if each.name == owner or (each.name.endswith(f".{owner}") and each.code == (owner,))
    ]


def bindings(root: Path) -> dict[tuple[str, str], str]:
    """For each function that a class binds by its name, (module, name): the file of the class."""
    found = {}
    for path in sorted((root / "impl").glob("*.py")):
        tree = ast.parse(path.read_text())
        origin = {
            alias.name: str(node.module)
            for node in tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for inside in (node.body for node in tree.body if isinstance(node, ast.ClassDef)):
            for node in inside:
                if isinstance(node, ast.Assign) and ast.unparse(node.value) in origin:
                    name = ast.unparse(node.value)
                    found[origin[name], name] = path.relative_to(root).as_posix()
    return found


def called_as_functions(root: Path) -> list[str]:
    """Where a function that a class binds is not called as its method."""
    bound = bindings(root)
    wrong = []
    for room in ("impl", "harness", "proofs", "bench", "tests"):
        for path in sorted((root / room).rglob("*.py")):
            file = path.relative_to(root).as_posix()
            module = file.removesuffix(".py").replace("/", ".")
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom):
                    taken = [(str(node.module), alias.name) for alias in node.names]
                    wrong += [
                        f"{file}: {each[1]}" for each in taken if bound.get(each, file) != file
                    ]
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    wrong += [f"{file}: {node.func.id}"] * ((module, node.func.id) in bound)
    return wrong


def nearly(go: Tree, port: tuple[PortPlace, ...]) -> list[str]:
    """Fields and constants whose names are the words of a Go name, but put together otherwise."""
    wrong = []
    for place in port:
        if place.kind == "class" and place.cited is not None:
            inside = f"{place.cited.name}."
            members = [each for each in port if each.name.startswith(f"{place.name}.")]
            for each in go.declarations(place.cited.file).values():
                if each.kind in ("field", "func") and each.name.startswith(inside):
                    wrong += unlike(each, each.name.removeprefix(inside), members)
    constants = [place for place in port if place.kind == "constant"]
    for file in sorted({place.cited.file for place in port if place.cited is not None}):
        for each in go.declarations(file).values():
            if each.kind in ("const", "var"):
                wrong += unlike(each, each.name, constants)
    return wrong


def unlike(declaration: Declaration, name: str, pieces: list[PortPlace]) -> list[str]:
    """The pieces that have the words of the name, but not the name that the rule gives it."""
    words = loose(name)
    alike = [piece for piece in pieces if loose(last(piece.name)) == words]
    right = {snake(name), *port_names(declaration)}
    return [f"{declaration.name}: {piece}" for piece in alike if last(piece.name) not in right]


def loose(name: str) -> str:
    return name.replace("_", "").lower()


def test_what_cites_go_has_the_name_that_the_rule_gives_it(go: Tree) -> None:
    assert misnamed(go, places()) == []


def test_no_name_is_nearly_gos(go: Tree) -> None:
    assert nearly(go, places()) == []


def test_methods_are_methods_and_functions_are_functions(go: Tree) -> None:
    assert misplaced(go, places()) == []


def test_methods_are_called_as_methods() -> None:
    assert called_as_functions(ROOT.parent) == []


def test_the_heap_is_mheap(go: Tree) -> None:
    """What else Go has as variables is in impl/runtime.py, and not in the heap."""
    heap = [each for each in go.declarations(MHEAP).values() if each.name.startswith("mheap.")]
    gos = {snake(last(each.name)) for each in heap}
    functions = {last(place.name) for place in places() if place.kind == "function"}
    port = {last(place.name) for place in places() if place.name.startswith("Mheap.")}
    assert port - functions - gos == BESIDE


def test_each_exception_is_needed(go: Tree) -> None:
    cited = {place.cited.name: place.cited for place in places() if place.cited is not None}
    assert OTHERWISE.keys() | IN_PART.keys() | ELSEWHERE.keys() <= cited.keys()
    for name, (port_name, _) in OTHERWISE.items():
        declaration = go.find(cited[name])
        assert declaration is not None
        assert port_name not in {snake(last(name)), snake(last(name)).upper()}


@pytest.mark.parametrize(
    ("go_name", "words"),
    [
        ("allocNeedsZero", "alloc_needs_zero"),
        ("freeIndexForScan", "free_index_for_scan"),
        ("freeindex", "freeindex"),
        ("allocmcache", "allocmcache"),
        ("tryAllocMSpan", "try_alloc_m_span"),
        ("startGCTransition", "start_gc_transition"),
        ("mProf_Free", "m_prof_free"),
        ("arenaL1Bits", "arena_l1_bits"),
        ("_KindSpecialFinalizer", "kind_special_finalizer"),
        ("f64toint64", "f64toint64"),
    ],
)
def test_the_words_of_a_name(go_name: str, words: str) -> None:
    assert snake(go_name) == words


@pytest.mark.parametrize(
    ("name", "misnamed_as", "message"),
    [
        ("Mheap.init_span", "Mheap.initialise_span", "runtime/mheap.go mheap.initSpan"),
        ("Mspan", "Span", "runtime/mheap.go mspan"),
        ("arena_index", "arenaindex", "runtime/mheap.go arenaIndex"),
    ],
)
def test_another_name_is_found(go: Tree, name: str, misnamed_as: str, message: str) -> None:
    def renamed(place: PortPlace) -> PortPlace:
        new = misnamed_as if place.name == name else place.name
        return PortPlace(place.path, new, place.kind, place.cited, place.bases)

    wrong = misnamed(go, tuple(map(renamed, places())))
    assert [line.partition(":")[0] for line in wrong] == [message]


def test_a_field_with_other_words_is_found(go: Tree) -> None:
    port = (
        PortPlace("impl/m.py", "Mspan", "class", Cited("runtime/mheap.go", "mspan")),
        PortPlace("impl/m.py", "Mspan.free_index", "field", None),
        PortPlace("impl/m.py", "PAGESIZE", "constant", Cited("runtime/malloc.go", "pageSize")),
    )
    assert sorted(nearly(go, port)) == [
        "_PageSize: impl/m.py PAGESIZE",
        "mspan.freeindex: impl/m.py Mspan.free_index",
        "pageSize: impl/m.py PAGESIZE",
    ]


@pytest.mark.parametrize(
    ("lost", "method"),
    [
        ("Mspan.is_free", "runtime/mbitmap.go mspan.isFree: is_free"),
        ("chunk_idx_l1", "runtime/mpagealloc.go chunkIdx.l1: l1"),
    ],
)
def test_a_method_that_is_none_is_found(go: Tree, lost: str, method: str) -> None:
    cited = Cited("runtime/mpagealloc.go", "chunkIdx.l1")
    port = [place for place in places() if place.name != lost]
    if lost == "chunk_idx_l1":
        port.append(PortPlace("impl/chunkindex.py", "l1", "function", cited))
    assert misplaced(go, tuple(port)) == [method]


def test_a_call_of_a_method_as_a_function_is_found(tmp_path: Path) -> None:
    (tmp_path / "impl").mkdir()
    (tmp_path / "impl" / "bits.py").write_text("def a(s): ...\ndef b(s): a(s)\n")
    bound = "from impl.bits import a, b\nclass S:\n    a = a\n    b = b\n"
    (tmp_path / "impl" / "s.py").write_text(bound)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "t.py").write_text("from impl.bits import b\n")
    assert called_as_functions(tmp_path) == ["impl/bits.py: a", "tests/t.py: b"]
