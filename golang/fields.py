"""The types that the fields of recorded events have, each with its letter of the struct module.

The two flags live in the flag byte of a record, all others in its payload.
"""

from __future__ import annotations

from typing import Annotated

U64 = Annotated[int, "Q"]
U32 = Annotated[int, "I"]
U16 = Annotated[int, "H"]
U8 = Annotated[int, "B"]
Bool8 = Annotated[bool, "?"]
Flag = Annotated[int, "B", "flag"]
BoolFlag = Annotated[bool, "?", "flag"]
