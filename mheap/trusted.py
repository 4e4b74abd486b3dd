"""What one has to trust of the engines, of the bridge to Go, and of what the claims say.

Assumptions, stand-ins, abstraction functions and unrecorded stores are declared where they belong;
mheap/trustpage.py collects these. Here is what no declaration is needed for.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrustedPiece:
    """A piece that could make a verdict wrong; paths may have wildcards.

    `noticed` names what would turn red: obligations, or files of tests. `beyond` says what nothing
    would notice.
    """

    where: tuple[str, ...]
    what: str
    why: str
    noticed: tuple[str, ...] = ()
    beyond: str = ""


CLAIMS = (
    TrustedPiece(
        ("model/",),
        "Actions are what Go does, and invariants what its comments say.",
        "Each is a few lines, and cites the line of Go.",
        (
            "span_state.runtime_conforms",
            "span_list.runtime_conforms",
            "sweepgen.runtime_conforms",
            "zeroed_base.runtime_conforms",
            "tests/model/test_readings.py",
        ),
        "an action that allows too much, or an invariant that says too little, if no mutant shows it",
    ),
    TrustedPiece(
        ("proofs/port/whole_heap/invariants.py", "proofs/port/whole_heap/walk.py"),
        "Claims about the whole heap say what they are listed for.",
        "Each is a few lines over the port's own state.",
        ("whole_heap.stateful", "tests/meta/test_every_claim_can_fail.py"),
        "a claim that is weaker than its text, but refutes its mutant",
    ),
    TrustedPiece(
        ("proofs/protocols/*/s*.py", "proofs/port/"),
        "Scenarios, random machines and symbolic theorems drive the port as Go's callers do, and say "
        "which action of the model a step of the port is.",
        "The model must allow each step, and the abstraction function must show its state afterwards.",
        (
            "tests/meta/test_every_mutant_is_killed.py",
            "tests/meta/test_meta_green_means_something.py",
        ),
        "a caller, or a combination of threads, that nobody wrote down",
    ),
)

PORT = (
    TrustedPiece(
        ("impl/",),
        "The port is what Go's code is.",
        "Each function cites its own in Go; a difference is one of the two lists below.",
        (
            "differential.same_as_go",
            "pages.replay",
            "tests/test_where_is_what.py",
            "tests/impl/test_port_departures.py",
        ),
        "a difference in what neither an operation of the oracle nor a recording shows",
    ),
    TrustedPiece(
        ("impl/rt/",),
        "Atomics, mutexes, words and simulated memory mean what Go's and the system's do.",
        "They are small, and throw where Go's own checks would.",
        ("differential.same_as_go[heap]", "tests/meta/test_one_lock_order.py"),
        "a system that answers otherwise than the simulated one",
    ),
    TrustedPiece(
        ("impl/",),
        "A field that is declared Const never changes once others see it; one declared Racy takes "
        "effect as a whole.",
        "A second store to a Const field is refused while threads are explored; words are whole in Go.",
        ("tests/harness/test_explored.py", "tests/checker/interleaving/test_substrate.py"),
    ),
)

BRIDGE = (
    TrustedPiece(
        ("golang/hooks.py", "golang/template/"),
        "An event is recorded for each store of a watched variable, with the values that it had.",
        "The hooks are tables, and a scan refuses to record while a store has no hook.",
        ("tests/golang/test_go_scan.py", "sweepgen.altered_recordings_are_rejected"),
        "copies of whole structs, and stores through unsafe pointers",
    ),
    TrustedPiece(
        ("golang/events.py", "golang/page_events.py"),
        "Tickets are in the order of the operations, as far as the monitors rely on it.",
        "The docstrings argue it event by event.",
        (
            "span_state.runtime_conforms_with_delays",
            "span_list.runtime_conforms_with_delays",
            "sweepgen.runtime_conforms_with_delays",
            "zeroed_base.runtime_conforms_with_delays",
            "pages.replay_with_delays",
        ),
        "an order that no run with delays brought about",
    ),
    TrustedPiece(
        ("harness/conformance.py", "proofs/protocols/*/trace.py", "proofs/runtime/pages/"),
        "Monitors take each event for the model's action that it is.",
        "A recording with a single event altered must be rejected.",
        (
            "span_state.altered_recordings_are_rejected",
            "span_list.altered_recordings_are_rejected",
            "sweepgen.altered_recordings_are_rejected",
            "zeroed_base.altered_recordings_are_rejected",
            "pages.altered_recordings_are_rejected",
        ),
        "an event that a monitor takes for a step that is always allowed",
    ),
    TrustedPiece(
        ("golang/oracle/", "proofs/runtime/differential/"),
        "The oracle calls Go's own functions, and both sides read all of the state that matters.",
        "What is read wrong on one side differs from the other.",
        ("differential.same_as_go", "tests/golang/test_go_oracle.py"),
        "state that both sides leave out",
    ),
)

ENGINES = (
    TrustedPiece(
        ("checker/formulas.py",),
        "A formula says what the model's functions say.",
        "It comes from the same functions as the plain reading, by which counterexamples are run again.",
        ("tests/checker/test_model_engines.py", "tests/model/test_readings.py"),
    ),
    TrustedPiece(
        ("checker/plain.py", "checker/reachability.py"),
        "Ordinary Python evaluates the model's functions, in each reachable state.",
        "It is breadth-first search over tuples.",
        ("tests/checker/test_model_engines.py", "tests/model/test_readings.py"),
    ),
    TrustedPiece(
        ("checker/emitted.py",),
        "The text by which a search takes all steps and judges all properties does what the model's "
        "functions do.",
        "It is made from terms of the same functions, and a violation that it finds is looked for by "
        "the functions themselves.",
        ("tests/model/test_emitted.py",),
    ),
    TrustedPiece(
        ("checker/symbolic/", "checker/terms.py", "checker/bitvectors.py"),
        "Python's operators mean on symbolic values what they mean on integers.",
        "Each path without a cut loop is run again by CPython, on inputs that lead along it, and must "
        "execute the same lines.",
        ("tests/checker/symbolic/test_terms.py", "tests/checker/symbolic/test_engine.py"),
    ),
    TrustedPiece(
        ("checker/symbolic/cut.py", "checker/symbolic/interference.py"),
        "An invariant stands for any number of rounds of a loop, a rely for any number of threads.",
        "The rounds are proved to keep the invariant, the model's actions to keep to the rely.",
        (
            "zeroed_base.rely",
            "zeroed_base.symbolic_lemmas",
            "tests/checker/symbolic/test_cut.py",
            "tests/checker/symbolic/test_interference.py",
        ),
    ),
    TrustedPiece(
        ("checker/interleaving/", "harness/explored.py"),
        "Every interleaving of a scenario is explored, under sequential consistency.",
        "It counts what brute force does, and on programs known from elsewhere what GenMC does.",
        (
            "tests/checker/interleaving/test_search.py",
            "tests/checker/interleaving/test_dpor.py",
            "tests/checker/interleaving/test_normalform.py",
            "tests/harness/test_explored_port.py",
        ),
        "what only weaker memory allows",
    ),
    TrustedPiece(
        ("checker/stateful.py",),
        "Hypothesis runs the rules that it says it runs, and shrinks a failure to a real one.",
        "Rules, claims and actions that never ran make a run vacuous, which is no pass.",
        (
            "tests/meta/test_hypothesis_green_means_something.py",
            "tests/checker/test_stateful.py",
        ),
    ),
    TrustedPiece(
        ("checker/contracts.py",),
        "CrossHair, when it confirms a contract, has gone through all paths.",
        "Only what it confirms counts, and a counterexample is run again.",
        (
            "tests/meta/test_crosshair_green_means_something.py",
            "tests/checker/test_contracts.py",
        ),
        "a path that CrossHair loses and no mutant is on",
    ),
    TrustedPiece(
        ("checker/solver.py",),
        "What Z3 calls unsatisfiable is so.",
        "Inductions ask cvc5 as well, and symbolic theorems do where they don't say `cross_check=False`; "
        "what is satisfiable is run again.",
        ("tests/meta/test_meta_green_means_something.py",),
        "a mistake that Z3 and cvc5 share, or one of Z3 where it is asked alone",
    ),
    TrustedPiece(
        ("checker/obligation.py", "checker/plugin.py"),
        "A verdict that is weaker than declared fails the run.",
        "It is one comparison; each way in which a green run could lie is tried.",
        ("tests/meta/test_meta_green_means_something.py", "tests/checker/test_plugin.py"),
    ),
    TrustedPiece(
        (), "CPython, Go's toolchain and the machine do what they should.", "They are used widely."
    ),
)
