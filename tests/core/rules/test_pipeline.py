"""Order, fixpoint, names, outputs, types, bodies and errors of a run over rules."""

from __future__ import annotations

import numpy as np
import pytest

from dragoman.builder import Builder
from dragoman.errors import DragomanError
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import CONSTANT, Graph, Node, Origin
from dragoman.graph.types import DTYPES, TensorType, f32, i64, parse_shape
from dragoman.ops import core_ops
from dragoman.ops.define import OpRegistry
from dragoman.rules.library import core_rules
from dragoman.rules.pipeline import Pipeline
from dragoman.rules.rule import NoMatch, Pass, Rule
from dragoman.rules.source import SourceBuilder
from dragoman_sdk.graphcase import run_graph

OPS = OpRegistry(core_ops())


class DropTwice(Rule):
    """Relu(Relu(x)) -> Relu(x)."""

    def pattern(self, op, x):
        return op.Relu(op.Relu(x, bind="inner"))

    def rewrite(self, op, x):
        return op.Relu(x)


def target(shape: str = "1,4") -> tuple[Graph, Builder, object]:
    graph = Graph("target")
    op = Builder(graph, OPS)
    return graph, op, op.parameter(f32, parse_shape(shape), "x", ("x",))


def run(graph, *rules, phase="simplify", skip=()):
    pipeline = Pipeline([("test", r) for r in rules], frozenset(skip))
    return {r.rule: r.count for r in pipeline.run(phase, graph, OPS)}


def ops_of(graph):
    return [n.op for n in graph]


def code_of(function, *args):
    with pytest.raises(DragomanError) as caught:
        function(*args)
    return caught.value.code


def test_the_replacement_keeps_name_tensor_names_and_origin():
    graph, op, x = target()
    y = op.Relu(op.Relu(x))
    y.producer.name, y.names, y.producer.origin = "act", ("y",), Origin("onnx", "act", "Relu")
    graph.outputs = [y]
    assert run(graph, DropTwice()) == {"DropTwice": 1}
    assert ops_of(graph) == ["Parameter", "Relu"]
    (out,) = graph.outputs
    assert (out.producer.name, out.names, out.producer.origin.rules) == ("act", ("y",), ("DropTwice",))
    assert out.producer.inputs == [x]


def test_a_chain_collapses_in_one_run():
    graph, op, x = target()
    y = x
    for _ in range(50):
        y = op.Relu(y)
    graph.outputs = [y]
    assert run(graph, DropTwice())["DropTwice"] == 49
    assert ops_of(graph) == ["Parameter", "Relu"]


def test_an_inner_value_that_is_used_or_leaves_the_graph_prevents_the_match():
    graph, op, x = target()
    inner = op.Relu(x)
    y = op.Relu(inner)
    graph.outputs = [y, inner]
    assert run(graph, DropTwice()) == {"DropTwice": 0}
    graph.outputs = [y, op.Tanh(inner)]
    assert run(graph, DropTwice()) == {"DropTwice": 0}


def test_rules_run_after_before_then_by_name():
    def rule(name, **order):
        return type(name, (DropTwice,), order)()

    rules = [rule("A", after=("B", "NoSuchRule")), rule("B"), rule("C", before=("B",)), rule("D")]
    assert Pipeline([("p", r) for r in rules]).names("simplify") == ["C", "B", "A", "D"]


def test_a_loop_in_the_order_is_printed():
    rules = [type(n, (DropTwice,), {"after": (a,)})() for n, a in ("AB", "BC", "CA")]
    with pytest.raises(DragomanError, match="A after B after C after A") as caught:
        run(target()[0], *rules)
    assert caught.value.code == "D504"


def test_skip_leaves_out_and_offers_the_closest_name():
    graph, op, x = target()
    graph.outputs = [op.Relu(op.Relu(x))]
    assert run(graph, DropTwice(), skip=["DropTwice"]) == {}
    with pytest.raises(DragomanError, match="'DropTwice'") as caught:
        Pipeline([("p", DropTwice())], frozenset(["DropTwise"]))
    assert caught.value.code == "D141"


def test_one_name_registered_twice_is_refused():
    assert code_of(Pipeline, [("p", DropTwice()), ("q", DropTwice())]) == "D505"


def test_a_changed_element_type_or_shape_is_refused_with_the_text_before_and_after():
    class Wrong(DropTwice):
        def rewrite(self, op, x):
            return op.constant([1, 2])

    graph, op, x = target()
    y = op.Relu(op.Relu(x))
    y.producer.name = "act"
    graph.outputs = [y]
    with pytest.raises(DragomanError) as caught:
        run(graph, Wrong())
    assert caught.value.code == "D501"
    assert "i64 in the place of f32" in caught.value.what
    assert "Relu(%Relu)" in caught.value.where
    assert "Constant()" in caught.value.where


def test_a_rule_that_raises_is_named_with_its_plugin():
    class Raises(DropTwice):
        def rewrite(self, op, x):
            raise KeyError("oops")

    graph, op, x = target()
    graph.outputs = [op.Relu(op.Relu(x))]
    with pytest.raises(DragomanError, match="the rule Raises of test failed: KeyError: 'oops'") as caught:
        run(graph, Raises())
    assert caught.value.code == "D502"


def test_a_rule_that_builds_a_contradiction_is_named():
    class Builds(DropTwice):
        def rewrite(self, op, x):
            return op.Add(x, op.constant([1.0, 2.0]))

    graph, op, x = target()
    graph.outputs = [op.Relu(op.Relu(x))]
    assert code_of(run, graph, Builds()) == "D502"


def test_rules_without_end_are_stopped():
    class Grow(Rule):
        def pattern(self, op, x):
            return op.Relu(x)

        def rewrite(self, op, x):
            return op.Relu(op.Tanh(x))

    graph, op, x = target()
    graph.outputs = [op.Relu(x)]
    assert code_of(run, graph, Grow()) == "D503"


def test_refusing_inside_rewrite_leaves_nothing_behind():
    class Refuses(DropTwice):
        def rewrite(self, op, x):
            op.Tanh(x)
            raise NoMatch("changed my mind")

    graph, op, x = target()
    graph.outputs = [op.Relu(op.Relu(x))]
    assert run(graph, Refuses()) == {"Refuses": 0}
    assert ops_of(graph) == ["Parameter", "Relu", "Relu"]


def test_source_rules_see_the_frameworks_ops_and_only_their_framework():
    class Fuse(Rule):
        phase, framework = "source", "onnx"

        def pattern(self, op, x):
            return op.Mul(x, op.Sigmoid(x))

        def rewrite(self, op, x):
            return op.make("acme.Silu", x, beta=1.0)

    def model():
        graph = Graph()
        op = SourceBuilder(graph)
        x = op.make("@input")
        graph.inputs, graph.outputs = [x], [op.Mul(op.Sigmoid(x), x)]
        return graph

    pipeline = Pipeline([("acme", Fuse())])
    graph = model()
    assert [r.count for r in pipeline.run("source", graph, OPS, "onnx")] == [1]
    assert ops_of(graph) == ["@input", "acme.Silu"]
    assert graph.outputs[0].producer.attrs == {"beta": 1.0}
    assert pipeline.run("source", model(), OPS, "caffe") == []


def test_bodies_get_the_rules_and_what_they_read_outside_stays():
    graph = Graph()
    op = SourceBuilder(graph)
    x = op.make("@input")
    outer, through = op.Abs(x), op.Neg(x)
    branch = op.make("If", x).producer
    inside = SourceBuilder(Graph())
    inside.graph.outputs = [inside.Relu(inside.Relu(outer)), through]
    inside.Exp(outer)
    branch.bodies["then_branch"] = inside.graph
    graph.inputs, graph.outputs = [x], [branch.out]

    class Twice(DropTwice):
        phase = "source"

    class Positive(Rule):
        """Neg(x) -> Sub(0, x), to see that a body's output follows."""

        phase = "source"

        def pattern(self, op, x):
            return op.Neg(x)

        def rewrite(self, op, x):
            return op.Sub(0.0, x)

    dead = [r() for r in core_rules() if r.__name__ == "RemoveDeadLayers"]
    assert run(graph, Twice(), Positive(), *dead, phase="source")["Twice"] == 1
    assert ops_of(inside.graph) == ["Relu"]
    assert ops_of(graph) == ["@input", "Abs", CONSTANT, "Sub", "If"]
    assert inside.graph.outputs[1].producer.op == "Sub"


def test_types_downstream_of_a_sharper_replacement_are_inferred_anew():
    class Sharpen(Rule):
        def pattern(self, op, x):
            return op.Tanh(x)

        def rewrite(self, op, x):
            return op.constant([[1.0, 2.0]])

    graph, op, x = target("?,?")
    y = op.Relu(op.Relu(op.Tanh(x)))
    graph.outputs = [y]
    run(graph, Sharpen())
    assert graph.outputs[0].shape == (1, 2)


def test_a_pass_that_edits_by_itself_gets_everything_looked_at_again():
    class Own(Pass):
        def run(self, graph, context):
            found = [n for n in graph if n.op == "Tanh"]
            for node in found:
                relu = graph.insert_before(node, Node("Relu", node.inputs, OPS.latest("Relu")()))
                relu.out.type = TensorType(f32, (1, 4))
                node.out.replace_by(relu.out, outputs=True)
                graph.remove(node)
            return len(found)

    graph, op, x = target()
    graph.outputs = [op.Tanh(op.Relu(x))]
    assert run(graph, Own(), DropTwice()) == {"DropTwice": 1, "Own": 1}


def test_a_rule_of_several_forms_takes_any():
    class Activation(Rule):
        def pattern(self, op, x, slope):
            return [op.Relu(op.Relu(x)), op.Tanh(op.Add(x, op.constant(slope)))]

        def rewrite(self, op, x, slope=None):
            return op.Relu(x) if slope is None else op.Tanh(x)

    graph, op, x = target()
    graph.outputs = [op.Tanh(op.Add(op.Relu(op.Relu(x)), op.constant([1.0])))]
    assert run(graph, Activation()) == {"Activation": 2}
    assert ops_of(graph) == ["Parameter", "Relu", "Tanh"]


def test_explain_gives_the_closest_miss():
    class Fussy(DropTwice):
        def check(self, x):
            raise NoMatch("x is not to my taste")

    graph, op, x = target()
    inner = op.Relu(op.Tanh(x))
    y = op.Relu(inner)
    inner.producer.name, y.producer.name = "inner", "outer"
    graph.outputs = [y]
    pipeline = Pipeline([("p", Fussy()), ("p", type("Later", (DropTwice,), {})())])
    assert pipeline.explain(graph, "Fussy", "outer", OPS) == ["x is not to my taste"]
    assert pipeline.explain(graph, "Fussy", "inner", OPS) == ["x is not to my taste"]
    assert pipeline.explain(graph, "Later", "outer", OPS) == []
    (text,) = pipeline.explain(graph, "Later", "Tanh", OPS)
    assert "not part of its pattern" in text
    graph.outputs = [y, inner]
    assert pipeline.explain(graph, "Later", "outer", OPS) == ["Relu 'inner' is an output of the graph"]
    assert ops_of(graph) == ["Parameter", "Tanh", "Relu", "Relu"]
    assert code_of(pipeline.explain, graph, "Latr", "outer") == "D141"
    assert code_of(pipeline.explain, graph, "Later", "ouder") == "D142"


def test_explain_applies_the_rules_that_come_before():
    class Unwrap(Rule):
        before = ("DropTwice",)

        def pattern(self, op, x):
            return op.Tanh(x)

        def rewrite(self, op, x):
            return x

    graph, op, x = target()
    y = op.Relu(op.Tanh(op.Relu(x)))
    y.producer.name = "outer"
    graph.outputs = [y]
    pipeline = Pipeline([("p", DropTwice()), ("p", Unwrap())])
    assert pipeline.explain(graph, "DropTwice", "outer", OPS) == []


def test_dead_nodes_go_and_inputs_and_constants_in_use_stay():
    graph, op, x = target()
    op.Tanh(op.Add(x, op.constant([1.0])))
    y = op.parameter(i64, (), "unused")
    graph.outputs = [op.Relu(x)]
    run(graph, *[r() for r in core_rules() if r.phase == "simplify"])
    assert ops_of(graph) == ["Parameter", "Parameter", "Relu"]
    assert y.producer.graph is graph


def test_bodies_of_target_ops_are_simplified_and_keep_their_border():
    def body() -> Graph:
        inner = Graph()
        inside = Builder(inner, OPS)
        p = inside.parameter(f32, parse_shape("?,4"), "p")
        y = inside.Add(inside.Relu(inside.Relu(p)), inside.Multiply(inside.constant([2.0]), inside.constant([3.0])))
        inner.outputs = [y]
        return inner

    graph, op, x = target("?,4")
    condition = op.parameter(DTYPES["boolean"], (), "c", ("c",))
    ports = BodyPorts(inputs=(PortMap(1, 0),), outputs=(PortMap(0, 0),))
    cls = OPS.latest("If")
    bodies = {"then_body": body(), "else_body": body()}
    node = op.add(cls(then_ports=ports, else_ports=ports), (condition, x), bodies)
    graph.outputs = [node.out]
    feeds = {"x": np.linspace(-2, 2, 8, dtype=np.float32).reshape(2, 4), "c": np.array(True)}
    (before,) = run_graph(graph, feeds)
    rules = [r() for r in core_rules() if r.phase == "simplify"]
    assert run(graph, DropTwice(), *rules)["DropTwice"] == 2
    for inner in node.bodies.values():
        assert [n.op for n in inner if n.op != "Constant"] == ["Parameter", "Relu", "Add"]
        assert inner.inputs[0].shape == parse_shape("?,4")
    (after,) = run_graph(graph, feeds)
    np.testing.assert_array_equal(before, after)
