"""Layers and edges of a model or of a body, made into a graph."""

from __future__ import annotations

from typing import Any

from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Node, Origin, Value
from dragoman.graph.types import TensorType
from dragoman.graph.walk import sort_topologically
from dragoman.ir.document import Element, Layer, info_of
from dragoman.ir.extension import ExtensionOp
from dragoman.ir.layers import LayerReader
from dragoman.ir.markup import Fields, split_names
from dragoman.ir.subgraphs import prefix_of
from dragoman.ops.define import Op

MAX_NESTING = 64
#: layers that are no ops, but inputs and data
_STRUCTURE = frozenset(("Const", "Constant", "Parameter"))
_SLICING = ("axis", "start", "end", "stride", "part_size")


class Content:
    """The graph of one ``<net>`` or body; ``inputs`` and ``results`` give the index of a Parameter's or Result's id.

    Args:
        reader: makes the ops.
        element: holds ``<layers>`` and ``<edges>``.
        version: of the IR.
        depth: 0 for the model.
    """

    def __init__(self, reader: LayerReader, element: Element, version: int, depth: int = 0) -> None:
        self.reader = reader
        self.version = version
        self.depth = depth
        if depth > MAX_NESTING:
            reader.document.fail("D208", f"bodies are nested more than {MAX_NESTING} deep", element.line)
        self.graph = Graph()
        self.nodes: dict[int, Node] = {}
        self.layers: dict[int, Layer] = {}
        self.inputs: dict[int, int] = {}
        self.results: dict[int, int] = {}
        self.values: dict[tuple[int, int], Value] = {}
        self.slots: dict[tuple[int, int], tuple[Node, int]] = {}
        layers, edges = element.find("layers"), element.find("edges")
        found = [c for c in layers.children if isinstance(c, Layer)] if layers is not None else []
        for layer in found:
            self._add(layer)
        self._connect(edges)
        self._finish(found, element)

    def _add(self, layer: Layer) -> None:
        if layer.number in self.layers:
            self.reader.contradiction(layer, f"two layers have the id {layer.number}")
        self.layers[layer.number] = layer
        if layer.type == "Result":
            self.results[layer.number] = len(self.results)
            return
        if layer.version == "extension" and layer.type in _STRUCTURE:
            self.reader.contradiction(layer, f"{layer.type} cannot be a custom layer")
        constant = layer.type in ("Const", "Constant")
        attrs = self.reader.attrs(layer, {} if constant else layer.data)
        tensor = self.reader.tensor(layer) if constant and not isinstance(attrs, ExtensionOp) else None
        bodies = self._bodies(layer, attrs) if attrs.body_names else {}
        if bodies:
            attrs = attrs.replace(**{prefix_of(n) + "ports": self._ports(layer, n, c) for n, c in bodies.items()})
        inputs: list[Value | None] = [None] * len(layer.inputs)
        count = len(layer.outputs) if attrs.outputs is None else attrs.outputs
        node = Node(attrs.type, inputs, attrs, outputs=count, name=layer.name, tensor=tensor)
        node.origin = Origin("ir", layer.name, layer.type, self.reader.document.name, f"line {layer.line}")
        node.bodies = {name: content.graph for name, content in bodies.items()}
        node.info = layer.info
        self._register(layer, node)
        if tensor is not None:
            node.out.type = TensorType(tensor.dtype, tensor.shape)
        self.graph.append(node)
        if isinstance(attrs, ExtensionOp):
            return
        if node.op == "Parameter":
            self.inputs[layer.number] = len(self.graph.inputs)
            self.graph.inputs.append(node.out)
        elif node.op == "Assign":
            self.graph.sinks.append(node)

    def _register(self, layer: Layer, node: Node) -> None:
        self.nodes[layer.number] = node
        if len(layer.outputs) > len(node.outputs):
            self.reader.contradiction(layer, f"{len(layer.outputs)} outputs, where {node.op} has {len(node.outputs)}")
        for slot, port in enumerate(layer.inputs):
            self.slots[layer.number, port.number] = node, slot
        for value, port in zip(node.outputs, layer.outputs, strict=False):
            self.values[layer.number, port.number] = value
            value.names = split_names(port.names)
            value.type = self.reader.declared(layer, port)
        if self.version == 10 and self.depth == 0 and node.op == "Parameter" and not node.out.names:
            node.out.names = (node.name,)

    def _connect(self, edges: Element | None) -> None:
        self.outputs: dict[int, Value] = {}
        document = self.reader.document
        for edge in edges.edges if edges is not None else ():
            line = edges.line if edges is not None else 0
            source, out, target, into = (
                document.number(edge, key, line) for key in ("from-layer", "from-port", "to-layer", "to-port")
            )
            value = self.values.get((source, out))
            if value is None:
                document.fail("D210", f"an edge comes from layer {source}, port {out}, which does not exist", line)
            if target in self.results:
                if self.outputs.setdefault(target, value) is not value:
                    document.fail("D210", f"two edges lead to the Result {target}", line)
                continue
            place = self.slots.get((target, into))
            if place is None:
                document.fail("D210", f"an edge leads to layer {target}, port {into}, which does not exist", line)
            node, slot = place
            if node.inputs[slot] is not None:
                document.fail("D210", f"two edges lead to layer {target}, port {into}", line)
            node.set_input(slot, value)

    def _finish(self, layers: list[Layer], element: Element) -> None:
        for layer in layers:
            node = self.nodes.get(layer.number)
            if node is not None and None in node.inputs:
                self.reader.contradiction(layer, f"nothing leads to input {node.inputs.index(None)}")
            if layer.number in self.results and layer.number not in self.outputs:
                self.reader.contradiction(layer, "nothing leads to this output")
        self.graph.outputs = [self.outputs[n] for n in self.results]
        named = [self._output_names(self.layers[n], self.outputs[n]) for n in self.results]
        if self.depth == 0 and any(named):
            self.graph.output_names = named
        if info := info_of(element.find("rt_info")):
            self.graph.info["rt_info"] = info
        try:
            sort_topologically(self.graph)
        except ValueError as error:
            self.reader.document.fail("D210", str(error), element.line)

    def _output_names(self, layer: Layer, value: Value) -> tuple[str, ...]:
        if layer.output_names is not None and self.version > 10:
            return split_names(layer.output_names)
        if self.version == 10 and not value.names:
            return (value.producer.name,)
        return ()

    def _bodies(self, layer: Layer, attrs: Op) -> dict[str, Content]:
        found = {}
        for name in attrs.body_names:
            if name not in layer.parts:
                self.reader.contradiction(layer, f"there is no <{name}>")
            found[name] = Content(self.reader, layer.parts[name], self.version, self.depth + 1)
        return found

    def _ports(self, layer: Layer, name: str, body: Content) -> BodyPorts:
        """``<port_map>`` and ``<back_edges>`` of one body."""
        prefix = prefix_of(name)
        element = layer.parts.get(prefix + "port_map")
        inputs: list[PortMap] = []
        outputs: list[PortMap] = []
        special: dict[str, int] = {}
        slots = {port.number: slot for slot, port in enumerate(layer.inputs)}
        numbers = {port.number: index for index, port in enumerate(layer.outputs)}
        for entry in element.children if element is not None else ():
            assert isinstance(entry, Element)
            entering = entry.tag == "input"
            inner = self._inner(layer, entry.attributes, "internal_layer_id", body.inputs if entering else body.results)
            if "purpose" in entry.attributes:
                special[entry.attributes["purpose"]] = inner
                continue
            outer = (slots if entering else numbers).get(self._number(layer, entry.attributes, "external_port_id"))
            if outer is None:
                self.reader.contradiction(layer, "a port map names a port that does not exist")
            fields: dict[str, Any] = {
                key: self._signed(layer, entry.attributes[key]) for key in _SLICING if key in entry.attributes
            }
            (inputs if entering else outputs).append(PortMap(outer, inner, **fields))
        back = layer.parts.get(prefix + "back_edges")
        edges = [
            (self._inner(layer, e, "from-layer", body.results), self._inner(layer, e, "to-layer", body.inputs))
            for e in (back.edges if back is not None else ())
        ]
        return BodyPorts(
            tuple(inputs),
            tuple(outputs),
            tuple(edges),
            special.get("current_iteration"),
            special.get("execution_condition"),
        )

    def _inner(self, layer: Layer, fields: Fields, key: str, known: dict[int, int]) -> int:
        index = known.get(self._number(layer, fields, key))
        if index is None:
            self.reader.contradiction(layer, f"{key}={fields.get(key)!r} is no such layer of the body")
        return index

    def _number(self, layer: Layer, fields: Fields, key: str) -> int:
        return self.reader.document.number(fields, key, layer.line)

    def _signed(self, layer: Layer, text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = 1 << 64
        if abs(number) >= 1 << 63:
            self.reader.contradiction(layer, f"{text!r} is not a number")
        return number
