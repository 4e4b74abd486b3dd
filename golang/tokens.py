"""Go source as tokens: what is left of it when comments, blank lines and formatting are taken away.

A line's end counts only where Go's grammar puts a semicolon there, and the commas and semicolons
that Go allows before a closing bracket are dropped, so that no reformatting changes the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<newline>\n)
    | (?P<space>[ \t\r]+)
    | (?P<line_comment>//[^\n]*)
    | (?P<comment>/\*.*?\*/)
    | (?P<literal>`[^`]*`|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')
    | (?P<number>\.?[0-9](?:[eEpP][+-]|[\w.])*)
    | (?P<word>\w+)
    | (?P<operator><<=|>>=|&\^=|\.\.\.|&&|\|\||<-|\+\+|--|==|!=|<=|>=|:=|\+=|-=|\*=|/=|%=|&=|\|=
        |\^=|<<|>>|&\^|/(?!\*)|[-+*%&|^<>=!~()\[\]{},;.:])
    """,
    re.VERBOSE | re.DOTALL,
)
_CLOSING = (")", "]", "}")
_ENDS_A_STATEMENT = frozenset(["break", "continue", "fallthrough", "return", "++", "--", *_CLOSING])
_KEYWORDS = frozenset(
    [
        "break",
        "case",
        "chan",
        "const",
        "continue",
        "default",
        "defer",
        "else",
        "fallthrough",
        "for",
        "func",
        "go",
        "goto",
        "if",
        "import",
        "interface",
        "map",
        "package",
        "range",
        "return",
        "select",
        "struct",
        "switch",
        "type",
        "var",
    ]
)


class Token(NamedTuple):
    """One token and the line it begins on, from 1."""

    text: str
    line: int


def tokens(source: str) -> list[Token]:
    """The tokens of Go source, with the semicolons that Go inserts; ValueError if it is not Go."""
    found: list[Token] = []
    for token in _with_semicolons(source):
        if token.text in _CLOSING and found and found[-1].text in (",", ";"):
            found.pop()
        found.append(token)
    return found


def _with_semicolons(source: str) -> Iterator[Token]:
    line, place = 1, 0
    ends = False
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None:
            raise ValueError(f"line {line}: {source[place : place + 20]!r} is not a token of Go")
        kind, text = match.lastgroup, match[0]
        place = match.end()
        if ends and (kind == "newline" or (kind == "comment" and "\n" in text)):
            yield Token(";", line)
            ends = False
        if kind in ("literal", "number", "word", "operator"):
            yield Token(text, line)
            ends = text in _ENDS_A_STATEMENT or (kind != "operator" and text not in _KEYWORDS)
        line += text.count("\n")
    if ends:
        yield Token(";", line)
