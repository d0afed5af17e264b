"""Each broken invariant is found and names the node; a sound graph passes."""

from __future__ import annotations

import pytest
from tests.core.graph.graphs import chain, layer, source
from tests.core.ir.models import Model

from dragoman.errors import InternalError, RuleError
from dragoman.graph.graph import INPUT, Graph, Node
from dragoman.graph.types import TensorType, dynamic, f32
from dragoman.graph.verify import problems, verify


def order(graph):
    graph.move_before(graph.find("a"), graph.find("b"))


def dangling(graph):
    graph.find("b").set_input(0, Node("Op", attrs={}, name="lost").out)


def one_sided_input(graph):
    graph.find("b").inputs[0] = graph.inputs[0]


def lost_output(graph):
    graph.outputs = [Node("Op", attrs={}, name="lost").out]


def lost_input(graph):
    graph.inputs.append(Node(INPUT, attrs={}, name="lost").out)


def input_twice(graph):
    graph.inputs.append(graph.inputs[0])


def unlisted_input(graph):
    graph.append(Node(INPUT, attrs={}, name="unlisted"))


def lost_sink(graph):
    graph.sinks.append(Node("Op", attrs={}, name="lost"))


def repeated_name(graph):
    graph.find("a").out.names = ("x",)


def unpaired_names(graph):
    graph.output_names = [("a",), ("b",)]


def output_called_like_another(graph):
    graph.output_names = [("a",)]


def body_out_of_order(graph):
    body = Graph("body")
    layer(body, "inner", graph.find("b").out)
    graph.find("a").bodies["body"] = body


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (order, "Op 'b' reads %a"),
        (dangling, "reads %lost at input 0, which is in no graph"),
        (one_sided_input, "Op 'b': %x does not know"),
        (lost_output, "the output %lost"),
        (lost_input, "the input %lost"),
        (input_twice, "lists an input twice"),
        (unlisted_input, "'unlisted' is not among the inputs"),
        (lost_sink, "the sink Op 'lost'"),
        (repeated_name, "both have the tensor name 'x'"),
        (unpaired_names, "2 outputs have names, and there are 1"),
        (output_called_like_another, "%a has the name 'a', which is that of the output %b"),
        (body_out_of_order, "Op 'a', body: Op 'inner' reads %b"),
    ],
)
def test_damage_is_found(damage, says):
    graph = chain("a", "b")
    assert not list(problems(graph))
    damage(graph)
    found = list(problems(graph))
    assert any(says in p for p in found), found
    with pytest.raises(InternalError) as error:
        verify(graph)
    assert error.value.code == "D902"
    with pytest.raises(RuleError, match="MyRule"):
        verify(graph, "MyRule")


def test_stale_readers_are_found():
    graph = chain("a", "b")
    graph.find("a").out.uses[graph.find("a"), 0] = None
    assert "%a believes that Op 'a' reads it" in "; ".join(problems(graph))


def test_types_must_be_known_where_asked():
    graph = chain("a")
    graph.find("a").out.type = TensorType(dynamic, None)
    assert not list(problems(graph))
    assert list(problems(graph, typed=True)) == ["Op 'a': the element type of output 0 is not known"]


def test_target_nodes_have_their_bodies_and_data():
    m = Model()
    m.output(m.op.Add(m.input("x"), m.op.constant(1.0)), "y")
    assert not list(problems(m.graph, typed=True))
    constant = m.graph.find("Constant")
    constant.tensor = None
    m.graph.find("Add").bodies["body"] = Graph()
    found = "; ".join(problems(m.graph))
    assert "Constant 'Constant' has no data" in found
    assert "Add 'Add' needs the bodies []" in found


def test_a_body_may_read_what_stands_before_its_owner():
    graph = chain("a", "b")
    body = Graph("body")
    inner = layer(body, "inner", graph.find("a").out, source(body, "p"))
    body.outputs = [inner.out, graph.inputs[0]]
    graph.find("b").bodies["body"] = body
    assert not list(problems(graph))
    assert graph.find("a").out.dtype is f32
