"""Operators that are functions: the body that the ONNX schema carries, put in place of a layer without extractor.

Source: ``onnx.defs`` (``OpSchema.get_function_with_opset_version`` and its context-dependent form).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from dragoman.files import MemorySource
from dragoman.frontends.extract import ExtractionContext, Layer
from dragoman.graph.graph import Graph, Value, remove_dead
from dragoman.protowire import Decoder, Message
from dragoman_onnx.graph_reader import Frame, GraphReader, opsets_of
from dragoman_onnx.reader import ModelReader
from dragoman_onnx.schemas import find_schema, function_attributes, function_body
from dragoman_onnx.wire import FUNCTION, MODEL

#: how deep bodies may hold layers that are functions themselves
MAX_DEPTH = 12


class FunctionReader(GraphReader):
    """The body of a function read as a graph of its own; inputs that the call leaves out are absent there too."""

    def __init__(
        self,
        model: ModelReader,
        proto: Message,
        attributes: Mapping[str, Any],
        absent: Collection[str],
        opsets: Mapping[str, int],
        wanted: Collection[int],
    ) -> None:
        frame = Frame({**opsets, **opsets_of(proto.opset_import)}, attributes=attributes)
        super().__init__(model, proto, None, frame, 0)
        self.frame = dataclasses.replace(self.frame, names=dict.fromkeys(absent, ""))
        self.wanted = wanted

    def read(self) -> Graph:
        """The body; its inputs are those that the call connects, its outputs those that are wanted."""
        proto, frame = self.proto, self.frame
        for name in proto.input:
            if self._name(frame, name):
                self._input(name, None)
        self._nodes(proto.node, frame)
        self._connect()
        for index, name in enumerate(proto.output):
            value = self.find(self._name(frame, name))
            if index not in self.wanted:
                continue
            if value is None:
                raise self.model.bad(f"the output {name!r} is made by no node", f"function {proto.name!r}")
            self.graph.outputs.append(value)
        self._sort()
        return self.graph


def read_function(
    data: bytes,
    attributes: Mapping[str, Any],
    absent: Collection[str],
    opsets: Mapping[str, int],
    wanted: Collection[int],
) -> Graph:
    """The source graph of a serialised FunctionProto with its attributes bound.

    ``absent`` names the inputs that are not connected; ``opsets`` holds for domains that the function does not import;
    ``wanted`` are the outputs to read, which become those of the graph. Tensor names are dropped: they would clash with
    the model's. ``graph.info["other_opsets"]`` tells the opsets of its nodes. SourceError when the bytes contradict
    themselves.
    """
    decoder = Decoder(MemorySource(data, "<function body>"))
    model = ModelReader(decoder, Message(MODEL, 0, 0), None)
    graph = FunctionReader(model, decoder.message(FUNCTION), attributes, absent, opsets, wanted).read()
    graph.info["other_opsets"] = model.other_opsets
    forget_names(graph)
    return graph


def forget_names(graph: Graph) -> None:
    """Drop the tensor names of a graph that is converted more than once, or under names of its own."""
    for node in graph:
        for value in node.outputs:
            value.names = ()
        for body in node.bodies.values():
            forget_names(body)


def convert_by_body(layer: Layer, context: ExtractionContext) -> list[Any] | None:
    """Convert a layer by the body of its operator's schema; None when the operator has none."""
    schema = find_schema(layer.op, layer.version)
    if schema is None or not (schema.has_function or schema.has_context_dependent_function):
        return None
    inputs = [None if v is None else layer.scope.lookup(v) for v in layer.node.inputs]
    if any(v is not None and not isinstance(v, Value) for v in inputs):
        return None
    wanted = [layer.wants(i) for i in range(len(layer.outputs))]
    types = [None if v is None else v.type for v in inputs]
    try:
        data = function_body(schema, layer.version, layer.node.attrs, types, wanted)
    except (RuntimeError, TypeError, ValueError) as error:
        first = str(error).strip().partition("\n")[0]
        raise layer.refuse(f"its function body cannot be made: {first}", "the model is not valid") from None
    if data is None:
        return None
    if context.depth >= MAX_DEPTH:
        raise layer.refuse(f"functions are nested more than {MAX_DEPTH} deep", "write an extractor for this operator")
    formal = [i.name for i in schema.inputs]
    given = inputs + [None] * (len(formal) - len(inputs))
    absent = {name for name, value in zip(formal, given, strict=False) if value is None}
    special = context.info["other_opsets"].get(id(layer.node))
    opsets = special[1] if special else context.info["opsets"]
    chosen = [i for i, needed in enumerate(wanted) if needed]
    if any(i >= len(schema.outputs) for i in chosen):
        raise layer.refuse(
            f"it has {len(schema.outputs)} outputs, and {len(wanted)} are read", "the model is not valid"
        )
    graph = read_function(data, function_attributes(schema) | layer.node.attrs, absent, opsets, chosen)
    remove_dead(graph)
    context.info["other_opsets"].update(graph.info["other_opsets"])
    layer.ignore(*schema.attributes)
    context.depth += 1
    try:
        found = layer.inline(graph, [v for v in given if v is not None], f"{layer.scope.prefix}{layer.name}/")
    finally:
        context.depth -= 1
    results = dict(zip(chosen, found, strict=True))
    return [results.get(i) for i in range(len(wanted))]
