"""Chains of Clamps of any length, as one.

    clamp(clamp(x, a, b), c, d) -> clamp(x, max(a, c), min(b, d))         where the ranges overlap

A pattern has a fixed size and a chain has none, so this is a pass.
"""

from __future__ import annotations

from dragoman.graph.graph import Graph, Node
from dragoman.rules.editor import Editor
from dragoman.rules.rule import Pass


class MergeClamps(Pass):
    """clamp(clamp(x, a, b), c, d) -> clamp(x, max(a, c), min(b, d))."""

    phase = "target"

    def run(self, graph: Graph, context: Editor) -> int:
        """From the input on; a Clamp that was merged is read by the next one of its chain."""
        merged = 0
        for node in list(context.nodes()):
            if node.graph is not graph or _obstacle(node, context):
                continue
            first = node.input(0).producer
            low = max(first.attrs.min, node.attrs.min)
            high = min(first.attrs.max, node.attrs.max)
            op = context.builder(node, node.origin)
            context.replace(node.out, op.Clamp(first.input(0), min=low, max=high))
            context.prune([node])
            merged += 1
        return merged

    def explain(self, node: Node, context: Editor) -> list[str]:
        """Why this node stays."""
        reason = _obstacle(node, context)
        return [reason] if reason else []


def _obstacle(node: Node, context: Editor) -> str:
    """Why a node cannot be merged with what it reads; empty where it can."""
    if node.op != "Clamp":
        return f"{node.name} is a {node.op}, and no Clamp"
    first = node.input(0).producer
    if first.op != "Clamp":
        return f"{node.name} reads a {first.op}, and no Clamp"
    if len(first.out.uses) > 1 or context.leaves(first.out):
        return f"{first.name} is read elsewhere, too"
    if max(first.attrs.min, node.attrs.min) >= min(first.attrs.max, node.attrs.max):
        return f"the ranges of {first.name} and {node.name} do not overlap"
    return ""
