"""If, Loop and TensorIterator: types are those that the runtime infers, numbers those of the plain formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dragoman.builder import Builder
from dragoman.errors import InferError
from dragoman.graph.body import BodyPorts, PortMap
from dragoman.graph.graph import Graph, Node, Value
from dragoman.graph.types import DType, boolean, dtype, f32, i32, i64, parse_shape
from dragoman_sdk.graphcase import assert_types_match, run_graph
from dragoman_sdk.opcase import registry

Make = Callable[..., Any]


def body_of(make: Make, *parameters: tuple[DType, str]) -> Graph:
    """A body: ``make(op, *inputs)`` returns its results."""
    body = Graph("body")
    op = Builder(body, registry())
    values = [op.parameter(kind, parse_shape(shape), f"p{i}") for i, (kind, shape) in enumerate(parameters)]
    results = make(op, *values)
    body.outputs = list(results) if isinstance(results, tuple) else [results]
    return body


class Outer:
    """The graph around: its inputs, and one node with bodies."""

    def __init__(self) -> None:
        self.graph = Graph("outer")
        self.op = Builder(self.graph, registry())

    def input(self, shape: str, kind: DType = f32) -> Value:
        name = f"in{len(self.graph.inputs)}"
        return self.op.parameter(kind, parse_shape(shape), name, (name,))

    def add(self, name: str, inputs: list[Value], bodies: dict[str, Graph], **ports: BodyPorts) -> Node:
        cls = registry().latest(name)
        assert cls is not None
        node = self.op.add(cls(**ports), inputs, bodies)
        self.graph.outputs = list(node.outputs)
        return node


def through(*pairs: tuple[int, int]) -> tuple[PortMap, ...]:
    return tuple(PortMap(external, internal) for external, internal in pairs)


def branch(outer: Outer, condition: Value, then: Graph, other: Graph, *operands: Value) -> Node:
    inputs = through(*((i + 1, i) for i in range(len(operands))))
    outputs = through(*((i, i) for i in range(len(then.outputs))))
    ports = BodyPorts(inputs, outputs)
    bodies = {"then_body": then, "else_body": other}
    return outer.add("If", [condition, *operands], bodies, then_ports=ports, else_ports=ports)


def loop(outer: Outer, trips: Any, go: Any, body: Graph, operands: list[Value], ports: BodyPorts) -> Node:
    first = trips if isinstance(trips, Value) else outer.op.constant(trips, i64)
    second = go if isinstance(go, Value) else outer.op.constant(go, boolean)
    return outer.add("Loop", [first, second, *operands], {"body": body}, ports=ports)


def forever(make: Make) -> Make:
    """The body's results, and ``true`` as the last of them."""

    def made(op: Builder, *inputs: Value) -> tuple[Value, ...]:
        results = make(op, *inputs)
        return (*(results if isinstance(results, tuple) else (results,)), op.constant(True))

    return made


def double_or_negate(shape: str) -> tuple[Outer, Node]:
    outer = Outer()
    x, condition = outer.input(shape), outer.input("", boolean)
    then = body_of(lambda op, a: op.Multiply(a, 2.0), (f32, shape))
    other = body_of(lambda op, a: op.Multiply(a, -1.0), (f32, shape))
    return outer, branch(outer, condition, then, other, x)


@pytest.mark.parametrize("taken", [True, False])
def test_if_runs_one_branch(taken: bool) -> None:
    outer, _ = double_or_negate("2,3")
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    (out,) = run_graph(outer.graph, {"in0": x, "in1": np.array(taken)})
    np.testing.assert_array_equal(out, x * (2 if taken else -1))


@pytest.mark.parametrize("shape", ["2,3", "?,3", "1..4,..8", "..."])
def test_if_keeps_shapes_that_agree(shape: str) -> None:
    assert_types_match(double_or_negate(shape)[0].graph)


@pytest.mark.parametrize(
    ("then_axes", "else_axes"),
    [([0], [1]), ([0], []), ([0, 1], [0]), ([0, 1], [0, 1]), ([], [])],
)
def test_if_joins_the_branches_shapes(then_axes: list[int], else_axes: list[int]) -> None:
    outer = Outer()
    x, condition = outer.input("4,7"), outer.input("", boolean)
    then = body_of(lambda op, a: op.ReduceSum(a, then_axes, keep_dims=False), (f32, "4,7"))
    other = body_of(lambda op, a: op.ReduceSum(a, else_axes, keep_dims=False), (f32, "4,7"))
    branch(outer, condition, then, other, x)
    assert_types_match(outer.graph)


@pytest.mark.parametrize("taken", [True, False])
def test_if_with_a_known_condition_has_the_branchs_shape(taken: bool) -> None:
    outer = Outer()
    x = outer.input("4,7")
    then = body_of(lambda op, a: op.ReduceSum(a, [0], keep_dims=False), (f32, "?,?"))
    other = body_of(lambda op, a: op.Unsqueeze(a, [0]), (f32, "?,?"))
    branch(outer, outer.op.constant(taken), then, other, x)
    data = np.arange(28, dtype=np.float32).reshape(4, 7)
    (out,) = run_graph(outer.graph, {"in0": data})
    np.testing.assert_allclose(out, data.sum(0) if taken else data[None])


def test_if_refuses_branches_of_different_types() -> None:
    outer = Outer()
    x, condition = outer.input("4"), outer.input("", boolean)
    then = body_of(lambda op, a: op.Relu(a), (f32, "4"))
    other = body_of(lambda op, a: op.ShapeOf(a), (f32, "4"))
    with pytest.raises(InferError, match="one branch returns f32, the other i64"):
        branch(outer, condition, then, other, x)


SUM = BodyPorts(
    inputs=(PortMap(2, 0), PortMap(3, 1, axis=0)),
    outputs=(PortMap(0, 0), PortMap(1, 1, axis=0)),
    back_edges=((0, 0),),
    condition=2,
)


def running_sum(outer: Outer, trips: Any, rows: Value) -> None:
    """(sum of the rows, all partial sums)."""

    def step(op: Builder, total: Value, row: Value) -> tuple[Value, Value]:
        total = op.Add(total, row)
        return total, total

    body = body_of(forever(step), (f32, "1,3"), (f32, "1,3"))
    loop(outer, trips, True, body, [outer.op.constant([[0.0, 0.0, 0.0]], f32), rows], SUM)


def test_loop_carries_a_value_and_joins_slices() -> None:
    outer = Outer()
    running_sum(outer, 4, outer.input("4,3"))
    rows = np.arange(12, dtype=np.float32).reshape(4, 3)
    total, partial = run_graph(outer.graph, {"in0": rows})
    np.testing.assert_array_equal(total, rows.sum(0, keepdims=True))
    np.testing.assert_array_equal(partial, rows.cumsum(0))


def test_loop_with_an_unknown_trip_count() -> None:
    outer = Outer()
    rows = outer.input("?,3")
    running_sum(outer, outer.input("", i64), rows)
    data = np.arange(15, dtype=np.float32).reshape(5, 3)
    total, partial = run_graph(outer.graph, {"in0": data, "in1": np.array(5)})
    np.testing.assert_array_equal(total, data.sum(0, keepdims=True))
    np.testing.assert_array_equal(partial, data.cumsum(0))


@pytest.mark.parametrize("trips", [-1, 0, 1, 7])
def test_loop_shapes_follow_the_trip_count(trips: int) -> None:
    outer = Outer()
    running_sum(outer, trips, outer.input("7,3"))
    assert_types_match(outer.graph)


@pytest.mark.parametrize("shape", ["1,3", "?,3", "2..4,3", "1,..5", "..."])
@pytest.mark.parametrize("trips", [None, 1, 3])
def test_loop_widens_what_grows(shape: str, trips: int | None) -> None:
    outer = Outer()
    start = outer.input(shape)
    count = outer.input("", i64) if trips is None else trips
    body = body_of(forever(lambda op, a: op.Concat(a, a, axis=0)), (f32, shape))
    ports = BodyPorts(through((2, 0)), through((0, 0)), ((0, 0),), condition=1)
    loop(outer, count, True, body, [start], ports)
    assert_types_match(outer.graph)


def test_loop_widens_one_carried_value_through_another() -> None:
    outer = Outer()

    def step(op: Builder, a: Value, b: Value) -> tuple[Value, Value]:
        return op.Concat(a, b, axis=0), op.Add(op.ReduceSum(a, [0], keep_dims=True), b)

    body = body_of(forever(step), (f32, "1,3"), (f32, "1,3"))
    ports = BodyPorts(through((2, 0), (3, 1)), through((0, 0), (1, 1)), ((0, 0), (1, 1)), condition=2)
    loop(outer, outer.input("", i64), True, body, [outer.input("1,3"), outer.input("1,3")], ports)
    data = np.ones((1, 3), np.float32)
    grown, _ = run_graph(outer.graph, {"in0": np.array(3), "in1": data, "in2": data})
    assert grown.shape == (4, 3)


def test_loop_ends_by_its_own_condition_and_counts() -> None:
    outer = Outer()

    def step(op: Builder, number: Value, x: Value) -> tuple[Value, Value]:
        return op.Multiply(x, 2.0), op.Less(number, 2)

    body = body_of(step, (i64, ""), (f32, "2"))
    ports = BodyPorts(through((2, 1)), through((0, 0)), ((0, 1),), iteration=0, condition=1)
    loop(outer, -1, True, body, [outer.input("2")], ports)
    (out,) = run_graph(outer.graph, {"in0": np.array([1, 3], np.float32)})
    np.testing.assert_array_equal(out, [8, 24])


@pytest.mark.parametrize("go", [True, False])
def test_loop_knows_a_condition_that_is_passed_through(go: bool) -> None:
    outer = Outer()
    body = body_of(lambda op, c, a: (op.Relu(a), c), (boolean, ""), (f32, "2,3"))
    ports = BodyPorts(through((2, 0), (3, 1)), (PortMap(0, 0, axis=1),), condition=1)
    loop(outer, 5, True, body, [outer.op.constant(go), outer.input("2,3")], ports)
    assert_types_match(outer.graph)


@pytest.mark.parametrize("shape", ["2,3", "?,3"])
@pytest.mark.parametrize("axis", [None, 0])
def test_loop_that_never_runs(shape: str, axis: int | None) -> None:
    outer = Outer()
    body = body_of(forever(lambda op, a: op.Relu(a)), (f32, shape))
    loop(
        outer,
        5,
        False,
        body,
        [outer.input(shape)],
        BodyPorts(through((2, 0)), (PortMap(0, 0, axis=axis),), condition=1),
    )
    assert_types_match(outer.graph)


def test_loop_joins_one_element_slices() -> None:
    outer = Outer()
    make = forever(lambda op, n: op.Unsqueeze(op.Convert(n, destination_type="f32"), [0]))
    ports = BodyPorts((), (PortMap(0, 0, axis=0),), iteration=0, condition=1)
    loop(outer, 4, True, body_of(make, (i32, "")), [], ports)
    (out,) = run_graph(outer.graph, {})
    np.testing.assert_array_equal(out, [0, 1, 2, 3])


def test_loop_joins_scalars() -> None:
    # the CPU plugin reads this and fails to compile it ("Accessing out-of-range dimension"): types only
    outer = Outer()
    body = body_of(forever(lambda op, n: op.Convert(n, destination_type="f32")), (i32, ""))
    loop(outer, 4, True, body, [], BodyPorts((), (PortMap(0, 0, axis=0),), iteration=0, condition=1))
    assert_types_match(outer.graph)


def test_loop_inside_if_inside_loop() -> None:
    def inner(op: Builder, x: Value) -> Value:
        body = body_of(forever(lambda b, a: b.Add(a, 1.0)), (f32, "?"))
        ports = BodyPorts(through((2, 0)), through((0, 0)), ((0, 0),), condition=1)
        cls = registry().latest("Loop")
        assert cls is not None
        node = op.add(cls(ports=ports), [op.constant(3), op.constant(True), x], {"body": body})
        return node.out

    def step(op: Builder, x: Value, which: Value) -> Value:
        then, other = body_of(inner, (f32, "?")), body_of(lambda b, a: b.Multiply(a, 2.0), (f32, "?"))
        ports = BodyPorts(through((1, 0)), through((0, 0)))
        cls = registry().latest("If")
        assert cls is not None
        attrs = cls(then_ports=ports, else_ports=ports)
        return op.add(attrs, [op.Squeeze(which), x], {"then_body": then, "else_body": other}).out

    outer = Outer()
    body = body_of(forever(step), (f32, "2"), (boolean, "1"))
    ports = BodyPorts((PortMap(2, 0), PortMap(3, 1, axis=0)), through((0, 0)), ((0, 0),), condition=1)
    loop(outer, 3, True, body, [outer.input("2"), outer.input("3", boolean)], ports)
    feeds = {"in0": np.array([1, 5], np.float32), "in1": np.array([True, False, True])}
    (out,) = run_graph(outer.graph, feeds)
    np.testing.assert_array_equal(out, [11, 19])


def iterate(outer: Outer, xs: Value, start: Value, *, reverse: bool = False, part: int = 1) -> None:
    """(last, all) of a decaying sum over the slices along axis 1."""

    def step(op: Builder, x: Value, state: Value) -> tuple[Value, Value]:
        state = op.Add(op.Multiply(state, 0.5), x)
        return state, state

    body = body_of(step, (xs.dtype, "2,1,3"), (xs.dtype, "2,1,3"))
    way = {"start": -1, "end": 0, "stride": -1} if reverse else {"start": 0, "end": -1, "stride": part}
    ports = BodyPorts(
        (PortMap(0, 0, axis=1, part_size=part, **way), PortMap(1, 1)),
        (PortMap(0, 0), PortMap(1, 1, axis=1, part_size=part, **way)),
        ((0, 1),),
    )
    outer.add("TensorIterator", [xs, start], {"body": body}, ports=ports)


@pytest.mark.parametrize("reverse", [False, True])
def test_tensor_iterator_runs_over_slices(reverse: bool) -> None:
    outer = Outer()
    iterate(outer, outer.input("2,4,3"), outer.input("2,1,3"), reverse=reverse)
    xs, state = np.random.default_rng(0).random((2, 4, 3), np.float32), np.zeros((2, 1, 3), np.float32)
    last, every = run_graph(outer.graph, {"in0": xs, "in1": state})
    wanted = np.zeros_like(xs)
    for i in reversed(range(4)) if reverse else range(4):
        state = state * np.float32(0.5) + xs[:, i : i + 1]
        wanted[:, i : i + 1] = state
    np.testing.assert_allclose(last, state, rtol=1e-6)
    np.testing.assert_allclose(every, wanted, rtol=1e-6)


@pytest.mark.parametrize("xs", ["2,4,3", "?,4,3", "2,?,3", "2,2..8,3", "?,?,?", "..."])
@pytest.mark.parametrize("state", ["2,1,3", "?,1,3", "?,?,?", "..."])
def test_tensor_iterator_shapes(xs: str, state: str) -> None:
    outer = Outer()
    iterate(outer, outer.input(xs), outer.input(state))
    assert_types_match(outer.graph)


def test_tensor_iterator_with_wide_parts() -> None:
    outer = Outer()
    iterate(outer, outer.input("2,6,3"), outer.input("2,2,3"), part=2)
    assert_types_match(outer.graph)


def test_tensor_iterator_takes_its_length_from_outputs() -> None:
    outer = Outer()
    body = body_of(lambda op, a: (op.Add(a, 1.0), a), (f32, "1,3"))
    ports = BodyPorts(through((0, 0)), (PortMap(0, 1, axis=0, start=0, end=5),), ((0, 0),))
    outer.add("TensorIterator", [outer.input("1,3")], {"body": body}, ports=ports)
    assert_types_match(outer.graph)


@pytest.mark.parametrize("kind", ["f32", "i32", "f16"])
def test_body_inputs_take_the_outer_element_type(kind: str) -> None:
    outer = Outer()
    body = body_of(forever(lambda op, a: op.Relu(a)), (f32, "1"))
    loop(
        outer,
        2,
        True,
        body,
        [outer.input("2,3", dtype(kind))],
        BodyPorts(through((2, 0)), through((0, 0)), condition=1),
    )
    assert outer.graph.outputs[0].dtype is dtype(kind)
    assert_types_match(outer.graph)


@pytest.mark.parametrize(
    ("ports", "reason"),
    [
        (BodyPorts(through((2, 0)), through((0, 0))), "whether to go on"),
        (BodyPorts((), through((0, 0)), condition=1), "every input must be connected"),
        (BodyPorts(through((2, 0)), through((1, 0)), condition=1), "every output must come from"),
        (BodyPorts(through((2, 0)), (PortMap(0, 0, axis=4),), condition=1), "axis 4 is outside"),
    ],
)
def test_loop_refuses_wrong_ports(ports: BodyPorts, reason: str) -> None:
    outer = Outer()
    body = body_of(forever(lambda op, a: op.Relu(a)), (f32, "2"))
    with pytest.raises(InferError, match=reason):
        loop(outer, 2, True, body, [outer.input("2")], ports)


def test_an_error_in_a_body_names_the_inner_node() -> None:
    outer = Outer()
    body = body_of(forever(lambda op, a: op.Add(a, op.constant([1.0, 2.0], f32))), (f32, "2"))
    ports = BodyPorts(through((2, 0)), through((0, 0)), condition=1)
    with pytest.raises(InferError, match="Add"):
        loop(outer, 2, True, body, [outer.input("3")], ports)
