"""What a project tells the pytest plugin about itself."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest

from checker.counterexample import Replay


def _nothing(_config: pytest.Config) -> AbstractContextManager[Any]:
    return nullcontext()


def _no_program(_replay: Replay) -> str:
    return ""


@dataclass(frozen=True)
class Settings:
    """Returned by the hook `pytest_obligation_settings` of the folder's conftest.

    `replay_command` is what to type before a file's name to replay it, `others` the versions of
    tools that are not Python packages (None: not installed). `reproduce` makes the program that ends
    a counterexample whose engine has written none. `means` is entered once, before the first
    obligation is checked; what it gives is handed to each check.
    """

    replay_command: str = ""
    others: Mapping[str, str | None] = field(default_factory=dict)
    reproduce: Callable[[Replay], str] = _no_program
    means: Callable[[pytest.Config], AbstractContextManager[Any]] = _nothing
