"""Clusters of chosen nodes: connected, convex, none too many, the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from tests.core.offload.toy import named, source

from dragoman.graph.graph import Graph, Node
from dragoman.offload.clusters import between, clusters, reads


def found(text: str, chosen: str) -> list[str]:
    """``a b|c``: the clusters of a graph written as ``b=a c=a,b``."""
    graph = source(text)
    nodes = named(graph)
    return [" ".join(n.name for n in group) for group in clusters(graph, [nodes[n] for n in chosen.split()])]


def test_neighbours_come_together() -> None:
    assert found("a=x b=a c=b", "a b") == ["a b"]


def test_strangers_stay_apart() -> None:
    assert found("a=x b=x c=a,b", "a b") == ["a", "b"]


def test_a_detour_around_a_layer_outside_keeps_two_apart() -> None:
    assert found("a=x b=a c=a,b", "a c") == ["a", "c"]


def test_branches_join_where_nothing_lies_between() -> None:
    assert found("a=x b=a c=a d=b,c", "a b c d") == ["a b c d"]


def test_a_foreign_input_is_no_reason_to_part() -> None:
    # b reads a, and u, which no chosen layer leads to
    assert found("u=x a=x b=a,u", "a b") == ["a b"]


def test_a_level_reached_by_another_cluster_does_not_part_neighbours() -> None:
    # c -> u -> b is no detour from a to b
    assert found("a=x c=x u=c b=a,u", "a b c") == ["a b", "c"]


def test_two_clusters_that_feed_each_other_through_the_outside_are_not_one() -> None:
    groups = found("a=x b=x u=a v=b c=b,u d=a,v", "a b c d")
    assert sorted(groups) == ["a", "b c", "d"] or sorted(groups) == ["a d", "b", "c"]


def test_what_a_body_reads_is_an_edge() -> None:
    graph = source("a=x b=a c=x d=c")
    nodes = named(graph)
    body = Graph("body")
    body.append(Node("Toy", [nodes["b"].out], name="inner"))
    nodes["c"].bodies["body"] = body
    # a -> b -> (body of) c: without b, a and c are apart
    assert [[n.name for n in g] for g in clusters(graph, [nodes["a"], nodes["c"]])] == [["a"], ["c"]]
    assert [[n.name for n in g] for g in clusters(graph, [nodes[n] for n in "abc"])] == [["a", "b", "c"]]


def test_what_lies_between_a_cluster_and_a_node() -> None:
    graph = source("a=x b=a c=b d=c e=a f=d,e")
    nodes = named(graph)
    assert [n.name for n in between(graph, [nodes["a"], nodes["b"]], nodes["d"])] == ["c"]
    assert [n.name for n in between(graph, [nodes["a"]], nodes["f"])] == ["b", "c", "d", "e"]


def drawn(seed: int, size: int) -> tuple[Graph, list[Node]]:
    """A random graph, and every other node of it or so."""
    rng = random.Random(seed)
    parts = []
    for i in range(size):
        inputs = {f"n{rng.randrange(max(0, i - 6), i)}" if i else "x" for _ in range(rng.randint(1, 3))}
        parts.append(f"n{i}={','.join(sorted(inputs))}")
    graph = source(" ".join(parts))
    return graph, [n for name, n in named(graph).items() if name != "x" and rng.random() < 0.6]


def reachable(starts: Iterable[Node], allowed: set[Node] | None = None) -> set[Node]:
    """Nodes behind others, through allowed ones."""
    seen: set[Node] = set()
    stack = list(starts)
    while stack:
        node = stack.pop()
        for user in {u for v in node.outputs for u in v.users()}:
            if user not in seen and (allowed is None or user in allowed):
                seen.add(user)
                stack.append(user)
    return seen


def is_convex(graph: Graph, group: set[Node]) -> bool:
    outside = set(graph) - group
    leaving = {u for n in group for v in n.outputs for u in v.users()} & outside
    return not ((leaving | reachable(leaving, outside)) & {v.producer for n in group for v in reads(n)} - group)


@pytest.mark.parametrize("seed", range(40))
def test_every_cluster_of_a_random_graph_is_connected_convex_and_largest(seed: int) -> None:
    graph, chosen = drawn(seed, 30)
    groups = [set(g) for g in clusters(graph, chosen)]
    assert set().union(*groups) == set(chosen)
    assert sum(map(len, groups)) == len(chosen)
    for group in groups:
        assert is_convex(graph, group)
        start = next(iter(group))
        joined, stack = {start}, [start]
        while stack:
            node = stack.pop()
            near = {v.producer for v in reads(node)} | {u for v in node.outputs for u in v.users()}
            stack += [n for n in near & group if n not in joined]
            joined |= near & group
        assert joined == group
    owner = {n: k for k, g in enumerate(groups) for n in g}
    for a, first in enumerate(groups):
        for b in {owner[u] for n in first for v in n.outputs for u in v.users() if owner.get(u, a) != a}:
            merged = [g for k, g in enumerate(groups) if k not in (a, b)] + [first | groups[b]]
            assert not is_convex(graph, first | groups[b]) or has_cycle(graph, merged), f"{first} and {groups[b]}"
    assert not has_cycle(graph, groups)
    assert groups == [set(g) for g in clusters(graph, chosen)]


def has_cycle(graph: Graph, groups: list[set[Node]]) -> bool:
    """The graph with one vertex a group."""
    vertex: dict[Node, object] = {n: n for n in graph} | {n: k for k, g in enumerate(groups) for n in g}
    before: dict[object, set[object]] = {}
    for node in graph:
        before.setdefault(vertex[node], set()).update(
            vertex[v.producer] for v in reads(node) if vertex[v.producer] != vertex[node]
        )
    while before:
        free = [v for v, sources in before.items() if not sources & before.keys()]
        if not free:
            return True
        for v in free:
            del before[v]
    return False


def test_ten_thousand_layers_in_a_chain_take_a_moment() -> None:
    graph = source(" ".join(f"n{i}={f'n{i - 1}' if i else 'x'}" for i in range(10_000)))
    chosen = [n for i, n in enumerate(graph) if i % 10 and n.name != "x"]
    assert sorted(map(len, clusters(graph, chosen)))[-3:] == [9, 9, 9]
