"""The substrate of the little port."""

from checker.shared import *  # noqa: F403
