"""Counterexamples as files in ITF, the JSON trace format that Apalache and Quint write and view.

ITF shows whole states, so the differences of a trace are accumulated here. The trace itself, with
citations, places in the code and what replaying needs, travels in `#meta` under a key of our own;
`read` gives it back, and refuses a file whose states no longer tell that trace.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import ValidationError

from checker.counterexample import Counterexample, Scalar
from checker.schema import validate

FORMAT_URL = "https://apalache-mc.org/docs/adr/015adr-trace.html"
OURS = "checker:counterexample"

_EXACT = 2**53
_UNSET = {"#unserializable": "unset"}
_OURS_TOO = ("thread", "action")


class CannotRead(Exception):
    """A file that is not what it should be: `reason` says why, `remedy` what to do about it."""

    def __init__(self, file: str | Path, reason: str, remedy: str) -> None:
        super().__init__(f"cannot read {file}: {reason}; {remedy}")
        self.file = str(file)
        self.reason = reason
        self.remedy = remedy


def to_itf(counterexample: Counterexample) -> dict[str, Any]:
    """The ITF document: state 0 is the initial one, state n the one after step n."""
    names = _variables(counterexample)
    states = [
        {"#meta": {"index": index}, **state} for index, state in _states(counterexample, names)
    ]
    return {
        "#meta": {
            "format": "ITF",
            "format-description": FORMAT_URL,
            "description": f"violates {counterexample.invariant} ({counterexample.citation})",
            OURS: counterexample.to_json(),
        },
        "vars": [*_OURS_TOO, *names.values()],
        "states": states,
    }


def write(counterexample: Counterexample, file: Path) -> None:
    """Write the ITF document. Raises OSError."""
    text = json.dumps(to_itf(counterexample), indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def read(file: Path) -> Counterexample:
    """The counterexample that `write` put into `file`. Raises CannotRead."""
    return from_itf(read_json(file), file)


def from_itf(document: Any, file: str | Path) -> Counterexample:
    """The counterexample told by an ITF document that came from `file`. Raises CannotRead."""
    remedy = "give a *.itf.json file that a run has written"
    meta = document.get("#meta") if isinstance(document, dict) else None
    if not isinstance(meta, dict) or "states" not in document:
        raise CannotRead(file, "it is JSON, but not an ITF trace", remedy)
    if OURS not in meta:
        raise CannotRead(file, f"it is an ITF trace of another tool (no {OURS!r} in #meta)", remedy)
    try:
        validate(meta[OURS], "counterexample")
        counterexample = Counterexample.from_json({"replay": None, **meta[OURS]})
    except (ValidationError, KeyError, TypeError) as error:
        message = error.message if isinstance(error, ValidationError) else str(error)
        raise CannotRead(file, f"its counterexample is malformed: {message}", remedy) from error
    if to_itf(counterexample) != document:
        raise CannotRead(
            file, "its states and the trace in #meta tell different things (edited?)", remedy
        )
    return counterexample


def read_json(file: Path) -> Any:
    """The JSON value in `file`. Raises CannotRead."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CannotRead(file, "there is no such file", "check the path") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotRead(file, reason, "give a file that can be read") from error
    except UnicodeDecodeError as error:
        raise CannotRead(file, "it is not UTF-8 text", "give a JSON file") from error
    if not text.strip():
        raise CannotRead(file, "it is empty", "run the checks again to write it anew")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = f"it is not JSON, or was cut short: {error}"
        raise CannotRead(file, reason, "run the checks again to write it anew") from error


def _variables(counterexample: Counterexample) -> dict[tuple[str, str], str]:
    """From (side, variable) to its ITF name: its own, unless the other side has the same one."""
    sides: dict[str, dict[str, None]] = {"concrete": {}, "abstract": {}}
    for side, names in sides.items():
        names.update(dict.fromkeys(getattr(counterexample, f"initial_{side}")))
        for step in counterexample.steps:
            names.update(dict.fromkeys(getattr(step, side)))
    taken = {*_OURS_TOO, *(sides["concrete"].keys() & sides["abstract"].keys())}
    return {
        (side, name): f"{side}:{name}" if name in taken else name
        for side, names in sides.items()
        for name in names
    }


def _states(
    counterexample: Counterexample, names: Mapping[tuple[str, str], str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    state: dict[str, Any] = {"action": "initial", "thread": ""}
    state.update(dict.fromkeys(names.values(), _UNSET))
    _update(state, names, "concrete", counterexample.initial_concrete)
    _update(state, names, "abstract", counterexample.initial_abstract)
    yield 0, dict(state)
    for index, step in enumerate(counterexample.steps, 1):
        state["action"], state["thread"] = step.action, step.thread
        _update(state, names, "concrete", step.concrete)
        _update(state, names, "abstract", step.abstract)
        yield index, dict(state)


def _update(
    state: dict[str, Any],
    names: Mapping[tuple[str, str], str],
    side: str,
    values: Mapping[str, Scalar],
) -> None:
    for name, value in values.items():
        state[names[side, name]] = _value(value)


def _value(value: Scalar) -> Any:
    """JSON readers in other languages keep integers exact only up to 2**53."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) <= _EXACT:
        return value
    return {"#bigint": str(value)}
