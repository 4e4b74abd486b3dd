"""Which lines of the code under proof a run executes, to compare a proof's path with CPython's."""

import os
import sys
import sysconfig
from functools import cache
from types import FrameType, TracebackType
from typing import Any

from checker.bitvectors import OutsideSubset

SourceLine = tuple[str, int]

_CHECKER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ELSEWHERE = (
    _CHECKER + os.sep,
    *(os.path.abspath(path) + os.sep for path in set(sysconfig.get_paths().values())),
    "<",
)


@cache
def under_proof(filename: str) -> bool:
    """Whether a file is neither ours nor Python's nor an installed library's."""
    path = filename if filename.startswith("<") else os.path.abspath(filename)
    return not path.startswith(_ELSEWHERE)


def position() -> str:
    """The innermost line under proof that is being executed, as "file.py:12"."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not under_proof(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return "?"
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


class Recording:
    """Records, within a `with` block, the lines under proof in the order they run.

    More than `limit` lines raise OutsideSubset in the running code: a loop without a bound.
    """

    def __init__(self, limit: int) -> None:
        self.lines: list[SourceLine] = []
        self._limit = limit
        self._previous: Any = None

    def __enter__(self) -> "Recording":
        self._previous = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sys.settrace(self._previous)

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ARG002  # settrace's protocol
        return self._line if under_proof(frame.f_code.co_filename) else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ARG002  # settrace's protocol
        if event == "line":
            if len(self.lines) >= self._limit:
                raise OutsideSubset(f"more than {self._limit} lines on one path, at {position()}")
            self.lines.append((frame.f_code.co_filename, frame.f_lineno))
        return self._line


def first_difference(proof: list[SourceLine], plain: list[SourceLine]) -> str:
    """Where two recordings part, in words; empty when they are equal."""
    if proof == plain:
        return ""
    pairs = zip(proof, plain, strict=False)
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(proof), len(plain)))
    names = [
        f"{os.path.basename(lines[at][0])}:{lines[at][1]}" if at < len(lines) else "the end"
        for lines in (proof, plain)
    ]
    return f"after {at} lines the proof goes to {names[0]}, CPython to {names[1]}"
