"""The client of the oracle: ask the runtime's own code, many questions at a time.

    with Oracle(build_oracle(find_go(), cache)) as oracle:
        oracle.ask([(Op.PAGES_RESET,), (Op.PAGES_GROW, base, size), (Op.PAGES_ALLOC, 1)])

Where Go throws, the process dies: OracleDied carries the text, the request and the answers to those
before it, and `restart` begins anew.
"""

from __future__ import annotations

import os
import struct
import subprocess
import zlib
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

from golang.errors import CannotCheck
from golang.oracle.ops import spelled

OracleRequest = tuple[int, ...]
"""An operation and its arguments, each a 64-bit word."""

RESULTS, HASH, STATE = 0, 1, 2
"""What to answer: the results alone, the hash of the state after the operation too, or all of it."""

FRAME_WORDS = 1 << 18
_HEADER = struct.Struct("<3Q")


class OracleAnswer(NamedTuple):
    """What one request gave. `state` is empty, one hash, or all words of the state."""

    results: tuple[int, ...]
    state: tuple[int, ...] = ()


class OracleDied(Exception):
    """Go threw `text` (or died otherwise) on `request`, after `answers` to those before it.

    `request` is None when the process died without saying at which; `stderr` is what it printed.
    """

    def __init__(
        self, text: str, request: OracleRequest | None, answers: Sequence[OracleAnswer], stderr: str
    ) -> None:
        super().__init__(f"{text!r} on {spelled(request) if request else 'an unknown request'}")
        self.text = text
        self.request = request
        self.answers = tuple(answers)
        self.stderr = stderr


def state_hash(words: Iterable[int]) -> int:
    """The hash of a state, as the oracle computes it: the CRC-32 of its bytes, and its length."""
    packed = array("Q", words)
    return zlib.crc32(packed) | len(packed) << 32


class Oracle:
    """One process of the oracle; a context manager."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.restarts = -1
        self._process: subprocess.Popen[bytes] | None = None
        self.restart()

    def __enter__(self) -> Oracle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def restart(self) -> None:
        """End the process, if there is one, and start another: every subject is as at first.

        Raises CannotCheck when the program cannot be started.
        """
        self.close()
        # One P, so that nothing runs beside; no traceback, so that the text of a throw is all.
        environment = {"GOMAXPROCS": "1", "GOGC": "off", "GOTRACEBACK": "none", "GODEBUG": ""}
        try:
            self._process = subprocess.Popen(
                [self.program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
            )
        except OSError as error:
            raise CannotCheck(
                self.program, f"it cannot be started ({error.strerror})", "build the oracle again"
            ) from error
        self.restarts += 1

    def close(self) -> None:
        """End the process. What was asked before is answered already."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                _close(pipe)
        process.wait()

    def one(self, op: int, *arguments: int, want: int = RESULTS) -> OracleAnswer:
        """One request in lock-step."""
        return self.ask([(op, *arguments)], want)[0]

    def ask(self, requests: Sequence[OracleRequest], want: int = RESULTS) -> list[OracleAnswer]:
        """Ask all, in order, and wait for the answers.

        Raises OracleDied where Go throws.
        """
        answers: list[OracleAnswer] = []
        words: list[int] = []
        first = 0
        for number, request in enumerate(requests):
            if len(words) + len(request) > FRAME_WORDS:
                self._frame(words, requests[first:number], answers)
                words, first = [], number
            words.append(request[0] | (len(request) - 1) << 16 | want << 32)
            words += request[1:]
        if words:
            self._frame(words, requests[first:], answers)
        return answers

    def _frame(
        self, words: Sequence[int], requests: Sequence[OracleRequest], answers: list[OracleAnswer]
    ) -> None:
        """Send one frame; add its answers."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("the oracle is closed: restart it")
        try:
            process.stdin.write(array("Q", [len(words), *words]))
            process.stdin.flush()
        except OSError:
            pass  # it has died: what it has left to say is still there to be read
        done = 0
        while done < len(requests):
            header = process.stdout.read(_HEADER.size)
            if len(header) < _HEADER.size:
                self._died("", None, answers)
            length, answered, text = _HEADER.unpack(header)
            answers += _parse(process.stdout.read(8 * length), answered)
            done += answered
            if text:
                self._died(process.stdout.read(text).decode(), requests[done], answers)

    def _died(
        self, text: str, request: OracleRequest | None, answers: Sequence[OracleAnswer]
    ) -> None:
        process, self._process = self._process, None
        assert process is not None
        # Closed first: a process that only seems dead sees the end of its input.
        if process.stdin is not None:
            _close(process.stdin)
        stderr = process.stderr.read().decode(errors="replace") if process.stderr else ""
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                _close(pipe)
        status = process.wait()
        lines = [line.removeprefix("fatal error: ") for line in stderr.splitlines()]
        text = text or (lines[0] if lines else f"the oracle ended with status {status}")
        raise OracleDied(text, request, answers, stderr)


def _parse(data: bytes, answered: int) -> list[OracleAnswer]:
    words = memoryview(data).cast("Q")
    answers = []
    at = 0
    for _ in range(answered):
        head = words[at]
        middle = at + 1 + (head & 0xFFFF_FFFF)
        end = middle + (head >> 32)
        answers.append(OracleAnswer(tuple(words[at + 1 : middle]), tuple(words[middle:end])))
        at = end
    return answers


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        # The rest of a request cannot be flushed to a dead process.
        os.close(pipe.fileno()) if not pipe.closed else None
