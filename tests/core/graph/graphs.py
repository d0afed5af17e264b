"""Small source graphs for the tests of the graph itself."""

from __future__ import annotations

from dragoman.graph.graph import INPUT, Graph, Node, Value
from dragoman.graph.types import TensorType, f32


def source(graph: Graph, name: str) -> Value:
    """A graph input."""
    node = graph.append(Node(INPUT, attrs={}, name=name))
    node.out.type = TensorType(f32, (2,))
    node.out.names = (name,)
    graph.inputs.append(node.out)
    return node.out


def layer(graph: Graph, name: str, *inputs: Value, outputs: int = 1) -> Node:
    """A node whose tensors are called ``name``, ``name.1``, ..."""
    node = graph.append(Node("Op", inputs, {}, name=name, outputs=outputs))
    for value in node.outputs:
        value.type = TensorType(f32, (2,))
        value.names = (f"{name}.{value.index}" if value.index else name,)
    return node


def chain(*names: str) -> Graph:
    """``x`` through one layer a name; the last is the output."""
    graph = Graph("chain")
    value = source(graph, "x")
    for name in names:
        value = layer(graph, name, value).out
    graph.outputs = [value]
    return graph


def names(graph: Graph) -> list[str]:
    return [n.name for n in graph]
