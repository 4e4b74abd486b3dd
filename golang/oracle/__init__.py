"""The oracle: Go's own page heap code, driven by our requests.

A program is built on the installed runtime with a few files of ours added to package runtime
(build). It does one operation after another on the runtime's own data structures (ops) and answers
the results and the whole state, or its hash (client).
"""

from golang.oracle.build import build_oracle
from golang.oracle.client import HASH, RESULTS, STATE, Oracle, OracleAnswer, OracleDied, state_hash
from golang.oracle.ops import NOTHING, Op

__all__ = [
    "HASH",
    "NOTHING",
    "RESULTS",
    "STATE",
    "Op",
    "Oracle",
    "OracleAnswer",
    "OracleDied",
    "build_oracle",
    "state_hash",
]
