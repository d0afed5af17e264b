"""Which plugin an extension op of an IR is from: kept in the model's ``<rt_info>``, read when the IR is loaded to run.

<rt_info><dragoman><extension_ops>
    <SoftClip><plugin value="acme"/><distribution value="dragoman-acme"/><version value="1.2"/></SoftClip>
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from dragoman.graph.graph import Graph
from dragoman.graph.walk import walk
from dragoman.ops.define import Op

#: where the record lies in the model's rt_info
GROUP, OPS = "dragoman", "extension_ops"


@dataclasses.dataclass(frozen=True)
class Owner:
    """A plugin and the distribution that it came in; both texts of the latter are empty for a plugin without one."""

    plugin: str
    distribution: str = ""
    version: str = ""

    def __str__(self) -> str:
        package = f"{self.distribution} {self.version}".strip()
        return f"{self.plugin} ({package})" if package else self.plugin


def extension_ops(graph: Graph) -> list[str]:
    """The types of the custom layers of a graph and its bodies, sorted."""
    return sorted({n.attrs.xml_type for n in walk(graph) if isinstance(n.attrs, Op) and n.attrs.version == "extension"})


def record_owners(graph: Graph, owner_of: Callable[[str], Owner | None]) -> None:
    """Note in the model's rt_info where each custom op is from; what is there of ops without owner stays."""
    found = {op: owner for op in extension_ops(graph) if (owner := owner_of(op)) is not None}
    if not found:
        return
    info = graph.info.setdefault("rt_info", {})
    group = _group(_group(info, GROUP), OPS)
    group.update({op: dataclasses.asdict(owner) for op, owner in found.items()})


def _group(info: dict[str, object], name: str) -> dict[str, object]:
    held = info.get(name)
    if not isinstance(held, dict):
        held = info[name] = {}
    return held


def recorded_owners(info: Mapping[str, object]) -> dict[str, Owner]:
    """What a model's rt_info says of its custom ops, by type; entries of another form are left out."""
    found: dict[str, Owner] = {}
    group = info.get(GROUP)
    ops = group.get(OPS) if isinstance(group, Mapping) else None
    for op, entry in ops.items() if isinstance(ops, Mapping) else ():
        if isinstance(entry, Mapping) and isinstance(plugin := entry.get("plugin"), str):
            found[op] = Owner(plugin, str(entry.get("distribution", "")), str(entry.get("version", "")))
    return found
