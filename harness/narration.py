"""Telling a run of the port line by line: what each line changed, in the order in which they ran.

A counterexample that gives inputs only leaves the reader to execute the port in his head.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from checker.binding import Edit
from checker.counterexample import Scalar, Step, place
from checker.symbolic.lines import under_proof
from impl.rt import Struct

ADDRESS = 0x10000
"""Numbers from here on are rather addresses, masks or generations than counts."""

_PORT, _SUBSTRATE = "impl.", "impl.rt"


@dataclass
class _Line:
    """A line of the port that ran, and the values it changed."""

    frame: FrameType
    number: int
    before: Mapping[str, Scalar]
    changed: dict[str, Scalar] = field(default_factory=dict)


class LineTrace:
    """Records, within a `with` block, the lines of the port that run; `edits` are its mutant's."""

    def __init__(self, edits: Sequence[Edit] = ()) -> None:
        self._edits = edits
        self._lines: list[_Line] = []
        self._open: dict[FrameType, _Line] = {}
        self._objects: list[Any] = []
        self._previous: Any = None

    def __enter__(self) -> "LineTrace":
        self._previous = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *error: object) -> None:
        sys.settrace(self._previous)

    def steps(self) -> list[Step]:
        """The trace so far. A line that decided which way to go stands there though it changed nothing."""
        return [
            Step(
                thread="main",
                action=self._text(line),
                function=_cited(line.frame),
                where=place(line.frame.f_code.co_filename, line.number),
                concrete=line.changed,
            )
            for line in self._lines
        ]

    def _call(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:  # noqa: ARG002  # settrace's protocol
        module = frame.f_globals.get("__name__", "")
        code = frame.f_code
        named = module.startswith(_PORT) and not module.startswith(_SUBSTRATE)
        # A dataclass's constructor has no text.
        written = under_proof(code.co_filename) and code.co_name != "<module>"
        return self._line if named and written else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:  # noqa: ARG002  # settrace's protocol
        now = self._values(frame)
        last = self._open.pop(frame, None)
        if last is not None:
            last.changed |= {k: v for k, v in now.items() if last.before.get(k, "nil") != v}
        if event == "line":
            self._open[frame] = _Line(frame, frame.f_lineno, now)
            self._lines.append(self._open[frame])
        return self._line

    def _values(self, frame: FrameType) -> dict[str, Scalar]:
        """The plain values the function sees: its locals, and the fields of structs they name."""
        found: dict[str, Scalar] = {}
        for name, value in frame.f_locals.items():
            if _is_scalar(value):
                found[name] = shown(value)
            elif isinstance(value, Struct):
                found[name] = self._called(value)
                for slot in _slots(value):
                    # A lazily made object must not be made to read by being looked at.
                    content = _content(value, slot)
                    if content is None or _is_scalar(content) or isinstance(content, Struct):
                        found[f"{self._called(value)}.{slot}"] = self._shown(content)
        return found

    def _shown(self, value: Any) -> Scalar:
        if isinstance(value, Struct):
            return self._called(value)
        return "nil" if value is None else shown(value)

    def _called(self, thing: Any) -> str:
        """A name for an object, by its class and the order of appearance."""
        name = type(thing).__name__.removeprefix("Lazy")
        alike = [x for x in self._objects if type(x).__name__.removeprefix("Lazy") == name]
        for number, each in enumerate(alike):
            if each is thing:
                return f"{name}{number}"
        self._objects.append(thing)
        return f"{name}{len(alike)}"

    def _text(self, line: _Line) -> str:
        """The line's source, as the mutant has it."""
        module = line.frame.f_globals["__name__"].removeprefix(_PORT)
        text = Path(line.frame.f_code.co_filename).read_text(encoding="utf-8")
        for edit in self._edits:
            if edit.module == module:
                text = text.replace(edit.old, edit.new)
        return text.splitlines()[line.number - 1].partition("  # ")[0].strip()


def shown(value: Scalar) -> Scalar:
    """A value as a reader takes it in: addresses in hexadecimal."""
    return hex(value) if isinstance(value, int) and abs(value) >= ADDRESS else value


def _cited(frame: FrameType) -> str:
    """What a port function ports, in the words with which its docstring begins."""
    first = frame.f_code.co_consts[0] if frame.f_code.co_consts else None
    return first.partition(":")[0] if isinstance(first, str) else frame.f_code.co_name


def _is_scalar(value: Any) -> bool:
    return isinstance(value, bool | int | str)


def _slots(thing: Any) -> list[str]:
    named = (getattr(each, "__slots__", ()) for each in type(thing).__mro__)
    return [slot for slots in named for slot in slots if not slot.startswith("_")]


def _content(thing: Any, slot: str) -> Any:
    try:
        return object.__getattribute__(thing, slot)
    except AttributeError:
        return ...
