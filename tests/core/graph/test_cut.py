"""Cutting by name, at outputs and inputs, and freezing: what stays, what goes, what it is called."""

from __future__ import annotations

import pytest
from tests.core.graph.graphs import chain, layer, names, source

from dragoman.errors import UsageError
from dragoman.graph.cut import cut_input, cut_outputs, find_value, freeze
from dragoman.graph.graph import INPUT, Graph, Node
from dragoman.graph.tensor import BytesTensor
from dragoman.graph.types import TensorType, f32
from dragoman.graph.verify import problems


def fork() -> Graph:
    """x -> a(2 outputs) -> b, and a.1 + y -> c; outputs b, c."""
    graph = Graph("fork")
    x, y = source(graph, "x"), source(graph, "y")
    a = layer(graph, "a", x, outputs=2)
    b = layer(graph, "b", a.out)
    c = layer(graph, "c", a.outputs[1], y)
    graph.outputs = [b.out, c.out]
    return graph


def placeholder(name: str = "new") -> Node:
    node = Node(INPUT, attrs={}, name=name)
    node.out.type = TensorType(f32, (2,))
    node.out.names = (name,)
    return node


TWO = BytesTensor.of(f32, (2,), [1.0, 2.0])


def test_names_find_tensors_layers_and_ports():
    graph = fork()
    a, c = graph.find("a"), graph.find("c")
    a.outputs[0].names = ("tensor", "scope/t:0")
    assert find_value(graph, "tensor") is a.outputs[0]
    assert find_value(graph, "scope/t:0") is a.outputs[0]
    assert find_value(graph, "a") is a.outputs[0]
    assert find_value(graph, "a:1") is a.outputs[1]
    assert find_value(graph, "1:c") == (c, 1)


def test_a_tensors_name_goes_before_a_layers():
    graph = chain("a", "b")
    graph.find("a").out.names = ("b",)
    graph.find("b").out.names = ("out",)
    assert find_value(graph, "b") is graph.find("a").out
    assert find_value(graph, "b:0") is graph.find("b").out


@pytest.mark.parametrize(
    ("text", "says"),
    [("aa", "did you mean"), ("a:7", "no output 7"), ("9:c", "no input 9"), ("zzz", "known: "), ("c:x", "D110")],
)
def test_unknown_names_are_refused_with_the_closest(text, says):
    with pytest.raises(UsageError) as error:
        find_value(fork(), text)
    assert error.value.code == "D110"
    assert says in str(error.value)


def test_a_name_inside_a_body_is_said_to_be_there():
    graph = fork()
    body = Graph("body")
    layer(body, "inner")
    graph.find("b").bodies["body"] = body
    with pytest.raises(UsageError, match="cut"):
        find_value(graph, "inner")


def test_a_wrong_name_in_a_large_model_is_answered_at_once():
    graph = chain(*(f"block.{i}/layer" for i in range(20000)))
    with pytest.raises(UsageError) as error:
        find_value(graph, "block.777/layr")
    assert error.value.hint


def test_cutting_at_outputs_drops_what_only_others_needed():
    graph = fork()
    cut_outputs(graph, [graph.find("b").out])
    assert names(graph) == ["x", "a", "b"]
    assert [v.names for v in graph.inputs] == [("x",)]
    assert not list(problems(graph))


def test_cut_outputs_keep_the_order_and_every_name():
    graph = fork()
    graph.output_names = [("first",), ("second",)]
    a, c = graph.find("a"), graph.find("c")
    a.outputs[1].names = ()
    cut_outputs(graph, [c.out, a.outputs[1], a.outputs[0]])
    assert graph.outputs == [c.out, a.outputs[1], a.outputs[0]]
    assert graph.output_names == [("second",), ("a:1",), ("a",)]


def test_an_input_that_nothing_ever_read_stays():
    graph = fork()
    idle = source(graph, "idle")
    cut_outputs(graph, [graph.find("b").out])
    assert graph.inputs[-1] is idle


def test_cutting_at_a_value_puts_an_input_in_its_place():
    graph = fork()
    new = cut_input(graph, graph.find("a").outputs[1], placeholder())
    assert graph.find("c").inputs[0] is new
    assert [v.producer.name for v in graph.inputs] == ["x", "y", "new"]
    cut_input(graph, graph.find("a").outputs[0], placeholder("other"))
    assert [v.producer.name for v in graph.inputs] == ["y", "new", "other"]
    assert graph.find("a") is None
    assert not list(problems(graph))


def test_cutting_at_one_input_of_a_layer_leaves_the_other_readers():
    graph = fork()
    a, c = graph.find("a"), graph.find("c")
    c.set_input(1, a.outputs[1])
    new = cut_input(graph, (c, 0), placeholder())
    assert c.inputs == [new, a.outputs[1]]


def test_cutting_at_an_input_replaces_it():
    graph = fork()
    new = cut_input(graph, graph.inputs[0], placeholder())
    assert [v.producer.name for v in graph.inputs] == ["new", "y"]
    assert graph.find("a").inputs == [new]
    assert graph.find("x") is None


def test_freezing_an_input_makes_it_a_constant():
    graph = fork()
    value = freeze(graph.inputs[1], TWO)
    assert [v.producer.name for v in graph.inputs] == ["x"]
    assert graph.find("c").inputs[1] is value
    assert (value.producer.tensor, value.names) == (TWO, ("y",))
    assert graph.find("y") is None
    assert not list(problems(graph))


def test_freezing_inside_drops_what_led_there():
    graph = chain("a", "b")
    freeze(graph.find("a").out, TWO)
    assert names(graph) == ["a/frozen", "b"]
    assert graph.inputs == []


def test_freezing_an_output_gives_the_constant_its_names():
    graph = chain("a")
    freeze(graph.outputs[0], TWO)
    assert graph.outputs[0].producer.tensor is TWO
    assert graph.names_of_output(0) == ("a",)


def test_bodies_read_the_new_value():
    graph = fork()
    a = graph.find("a")
    body = Graph("body")
    inner = layer(body, "inner", a.out)
    body.outputs = [a.out, inner.out]
    graph.find("b").bodies["body"] = body
    new = cut_input(graph, a.out, placeholder())
    assert inner.inputs == [new]
    assert body.outputs == [new, inner.out]
    assert not list(problems(graph))
