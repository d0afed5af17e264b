"""Scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import POISON, Body, Extractors, Layer
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Value
from dragoman.graph.types import TensorType, boolean, i64
from dragoman.graph.walk import walk
from dragoman_onnx.functions import forget_names
from dragoman_onnx.layers.bodies import (
    add_node,
    capture,
    nothing,
    path_of,
    settled,
    slice_input,
    stack_output,
)
from dragoman_onnx.layers.sizes import axis_of, known_dim, rank_of, scalar

layers = Extractors("onnx")

MAX_BATCH = 64


@layers("Scan", since=9)
def scan(layer: Layer, op: Builder, *inputs: Value) -> Any:
    """Scan(states..., scanned...): the body over slices; returns the last states and the stacked others."""
    count = _scanned_count(layer, inputs)
    states, scanned = list(inputs[: len(inputs) - count]), list(inputs[len(inputs) - count :])
    outputs = len(layer.outputs) - len(states)
    axes = _one_each(layer, "scan_input_axes", count)
    axes = [axis_of(layer, a, rank_of(layer, x)) for a, x in zip(axes, scanned, strict=True)]
    reverse = _one_each(layer, "scan_input_directions", count)
    out_axes, out_reverse = (_one_each(layer, f"scan_output_{k}", outputs) for k in ("axes", "directions"))
    graph = layer.graph("body")
    return _scanned(layer, op, graph, states, scanned, (axes, reverse, out_axes, out_reverse), path_of(layer))


@layers("Scan", until=8)
def scan_batched(layer: Layer, op: Builder, lengths: Value | None = None, *inputs: Value) -> Any:
    """Scan(sequence_lens, states..., scanned...): every batch for itself; sequences lie along axis 1."""
    count = _scanned_count(layer, inputs)
    reverse = _one_each(layer, "directions", count)
    if lengths is not None:
        raise layer.refuse("Scan with sequence lengths", "leave sequence_lens out, or use the operator of opset 9")
    batch = known_dim(inputs[0], 0)
    if batch is None or batch > MAX_BATCH:
        raise layer.refuse("the batch size of Scan must be known and small", "fix it with --shape")
    graph: Graph = layer.graph("body")
    forget_names(graph)
    split = len(inputs) - count
    outputs = len(layer.outputs) - split
    results = []
    for b in range(batch):
        parts = [op.Gather(x, op.constant(b, i64), op.constant(0, i64)) for x in inputs]
        how = ([0] * count, reverse, [0] * outputs, [0] * outputs)
        found = _scanned(layer, op, graph, parts[:split], parts[split:], how, path_of(layer, str(b)))
        if any(v is POISON for v in found):
            return found
        results.append([op.Unsqueeze(v, op.constant([0])) for v in found])
    return [op.Concat(*column, axis=0) for column in zip(*results, strict=True)]


def _scanned_count(layer: Layer, inputs: Sequence[Value | None]) -> int:
    count: int = layer.require("num_scan_inputs", int)
    if not 0 < count <= len(inputs) or any(v is None for v in inputs) or len(layer.outputs) < len(inputs) - count:
        raise layer.refuse(f"{count} of {len(inputs)} inputs are scanned", "the model is not valid")
    return count


def _one_each(layer: Layer, name: str, count: int) -> list[int]:
    given = list(layer.get(name, None) or [0] * count)
    if len(given) != count:
        raise layer.refuse(f"{name} has {len(given)} entries, {count} are needed", "the model is not valid")
    return given


def _scanned(
    layer: Layer,
    op: Builder,
    graph: Graph,
    states: list[Value],
    scanned: list[Value],
    how: tuple[list[int], list[int], list[int], list[int]],
    prefix: str,
) -> Sequence[Any]:
    axes, reverse, out_axes, out_reverse = how
    types = [v.type for v in states]
    types += [TensorType(x.dtype, _without(x, a)) for x, a in zip(scanned, axes, strict=True)]
    if len(graph.inputs) != len(types) or len(graph.outputs) != len(states) + len(out_axes):
        raise layer.refuse("the body's inputs or outputs do not match the layer's", "the model is not valid")
    edges = [(i, i) for i in range(len(states))]
    body = settled(layer, graph, types, edges, prefix)
    if body.poisoned:
        return nothing(layer)
    if any(known_dim(x, a) == 0 for x, a in zip(scanned, axes, strict=True)):
        raise layer.refuse("a Scan over no elements", "remove it: its outputs are the first states")
    for i, axis in enumerate(axes):
        slice_input(body, len(states) + i, axis)
    entries = [PortMap(i, i) for i in range(len(states))]
    entries += [
        _port(len(states) + i, axis, bool(back)) for i, (axis, back) in enumerate(zip(axes, reverse, strict=True))
    ]
    results = [PortMap(i, i) for i in range(len(states))]
    for i, (axis, back) in enumerate(zip(out_axes, out_reverse, strict=True), len(states)):
        at = axis_of(layer, axis, rank_of(layer, body.outputs[i]) + 1)
        stack_output(body, i, at)
        results.append(_port(i, at, bool(back)))
    inputs = [*states, *scanned]
    if any(node.op == "TensorIterator" for node in walk(body.graph)):
        return _as_loop(op, body, inputs, entries, results, edges, axes[0])
    outer, connections = capture(body, len(inputs))
    ports = BodyPorts(tuple(entries + connections), tuple(results), tuple(edges))
    return add_node(op, "TensorIterator", [*inputs, *outer], {"body": body.graph}, ports=ports).outputs


def _without(x: Value, axis: int) -> Any:
    return None if x.shape is None else (*x.shape[:axis], *x.shape[axis + 1 :])


def _port(index: int, axis: int, back: bool) -> PortMap:
    if back:
        return PortMap(index, index, axis=axis, start=-1, end=0, stride=-1)
    return PortMap(index, index, axis=axis)


def _as_loop(
    op: Builder,
    body: Body,
    inputs: list[Value],
    entries: list[PortMap],
    results: list[PortMap],
    edges: list[tuple[int, int]],
    axis: int,
) -> Sequence[Value]:
    """The same as a Loop, since a TensorIterator cannot hold another."""
    sliced = next(m for m in entries if m.axis is not None)
    size = op.Gather(op.ShapeOf(inputs[sliced.external], output_type="i64"), op.constant([axis]), op.constant(0, i64))
    true = body.scope.builder.constant(True, boolean)
    body.outputs.append(true)
    body.graph.outputs = body.outputs
    moved = [PortMap(m.external + 2, *_rest(m)) for m in entries]
    outer, connections = capture(body, len(inputs) + 2)
    ports = BodyPorts(tuple(moved + connections), tuple(results), tuple(edges), condition=len(body.outputs) - 1)
    given = [scalar(op, size), op.constant(True, boolean), *inputs, *outer]
    return add_node(op, "Loop", given, {"body": body.graph}, ports=ports).outputs


def _rest(m: PortMap) -> tuple[Any, ...]:
    return m.internal, m.axis, m.start, m.end, m.stride, m.part_size
