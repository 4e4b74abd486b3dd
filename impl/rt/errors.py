"""Throw: Go's fatal error, with Go's exact text, because engineers search for it."""

from typing import NoReturn


class Throw(Exception):
    """The runtime would have crashed here. `text` is Go's message, word for word."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def throw(text: str) -> NoReturn:
    """Stops the program as runtime.throw does."""
    raise Throw(text)
