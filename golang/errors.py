"""The one way the bridge says no: what it could not use, why, and what to do about it."""

from __future__ import annotations

from pathlib import Path


class CannotCheck(Exception):
    """A check could not be made, so nothing may be concluded; command lines exit with status 2.

    `subject` names the file or tool, `reason` what is wrong with it, `remedy` what to do.
    """

    exit_code = 2

    def __init__(self, subject: str | Path, reason: str, remedy: str) -> None:
        super().__init__(f"cannot check: {subject}: {reason}; {remedy}")
        self.subject = str(subject)
        self.reason = reason
        self.remedy = remedy


class GoMissing(CannotCheck):
    """No Go toolchain is installed: results that need one are reported as not run."""


class TraceError(CannotCheck):
    """A trace file is not a whole recording of the expected runtime."""
