"""The parts of If, Loop and TensorIterator layers that tie their ports to the layers of their bodies."""

from __future__ import annotations

from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Node


def prefix_of(body_name: str) -> str:
    """``then_`` for ``then_body``, nothing for ``body``: how the elements and the op's ``ports`` begin."""
    return "" if body_name == "body" else body_name.removesuffix("_body") + "_"


def ports_of(node: Node, body_name: str) -> BodyPorts:
    """The connections of one body of a node."""
    ports: BodyPorts = getattr(node.attrs, prefix_of(body_name) + "ports")
    return ports


def port_map(node: Node, body: Graph, name: str, ids: dict[int, int], tab: str) -> str:
    """``<port_map>`` and ``<back_edges>`` of one body, whose layers have the numbers ``ids``, Results following."""
    ports = ports_of(node, name)
    prefix = prefix_of(name)
    entry = [ids[id(v.producer)] for v in body.inputs]
    leave = len(ids)
    lines = [f"{tab}<{prefix}port_map>\n"]
    for m in ports.inputs:
        lines.append(_line(tab, "input", _slices(m), m.external, entry[m.internal]))
    for m in ports.outputs:
        lines.append(_line(tab, "output", _slices(m), len(node.inputs) + m.external, leave + m.internal))
    if ports.iteration is not None:
        lines.append(_line(tab, "input", "", -1, entry[ports.iteration], ' purpose="current_iteration"'))
    if ports.condition is not None:
        lines.append(_line(tab, "output", "", -1, leave + ports.condition, ' purpose="execution_condition"'))
    lines.append(f"{tab}</{prefix}port_map>\n")
    if ports.back_edges:
        lines.append(f"{tab}<back_edges>\n")
        for source, target in ports.back_edges:
            lines.append(f'{tab}\t<edge from-layer="{leave + source}" to-layer="{entry[target]}" />\n')
        lines.append(f"{tab}</back_edges>\n")
    return "".join(lines)


def _line(tab: str, kind: str, slices: str, external: int, internal: int, purpose: str = "") -> str:
    return f'{tab}\t<{kind} {slices}external_port_id="{external}" internal_layer_id="{internal}"{purpose} />\n'


def _slices(m: PortMap) -> str:
    if m.axis is None:
        return ""
    return f'axis="{m.axis}" start="{m.start}" end="{m.end}" stride="{m.stride}" part_size="{m.part_size}" '
