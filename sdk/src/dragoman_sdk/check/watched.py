"""A plugin host that notes each call of one plugin's hooks and extractors, and what they change behind one's back."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

from dragoman.discovery import EntryPoint, installed_entry_points
from dragoman.frontends.layer import Layer
from dragoman.frontends.registry import Extractor, ExtractorTable
from dragoman.graph.graph import Graph, Node
from dragoman.graph.text import graph_text, node_text
from dragoman.graph.walk import walk
from dragoman.plugins import PluginHost
from dragoman.session import Result
from dragoman_sdk.check.log import Log, place, told

#: hooks that may only look
OBSERVERS = frozenset({
    "dragoman_stage_finished", "dragoman_conversion_finished", "dragoman_report_sections", "dragoman_infer_shape",
})  # fmt: skip


class WatchedHost(PluginHost):
    """All installed plugins, one of them watched.

    Args:
        watched: the plugin's name.
        log: gets a step for each call.
        skipped: hooks that did not come back before, and are not called again.
    """

    def __init__(self, watched: str, log: Log, skipped: frozenset[str]) -> None:
        self.watched = watched
        self.log = log
        self.skipped = skipped
        points = [self._noted(p) if p.name == watched else p for p in installed_entry_points()]
        super().__init__(points, only={p.name for p in points})

    def _noted(self, point: EntryPoint) -> EntryPoint:
        def load() -> Any:
            with self.log.step("load"):
                return point.load()

        return dataclasses.replace(point, load=load)

    def _invoke(self, impl: Any, hook: str, arguments: Mapping[str, Any]) -> Any:
        if impl.plugin_name != self.watched:
            return super()._invoke(impl, hook, arguments)
        if hook in self.skipped:
            return None
        before = _prints(arguments) if hook in OBSERVERS else {}
        with self.log.step(hook):
            try:
                answer = super()._invoke(impl, hook, arguments)
                if hook.startswith(("dragoman_register_", "dragoman_report_")) and answer is not None:
                    answer = list(answer)
            except Exception as error:
                self.log.find("error", hook, f"it raised {told(error)}", place(error))
                raise
        for name, text in before.items():
            if _print(arguments[name]) != text:
                self.log.find("error", hook, f"it changed its argument {name!r}, which it may only look at",
                              "a rule (dragoman_register_rules) may change the graph")  # fmt: skip
        return answer

    def _extractor_table(self, framework: str) -> ExtractorTable:
        table = ExtractorTable()
        for owner, entry in super()._extractor_table(framework).entries():
            table.add(owner, self._watch(entry) if owner == self.watched else entry)
        return table

    def _watch(self, entry: Extractor) -> Extractor:
        function: Callable[..., Any] = entry.function

        @functools.wraps(function)
        def watched(layer: Layer, *rest: Any) -> Any:
            before = node_text(layer.node)
            with self.log.step(f"extractor {entry.framework}:{entry.op}"):
                answer = function(layer, *rest)
            if node_text(layer.node) != before:
                self.log.find("error", f"extractor {entry.framework}:{entry.op}", "it changed the source layer",
                              "copy an attribute before changing it")  # fmt: skip
            return answer

        return dataclasses.replace(entry, function=watched)


def _prints(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: text for name, value in arguments.items() if (text := _print(value))}


def _graph_print(graph: Graph) -> str:
    """Nodes, types and names, and which tensors the constants hold."""
    return graph_text(graph) + " ".join(str(id(node.tensor)) for node in walk(graph) if node.tensor is not None)


def _print(value: Any) -> str:
    """What must stay as it is."""
    if isinstance(value, Result):
        return _graph_print(value.graph)
    if isinstance(value, Graph):
        return _graph_print(value)
    if isinstance(value, Node):
        return node_text(value)
    return repr(dict(value.options)) if hasattr(value, "options") else ""
