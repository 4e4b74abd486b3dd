"""The overlay: every hook finds its place, and a place that moved is refused."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from golang.errors import CannotCheck
from golang.hooks import LINES, WRAPS
from golang.mutants import MUTANTS, GoMutant, MutantSubject, mutant
from golang.overlay import INNER, generate
from golang.source import GoEdit, Source


def without(source: Source, file: str, text: str) -> Source:
    """`source` with every occurrence of `text` in `file` spoilt."""
    lines = [line.replace(text, text.upper()) for line in source.files[file]]
    assert lines != source.files[file]
    return Source({**source.files, file: lines})


def test_every_hook_is_placed(source: Source) -> None:
    overlay = generate(source)
    changed = "\n".join(text for name, text in overlay.files.items() if name in source.files)
    for wrap in WRAPS:
        assert f"{INNER}{wrap.function.rpartition('.')[2]}(" in changed
    assert overlay.files["zz_tap_wraps.go"].count("\nfunc ") == len(WRAPS)
    expected = sum(sum(line.functions.values()) for line in LINES)
    hooks = ("tapSg", "tapHsg", "tapFlush", "tapSweepBits", "tapZb", "tapScav")
    assert sum(changed.count(hook) for hook in hooks) == expected


def test_line_numbers_survive(source: Source) -> None:
    for name, text in generate(source).files.items():
        if name in source.files:
            assert len(text.split("\n")) == len(source.files[name])


def test_generation_is_deterministic(source: Source) -> None:
    assert generate(source).digest == generate(source).digest


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("mheap.go", "func (list *mSpanList) insert(", "insert is defined 0 times"),
        ("mgcsweep.go", "atomic.Cas(&s.sweepgen", "fits {}"),
        ("mgc.go", "mheap_.sweepgen +=", "fits {}"),
        ("mcentral.go", "atomic.Store(&s.sweepgen, sg)", "fits"),
    ],
)
def test_a_hook_without_its_place_is_refused(
    source: Source, file: str, text: str, reason: str
) -> None:
    with pytest.raises(CannotCheck, match=reason):
        generate(without(source, file, text))


def test_a_generation_store_in_an_unknown_function_is_refused(source: Source) -> None:
    edit = GoEdit("mheap.go", "mheap.freeManual", "s.needzero = 1", "atomic.Store(&s.sweepgen, 2)")
    with pytest.raises(CannotCheck, match="freeManual stores a generation"):
        generate(source, [edit])


def test_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match="source of package runtime is not there"):
        Source.read(tmp_path)


def test_mutants_cover_every_subject() -> None:
    assert {m.subject for m in MUTANTS} == set(get_args(MutantSubject))
    assert len({m.name for m in MUTANTS}) == len(MUTANTS)


def test_a_mutant_carries_the_hooks_too(source: Source) -> None:
    text = generate(source, mutant("acquire_by_store").edits).files["mgcsweep.go"]
    assert "tapSgStore(s, l.sweepGen-1, 5); atomic.Store(&s.sweepgen, l.sweepGen-1)" in text


def test_a_mutant_may_not_lose_a_hook_that_is_no_store(source: Source) -> None:
    edit = GoEdit("mgcsweep.go", "sweepLocked.sweep", "s.allocBits = s.gcmarkBits", "")
    with pytest.raises(CannotCheck, match=r"allocBits.* fits \{\}"):
        generate(source, [edit])


@pytest.mark.parametrize("bug", MUTANTS, ids=lambda m: m.name)
def test_every_mutant_keeps_the_hooks(source: Source, bug: GoMutant) -> None:
    assert generate(source, bug.edits).digest != generate(source).digest


@pytest.mark.parametrize("old", ["no such text", "span.prev"])
def test_an_ambiguous_edit_is_refused(source: Source, old: str) -> None:
    with pytest.raises(CannotCheck, match="not once"):
        source.edited([GoEdit("mheap.go", "mSpanList.remove", old, "x")])
