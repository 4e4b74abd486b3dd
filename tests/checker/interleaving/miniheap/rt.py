"""The machine of the little port."""

from checker.shared import *  # noqa: F403
