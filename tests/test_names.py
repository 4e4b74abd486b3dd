"""Names of Go are mapped to names of the port by the one rule of mheap/names.py."""

from collections import defaultdict

import pytest

from golang.declarations import Declaration
from golang.errors import CannotCheck
from golang.fingerprint import Cited, Tree
from mheap import drift
from mheap.citations import PortPlace, places
from mheap.names import OTHERWISE, port_names, snake

IN_PART = {
    "markroot": "of the roots only those of the heap are ported, a function for each kind",
    "scanblock": "there is no memory to read: a client says what a block holds, word by word",
}
"""Functions of Go of which the port has only parts, which have names of their own."""


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


def test_each_exception_is_needed(go: Tree) -> None:
    cited = {place.cited.name: place.cited for place in places() if place.cited is not None}
    assert OTHERWISE.keys() | IN_PART.keys() <= cited.keys()
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
