"""The top-level declarations of a Go file, and the fields of its structs, found without a compiler.

A name is as hooks and citations write it: `mheap.grow` for a method, `heapArena.spans` for a field,
`mheap.userArena.readyList` for a field of a field's own struct. A member of a constant group that
repeats the expression above it stands with that expression and its place in the group, since those
are its value. The functions named init of a file, of which there may be several, count as one, at the
lines of the first. What is named _ is left out, but for fields, which somebody may have to account for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from golang.tokens import Token, tokens

_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A named piece of a Go file: lines `start` to `end`, from 1, and its tokens.

    The kind is func, type, const, var or field; a method is a func whose name has a dot.
    """

    file: str
    kind: str
    name: str
    start: int
    end: int
    code: tuple[str, ...]


def declarations(source: str, file: str) -> dict[str, Declaration]:
    """All declarations of a file by name, in its order; ValueError if it is not Go."""
    found: dict[str, Declaration] = {}
    for statement in _split(tokens(source)):
        keyword, rest = statement[0].text, statement[1:]
        if keyword == "func":
            each = [_function(rest, file, statement)]
        elif keyword in ("type", "const", "var"):
            each = list(_specifications(keyword, rest, file))
        else:
            continue
        for declaration in each:
            name = declaration.name
            if name == "init" and name in found:
                code = (*found[name].code, *declaration.code)
                found[name] = replace(found[name], code=code)
            elif name != "_":
                found[name] = declaration
    return found


def _split(code: Sequence[Token], separator: str = ";") -> Iterator[Sequence[Token]]:
    """The pieces between separators that are in no bracket; none is empty."""
    depth, start = 0, 0
    for place, token in enumerate(code):
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if token.text == separator and depth == 0:
            if place > start:
                yield code[start:place]
            start = place + 1
    if start < len(code):
        yield code[start:]


def _bracketed(code: Sequence[Token], start: int = 0) -> int:
    """The place after the bracket that closes the one at `start`."""
    depth = 0
    for place in range(start, len(code)):
        depth += (code[place].text in _OPENING) - (code[place].text in _CLOSING)
        if depth == 0:
            return place + 1
    raise ValueError(f"line {code[start].line}: the bracket is not closed")


def _made(
    file: str, kind: str, name: str, code: Sequence[Token], more: Sequence[str] = ()
) -> Declaration:
    last = code[-1]
    end = last.line + last.text.count("\n")
    texts = (*(token.text for token in code), *more)
    return Declaration(file, kind, name, code[0].line, end, texts)


def _function(rest: Sequence[Token], file: str, whole: Sequence[Token]) -> Declaration:
    if rest[0].text != "(":
        return _made(file, "func", rest[0].text, whole)
    end = _bracketed(rest)
    receiver = [token.text for token in rest[1 : end - 1]]
    if "[" in receiver:
        receiver = receiver[: receiver.index("[")]
    return _made(file, "func", f"{receiver[-1]}.{rest[end].text}", whole)


def _specifications(keyword: str, rest: Sequence[Token], file: str) -> Iterator[Declaration]:
    """The members of a declaration, which is a group if it begins with a bracket."""
    group = list(_split(rest[1:-1])) if rest[0].text == "(" else [rest]
    repeated: tuple[str, ...] = ()
    for place, member in enumerate(group):
        if keyword == "type":
            yield from _type(member, file)
            continue
        names, after = _names(member)
        value = tuple(token.text for token in after)
        if keyword == "const":
            more = () if value else repeated
            repeated = value or repeated
            if "iota" in repeated:
                more = (*more, f"iota={place}")
        else:
            more = ()
        for name in names:
            yield _made(file, keyword, name, member, more)
            if keyword == "var":
                yield from _fields(name, after, file)


def _names(member: Sequence[Token]) -> tuple[list[str], Sequence[Token]]:
    """`a, b` of `a, b T`, and what comes after."""
    names, place = [member[0].text], 1
    while place < len(member) and member[place].text == ",":
        names.append(member[place + 1].text)
        place += 2
    return names, member[place:]


def _type(member: Sequence[Token], file: str) -> Iterator[Declaration]:
    yield _made(file, "type", member[0].text, member)
    yield from _fields(member[0].text, member[1:], file)


def _fields(owner: str, code: Sequence[Token], file: str) -> Iterator[Declaration]:
    """The fields of the struct, or of the array of structs, that a type is; none of other types."""
    place = 0
    while place < len(code) and code[place].text == "[":
        place = _bracketed(code, place)
    if [token.text for token in code[place : place + 2]] != ["struct", "{"]:
        return
    end = _bracketed(code, place + 1)
    for member in _split(code[place + 2 : end - 1]):
        names, after = _names(member)
        if not after or after[0].text[0] in '."`' or names == ["*"]:
            texts = [token.text for token in member if token.text[0] not in '"`']
            base = texts[: texts.index("[")] if "[" in texts else texts
            names, after = [base[-1]], ()
        for name in names:
            yield _made(file, "field", f"{owner}.{name}", member)
            yield from _fields(f"{owner}.{name}", after, file)
