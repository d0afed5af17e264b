"""The printed form of a graph."""

from __future__ import annotations

from tests.core.graph.graphs import chain, layer, source
from tests.core.ir.models import Model

from dragoman.graph.graph import Graph
from dragoman.graph.text import graph_text, node_text


def test_a_target_graph():
    m = Model()
    x = m.input("x", "2,?")
    y = m.op.Add(x, m.op.constant(2.5))
    z = m.op.Softmax(m.op.Add(y, m.op.constant([[1.0] * 20])), axis=-1)
    m.output(z, "y")
    assert (
        graph_text(m.graph)
        == """\
graph 'model' (%0 'x': f32[2,?] as 'x') {
  %1 'Constant' = Constant: f32[] {2.5}
  %2 'Add' = Add(%0, %1): f32[2,?]
  %3 'Constant_1' = Constant: f32[1,20] {20 elements}
  %4 'Add_1' = Add(%2, %3): f32[2,20]
  %5 'Softmax' = Softmax(%4): f32[2,20] {axis=-1}
  return %5 as 'y'
}
"""
    )


def test_a_source_graph_with_a_body():
    graph = chain("a")
    body = Graph("then")
    inner = layer(body, "inner", graph.inputs[0], source(body, "p"))
    body.outputs = [inner.out]
    owner = layer(graph, "if", graph.find("a").out, outputs=2)
    owner.attrs = {"alpha": 0.5, "body": body}
    owner.bodies["body"] = body
    graph.sinks.append(owner)
    assert (
        graph_text(graph)
        == """\
graph 'chain' (%0 'x': f32[2] as 'x') {
  %1 'a' = Op(%0): f32[2] as 'a'
  %2, %3 'if' = Op(%1): f32[2] as 'if', f32[2] as 'if.1' {alpha=0.5}
    body: graph 'then' (%4 'p': f32[2] as 'p') {
      %5 'inner' = Op(%0, %4): f32[2] as 'inner'
      return %5 as 'inner'
    }
  return %1 as 'a'
  sinks 'if'
}
"""
    )


def test_one_node():
    assert node_text(chain("a").find("a")) == "'a' = Op(%x): f32[2] as 'a'"
