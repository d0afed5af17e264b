"""A cluster as one node of the source graph: folded into a body, and unfolded again when more must go into it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from dragoman.graph.graph import CONSTANT, Graph, Node, Origin, Value, sort_topologically
from dragoman.graph.walk import passed_out, walk
from dragoman.offload.clusters import reads

Build = Callable[["Part", Any, Any, Sequence[Any]], Any]
#: op of the node that stands for a cluster, whatever the framework
PART = "@offload"
BODY = "part"
#: bytes up to which a constant that others read too is put into the sub-model as well
SHARED = 4096


class Part:
    """A folded cluster.

    Attributes:
        node: stands for it in the graph, its outputs for ``results``.
        nodes: the layers, in order.
        results: their values that others read; constants that only they read, or that are small, belong to the part.
        build: makes the target op: of the part, the layer that stands for it, the builder, and the target inputs.
    """

    def __init__(self, graph: Graph, nodes: Sequence[Node], build: Build) -> None:
        self.nodes = list(nodes)
        self.build = build
        inside = {id(n) for n in self.nodes}
        read = {id(v): v for n in self.nodes for v in reads(n) if id(v.producer) not in inside}
        held = {i: v for i, v in read.items() if _goes_in(v, self.nodes)}
        self.results = list(_results(graph, self.nodes))
        self.node = self._fold(graph, [v for i, v in read.items() if i not in held])

    @property
    def inputs(self) -> list[Value]:
        """What comes in, as it is now that other clusters may have been folded."""
        return [v for v in self.node.inputs if v is not None]

    @property
    def body(self) -> Graph:
        """The graph that holds the layers."""
        return self.node.bodies[BODY]

    def _fold(self, graph: Graph, inputs: Sequence[Value]) -> Node:
        first = self.nodes[0]
        ops = "+".join(dict.fromkeys(n.op for n in self.nodes))
        node = Node(PART, inputs, {"part": self}, outputs=len(self.results), name=_name(graph, first.name))
        origin = first.origin or Origin()
        node.origin = Origin(origin.framework, node.name, ops, origin.file, origin.position)
        graph.insert_before(first, node)
        body = node.bodies[BODY] = Graph(node.name)
        for layer in self.nodes:
            graph.move_to(body, layer)
        _redirect(graph, dict(zip(self.results, node.outputs, strict=True)), keep=body)
        for inner, outer in zip(self.results, node.outputs, strict=True):
            outer.type, outer.names = inner.type, inner.names
        body.outputs = self.results
        sort_topologically(graph)
        return node

    def unfold(self) -> None:
        """Put the layers back into the graph."""
        graph, node, body = self.node.graph, self.node, self.body
        assert graph is not None
        body.outputs = []
        for layer in self.nodes:
            body.move_to(graph, layer, before=node)
        node.bodies.clear()
        _redirect(graph, dict(zip(node.outputs, self.results, strict=True)))
        graph.remove(node)
        sort_topologically(graph)


def _goes_in(value: Value, nodes: Sequence[Node]) -> bool:
    """The value is a constant for the sub-model: read by its layers only, or so small that it may be there twice."""
    tensor = value.producer.tensor
    if value.producer.op != CONSTANT or tensor is None:
        return False
    if tensor.nbytes <= SHARED:
        return True
    graph = value.producer.graph
    inside = {id(n) for n in walk_all(nodes)}
    return (graph is None or value not in graph.outputs) and all(id(user) in inside for user in value.users())


def walk_all(nodes: Sequence[Node]) -> Iterator[Node]:
    """The nodes and all that their bodies hold."""
    for node in nodes:
        yield node
        for body in node.bodies.values():
            yield from walk(body)


def _results(graph: Graph, nodes: Sequence[Node]) -> Iterator[Value]:
    """What others read of these nodes' outputs, or the model gives out."""
    inside = {id(n) for n in walk_all(nodes)}
    passed = {id(v) for v in passed_out(n for n in graph if id(n) not in inside)}
    for node in nodes:
        for value in node.outputs:
            outside = any(id(user) not in inside for user in value.users())
            if outside or value in graph.outputs or id(value) in passed:
                yield value


def _redirect(graph: Graph, pairs: Mapping[Value, Value], keep: Graph | None = None) -> None:
    """Let all readers of values, but those in one body, read others instead, and the model give those out."""
    inside: Collection[int] = {id(n) for n in walk(keep)} if keep is not None else ()
    owners = [n for n in walk(graph) if n.bodies and id(n) not in inside]
    outputs = [graph.outputs, *(body.outputs for n in owners for body in n.bodies.values() if body is not keep)]
    for old, new in pairs.items():
        for node, slot in list(old.uses):
            if id(node) not in inside:
                node.set_input(slot, new)
        for held in outputs:
            held.replace(old, new)


def _name(graph: Graph, first: str) -> str:
    """A name that no other layer has."""
    taken = {n.name for n in graph}
    name, number = f"{first}/offloaded", 1
    while name in taken:
        number += 1
        name = f"{first}/offloaded_{number}"
    return name


def part_of(node: Node) -> Part | None:
    """The cluster that a node stands for."""
    held: Any = node.attrs.get("part") if node.op == PART and isinstance(node.attrs, dict) else None
    return held if isinstance(held, Part) else None
