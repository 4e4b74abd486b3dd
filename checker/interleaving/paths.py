"""Questions about a finished state graph: how many ways through it, and can each state end?"""

from collections.abc import Sequence

Graph = Sequence[Sequence[int]]
"""Successors of each state, once per step; state 0 is the initial one."""


def count_paths(graph: Graph) -> int | None:
    """The number of ways from state 0 to a state without successors; None if there is a cycle."""
    entries = [0] * len(graph)
    for targets in graph:
        for target in targets:
            entries[target] += 1
    ways = [0] * len(graph)
    ways[0] = 1
    ready, done, total = [0] if not entries[0] else [], 0, 0
    while ready:
        state = ready.pop()
        done += 1
        if not graph[state]:
            total += ways[state]
        for target in graph[state]:
            ways[target] += ways[state]
            entries[target] -= 1
            if not entries[target]:
                ready.append(target)
    return total if done == len(graph) else None


def dead_ends(graph: Graph) -> list[int]:
    """The states from which no state without successors can be reached, in order."""
    sources: list[list[int]] = [[] for _ in graph]
    for source, targets in enumerate(graph):
        for target in targets:
            sources[target].append(source)
    alive = {state for state, targets in enumerate(graph) if not targets}
    pending = list(alive)
    while pending:
        for source in sources[pending.pop()]:
            if source not in alive:
                alive.add(source)
                pending.append(source)
    return [state for state in range(len(graph)) if state not in alive]
