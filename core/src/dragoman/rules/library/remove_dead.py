"""Nodes that no output needs go away; inputs of the model and ops with an effect stay."""

from __future__ import annotations

from dragoman.graph.graph import Graph
from dragoman.rules.editor import Editor
from dragoman.rules.rule import Pass


class RemoveDead(Pass):
    """Removes what nothing reads."""

    def run(self, graph: Graph, context: Editor) -> int:
        return context.prune([n for n in context.nodes() if not any(v.uses for v in n.outputs)])


class RemoveDeadLayers(RemoveDead):
    """The same before extraction, so that a layer that does not matter needs no extractor."""

    phase = "source"
