"""How counterexamples of the comparison with Go's own code are run again."""

from collections.abc import Sequence
from typing import Any

from checker.binding import Binding
from golang.oracle import Op, Oracle, build_oracle
from golang.toolchain import find_go
from harness.recording import BUILD
from harness.replay import CannotReplay, Replayer, ReplayResult, register
from proofs.runtime.differential.compare import Differential, tell
from proofs.runtime.differential.subjects import SHARES


def replay_on(kind: type[Differential]) -> Replayer:
    """The harness of one subject: the choices are the requests."""

    def replay(choices: Sequence[Any], variant: str) -> ReplayResult:
        mutants = {each.name: each for each in kind.mutants}
        if variant and variant not in mutants:
            known = ", ".join(mutants)
            remedy = f"was the file written by another version? there are {known}"
            raise CannotReplay(f"there is no mutant {variant!r}", remedy)
        port = mutants[variant].bind("impl") if variant else Binding("impl")
        requests = [(Op[name], *arguments) for name, *arguments in choices]
        with Oracle(build_oracle(find_go(), BUILD / "go", kind.edits)) as oracle:
            story = tell(oracle, kind, port, requests, variant)
        if story is None:
            return ReplayResult(False, "the run ends, and the port and Go agree all along")
        return ReplayResult(True, story.text())

    return replay


for each in SHARES:
    register(f"differential/{each.name}", replay_on(each))
