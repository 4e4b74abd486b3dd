"""The trace: its text, its JSON, its page."""

import dataclasses

import pytest

from checker.counterexample import Counterexample, Replay, Step, changed
from checker.htmlpage import page
from checker.schema import validate

COUNTEREXAMPLE = Counterexample(
    invariant="one_owner",
    citation="mheap.go:475",
    why="two owners sweep twice",
    steps=[
        Step("t1", "acquire", "tryAcquire", "impl/mgcsweep.py:30", {"sweepgen": 3}, {"own": "t1"}),
        Step("t2", "acquire"),
    ],
    initial_concrete={"sweepgen": 2, "swept": False},
    initial_abstract={"own": ""},
    diverging="own",
    reproduction="a = 1\nb = 2",
    replay=Replay("sweepgen/interleaving", [0, "t2", {"value": 2**70}], "drop"),
)


def test_text_tells_everything_once() -> None:
    assert COUNTEREXAMPLE.text() == "\n".join(
        [
            "violated: one_owner",
            "stated at: mheap.go:475",
            "why: two owners sweep twice",
            "initially: own=",
            "  1. [t1] acquire  (tryAcquire impl/mgcsweep.py:30)",
            "        sweepgen := 3",
            "      | own := t1",
            "  2. [t2] acquire",
            "then: own",
            "reproduce with:",
            "    a = 1",
            "    b = 2",
        ]
    )


def test_json_round_trip() -> None:
    document = COUNTEREXAMPLE.to_json()
    validate(document, "counterexample")
    assert Counterexample.from_json(document) == COUNTEREXAMPLE


def test_json_without_replay() -> None:
    counterexample = dataclasses.replace(COUNTEREXAMPLE, replay=None)
    assert Counterexample.from_json(counterexample.to_json()) == counterexample


@pytest.mark.parametrize("missing", ["invariant", "steps", "replay"])
def test_foreign_json_is_refused(missing: str) -> None:
    document = COUNTEREXAMPLE.to_json()
    del document[missing]
    with pytest.raises((KeyError, TypeError)):
        Counterexample.from_json(document)


def test_changed() -> None:
    assert changed({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == {"b": 3, "c": 4}


def test_page_shows_both_states_and_escapes() -> None:
    counterexample = dataclasses.replace(
        COUNTEREXAMPLE,
        why="<script>alert(1)</script> & $title",
        steps=[Step("t<1>", "a&b", "f", "g", {"x<y": '"&'}, {"q": "</td>"})],
    )
    text = page(counterexample, "toy.holds[<a>]", "it <holds>")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; $title" in text
    assert (
        "<td><code>x&lt;y := &quot;&amp;</code></td><td><code>q := &lt;/td&gt;</code></td>" in text
    )
    assert "<h1>toy.holds[&lt;a&gt;]</h1>" in text
    assert "http" not in text
