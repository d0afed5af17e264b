"""Patterns and the matcher, on source graphs, where any op name goes."""

from __future__ import annotations

import time

import pytest

from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import TensorType, f32
from dragoman.rules.matcher import Reasons, match, outside_use
from dragoman.rules.pattern import Pattern, traced
from dragoman.rules.source import SourceBuilder


def source() -> tuple[SourceBuilder, Value]:
    graph = Graph("source")
    x = graph.append(Node("@input", name="x")).out
    x.type = TensorType(f32, (1, 4))
    graph.inputs.append(x)
    return SourceBuilder(graph), x


def one(function) -> Pattern:
    (pattern,) = traced(function)
    return pattern


def test_variables_and_inner_values_are_bound_by_name():
    op, x = source()
    conv = op.Conv(x, op.constant([1.0]))
    root = op.Relu(conv).producer
    found = match(one(lambda op, x, w: op.Relu(op.Conv(x, w, bind="conv"))), root)
    assert found is not None
    assert found.bindings == {"x": x, "w": conv.producer.inputs[1], "conv": conv}
    assert found.nodes == [conv.producer, root]


def test_one_variable_is_one_value():
    op, x = source()
    pattern = one(lambda op, x: op.Mul(x, op.Sigmoid(x)))
    assert match(pattern, op.Mul(x, op.Sigmoid(x)).producer)
    assert not match(pattern, op.Mul(x, op.Sigmoid(op.Relu(x))).producer)


def test_operands_of_commutative_ops_are_swapped_as_often_as_needed():
    op, x = source()
    inner = op.Mul(op.constant(2.0), op.Relu(x))
    root = op.Add(op.constant(1.0), inner).producer
    pattern = one(lambda op, x, a, b: op.Add(op.Mul(op.Relu(x), op.constant(a)), op.constant(b)))
    found = match(pattern, root)
    assert found is not None
    assert found.bindings["x"] is x


def test_a_wrong_choice_of_operands_is_undone():
    op, x = source()
    a, b = op.Relu(x), op.Tanh(x)
    root = op.Add(op.Mul(a, b), op.Sub(b, a)).producer
    # the first order binds p=a; Sub then demands p=b, so the Mul must be taken the other way round
    assert match(one(lambda op, p, q: op.Add(op.Mul(p, q), op.Sub(p, q))), root).bindings["p"] is b


def test_subtraction_is_not_commutative_and_ordered_forbids_swapping():
    op, x = source()
    c = op.constant(1.0)
    assert not match(one(lambda op, x, c: op.Sub(op.constant(c), x)), op.Sub(x, c).producer)
    assert not match(one(lambda op, x, c: op.Add(op.constant(c), x, ordered=True)), op.Add(x, c).producer)


def test_a_number_matches_a_constant_of_that_number_only():
    op, x = source()
    pattern = one(lambda op, x: op.Mul(x, 0.7978845608))
    assert match(pattern, op.Mul(op.constant([0.7978845608] * 3), x).producer)
    assert not match(pattern, op.Mul(op.constant([0.79, 0.7978845608]), x).producer)
    assert not match(pattern, op.Mul(op.constant(0.798), x).producer)


@pytest.mark.parametrize(
    "wanted, fits", [(1, True), ({1, 2}, True), (lambda a: a > 1, False), (2, False), ([1], False)]
)
def test_attributes_are_compared_tested_or_looked_up(wanted, fits):
    op, x = source()
    assert bool(match(one(lambda op, x: op.Softmax(x, axis=wanted)), op.Softmax(x, axis=1).producer)) is fits


def test_any_of_several_ops_and_names_that_are_no_identifiers():
    op, x = source()
    pattern = one(lambda op, x: op.any_of("Gelu", "com.microsoft.Gelu")(op.make("a.b.C", x)))
    assert match(pattern, op.make("com.microsoft.Gelu", op.make("a.b.C", x)).producer)
    assert not match(pattern, op.Relu(op.make("a.b.C", x)).producer)


def test_outputs_of_one_node_are_told_apart():
    def pattern(op, x):
        parts = op.Split(x)
        return op.Mul(parts[0], op.Sigmoid(parts[1]))

    op, x = source()
    a, b = op.Split(x, outputs=2)
    c, _ = op.Split(x, outputs=2)
    assert match(one(pattern), op.Mul(a, op.Sigmoid(b)).producer)
    assert not match(one(pattern), op.Mul(b, op.Sigmoid(a)).producer)
    assert not match(one(pattern), op.Mul(c, op.Sigmoid(b)).producer)


def test_missing_inputs_and_open_ends():
    op, x = source()
    clip = op.Clip(x, None, op.constant(6.0)).producer
    assert match(one(lambda op, x, high: op.Clip(x, None, high)), clip)
    assert not match(one(lambda op, x, low, high: op.Clip(x, low, high)), clip)
    assert not match(one(lambda op, x: op.Clip(x)), clip)
    assert match(one(lambda op, x: op.Concat(x, ...)), op.Concat(x, x, x).producer)


def test_use_outside_and_graph_outputs_are_seen():
    op, x = source()
    inner = op.Relu(x)
    root = op.Tanh(inner).producer
    found = match(one(lambda op, x: op.Tanh(op.Relu(x))), root)
    assert outside_use(found, lambda v: False) == ""
    assert "output of the graph" in outside_use(found, lambda v: v is inner)
    op.Abs(inner)
    assert "also used by Abs" in outside_use(found, lambda v: False)


def test_a_shared_inner_value_may_be_used_outside():
    op, x = source()
    inner = op.Relu(x)
    root = op.Relu(inner).producer
    op.Abs(inner)
    found = match(one(lambda op, x: op.Relu(op.Relu(x, shared=True))), root)
    assert outside_use(found, lambda v: False) == ""


def test_nested_commutative_ops_that_fail_cost_no_exponential_time():
    def pattern(op, **v):
        tree = [op.Add(v[f"v{i}"], v[f"v{i}"]) for i in range(16)]
        while len(tree) > 1:
            tree = [op.Mul(a, b) for a, b in zip(tree[::2], tree[1::2], strict=True)]
        return op.Add(tree[0], op.Never(v["v0"]))

    names = ", ".join(f"v{i}" for i in range(16))
    traced = one(eval(f"lambda op, {names}: f(op, {', '.join(f'v{i}=v{i}' for i in range(16))})", {"f": pattern}))
    op, x = source()
    tree = [op.Add(x, x) for _ in range(16)]
    while len(tree) > 1:
        tree = [op.Mul(a, b) for a, b in zip(tree[::2], tree[1::2], strict=True)]
    root = op.Add(tree[0], op.Never(op.Relu(x))).producer
    start = time.perf_counter()
    assert not match(traced, root)
    assert time.perf_counter() - start < 0.5


def test_the_closest_miss_is_told():
    op, x = source()
    reasons = Reasons()
    pattern = one(lambda op, x, w, s: op.Mul(op.Conv(x, w, group=1), op.constant(s)))
    assert not match(pattern, op.Mul(op.Conv(x, x, group=2), op.constant(1.0)).producer, reasons)
    assert reasons.texts == ["Conv 'Conv_0' has group=2"]
