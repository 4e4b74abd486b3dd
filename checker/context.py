"""Who runs the code under proof right now: the only changing state outside an engine's own objects.

That code runs as it is, so it cannot be handed an engine. Its symbolic values, its explored objects
and its cut loops look here for the one that runs them. Each OS thread has its own: two of them may
run two engines. Greenlets of one OS thread share it, which is why it is no ContextVar: the explorer
runs each explored thread in a greenlet, and all of them have the explorer's host.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.interleaving.requests import Host
    from checker.symbolic.cut import CutsInForce
    from checker.words import Forker


class Context(threading.local):
    """The engines that run in this OS thread; None is none."""

    forker: "Forker | None" = None
    """Decides symbolic conditions."""
    cuts: "CutsInForce | None" = None
    """The invariants of the cut loops."""
    host: "Host | None" = None
    """Answers the requests of explored code."""


CONTEXT = Context()


@contextmanager
def acting(role: str, engine: Any) -> Iterator[None]:
    """Within the block `engine` has this role in the context."""
    previous = getattr(CONTEXT, role)
    setattr(CONTEXT, role, engine)
    try:
        yield
    finally:
        setattr(CONTEXT, role, previous)
