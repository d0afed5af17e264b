"""Replacements that a file anchors by scope, by points, or not at all."""

from __future__ import annotations

import json

import pytest

from dragoman.errors import DragomanError
from dragoman.graph.graph import Graph, Node
from dragoman.ops import core_ops
from dragoman.ops.define import OpRegistry
from dragoman.rules.anchors import PointsRule, ScopeRule
from dragoman.rules.pipeline import Pipeline
from dragoman.rules.replacements import load_replacements
from dragoman.rules.rule import Pass, Rule

OPS = OpRegistry(core_ops())


class Detector(ScopeRule):
    id = "SSD"
    needs_file = True

    def replace(self, op, region):
        return op.DetectionOutput(*region.inputs, **self.attributes)


class Middle(PointsRule):
    needs_file = True

    def replace(self, op, region):
        return [op.Fused(*region.inputs, count=len(region.nodes)) for _ in region.outputs]


class Rename(Pass):
    phase, needs_file = "source", True

    def run(self, graph, context):
        found = [n for n in graph if n.op == self.attributes["op"]]
        for node in found:
            node.op = self.attributes["to"]
        return len(found)


class Tuned(Rule):
    phase = "source"

    def pattern(self, op, x):
        return op.Exp(op.Log(x))

    def rewrite(self, op, x):
        return op.Tuned(x, **self.attributes)


RULES = [("p", r()) for r in (Detector, Middle, Rename, Tuned)]


def model() -> Graph:
    """x -> pre -> post/{boxes, scores} -> post/nms -> out, and a second branch pre -> other."""
    graph = Graph("model")

    def add(op, name, *inputs):
        return graph.append(Node(op, [n.out for n in inputs], {}, name=name))

    x = add("@input", "x")
    pre = add("Conv", "pre", x)
    boxes = add("Reshape", "post/boxes", pre)
    other = add("Relu", "other", pre)
    scores = add("Softmax", "post/scores", pre, x)
    nms = add("NMS", "post/nms", boxes, scores)
    out = add("Exp", "out", add("Log", "log", nms))
    graph.inputs, graph.outputs = [x.out], [out.out, other.out]
    return graph


def bound(tmp_path, text, name="r.toml"):
    file = tmp_path / name
    file.write_text(text if isinstance(text, str) else json.dumps(text))
    return load_replacements(file, RULES)


def run(tmp_path, text, name="r.toml"):
    graph = model()
    rules = [*RULES, *(("file", r) for r in bound(tmp_path, text, name))]
    Pipeline(rules).run("source", graph, OPS)
    return graph


def ops_of(graph):
    return [n.op for n in graph]


SCOPE = """
[[replace]]
id = "SSD"
scopes = ["po.t"]
inputs = ["scores:1", "boxes:0"]
outputs = ["nms:0"]
[replace.attributes]
confidence = 0.25
"""


def test_a_scope_is_replaced_with_its_ports_in_the_order_of_the_file(tmp_path):
    graph = run(tmp_path, SCOPE)
    assert ops_of(graph) == ["@input", "Conv", "Relu", "DetectionOutput", "Tuned"]
    node = graph.find("post/DetectionOutput_0")
    assert [v.producer.name for v in node.inputs] == ["x", "pre"]
    assert node.attrs == {"confidence": 0.25}


def test_the_legacy_form_says_the_same(tmp_path):
    legacy = [
        {
            "id": "SSD",
            "match_kind": "scope",
            "include_inputs_to_sub_graph": True,
            "instances": ["po.t"],
            "inputs": [[{"node": "scores", "port": 1}], [{"node": "boxes", "port": 0}]],
            "outputs": [{"node": "nms", "port": 0}],
            "custom_attributes": {"confidence": 0.25},
        }
    ]
    assert ops_of(run(tmp_path, legacy, "r.json")) == ops_of(run(tmp_path, SCOPE))


def test_without_ports_a_region_has_all_values_that_cross_its_border(tmp_path):
    graph = run(tmp_path, '[[replace]]\nid = "SSD"\nscopes = ["post"]\n')
    assert [v.producer.name for v in graph.find("post/DetectionOutput_0").inputs] == ["pre", "x"]


def test_points_take_what_lies_between_and_leave_the_branch(tmp_path):
    graph = run(tmp_path, '[[replace]]\nid = "Middle"\nstart = ["pre"]\nend = ["post/nms"]\noutputs = ["nms:0"]\n')
    assert ops_of(graph) == ["@input", "Conv", "Relu", "Fused", "Tuned"]
    fused = next(n for n in graph if n.op == "Fused")
    assert fused.attrs == {"count": 4}  # pre is inside, and stays only because the branch reads it too


def test_a_general_replacement_gets_its_attributes(tmp_path):
    text = '[[replace]]\nid = "Rename"\nkind = "general"\nattributes = {op = "Conv", to = "Conv2"}\n'
    assert "Conv2" in ops_of(run(tmp_path, text))


def test_a_pattern_is_bound_in_place_of_the_unbound_rule(tmp_path):
    graph = run(tmp_path, '[[replace]]\nid = "Tuned"\nattributes = {level = 3}\n')
    (node,) = [n for n in graph if n.op == "Tuned"]
    assert node.attrs == {"level": 3}


def test_unbound_replacements_do_nothing():
    graph = model()
    reports = Pipeline(RULES).run("source", graph, OPS)
    assert [(r.rule, r.count) for r in reports] == [("Tuned", 1)]


@pytest.mark.parametrize(
    "text, name, code, says",
    [
        ("[[replacement]\n", "r.toml", "D143", "line 1"),
        ("[\n{]\n", "r.json", "D143", "line 2"),
        ("[" * 100000, "r.json", "D143", "nested"),
        ('[[replace]]\nid = "SDD"\n', "r.toml", "D144", "'SSD'"),
        ('[[replace]]\nid = "SSD"\nscope = ["a"]\n', "r.toml", "D145", "'scopes'"),
        ('[[replace]]\nid = "SSD"\nkind = "points"\n', "r.toml", "D145", 'kind = "scope"'),
        ('[[replace]]\nid = "SSD"\nscopes = ["(a"]\n', "r.toml", "D145", "regular expression"),
        ('[[replace]]\nid = "SSD"\nscopes = ["post"]\ninputs = ["a"]\n', "r.toml", "D145", "NODE:PORT"),
        ('[[replace]]\nid = "SSD"\nattributes = 3\n', "r.toml", "D145", "line 3, column 1"),
        ('[[other]]\nid = "SSD"\n', "r.toml", "D145", "[[replace]]"),
        ("3", "r.json", "D145", "list"),
        ('[{"id": "Middle", "match_kind": "points", "instances": [3]}]', "r.json", "D145", "legacy"),
        ('[{"id": "SSD", "match_kind": "scope", "custom": {}}]', "r.json", "D145", "'custom'"),
        ('[[replace]]\nid = "SSD"\nscopes = ["past"]\n', "r.toml", "D146", "'post'"),
        ('[[replace]]\nid = "Middle"\nstart = ["pro"]\nend = ["out"]\n', "r.toml", "D146", "'pre'"),
        ('[[replace]]\nid = "Middle"\nstart = ["out"]\nend = ["pre"]\n', "r.toml", "D146", "no way"),
        ('[[replace]]\nid = "SSD"\nscopes = ["post"]\noutputs = ["nms:7"]\n', "r.toml", "D146", "port 7"),
    ],
)
def test_what_is_wrong_is_told_with_the_place_and_the_closest_name(tmp_path, text, name, code, says):
    with pytest.raises(DragomanError) as caught:
        run(tmp_path, text, name)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DragomanError) as caught:
        load_replacements(tmp_path / "none.toml", RULES)
    assert caught.value.code == "D143"


def test_a_replacement_of_many_places_takes_time_in_proportion(tmp_path):
    graph = Graph("chain")
    last = graph.append(Node("@input", (), {}, name="x"))
    graph.inputs = [last.out]
    for k in range(3000):
        last = graph.append(Node("Square", [last.out], {}, name=f"block{k}/square"))
        last = graph.append(Node("Root", [last.out], {}, name=f"block{k}/root"))
    graph.outputs = [last.out]
    rules = bound(tmp_path, '[[replace]]\nid = "SSD"\nscopes = ["block[0-9]+"]\n')
    visits = count_visits(graph, lambda: Pipeline([*RULES, *(("file", r) for r in rules)]).run("source", graph, OPS))
    assert ops_of(graph) == ["@input"] + ["DetectionOutput"] * 3000
    assert visits < 40 * 6000


def count_visits(graph, call):
    """How often a node is visited by walks over the graph."""
    walk, visits = Graph.__iter__, 0

    def counted(self):
        nonlocal visits
        for node in walk(self):
            visits += self is graph
            yield node

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Graph, "__iter__", counted)
        call()
    return visits
