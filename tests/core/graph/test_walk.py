"""Topological order, bodies and dead nodes."""

from __future__ import annotations

import pytest
from tests.core.graph.graphs import chain, layer, names, source

from dragoman.graph.graph import Graph, Node
from dragoman.graph.walk import captured, remove_dead, sort_topologically, walk
from dragoman.ops.define import Op


class Effect(Op):
    """An op that does something besides making values."""

    stateful = True


def with_body(graph: Graph, name: str, body: Graph, *inputs) -> Node:
    node = layer(graph, name, *inputs)
    node.bodies["body"] = body
    return node


def test_sorting_is_stable_and_puts_producers_first():
    graph = chain("a", "b", "c")
    graph.append(Node("Op", attrs={}, name="free"))
    graph.move_before(graph.find("x"), graph.find("c"))
    sort_topologically(graph)
    assert names(graph) == ["x", "a", "b", "c", "free"]


def test_sorting_names_a_cycle():
    graph = chain("a", "b", "c")
    graph.find("a").set_input(0, graph.find("c").out)
    with pytest.raises(ValueError, match="cycle: Op 'a' -> Op 'c' -> Op 'b' -> Op 'a'"):
        sort_topologically(graph)


def test_sorting_a_deep_chain_needs_no_recursion():
    graph = chain(*(f"n{i}" for i in range(5000)))
    last = graph.outputs[0].producer
    graph.move_before(next(iter(graph)), last)
    sort_topologically(graph)
    assert names(graph) == ["x", *(f"n{i}" for i in range(5000))]


def test_sorting_counts_what_bodies_read():
    graph, body = Graph(), Graph()
    x = source(graph, "x")
    owner = with_body(graph, "owner", body)
    late = layer(graph, "late", x)
    layer(body, "inner", late.out)
    sort_topologically(graph)
    assert names(graph) == ["x", "late", "owner"]
    assert captured(body) == [late.out]
    assert [n.name for n in walk(graph)] == ["x", "late", "owner", "inner"]
    assert owner.graph is graph


def test_dead_nodes_go_and_inputs_stay():
    graph = chain("a")
    layer(graph, "dead", layer(graph, "dying", graph.inputs[0]).out)
    assert remove_dead(graph) == 2
    assert names(graph) == ["x", "a"]
    graph.outputs = []
    assert remove_dead(graph, keep=lambda n: n.name == "a") == 0
    assert remove_dead(graph) == 1


def test_sinks_and_stateful_ops_are_not_dead():
    graph = chain("a")
    sink = layer(graph, "sink", graph.inputs[0])
    graph.sinks.append(sink)
    graph.append(Node("Effect", (), Effect(), name="effect"))
    assert remove_dead(graph) == 0
    assert sink.graph is graph


def test_a_dead_node_with_a_body_lets_go_of_what_the_body_read():
    graph, body = Graph(), Graph()
    outer = layer(graph, "outer", source(graph, "x"))
    layer(body, "inner", outer.out)
    with_body(graph, "owner", body)
    assert remove_dead(graph) == 2
    assert names(graph) == ["x"]


def test_a_value_that_only_a_body_returns_is_not_dead():
    graph, body = Graph(), Graph()
    outer = layer(graph, "outer", source(graph, "x"))
    body.outputs = [outer.out]
    owner = with_body(graph, "owner", body)
    graph.outputs = [owner.out]
    assert remove_dead(graph) == 0
    graph.outputs = []
    assert remove_dead(graph) == 2
