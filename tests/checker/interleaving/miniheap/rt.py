"""The machine of the little port: the plain one."""

from impl.rt import *  # noqa: F403
