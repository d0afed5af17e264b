"""What a conversion says of custom ops that Python functions compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.ir.owners import extension_ops
from dragoman.offload.run import OP

if TYPE_CHECKING:
    from dragoman.graph.graph import Graph
    from dragoman.plugins import PluginHost


def python_hint(graph: Graph, host: PluginHost) -> str:
    """One line for the user; empty when no custom op of the target graph has a runtime op. Offload tells its own."""
    kinds = [op for op in extension_ops(graph) if op != OP]
    if not kinds:
        return ""
    by_plugin: dict[str, list[str]] = {}
    for owner, item in host.runtime_ops(kinds):
        by_plugin.setdefault(str(host.owner(owner)), []).append(item.op)
    if not by_plugin:
        return ""
    told = ", ".join(f"{', '.join(sorted(ops))} by the plugin {owner}" for owner, ops in sorted(by_plugin.items()))
    count = sum(map(len, by_plugin.values()))
    return f"custom op{'s' * (count > 1)}: {told}; this IR needs Python at inference: dragoman.runtime.load"
