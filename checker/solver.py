"""The one door to the solvers.

Every question goes through `solve`, which bounds the work by Z3's own resource count rather than by
wall time (so that the answer does not depend on what else the machine does) and returns one of
three statuses. Callers decide what "unknown" means to them; nobody can mistake it for success,
because `Answer` has no truth value.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cvc5
import z3

Status = Literal["sat", "unsat", "unknown"]
DEFAULT_RLIMIT = 20_000_000

_DECLARED = re.compile(r"^\(declare-fun (\S+)", re.MULTILINE)
_SIMPLE = re.compile(r"[A-Za-z~!@$%^&*_+=<>.?/-][\w~!@$%^&*+=<>.?/-]*")
_RESERVED = frozenset(
    [
        "_",
        "!",
        "as",
        "exists",
        "forall",
        "lambda",
        "let",
        "match",
        "par",
        "BINARY",
        "DECIMAL",
        "HEXADECIMAL",
        "NUMERAL",
        "STRING",
    ]
)
"""Words of SMT-LIB that are no symbols."""


@dataclass(frozen=True)
class Answer:
    """What the solver said. `core` names the tracked assertions an "unsat" needed.

    `rlimit_used` is the work of this one question, in the units of `solve`'s `rlimit`.
    """

    status: Status
    model: Any = None
    core: frozenset[str] = frozenset()
    reason: str = ""
    rlimit_used: int = 0

    def __bool__(self) -> bool:
        raise TypeError("an Answer has three outcomes: compare its status")


def solve(
    assertions: Sequence[Any],
    *,
    tracked: Mapping[str, Any] | None = None,
    logic: str | None = None,
    rlimit: int = DEFAULT_RLIMIT,
    seed: int = 0,
) -> Answer:
    """Asks Z3 whether the assertions, with the tracked ones, have a model.

    `rlimit` bounds the work in Z3's resource units; `logic` picks a specialised solver.
    """
    solver = z3.SolverFor(logic) if logic else z3.Solver()
    return _answer(_prepared(solver, assertions, tracked or {}, rlimit, seed))


class Questions:
    """Several questions with most assertions in common, which are handed over once.

    The answers are those of `solve`: what is not answered "unsat" here is asked there.
    """

    def __init__(
        self,
        assertions: Sequence[Any],
        tracked: Mapping[str, Any],
        *,
        rlimit: int = DEFAULT_RLIMIT,
        seed: int = 0,
    ) -> None:
        self._assertions, self._tracked = assertions, tracked
        self._rlimit, self._seed = rlimit, seed
        self._solver = _prepared(z3.Solver(), assertions, tracked, rlimit, seed)

    def ask(self, more: Any) -> Answer:
        """Whether the assertions have a model in which this one holds as well."""
        self._solver.push()
        self._solver.add(more)
        answer = _answer(self._solver)
        self._solver.pop()
        if answer.status == "unsat":
            return answer
        return solve(
            [*self._assertions, more], tracked=self._tracked, rlimit=self._rlimit, seed=self._seed
        )


def _prepared(
    solver: Any, assertions: Sequence[Any], tracked: Mapping[str, Any], rlimit: int, seed: int
) -> Any:
    solver.set("random_seed", seed)
    solver.set("rlimit", rlimit)
    solver.add(*assertions)
    for name, assertion in tracked.items():
        solver.assert_and_track(assertion, z3.Bool(f"assume:{name}"))
    return solver


def _answer(solver: Any) -> Answer:
    before = _rlimit_count(solver)
    result = solver.check()
    used = _rlimit_count(solver) - before
    if result == z3.sat:
        return Answer("sat", model=solver.model(), rlimit_used=used)
    if result == z3.unsat:
        core = frozenset(
            str(name).strip("|").removeprefix("assume:") for name in solver.unsat_core()
        )
        return Answer("unsat", core=core, rlimit_used=used)
    return Answer("unknown", reason=solver.reason_unknown(), rlimit_used=used)


def second_opinion(assertions: Sequence[Any], *, rlimit: int = 2_000_000) -> Status:
    """Asks cvc5 the same question, handed over as SMT-LIB text.

    Finite model finding answers most questions about uninterpreted sorts; arithmetic under
    quantifiers wants the ordinary instantiation, which is tried next.
    """
    text = _smt2(assertions)
    if not all(map(_readable, _DECLARED.findall(text))):
        text = _smt2(_plainly_named(assertions))
    text = "(set-logic ALL)\n" + text
    status = _ask_cvc5(text, rlimit, {"finite-model-find": "true"})
    return status if status != "unknown" else _ask_cvc5(text, rlimit, {})


def _ask_cvc5(text: str, rlimit: int, options: Mapping[str, str]) -> Status:
    other = cvc5.Solver()
    for name, value in {"rlimit": str(rlimit), **options}.items():
        other.setOption(name, value)
    parser = cvc5.InputParser(other)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    symbols = parser.getSymbolManager()
    while True:
        command = parser.nextCommand()
        if command.isNull():
            raise RuntimeError("cvc5 was handed a question without (check-sat)")
        said = command.invoke(other, symbols).split()
        if said and said[0] in ("sat", "unsat", "unknown"):
            status: Status = said[0]
            return status


def version() -> str:
    """The main solver and its version, as recorded with each verdict."""
    return f"z3 {z3.get_version_string()}"


def _smt2(assertions: Sequence[Any]) -> str:
    solver = z3.Solver()
    solver.add(*assertions)
    text: str = solver.to_smt2()
    return text


def _readable(name: str) -> bool:
    """Whether every solver reads a name as Z3 writes it."""
    return bool(_SIMPLE.fullmatch(name)) and name not in _RESERVED


def _plainly_named(assertions: Sequence[Any]) -> list[Any]:
    """The assertions with every free constant and function renamed to free$0, free$1, ...

    Z3 takes any text for a name and writes some of them ("x'", "let") as no other solver reads them.
    """
    constants, functions = [], []
    for number, each in enumerate(_free_names(assertions)):
        name = f"free${number}"
        if each.arity() == 0:
            constants.append((each(), z3.Const(name, each.range())))
        else:
            domains = [each.domain(i) for i in range(each.arity())]
            other = z3.Function(name, *domains, each.range())
            functions.append((each, other(*(z3.Var(i, s) for i, s in enumerate(domains)))))
    renamed = [z3.substitute(each, *constants) for each in assertions]
    return [z3.substitute_funs(each, *functions) if functions else each for each in renamed]


def _free_names(assertions: Sequence[Any]) -> list[Any]:
    """The declarations of the constants and functions that no theory interprets."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    waiting = list(assertions)
    while waiting:
        term = waiting.pop()
        if term.get_id() in seen:
            continue
        seen.add(term.get_id())
        if z3.is_app(term) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            found[term.decl().get_id()] = term.decl()
        waiting += [term.body()] if z3.is_quantifier(term) else term.children()
    return [found[each] for each in sorted(found)]


def _rlimit_count(solver: Any) -> int:
    """Z3's count of resource units; it runs on from question to question."""
    statistics = solver.statistics()
    counted = "rlimit count" in list(statistics.keys())
    return int(statistics.get_key_value("rlimit count")) if counted else 0
