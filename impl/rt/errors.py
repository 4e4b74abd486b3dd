"""Throw and panic: Go's errors, with Go's exact texts, because engineers search for them."""

from typing import NoReturn


class Throw(Exception):
    """The runtime would have crashed here. `text` is Go's message, word for word."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def throw(text: str) -> NoReturn:
    """Stops the program as runtime.throw does."""
    raise Throw(text)


class Panic(Exception):
    """The program panics here, and it could recover. `text` is Go's message, word for word."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def panic(text: str) -> NoReturn:
    """Unwinds the program's stack as Go's panic does."""
    raise Panic(text)
