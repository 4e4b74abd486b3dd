"""What a Go name is called in the port: one rule, and what differs from it for a reason.

The words of a Go name begin at its capitals. A function, a field and a local are those words in lower
case, a constant in upper case; what the platform decides is a lower-case member of Config. A type keeps
its name, with a capital first. `allocNeedsZero` is `alloc_needs_zero`, `freeindex` is `freeindex`,
`pageAlloc` is `PageAlloc`.
"""

import re

from golang.declarations import Declaration

OTHERWISE: dict[str, tuple[str, str]] = {
    "_GCoff": ("GC_OFF", "GC is a word"),
    "_GCmark": ("GC_MARK", "GC is a word"),
    "_GCmarktermination": ("GC_MARK_TERMINATION", "GC is a word"),
    "isNaN": ("is_nan", "NaN is a word"),
    "pinner": ("PinnerRefs", "Go has a Pinner too"),
    "g.m": ("getm", "there is no g around the running thread"),
}
"""Names that the rule would spoil, and why."""

_WORD = re.compile(r"(?<=[^_])(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])")


def snake(go: str) -> str:
    """The words of a Go name in lower case."""
    return _WORD.sub("_", go.lstrip("_")).lower()


def port_names(declaration: Declaration) -> tuple[str, ...]:
    """What the counterpart may be called, without the class that it may stand in."""
    owner, _, name = declaration.name.rpartition(".")
    if (otherwise := OTHERWISE.get(declaration.name)) is not None:
        return (otherwise[0],)
    if declaration.kind == "type":
        bare = name.lstrip("_")
        return (bare[0].upper() + bare[1:],)
    if declaration.kind in ("const", "var"):
        return (snake(name).upper(), snake(name))
    if declaration.kind == "func" and owner:
        # A type that is an integer in the port has no class: its methods are functions.
        return (snake(name), f"{snake(owner)}_{snake(name)}")
    return (snake(name),)
