"""Who runs the code under proof right now: the only changing state outside an engine's own objects.

That code runs as it is, so it cannot be handed an engine. Its symbolic values, its explored objects
and its cut loops look here for the one that runs them. Each OS thread has its own: two of them may
run two engines. Greenlets of one OS thread share it, which is why it is no ContextVar: the explorer
runs each explored thread in a greenlet, and all of them have the explorer's host.
"""

import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from checker.bitvectors import Forker
    from checker.interleaving.requests import Host
    from checker.symbolic.cut import CutsInForce


class Context(threading.local):
    """The engines that run in this OS thread; None is none."""

    forker: "Forker | None" = None
    """Decides symbolic conditions."""
    cuts: "CutsInForce | None" = None
    """The invariants of the cut loops."""
    host: "Host | None" = None
    """Answers the requests of explored code."""


CONTEXT = Context()


class acting(AbstractContextManager[None]):  # noqa: N801  # used like a function
    """Within the block `engine` has this role in the context."""

    __slots__ = ("engine", "previous", "role")

    def __init__(self, role: str, engine: Any) -> None:
        self.role, self.engine = role, engine

    def __enter__(self) -> None:
        self.previous = getattr(CONTEXT, self.role)
        setattr(CONTEXT, self.role, self.engine)

    def __exit__(self, *error: object) -> None:
        setattr(CONTEXT, self.role, self.previous)
