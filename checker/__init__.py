"""The engines: a library that knows none of the programs it is used on. `README.md` is its guide.

What a user imports, and from where:

| module | to |
|---|---|
| `spec` | write a model: `Machine`, `State`, `Next`, `Truth`, `And`, `Implies`, ... |
| `induction` | `prove` its invariants for any number of elements |
| `reachability` | `check_reachable`: every state of a small instance |
| `shared` | write a program whose threads share memory: `Struct`, `Atomic`, `Mutex`, `Plain`, ... |
| `binding` | `Binding`: run its source over another substrate, with an `Edit` or a stand-in |
| `mutation` | `Mutant`: a planted bug that a check must find |
| `interleaving` | `explored`, `Scenario`, `check_interleavings`, `check_races`, `check_refinement` |
| `symbolic` | `prove` a claim about one operation on every path; `sample` it |
| `refinement` | `Abstraction`: how the program's state shows the model's |
| `stateful` | `Comparison`, `check_stateful`: random runs beside the model |
| `exercise` | `Exercise`: random runs without a model |
| `contracts` | `Contract`, `check_contract`: pure functions |
| `plain` | `Instance`: the model on plain values |
| `monitor` | `Monitor`: the same along a trace of a real system |
| `verdict` | `Verdict`, `Grade`: what was established |
| `counterexample` | `Counterexample`: how it fails |
| `assumption` | `Assumption`: what a verdict takes for granted |
| `obligation`, `settings`, `plugin` | declare what must be shown, in pytest |

All other modules are theirs, and may change.
"""

__all__ = [
    "assumption",
    "binding",
    "contracts",
    "counterexample",
    "exercise",
    "induction",
    "interleaving",
    "monitor",
    "mutation",
    "obligation",
    "plain",
    "plugin",
    "reachability",
    "refinement",
    "settings",
    "shared",
    "spec",
    "stateful",
    "symbolic",
    "verdict",
]
