"""Chosen nodes gathered into clusters, each of which can become one node: connected, convex, as few as possible.

A cluster is convex when no path leaves it and comes back; all clusters together are such that the graph in which each
is one node has no cycle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from dragoman.graph.graph import CONSTANT, Graph, Node, Value
from dragoman.graph.walk import captured

#: nodes looked at, all in all, while clusters are merged one by one; a model beyond keeps a few more of them
EFFORT = 20_000_000


def reads(node: Node) -> Iterator[Value]:
    """The values that a node reads, those that its bodies read from outside among them."""
    yield from (v for v in node.inputs if v is not None)
    for body in node.bodies.values():
        yield from captured(body)


def clusters(graph: Graph, chosen: Collection[Node]) -> list[list[Node]]:
    """The chosen nodes by cluster, in the order of the graph; no two could be merged and still be convex.

    Args:
        graph: in topological order.
        chosen: nodes of it, no constants among them.
    """
    return _Contraction(graph, {id(n) for n in chosen}).groups()


class _Contraction:
    """The graph with each cluster as one vertex; vertices are numbers."""

    def __init__(self, graph: Graph, chosen: set[int]) -> None:
        self.nodes = [n for n in graph if n.op != CONSTANT]
        place = {id(n): i for i, n in enumerate(self.nodes)}
        self.before: list[list[int]] = [
            list(dict.fromkeys(place[p] for v in reads(n) if (p := id(v.producer)) in place)) for n in self.nodes
        ]
        self.chosen = [id(n) in chosen for n in self.nodes]
        self.group = list(range(len(self.nodes)))
        self.effort = EFFORT

    def groups(self) -> list[list[Node]]:
        self._by_level()
        while self._merge_one():
            pass
        found: dict[int, list[Node]] = {}
        for i, node in enumerate(self.nodes):
            if self.chosen[i]:
                found.setdefault(self._root(i), []).append(node)
        return list(found.values())

    def _root(self, i: int) -> int:
        while self.group[i] != i:
            self.group[i] = self.group[self.group[i]]
            i = self.group[i]
        return i

    def _join(self, a: int, b: int) -> None:
        first, second = sorted((self._root(a), self._root(b)))
        self.group[second] = first

    def _by_level(self) -> None:
        """Join neighbours of one level, which is how often any path to a node has left the chosen ones.

        A path between two chosen nodes of one level never leaves them, so whatever is joined is convex.
        """
        level = [0] * len(self.nodes)
        for i, sources in enumerate(self.before):
            level[i] = max((level[p] + (self.chosen[p] and not self.chosen[i]) for p in sources), default=0)
            for p in sources:
                if self.chosen[i] and self.chosen[p] and level[p] == level[i]:
                    self._join(p, i)

    def _merge_one(self) -> bool:
        """Join two clusters between which nothing but direct edges leads; False when there are none."""
        after: dict[int, dict[int, None]] = {}
        for i, sources in enumerate(self.before):
            for p in sources:
                a, b = self._root(p), self._root(i)
                if a != b:
                    after.setdefault(a, {})[b] = None
        rank = _order(after, {self._root(i) for i in range(len(self.nodes))})
        self.effort -= len(self.nodes)
        for a in sorted(after):
            for b in after[a] if self.chosen[a] else ():
                if self.effort > 0 and self.chosen[b] and not self._detour(after, rank, a, b):
                    self._join(a, b)
                    return True
        return False

    def _detour(self, after: dict[int, dict[int, None]], rank: dict[int, int], a: int, b: int) -> bool:
        """A path from ``a`` to ``b`` goes through a third vertex."""
        stack = [v for v in after[a] if v != b and rank[v] < rank[b]]
        seen = set(stack)
        while stack:
            vertex = stack.pop()
            self.effort -= 1
            for other in after.get(vertex, ()):
                if other == b:
                    return True
                if other not in seen and rank[other] < rank[b]:
                    seen.add(other)
                    stack.append(other)
        return False


def _order(after: dict[int, dict[int, None]], vertices: Iterable[int]) -> dict[int, int]:
    """A place for each vertex, behind all that lead to it."""
    waiting = dict.fromkeys(vertices, 0)
    for targets in after.values():
        for b in targets:
            waiting[b] += 1
    ready = [v for v in sorted(waiting, reverse=True) if not waiting[v]]
    rank: dict[int, int] = {}
    while ready:
        vertex = ready.pop()
        rank[vertex] = len(rank)
        for b in after.get(vertex, ()):
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    return rank


def between(graph: Graph, cluster: Collection[Node], target: Node) -> list[Node]:
    """What lies on paths from a cluster to a node, both left out, in the order of the graph."""
    inside = {id(n) for n in cluster}
    reached, order = set(inside), list(graph)
    for node in order:
        if id(node) not in reached and any(id(v.producer) in reached for v in reads(node)):
            reached.add(id(node))
    needed = {id(target)}
    found: list[Node] = []
    for node in reversed(order):
        if id(node) in needed:
            needed.update(id(v.producer) for v in reads(node))
            if id(node) in reached and id(node) not in inside and node is not target:
                found.append(node)
    return found[::-1]
