"""Orders and walks of a graph: topological order, bodies included, dead nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dragoman.graph.graph import Graph, Node, Value


def sort_topologically(graph: Graph) -> None:
    """Reorder in place so that each node comes after what it reads; stable; ValueError names a cycle.

    Linear in nodes and edges, without recursion. Values of other graphs (captured by a body) do not count.
    """
    position = {id(n): i for i, n in enumerate(graph)}
    order: list[Node] = []
    state: dict[int, int] = {}
    for root in list(graph):
        stack: list[tuple[Node, Iterator[Value | None]]] = []
        if state.get(id(root)):
            continue
        state[id(root)] = 1
        stack.append((root, iter(_reads(root))))
        while stack:
            node, reads = stack[-1]
            for value in reads:
                if value is None or id(value.producer) not in position:
                    continue
                producer = value.producer
                seen = state.get(id(producer))
                if seen == 1:
                    loop = [n for n, _ in stack]
                    loop = loop[next(i for i, n in enumerate(loop) if n is producer) :]
                    raise ValueError("cycle: " + " -> ".join(repr(n) for n in [*loop[:8], producer]))
                if not seen:
                    state[id(producer)] = 1
                    stack.append((producer, iter(_reads(producer))))
                    break
            else:
                state[id(node)] = 2
                order.append(node)
                stack.pop()
    root_node = graph._root
    for node in order:
        node.prev.next, node.next.prev = node.next, node.prev
        node.prev, node.next = root_node.prev, root_node
        root_node.prev.next = node
        root_node.prev = node


def _reads(node: Node) -> Sequence[Value | None]:
    if not node.bodies:
        return node.inputs
    reads: list[Value | None] = list(node.inputs)
    for body in node.bodies.values():
        reads += captured(body)
    return reads


def captured(body: Graph) -> list[Value]:
    """Values of enclosing graphs that a body (or a body inside it) reads, in order of first use."""
    found: dict[int, Value] = {}

    def visit(graph: Graph, inside: list[Graph]) -> None:
        for node in graph:
            for value in node.inputs:
                if value is not None and value.producer.graph not in inside:
                    found.setdefault(id(value), value)
            for inner in node.bodies.values():
                visit(inner, [*inside, inner])
        for value in graph.outputs:
            if value.producer.graph not in inside:
                found.setdefault(id(value), value)

    visit(body, [body])
    return list(found.values())


def walk(graph: Graph) -> Iterator[Node]:
    """Every node of a graph and of all bodies in it, outer before inner."""
    for node in graph:
        yield node
        for body in node.bodies.values():
            yield from walk(body)


def passed_out(nodes: Iterable[Node]) -> Iterator[Value]:
    """Values that the bodies of these nodes return without having made them: no use records those."""
    for node in nodes:
        for body in node.bodies.values():
            yield from (v for v in body.outputs if v.producer.graph is not body)
            yield from passed_out(body)


def remove_dead(graph: Graph, keep: Callable[[Node], bool] | None = None) -> int:
    """Remove nodes that no output, sink, body or kept node needs; graph inputs and stateful ops stay.

    The bodies of a removed node let go of what they read outside. Returns how many nodes went; one walk from the end.
    """
    needed = {id(n) for n in graph.sinks} | {id(v.producer) for v in (*graph.inputs, *graph.outputs)}
    passed: dict[int, int] = {}
    for value in passed_out(graph):
        passed[id(value)] = passed.get(id(value), 0) + 1
    gone = 0
    for node in reversed(graph):
        if id(node) in needed or getattr(node.attrs, "stateful", False) or (keep is not None and keep(node)):
            continue
        if any(v.uses or passed.get(id(v)) for v in node.outputs):
            continue
        graph.remove(node)
        gone += 1
        if node.bodies:
            for value in passed_out([node]):
                passed[id(value)] -= 1
            disconnect_bodies(node)
    return gone


def disconnect_bodies(node: Node) -> None:
    """Let the bodies of a node no longer read anything outside of them."""
    for body in node.bodies.values():
        inside = list(walk(body))
        graphs = {id(body)} | {id(b) for n in inside for b in n.bodies.values()}
        for inner in inside:
            for slot, value in enumerate(inner.inputs):
                if value is not None and id(value.producer.graph) not in graphs:
                    inner.set_input(slot, None)
