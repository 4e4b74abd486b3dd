"""What ties the engines to this port: bindings, refinements, recordings, monitors and replays.

`checker/` knows no page heap and no Go; `proofs/` holds theorems only. What the theorems share lies
here: how the port is bound for each engine, how it is compared with a model, how a recording of the
real runtime is read, how a counterexample is run again, and the stand-ins for modules whose inside
would multiply the states of everything that uses them.
"""
