"""Which layers the user wants to run in their own framework: by type, or by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dragoman.errors import UsageError, did_you_mean
from dragoman.graph.graph import CONSTANT, INPUT, Graph, Node
from dragoman.graph.walk import walk

#: names that are compared when one is not found
_COMPARED = 2000


def layers_of(graph: Graph) -> list[Node]:
    """The layers of a source graph itself, those in bodies left out."""
    return [n for n in graph if n.op not in (INPUT, CONSTANT)]


def matches(pattern: str, node: Node) -> bool:
    """The pattern is the layer's type (with or without domain), or fits its whole name as a regular expression."""
    return pattern in (node.op, node.op.rpartition(":")[2]) or re.fullmatch(pattern, node.name) is not None


def choose(graph: Graph, patterns: Iterable[str]) -> dict[Node, str]:
    """The layers that match, with the pattern that does; UsageError D110 for a pattern that fits none."""
    layers = layers_of(graph)
    found: dict[Node, str] = {}
    for pattern in patterns:
        chosen = [n for n in layers if matches(pattern, n)]
        if not chosen:
            raise _no_match(graph, layers, pattern)
        for node in chosen:
            found.setdefault(node, pattern)
    return found


def _no_match(graph: Graph, layers: Sequence[Node], pattern: str) -> UsageError:
    what = f"no layer is of the type {pattern!r}, and the name of none matches it"
    for owner in layers:
        for body in owner.bodies.values():
            inner = next((n for n in walk(body) if matches(pattern, n)), None)
            if inner is not None:
                hint = f"offload {owner!r}, in whose body {inner!r} stands: --offload {re.escape(owner.name)!r}"
                return UsageError("D110", what, "offload", hint)
    names = dict.fromkeys([*(n.op for n in layers), *(n.name for n in layers[:_COMPARED])])
    hint = did_you_mean(pattern, list(names)) or "list the layers with dragoman plan MODEL --json"
    return UsageError("D110", what, "offload", hint)
