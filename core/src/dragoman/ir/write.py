"""Writes a target graph as IR v11 (or v10): every attribute, every tensor name, stable bytes.

The text is written layer by layer while the weights stream into the ``.bin``; no text is kept.
Inputs come first, in the model's order, and Results last: the runtime numbers both by their place in the file.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from dragoman.graph.graph import Graph, Node
from dragoman.graph.verify import verify
from dragoman.ir.markup import Markup, escape, fields, info_tree, joined_names
from dragoman.ir.output import OutputFile, output_pair
from dragoman.ir.subgraphs import port_map
from dragoman.ir.versions import Naming, check_version, separate_outputs
from dragoman.ir.weights import WeightsWriter

Emit = Callable[[str], object]


def write_ir(graph: Graph, folder: Path, name: str, *, version: int = 11, protected: Iterable[Path] = ()) -> Path:
    """Write ``folder/name.xml`` and ``.bin`` together or not at all; returns the path of the ``.xml``.

    Outputs whose tensor names the runtime could not keep apart get a value of their own (``separate_outputs``).

    Args:
        graph: a target graph, typed, in topological order.
        folder: made when it is missing.
        name: of the model and, with the suffixes, of the files.
        version: 11, or 10 for old runtimes.
        protected: files of the source model, which are never overwritten.

    Raises:
        OutputError: D8xx when the folder cannot be written or is full, or a protected file would be replaced.
        UsageError: D102 for another IR version.
        InternalError: D902 when the graph is not consistent.
    """
    _prepare(graph, version)
    xml = folder / f"{name}.xml"
    with output_pair(xml, folder / f"{name}.bin", protected=protected) as (text, data):
        stream = io.TextIOWrapper(text, encoding="utf-8", newline="\n", write_through=False)
        IrWriter(WeightsWriter(data), version).net(graph, name, stream.write)
        stream.flush()
        stream.detach()
    return xml


def ir_bytes(graph: Graph, name: str = "model", *, version: int = 11) -> tuple[bytes, bytes]:
    """The pair in memory, as :func:`write_ir` would write it: (xml, bin)."""
    _prepare(graph, version)
    data = io.BytesIO()
    parts: list[str] = []
    IrWriter(WeightsWriter(OutputFile(data)), version).net(graph, name, parts.append)
    return "".join(parts).encode(), data.getvalue()


def _prepare(graph: Graph, version: int) -> None:
    check_version(version)
    verify(graph)
    separate_outputs(graph, version)


class IrWriter:
    """Emits ``<net>`` text piece by piece while the weights stream into the ``.bin``."""

    def __init__(self, weights: WeightsWriter, version: int = 11) -> None:
        self.weights = weights
        self.version = version

    def net(self, graph: Graph, name: str, emit: Emit) -> None:
        """The whole document."""
        emit('<?xml version="1.0"?>\n')
        emit(f'<net name="{escape(name)}" version="{self.version}">\n')
        self._content(graph, Naming(graph, self.version), Markup("\t"), emit)
        emit("</net>\n")

    def _content(self, graph: Graph, naming: Naming, markup: Markup, emit: Emit) -> None:
        """``<layers>``, ``<edges>`` and ``<rt_info>`` of the model or of a body."""
        order = list(in_order(graph))
        ids = {id(node): i for i, node in enumerate(order)}
        tab = markup.tab
        emit(f"{tab}<layers>\n")
        for node in order:
            emit(self._layer(node, ids[id(node)], naming, markup))
            if node.attrs.body_names:
                self._bodies(node, markup, emit)
                emit(f"{tab}\t</layer>\n")
        for k in range(len(graph.outputs)):
            emit(_result(graph, k, len(ids) + k, naming, markup))
        emit(f"{tab}</layers>\n{tab}<edges>\n")
        for node in order:
            if node.inputs:
                emit(_edges(node, ids, tab))
        for k, value in enumerate(graph.outputs):
            port = len(value.producer.inputs) + value.index
            emit(_edge(tab, ids[id(value.producer)], port, len(ids) + k, 0))
        emit(f"{tab}</edges>\n")
        emit(f"{tab}<rt_info>\n{info_tree(info, tab + chr(9))}{tab}</rt_info>\n" if (info := graph.info.get("rt_info"))
             else f"{tab}<rt_info />\n")  # fmt: skip

    def _layer(self, node: Node, number: int, naming: Naming, markup: Markup) -> str:
        """One ``<layer>``, left open when bodies follow."""
        attrs, tab = node.attrs, markup.tab
        name = escape(naming.of_layer(node))
        parts = [f'{tab}\t<layer id="{number}" name="{name}" type="{attrs.xml_type}" version="{attrs.version}">\n']
        data = attrs.xml() if node.tensor is None else self._constant(node)
        if data:
            parts.append(f"{tab}\t\t<data {fields(data)} />\n")
        layout = None
        if node.info:
            layout = node.info.get("layout")
            parts.append(markup.rt_info({k: f for k, f in node.info.items() if k != "layout"}))
        count = len(node.inputs)
        if count:
            parts.append(f"{tab}\t\t<input>\n")
            parts += [
                markup.port(i, v.type.dtype.precision, v.type.shape) for i, v in enumerate(node.inputs) if v is not None
            ]
            parts.append(f"{tab}\t\t</input>\n")
        if node.outputs:
            parts.append(f"{tab}\t\t<output>\n")
            for value in node.outputs:
                names = naming.of_value(value)
                text = joined_names(names) if names else ""
                kind = value.type
                parts.append(markup.port(count + value.index, kind.dtype.precision, kind.shape, text, layout))
            parts.append(f"{tab}\t\t</output>\n")
        if not attrs.body_names:
            parts.append(f"{tab}\t</layer>\n")
        return "".join(parts)

    def _constant(self, node: Node) -> dict[str, str]:
        tensor = node.tensor
        assert tensor is not None
        offset, size = self.weights.put(tensor)
        shape = ",".join(map(str, tensor.shape))
        return {"element_type": tensor.dtype.name, "shape": shape, "offset": str(offset), "size": str(size)}

    def _bodies(self, node: Node, markup: Markup, emit: Emit) -> None:
        inner = markup.deeper(2)
        for name in node.attrs.body_names:
            body = node.bodies[name]
            ids = {id(n): i for i, n in enumerate(in_order(body))}
            emit(port_map(node, body, name, ids, inner.tab))
        for name in node.attrs.body_names:
            emit(f"{inner.tab}<{name}>\n")
            self._content(node.bodies[name], Naming(node.bodies[name], 11), inner.deeper(), emit)
            emit(f"{inner.tab}</{name}>\n")


def in_order(graph: Graph) -> Iterator[Node]:
    """The nodes as they are numbered: inputs in the model's order, then the others as they stand."""
    inputs = graph.inputs
    for value in inputs:
        yield value.producer
    for node in graph:
        if node.inputs or not node.outputs or node.outputs[0] not in inputs:
            yield node


def _result(graph: Graph, k: int, number: int, naming: Naming, markup: Markup) -> str:
    value, names, tab = graph.outputs[k], naming.results[k], markup.tab
    name = (names[0] if names else value.producer.name) + "/sink_port_0"
    listed = f' output_names="{joined_names(names)}"' if names and naming.on_results else ""
    port = markup.port(0, value.dtype.precision, value.shape)
    return (
        f'{tab}\t<layer id="{number}" name="{escape(name)}" type="Result" version="opset1"{listed}>\n'
        f"{tab}\t\t<input>\n{port}{tab}\t\t</input>\n{tab}\t</layer>\n"
    )


def _edges(node: Node, ids: dict[int, int], tab: str) -> str:
    target = ids[id(node)]
    return "".join(
        [
            _edge(tab, ids[id(v.producer)], len(v.producer.inputs) + v.index, target, slot)
            for slot, v in enumerate(node.inputs)
            if v is not None
        ]
    )


def _edge(tab: str, source: int, port: int, target: int, slot: int) -> str:
    return f'{tab}\t<edge from-layer="{source}" from-port="{port}" to-layer="{target}" to-port="{slot}" />\n'
