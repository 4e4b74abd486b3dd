"""The list of Go's invariants: what is wrong with an entry is said, and of which."""

import pytest

from harness.invariants import StatedBy, WrongEntry, invariants, parse

ENTRY = """\
number = 1
text = "No two spans overlap."
cites.comment = ["runtime/mheap.go:1"]
checked = ["whole_heap.no_overlap"]
"""


def listed(*entries: str) -> str:
    return "\n".join(
        ['[[section]]\ntitle = "spans"', *(f"[[section.invariant]]\n{e}" for e in entries)]
    )


def test_the_list_is_read_by_number() -> None:
    second = ENTRY.replace("number = 1", "number = 2") + 'tested = ["t"]\nnote = "At rest."'
    first, other = parse(listed(second, ENTRY))
    assert (first.number, first.section, first.text) == (1, "spans", "No two spans overlap.")
    assert first.cites == {StatedBy.COMMENT: ("runtime/mheap.go:1",)}
    assert first.checked == ("whole_heap.no_overlap",)
    assert (first.tested, first.note) == ((), "")
    assert (other.number, other.tested, other.note) == (2, ("t",), "At rest.")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("number = 1", "number = 2", "invariant 1 is missing"),
        ("number = 1", 'number = "1"', "an entry of 'spans' has no number: 'No two"),
        ("number = 1", "number = true", "an entry of 'spans' has no number: 'No two"),
        ("checked", "chequed", "invariant 1: 'chequed' is none of number, text, cites"),
        ("cites.comment", "cites.commment", "invariant 1: cites: 'commment' is none of comment"),
        ('cites.comment = ["runtime/mheap.go:1"]', "", "invariant 1: cites says nothing"),
        ('"No two spans overlap."', '""', "invariant 1: text must be a text"),
        ('["whole_heap.no_overlap"]', '"whole_heap"', "invariant 1: checked must be a list"),
        ('checked = ["whole_heap.no_overlap"]', "", "invariant 1: checked must be a list"),
        ("number = 1", "number 1", "the list is not TOML: "),
    ],
)
def test_a_wrong_entry_is_named(old: str, new: str, said: str) -> None:
    assert old in ENTRY
    with pytest.raises(WrongEntry) as raised:
        parse(listed(ENTRY.replace(old, new)))
    assert str(raised.value).startswith(said)


def test_a_number_stands_for_one_invariant() -> None:
    with pytest.raises(WrongEntry, match="invariant 1 is there twice"):
        parse(listed(ENTRY, ENTRY))


@pytest.mark.parametrize("text", ["", "section = 1", "[[section]]\ntitle = 'x'", "[[section]]"])
def test_a_list_without_entries_is_refused(text: str) -> None:
    with pytest.raises(WrongEntry, match="has no tables"):
        parse(text)


def test_the_repository_has_the_list_of_all_195() -> None:
    assert [each.number for each in invariants()] == list(range(1, 196))
