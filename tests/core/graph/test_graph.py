"""Edits of a graph: while it is walked, of who reads what, at its border."""

from __future__ import annotations

import copy
import time

import pytest
from tests.core.graph.graphs import chain, layer, names, source

from dragoman.graph.graph import Graph, Node
from dragoman.graph.tracked import Tracked


def loose(name: str) -> Node:
    return Node("Op", attrs={}, name=name)


def visited(graph: Graph, edit, *, backwards: bool = False) -> list[str]:
    """Names in the order of the walk; ``edit(node)`` runs at each."""
    seen = []
    for node in reversed(graph) if backwards else graph:
        seen.append(node.name)
        edit(node)
        assert len(seen) < 50
    return seen


def free(*names_: str) -> Graph:
    graph = Graph()
    for name in names_:
        graph.append(loose(name))
    return graph


def test_removing_the_current_node_goes_on():
    graph = free("a", "b", "c")
    assert visited(graph, lambda n: graph.remove(n)) == ["a", "b", "c"]
    assert len(graph) == 0


def test_a_node_removed_ahead_is_not_visited():
    graph = free("a", "b", "c", "d")
    ahead = [graph.find("b"), graph.find("c")]
    assert visited(graph, lambda n: [graph.remove(m) for m in ahead if n.name == "a"]) == ["a", "d"]


def test_removing_the_current_node_and_the_next_goes_on():
    graph = free("a", "b", "c")
    gone = [graph.find("a"), graph.find("b")]
    assert visited(graph, lambda n: [graph.remove(m) for m in gone if n.name == "a"]) == ["a", "c"]


def test_a_node_inserted_after_the_current_one_is_visited_and_one_before_is_not():
    graph = free("a", "b")

    def edit(node: Node) -> None:
        if node.name == "a":
            graph.insert_after(node, loose("new"))
            graph.insert_before(node, loose("old"))

    assert visited(graph, edit) == ["a", "new", "b"]
    assert names(graph) == ["old", "a", "new", "b"]


def test_backwards_the_rules_are_mirrored():
    graph = free("a", "b", "c")

    def edit(node: Node) -> None:
        if node.name == "b":
            graph.insert_after(node, loose("late"))
            graph.insert_before(node, loose("early"))
            graph.remove(node)

    assert visited(graph, edit, backwards=True) == ["c", "b", "early", "a"]
    assert names(graph) == ["a", "early", "late", "c"]


def test_a_node_moved_ahead_is_visited_there():
    graph = free("a", "b", "c")
    a, c = graph.find("a"), graph.find("c")
    assert visited(graph, lambda n: n.name == "b" and graph.move_before(c, a)) == ["a", "b", "a", "c"]


def test_moving_the_current_node_to_another_graph_ends_the_walk_loudly():
    graph, other = free("a", "b"), Graph()

    def edit(node: Node) -> None:
        graph.remove(node)
        other.append(node)

    with pytest.raises(RuntimeError, match="another graph"):
        visited(graph, edit)


def test_a_node_belongs_to_one_graph():
    graph = free("a")
    with pytest.raises(ValueError, match="already"):
        Graph().append(graph.find("a"))


@pytest.mark.parametrize("name", ["x", "a", "b"])
def test_remove_refuses_and_changes_nothing_while_a_node_is_needed(name):
    graph = chain("a", "b")
    node = graph.find(name)
    reads = list(node.inputs)
    with pytest.raises(ValueError):
        graph.remove(node)
    assert node.inputs == reads
    assert names(graph) == ["x", "a", "b"]


def test_uses_follow_the_inputs():
    graph = Graph()
    x, y = source(graph, "x"), source(graph, "y")
    node = layer(graph, "add", x, x)
    assert list(x.uses) == [(node, 0), (node, 1)]
    assert list(x.users()) == [node]
    node.set_input(0, y)
    assert (list(x.uses), list(y.uses)) == ([(node, 1)], [(node, 0)])
    node.set_input(1, None)
    assert not x.uses
    assert node.add_input(x) == 2


def test_replace_by_moves_readers_and_tensor_names():
    graph = chain("a", "b", "c")
    a, b, c = (graph.find(n) for n in "abc")
    new = Node("Op", [a.out], {}, name="new")
    graph.insert_after(b, new)
    b.out.replace_by(new.out)
    assert c.inputs == [new.out]
    assert (new.out.names, b.out.names) == (("b",), ())
    graph.remove(b)


def test_replace_by_leaves_the_names_of_an_input():
    graph = chain("a")
    x = graph.inputs[0]
    new = Node("Op", (), {}, name="new")
    graph.insert_after(x.producer, new)
    x.replace_by(new.out)
    new.add_input(x)
    assert (x.names, new.out.names) == (("x",), ())


def test_replace_by_refuses_an_output_unless_told():
    graph = chain("a", "b")
    a, b = graph.find("a"), graph.find("b")
    with pytest.raises(ValueError, match="output"):
        b.out.replace_by(a.out)
    assert graph.outputs == [b.out]
    b.out.replace_by(a.out, outputs=True)
    assert graph.outputs == [a.out]
    assert graph.names_of_output(0) == ("a", "b")


def test_an_input_that_was_an_output_keeps_the_outputs_name_for_the_new_value():
    graph = chain("a")
    x = graph.inputs[0]
    graph.outputs.append(x)
    new = layer(graph, "new", graph.find("a").out)
    x.replace_by(new.out, outputs=True)
    assert [graph.names_of_output(k) for k in range(2)] == [("a",), ("x",)]


def test_declared_output_names_outlive_the_values():
    graph = chain("a", "b")
    graph.output_names = [("result",)]
    graph.find("b").out.replace_by(graph.find("a").out, outputs=True)
    assert graph.names_of_output(0) == ("result",)


def test_replacing_each_of_many_outputs_is_linear():
    graph = Graph()
    x = source(graph, "x")
    old = [layer(graph, f"n{i}", x) for i in range(20000)]
    graph.outputs = [n.out for n in old]
    start = time.perf_counter()
    for node in old:
        new = graph.append(Node("Op", [x], {}, name="new"))
        node.out.replace_by(new.out, outputs=True)
        graph.remove(node)
    assert time.perf_counter() - start < 5  # a scan of the outputs each time takes minutes
    assert all(v.producer.name == "new" for v in graph.outputs)


def test_tracked_lists_know_their_items_after_every_edit():
    a, b, c = (loose(n) for n in "abc")
    items = Tracked([a, b, a])
    assert (a in items, c in items, items.places(a)) == (True, False, (0, 2))
    items.replace(a, c)
    assert (list(items), items.places(c), a in items) == ([c, b, c], (0, 2), False)
    items.replace(b, c)
    assert items.places(c) == (0, 1, 2)
    items[1] = b
    items += [a]
    items.remove(c)
    items.insert(0, a)
    assert (list(items), items.places(a), items.places(c)) == ([a, b, c, a], (0, 3), (2,))
    items.pop()
    items.reverse()
    assert items.places(a) == (2,)
    items.clear()
    assert a not in items
    assert copy.deepcopy(Tracked([1, 2])) == [1, 2]
