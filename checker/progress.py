"""Which obligation is running, at the right of pytest's own line on a terminal.

pytest owns the line. The text is written beside its cursor, which is put back, so that pytest's
next letter overwrites it and nothing has to be redrawn.
"""

from rich.console import Console

_SAVE, _RESTORE = "\x1b7", "\x1b8"
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h"
_ERASE = "\x1b[K"


def beside(text: str) -> None:
    """Show `text` right of the cursor, or erase what is there if it is empty.

    Writes to standard error, and only if that is a terminal which understands it.
    """
    console = Console(stderr=True)
    if not console.is_terminal or console.is_dumb_terminal:
        return
    shown = f"{_SAVE}{_NO_WRAP}  {text}{_WRAP}{_RESTORE}" if text else ""
    console.file.write(_ERASE + shown)
    console.file.flush()
