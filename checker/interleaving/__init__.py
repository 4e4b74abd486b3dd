"""Exploring all interleavings of threads that run the port's own code.

    port = Binding("impl", machine=EXPLORED, transform=normal_form)     # machine, normalform
    scenario = Scenario("two allocations", setup)                       # scenario
    result = explore(scenario, port, simulation)                        # search: every state
    races = find_races(scenario, port)                                  # races: every trace

The layers, each using those before it: values, requests, structs, words, machine (what the port
runs on); lowering, liveness, normalform (how its source is rewritten); automaton (a thread as a
graph); memory, observe, paths, search (all states, in product with a model); dpor, races.
"""
