"""Boxes with a mark each, below which they are used: many threads raise the marks at once."""

from typing import Any

from checker.shared import atomic

SIZE = 64
"""Units in a box."""


class Overlap(Exception):
    """Two threads were given the same units."""


def claim(h: Any, start: int, n: int) -> bool:
    """Raises the marks over the units [start, start + n); says whether any of them was used."""
    used = False
    while n > 0:
        box = h.boxes[start // SIZE]
        low = start % SIZE
        mark = atomic.load(box, "mark")
        if low < mark:
            used = True
        high = low + n
        if high > SIZE:
            high = SIZE
        while high > mark:
            if atomic.compare_and_swap(box, "mark", mark, high):
                break
            mark = atomic.load(box, "mark")
            if mark <= high and mark > low:
                raise Overlap
        start += high - low
        n -= high - low
    return used
