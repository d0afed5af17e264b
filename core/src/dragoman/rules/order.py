"""The order of rules inside a phase: ``after`` and ``before`` first, then the name."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import TypeVar

from dragoman.errors import RuleError
from dragoman.rules.rule import Transformation

_T = TypeVar("_T", bound=Transformation)


def ordered(rules: Sequence[_T]) -> list[_T]:
    """Sorted; RuleError D504 prints the loop when the demands contradict each other. Unknown names do not matter."""
    by_name = {r.name: r for r in rules}
    earlier: dict[str, set[str]] = {n: set() for n in by_name}
    for rule in rules:
        earlier[rule.name] |= {n for n in rule.after if n in by_name}
        for name in rule.before:
            if name in by_name:
                earlier[name].add(rule.name)
    later: dict[str, list[str]] = {n: [] for n in by_name}
    for name, needed in earlier.items():
        for n in needed:
            later[n].append(name)
    waiting = {n: len(needed) for n, needed in earlier.items()}
    ready = [n for n, count in waiting.items() if not count]
    heapq.heapify(ready)
    out: list[_T] = []
    while ready:
        name = heapq.heappop(ready)
        out.append(by_name[name])
        for n in later[name]:
            waiting[n] -= 1
            if not waiting[n]:
                heapq.heappush(ready, n)
    if len(out) < len(by_name):
        done = {r.name for r in out}
        raise _loop({n: needed - done for n, needed in earlier.items() if n not in done})
    return out


def _loop(earlier: Mapping[str, set[str]]) -> RuleError:
    path = [min(earlier)]
    while len(set(path)) == len(path):
        path.append(min(earlier[path[-1]]))
    loop = path[path.index(path[-1]) :]
    text = " after ".join(loop)
    return RuleError("D504", f"rules demand an order that is a loop: {text}", "", "change their after= and before=")
