"""A cluster as one node of the source graph: folded into a body, and unfolded again when more must go into it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dragoman.graph.graph import CONSTANT, Graph, Node, Origin, Value, sort_topologically
from dragoman.graph.walk import walk
from dragoman.offload.clusters import reads

Build = Callable[["Part", Any, Any, Sequence[Any]], Any]
#: op of the node that stands for a cluster, whatever the framework
PART = "@offload"
BODY = "part"
#: bytes up to which a constant that others read too is put into the sub-model as well
SHARED = 4096


class Surroundings:
    """What folding needs to know of a graph, found once for all its parts.

    Attributes:
        graph: the graph.
        names: of its layers.
        passing: bodies, with the node that has each, that give out values which they have not made.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names = {n.name for n in graph}
        bodies = ((n, b) for n in walk(graph) for b in n.bodies.values())
        self.passing = [(n, b) for n, b in bodies if any(v.producer.graph is not b for v in b.outputs)]

    def passed(self, inside: Collection[int]) -> set[int]:
        """Values that bodies outside give out without having made them."""
        bodies = [b for n, b in self.passing if id(n) not in inside]
        return {id(v) for b in bodies for v in b.outputs if v.producer.graph is not b}

    def redirect(self, pairs: Mapping[Value, Value], inside: Collection[int] = ()) -> None:
        """Let all readers of values, but those inside, read others instead, and the model give those out."""
        outputs = [self.graph.outputs, *(b.outputs for n, b in self.passing if id(n) not in inside)]
        for old, new in pairs.items():
            for node, slot in list(old.uses):
                if id(node) not in inside:
                    node.set_input(slot, new)
            for held in outputs:
                held.replace(old, new)

    def fresh(self, first: str) -> str:
        """A name for a part that no layer has."""
        name, number = f"{first}/offloaded", 1
        while name in self.names:
            number += 1
            name = f"{first}/offloaded_{number}"
        self.names.add(name)
        return name


class Part:
    """A folded cluster.

    Attributes:
        node: stands for it in the graph, its outputs for ``results``.
        nodes: the layers, in order.
        results: their values that others read; constants that only they read, or that are small, belong to the part.
        build: makes the target op: of the part, the layer that stands for it, the builder, and the target inputs.
    """

    def __init__(self, around: Surroundings, nodes: Sequence[Node], results: Sequence[Value], build: Build) -> None:
        self.nodes = list(nodes)
        self.results = list(results)
        self.build = build
        inside = {id(n) for n in self.nodes}
        read = {id(v): v for n in self.nodes for v in reads(n) if id(v.producer) not in inside}
        self.node = self._fold(around, [v for v in read.values() if not _goes_in(v, self.nodes)])

    @property
    def inputs(self) -> list[Value]:
        """What comes in, as it is now that other clusters may have been folded."""
        return [v for v in self.node.inputs if v is not None]

    @property
    def body(self) -> Graph:
        """The graph that holds the layers."""
        return self.node.bodies[BODY]

    def _fold(self, around: Surroundings, inputs: Sequence[Value]) -> Node:
        graph, first = around.graph, self.nodes[0]
        ops = "+".join(dict.fromkeys(n.op for n in self.nodes))
        node = Node(PART, inputs, {"part": self}, outputs=len(self.results), name=around.fresh(first.name))
        origin = first.origin or Origin()
        node.origin = Origin(origin.framework, node.name, ops, origin.file, origin.position)
        graph.insert_before(first, node)
        body = node.bodies[BODY] = Graph(node.name)
        for layer in self.nodes:
            graph.move_to(body, layer)
        inside = {id(n) for n in walk_all(self.nodes)}
        around.redirect(dict(zip(self.results, node.outputs, strict=True)), inside)
        for inner, outer in zip(self.results, node.outputs, strict=True):
            outer.type, outer.names = inner.type, inner.names
        body.outputs = self.results
        return node

    def unfold(self, around: Surroundings) -> None:
        """Put the layers back into the graph."""
        graph, node, body = around.graph, self.node, self.body
        body.outputs = []
        for layer in self.nodes:
            body.move_to(graph, layer, before=node)
        node.bodies.clear()
        around.redirect(dict(zip(node.outputs, self.results, strict=True)))
        graph.remove(node)


def fold(graph: Graph, groups: Iterable[Sequence[Node]], build: Build) -> list[Part]:
    """Fold clusters; those that nobody needs anything of stay as they are."""
    around = Surroundings(graph)
    parts = []
    for nodes in groups:
        if results := list(_results(around, nodes)):
            parts.append(Part(around, nodes, results, build))
    sort_topologically(graph)
    return parts


def unfold(graph: Graph, parts: Iterable[Part]) -> None:
    """Undo :func:`fold`."""
    around = Surroundings(graph)
    for part in parts:
        part.unfold(around)
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


def _results(around: Surroundings, nodes: Sequence[Node]) -> Iterator[Value]:
    """What others read of these nodes' outputs, or the model gives out."""
    inside = {id(n) for n in walk_all(nodes)}
    passed = around.passed(inside)
    for node in nodes:
        for value in node.outputs:
            outside = any(id(user) not in inside for user in value.users())
            if outside or value in around.graph.outputs or id(value) in passed:
                yield value


def part_of(node: Node) -> Part | None:
    """The cluster that a node stands for."""
    held: Any = node.attrs.get("part") if node.op == PART and isinstance(node.attrs, dict) else None
    return held if isinstance(held, Part) else None
