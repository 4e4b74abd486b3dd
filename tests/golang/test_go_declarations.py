"""The reader of Go declarations: names, places, fields, and tokens that no formatting changes."""

from __future__ import annotations

import pytest

from golang.declarations import declarations
from golang.source import Source
from golang.tokens import tokens

SOURCE = """// Package p.
package p

import "unsafe"

// heap is one.
type heap struct {
	_    marker
	lock mutex // with a comment: {
	arena struct {
		base, end uintptr
	}
	central [3]struct {
		mcentral mcentral
	}
	*list
	sys.Marker
	p atomic.Pointer[list] `tag`
}

const (
	first = iota + 1
	_
	third
	name, text = "}", `
{`
)

var world struct{ stopped bool }

func (h *heap) grow(n int) { h.lock() }
func (list[T]) len() int   { return '}' }
func (h heap) grow2()
func init() { one() }
func free() { /* a comment
of two lines */
}
func init() { two() }
func _() {}
"""


def texts(source: str) -> list[str]:
    return [token.text for token in tokens(source)]


def test_names_kinds_and_lines() -> None:
    found = [(d.kind, d.name, d.start, d.end) for d in declarations(SOURCE, "p.go").values()]
    assert found == [
        ("type", "heap", 7, 19),
        ("field", "heap._", 8, 8),
        ("field", "heap.lock", 9, 9),
        ("field", "heap.arena", 10, 12),
        ("field", "heap.arena.base", 11, 11),
        ("field", "heap.arena.end", 11, 11),
        ("field", "heap.central", 13, 15),
        ("field", "heap.central.mcentral", 14, 14),
        ("field", "heap.list", 16, 16),
        ("field", "heap.Marker", 17, 17),
        ("field", "heap.p", 18, 18),
        ("const", "first", 22, 22),
        ("const", "third", 24, 24),
        ("const", "name", 25, 26),
        ("const", "text", 25, 26),
        ("var", "world", 29, 29),
        ("field", "world.stopped", 29, 29),
        ("func", "heap.grow", 31, 31),
        ("func", "list.len", 32, 32),
        ("func", "heap.grow2", 33, 33),
        ("func", "init", 34, 34),
        ("func", "free", 35, 37),
    ]


def test_a_constant_that_repeats_an_expression_has_its_value() -> None:
    code = declarations(SOURCE, "p.go")["third"].code
    assert code == ("third", "=", "iota", "+", "1", "iota=2")


def test_the_functions_named_init_count_as_one() -> None:
    code = declarations(SOURCE, "p.go")["init"].code
    assert {"one", "two"} <= set(code)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("f(a,\n\tb,\n)", "f(a, b)"),
        ("if x {\n\ty()\n\n\tz()\n}", "if x { y(); z() }"),
        ("a := 1 // one\n", "a := 1\n"),
        ("a := /* one */ 1", "a  :=\t1"),
        ("x++\n", "x++;"),
    ],
)
def test_formatting_and_comments_do_not_count(one: str, other: str) -> None:
    assert texts(one) == texts(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("return\nx", "return x"),
        ("a = b\n-c", "a = b -\nc"),
        ('"// a"', '"// b"'),
        ("a &^ b", "a & ^ b"),
        ("1e-9", "1e - 9"),
        ("x[i]", "x(i)"),
    ],
)
def test_what_means_something_else_has_other_tokens(one: str, other: str) -> None:
    assert texts(one) != texts(other)


@pytest.mark.parametrize("source", ["#", "'", '"open', "func (h *heap", "/* open"])
def test_what_is_not_go_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"^line 1: "):
        declarations(source, "p.go")


def test_functions_of_the_runtime_are_found_where_hooks_find_them(source: Source) -> None:
    found = {file: declarations("\n".join(lines), file) for file, lines in source.files.items()}
    hooked = [
        each
        for group in source.functions().values()
        for each in group
        # The generators have functions in their strings.
        if each.key != "init" and "//go:build ignore" not in source.files[each.file]
    ]
    assert len(hooked) > 3000
    for each in hooked:
        declaration = found[each.file][each.key]
        assert (declaration.start, declaration.end) == (each.start + 1, each.end + 1)
