"""Writes a target graph as IR v11 (or v10): every attribute, every tensor name, stable bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path

from dragoman.files import OutputFile, output_pair
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import Interval
from dragoman.ir.weights import WeightsWriter

Emit = Callable[[str], object]
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
    | {chr(c): f"\\x{c:02x}" for c in range(32) if chr(c) not in "\n\r\t"}
)


def escape(text: str) -> str:
    """XML attribute text; control characters, which XML cannot hold, become ``\\x01``."""
    return text.translate(_ESCAPES) if not text.isalnum() else text


def write_ir(graph: Graph, folder: Path, name: str, *, version: int = 11) -> Path:
    """Write ``folder/name.xml`` and ``.bin`` together or not at all; returns the path of the ``.xml``.

    Raises OutputError (D8xx) when the folder cannot be written or is full.
    """
    xml = folder / f"{name}.xml"
    with output_pair(xml, folder / f"{name}.bin") as (text, data):
        stream = io.TextIOWrapper(text, encoding="utf-8", newline="\n", write_through=False)
        IrWriter(WeightsWriter(data), version).net(graph, name, stream.write)
        stream.flush()
        stream.detach()
    return xml


def ir_bytes(graph: Graph, name: str = "model", *, version: int = 11) -> tuple[bytes, bytes]:
    """The pair in memory: (xml, bin)."""
    data = io.BytesIO()
    parts: list[str] = []
    IrWriter(WeightsWriter(OutputFile(data)), version).net(graph, name, parts.append)
    return "".join(parts).encode(), data.getvalue()


class IrWriter:
    """Emits ``<net>`` text piece by piece while the weights stream into the ``.bin``."""

    def __init__(self, weights: WeightsWriter, version: int = 11) -> None:
        self.weights = weights
        self.version = version

    def net(self, graph: Graph, name: str, emit: Emit) -> None:
        """The whole document."""
        emit('<?xml version="1.0"?>\n')
        emit(f'<net name="{escape(name)}" version="{self.version}">\n')
        self._content(graph, emit, "\t")
        emit("</net>\n")

    def _content(self, graph: Graph, emit: Emit, tab: str) -> None:
        ids = {id(node): i for i, node in enumerate(graph)}
        edges: list[str] = []
        emit(f"{tab}<layers>\n")
        for node in graph:
            self._layer(node, ids[id(node)], emit, tab + "\t")
            for slot, value in enumerate(node.inputs):
                if value is not None:
                    edges.append(_edge(ids, value, ids[id(node)], slot))
        for k, value in enumerate(graph.outputs):
            self._result(graph, k, value, len(ids) + k, emit, tab + "\t")
            edges.append(_edge(ids, value, len(ids) + k, 0))
        emit(f"{tab}</layers>\n{tab}<edges>\n")
        for text in edges:
            emit(f"{tab}\t{text}")
        emit(f"{tab}</edges>\n")
        emit(f"{tab}<rt_info />\n")

    def _layer(self, node: Node, number: int, emit: Emit, tab: str) -> None:
        attrs = node.attrs
        emit(
            f'{tab}<layer id="{number}" name="{escape(node.name)}" type="{attrs.xml_type}" version="{attrs.version}">\n'
        )
        data = attrs.xml()
        if node.tensor is not None:
            offset, size = self.weights.put(node.tensor)
            shape = ",".join(map(str, node.tensor.shape))
            data = {"element_type": node.tensor.dtype.name, "shape": shape, "offset": str(offset), "size": str(size)}
        if data:
            emit(f"{tab}\t<data {_fields(data)} />\n")
        self._rt_info(((k, v) for k, v in node.info.items() if k != "layout"), emit, tab + "\t")
        if node.inputs:
            emit(f"{tab}\t<input>\n")
            for slot, value in enumerate(node.inputs):
                if value is not None:
                    emit(_port(slot, value, tab + "\t\t", named=False))
            emit(f"{tab}\t</input>\n")
        if node.outputs:
            emit(f"{tab}\t<output>\n")
            for k, value in enumerate(node.outputs):
                layout = {"layout": node.info["layout"]} if "layout" in node.info else {}
                emit(_port(len(node.inputs) + k, value, tab + "\t\t", info=layout))
            emit(f"{tab}\t</output>\n")
        if attrs.body_names:
            self._bodies(node, emit, tab + "\t")
        emit(f"{tab}</layer>\n")

    def _result(self, graph: Graph, k: int, value: Value, number: int, emit: Emit, tab: str) -> None:
        names: list[str] = graph.info.get("result_names", [])
        name = names[k] if k < len(names) else (value.names[0] if value.names else value.producer.name) + "/sink_port_0"
        emit(f'{tab}<layer id="{number}" name="{escape(name)}" type="Result" version="opset1">\n')
        port = _port(0, value, tab + "\t\t", named=False)
        emit(f"{tab}\t<input>\n{port}{tab}\t</input>\n{tab}</layer>\n")

    def _rt_info(self, items: Iterable[tuple[str, dict[str, str]]], emit: Emit, tab: str) -> None:
        items = list(items)
        if not items:
            return
        emit(f"{tab}<rt_info>\n")
        for name, fields in items:
            emit(f'{tab}\t<attribute name="{name}" {_fields(fields)} />\n')
        emit(f"{tab}</rt_info>\n")

    def _bodies(self, node: Node, emit: Emit, tab: str) -> None:
        for name in node.attrs.body_names:
            body = node.bodies[name]
            prefix = "" if name == "body" else name.removesuffix("_body") + "_"
            ports: BodyPorts = getattr(node.attrs, prefix + "ports")
            ids = {id(n): i for i, n in enumerate(body)}
            self._port_map(node, body, ports, ids, emit, tab, prefix)
            if ports.back_edges:
                emit(f"{tab}<back_edges>\n")
                for source, target in ports.back_edges:
                    layer = ids[id(body.inputs[target].producer)]
                    emit(f'{tab}\t<edge from-layer="{len(ids) + source}" to-layer="{layer}" />\n')
                emit(f"{tab}</back_edges>\n")
            emit(f"{tab}<{name}>\n")
            self._content(body, emit, tab + "\t")
            emit(f"{tab}</{name}>\n")

    def _port_map(
        self, node: Node, body: Graph, ports: BodyPorts, ids: dict[int, int], emit: Emit, tab: str, prefix: str
    ) -> None:
        emit(f"{tab}<{prefix}port_map>\n")
        for m in ports.inputs:
            layer = ids[id(body.inputs[m.internal].producer)]
            emit(f'{tab}\t<input {_slices(m)}external_port_id="{m.external}" internal_layer_id="{layer}" />\n')
        for m in ports.outputs:
            port, layer = len(node.inputs) + m.external, len(ids) + m.internal
            emit(f'{tab}\t<output {_slices(m)}external_port_id="{port}" internal_layer_id="{layer}" />\n')
        if ports.iteration is not None:
            layer = ids[id(body.inputs[ports.iteration].producer)]
            emit(f'{tab}\t<input external_port_id="-1" internal_layer_id="{layer}" purpose="current_iteration" />\n')
        if ports.condition is not None:
            layer = len(ids) + ports.condition
            emit(f'{tab}\t<output external_port_id="-1" internal_layer_id="{layer}" purpose="execution_condition" />\n')
        emit(f"{tab}</{prefix}port_map>\n")


def _fields(items: dict[str, str]) -> str:
    return " ".join(f'{name}="{escape(text)}"' for name, text in items.items())


def _slices(m: PortMap) -> str:
    if m.axis is None:
        return ""
    return f'axis="{m.axis}" start="{m.start}" end="{m.end}" stride="{m.stride}" part_size="{m.part_size}" '


def _edge(ids: dict[int, int], value: Value, target: int, slot: int) -> str:
    producer = value.producer
    port = len(producer.inputs) + value.index
    return f'<edge from-layer="{ids[id(producer)]}" from-port="{port}" to-layer="{target}" to-port="{slot}" />\n'


def _port(
    number: int, value: Value, tab: str, *, named: bool = True, info: dict[str, dict[str, str]] | None = None
) -> str:
    names = ""
    if named and value.names:
        joined = ",".join(n.replace(",", "\\,") for n in value.names)
        names = f' names="{escape(joined)}"'
    dims = "".join(f"{tab}\t<dim>{-1 if isinstance(d, Interval) else d}</dim>\n" for d in (value.shape or ()))
    extra = ""
    if info:
        inner = "".join(f'{tab}\t\t<attribute name="{k}" {_fields(f)} />\n' for k, f in info.items())
        extra = f"{tab}\t<rt_info>\n{inner}{tab}\t</rt_info>\n"
    head = f'{tab}<port id="{number}" precision="{value.dtype.precision}"{names}'
    return f"{head}>\n{dims}{extra}{tab}</port>\n" if dims or extra else f"{head} />\n"
