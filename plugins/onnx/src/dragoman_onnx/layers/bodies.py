"""Sub-graphs of layers as bodies of OpenVINO's If, Loop and TensorIterator."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.builder import Builder
from dragoman.frontends.extract import POISON, Body, Layer
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import DYNAMIC, Dim, Interval, Shape, TensorType
from dragoman.infer.dims import bounds, same_dim

#: body outputs fed back: (index of the output, index of the input)
Edges = Sequence[tuple[int, int]]


def path_of(layer: Layer, part: str = "") -> str:
    """The prefix of the names of what is inside a layer."""
    return f"{layer.scope.prefix}{layer.name}/" + (f"{part}/" if part else "")


def nothing(layer: Layer) -> list[object]:
    """Stands for all outputs, where something inside could not be converted."""
    return [POISON] * len(layer.outputs)


def whole(layer: Layer, body: Body) -> bool:
    """Everything inside was converted, into tensors; refuses sequences."""
    if any(v is POISON for v in body.outputs):
        return False
    if not all(isinstance(v, Value) for v in body.outputs):
        raise layer.refuse("a body that runs conditionally or repeatedly returns a sequence", "IR has tensors only")
    body.graph.outputs = body.outputs
    return True


def settled(layer: Layer, graph: Graph, types: Sequence[TensorType], edges: Edges, prefix: str) -> Body:
    """The body converted for input types that hold in every iteration, not only in the first."""
    held, plans = list(types), layer.context.layers
    mark = len(plans)
    while True:
        body = layer.body(graph, [TensorType(t.dtype, t.shape) for t in held], prefix)
        if not whole(layer, body):
            return body
        wider = list(held)
        for source, target in edges:
            result = body.outputs[source]
            if result.dtype is not held[target].dtype:
                raise layer.refuse(f"a carried value is {held[target].dtype} and becomes {result.dtype}")
            wider[target] = TensorType(result.dtype, _covering(held[target].shape, result.shape))
        if all(a.shape is b.shape for a, b in zip(held, wider, strict=True)):
            return body
        if any(t.shape is None for t in wider):
            raise layer.refuse("a value changes its rank from one iteration to the next", "IR needs a fixed rank")
        held = wider
        del plans[mark:]


def _covering(entry: Shape, result: Shape) -> Shape:
    """``entry`` itself where it holds for ``result`` too, else a shape that holds for both."""
    if entry is None or result is None or len(entry) != len(result):
        return None
    dims = tuple(_covering_dim(e, r) for e, r in zip(entry, result, strict=True))
    return entry if all(d is e for d, e in zip(dims, entry, strict=True)) else dims


def _covering_dim(entry: Dim, result: Dim) -> Dim:
    if same_dim(entry, result):
        return entry
    (low, high), (other_low, other_high) = bounds(entry), bounds(result)
    if isinstance(entry, int) or low > other_low or (high is not None and (other_high is None or other_high > high)):
        return DYNAMIC
    return entry if entry.symbol is None else Interval(low, high)


def drop_input(body: Body, parameter: Value, replacement: Value | None = None) -> None:
    """Take an input out of a body; its readers read the replacement."""
    graph = body.graph
    graph.inputs = [v for v in graph.inputs if v is not parameter]
    if replacement is not None:
        parameter.replace_by(replacement, outputs=True)
        body.outputs = list(graph.outputs)
    graph.remove(parameter.producer)


def slice_input(body: Body, index: int, axis: int) -> None:
    """Let an input of a body take a slice: its axis, of size 1, is squeezed before the body reads it."""
    graph = body.graph
    inner, before = graph.inputs[index], list(graph.inputs)
    assert inner.shape is not None
    op = body.scope.builder.at(before=inner.producer)
    shape = (*inner.shape[:axis], 1, *inner.shape[axis:])
    outer = op.parameter(inner.dtype, shape, f"{inner.producer.name}_slice")
    squeezed = op.Squeeze(outer, op.constant([axis]))
    before[index] = outer
    graph.inputs = before
    inner.replace_by(squeezed, outputs=True)
    body.outputs = list(graph.outputs)
    graph.remove(inner.producer)


def stack_output(body: Body, index: int, axis: int) -> None:
    """Give an output of a body an axis of size 1, along which the results of the iterations are joined."""
    op = body.scope.builder
    body.outputs[index] = op.Unsqueeze(body.outputs[index], op.constant([axis]))
    body.graph.outputs = body.outputs


def capture(body: Body, slot: int) -> tuple[list[Value], list[PortMap]]:
    """The outer values that a body reads, which come in from ``slot`` on, and their connections."""
    outer = [v for v, _ in body.captured]
    first = len(body.graph.inputs)
    body.graph.inputs = [*body.graph.inputs, *(p for _, p in body.captured)]
    return outer, [PortMap(slot + i, first + i) for i in range(len(outer))]


def add_node(op: Builder, name: str, inputs: Sequence[Value], bodies: dict[str, Graph], **ports: BodyPorts) -> Node:
    """A node with bodies."""
    cls = op.ops.latest(name)
    assert cls is not None
    return op.add(cls(**ports), inputs, bodies)
