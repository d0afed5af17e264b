"""Values of shape sub-graphs: arithmetic on the dimensions of an input gives the shapes that the runtime finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dragoman.builder import Builder
from dragoman.graph.graph import Graph, Value
from dragoman.graph.types import Interval, Symbol, f32, i32, i64, parse_shape
from dragoman_sdk.graphcase import assert_types_match
from dragoman_sdk.opcase import read, registry, run

Chain = Callable[[Builder, Value], Value]


def sized_by(size: str, chain: Chain) -> Graph:
    """A zero broadcast to the shape that the chain makes of an input's dimension."""
    graph = Graph(f"{size}")
    op = Builder(graph, registry())
    x = op.parameter(f32, parse_shape(size), "x", ("x",))
    n = op.Gather(op.ShapeOf(x), 0, 0, batch_dims=0)
    graph.outputs = [op.Broadcast(op.constant(0, f32), op.Unsqueeze(chain(op, n), 0))]
    return graph


def cast(op: Builder, n: Value, kind: str = "f32") -> Any:
    return op.Convert(n, destination_type=kind)


def both(op: Builder, n: Value) -> Any:
    """The list of the dimension and 5."""
    return op.Concat(op.Unsqueeze(n, 0), op.constant([5], i64), axis=0)


BOUNDS: dict[str, Chain] = {
    "add": lambda op, n: op.Add(n, 3),
    "subtract": lambda op, n: op.Subtract(20, n),
    "multiply": lambda op, n: op.Multiply(n, 4),
    "multiply by 0": lambda op, n: op.Multiply(n, op.constant(0, i64)),
    "divide": lambda op, n: op.Divide(n, 2),
    "divide, cut": lambda op, n: op.Divide(n, 3, m_pythondiv=False),
    "mod": lambda op, n: op.Mod(n, 3),
    "maximum": lambda op, n: op.Maximum(n, 4),
    "minimum": lambda op, n: op.Minimum(n, 4),
    "power": lambda op, n: op.Power(n, 2),
    "square": lambda op, n: op.Multiply(n, n),
    "absolute": lambda op, n: op.Abs(n),
    "clamp": lambda op, n: op.Clamp(n, min=3, max=5),
    "to i32 and back": lambda op, n: cast(op, cast(op, n, "i32"), "i64"),
    "through floats": lambda op, n: cast(op, op.Multiply(cast(op, n), op.constant(2, f32)), "i64"),
    "chosen": lambda op, n: op.Select(op.Equal(n, -1), op.constant(1, i64), n),
    "product": lambda op, n: op.ReduceProd(both(op, n), op.constant(0, i64)),
    "greatest": lambda op, n: op.ReduceMax(both(op, n), op.constant(0, i64)),
    "least": lambda op, n: op.ReduceMin(both(op, n), op.constant(0, i64)),
}
KNOWN: dict[str, Chain] = {
    **BOUNDS,
    "floor mod": lambda op, n: op.FloorMod(n, 4),
    "negative twice": lambda op, n: op.Negative(op.Negative(n)),
    "sign": lambda op, n: op.Sign(n),
    "relu": lambda op, n: op.Relu(n),
    "sum": lambda op, n: op.ReduceSum(both(op, n), op.constant(0, i64)),
    "mean": lambda op, n: op.ReduceMean(both(op, n), op.constant(0, i64)),
    "floor of a third": lambda op, n: cast(op, op.Floor(op.Multiply(cast(op, n), op.constant(1 / 3, f32))), "i64"),
    "ceiling of a seventh": lambda op, n: cast(op, op.Ceiling(op.Divide(cast(op, n), op.constant(7, f32))), "i64"),
    "square root": lambda op, n: cast(op, op.Sqrt(cast(op, n)), "i64"),
    "halves to even": lambda op, n: cast(op, op.Round(op.Multiply(cast(op, n), op.constant(0.25, f32))), "i64"),
    "in f16": lambda op, n: cast(op, op.Multiply(cast(op, n, "f16"), op.constant(0.7, "f16")), "i64"),
    "when greater": lambda op, n: op.Select(op.Greater(n, 4), op.constant(7, i64), n),
    "when less": lambda op, n: op.Select(op.Less(n, 4), op.constant(7, i64), n),
    "when neither": lambda op, n: op.Select(
        op.LogicalNot(op.LogicalOr(op.NotEqual(n, 6), op.LessEqual(n, 2))), op.constant(7, i64), n
    ),
}
FINER: dict[str, Chain] = {
    "squared difference": lambda op, n: op.SquaredDifference(n, 9),
    "bits": lambda op, n: op.BitwiseOr(op.BitwiseAnd(n, 6), 8),
    "xor and shifts": lambda op, n: op.BitwiseRightShift(op.BitwiseLeftShift(op.BitwiseXor(n, 3), 2), 1),
    "like": lambda op, n: op.ConvertLike(n, op.constant(0, i32)),
    "identity": lambda op, n: op.Identity(n),
}


@pytest.mark.parametrize("chain", KNOWN)
@pytest.mark.parametrize("size", ["6", "13"])
def test_a_known_dimension_passes_through(size: str, chain: str) -> None:
    graph = sized_by(size, KNOWN[chain])
    assert_types_match(graph)
    assert all(isinstance(d, int) for d in graph.outputs[0].shape or [None])


@pytest.mark.parametrize("chain", FINER)
def test_a_shape_known_here_only_is_that_of_the_run(chain: str) -> None:
    (result,) = run(read(sized_by("?", FINER[chain])), {"x": np.zeros(6, np.float32)})
    assert sized_by("6", FINER[chain]).outputs[0].shape == result.shape


@pytest.mark.parametrize("chain", BOUNDS)
@pytest.mark.parametrize("size", ["2..10", "..10", "?", "..4"])
def test_bounds_pass_through(size: str, chain: str) -> None:
    assert_types_match(sized_by(size, BOUNDS[chain]))


def test_a_range_over_a_dimension_has_its_length() -> None:
    graph = Graph()
    op = Builder(graph, registry())
    n = Interval(0, None, Symbol("n"))
    x = op.parameter(f32, (n,), "x", ("x",))
    size = op.Squeeze(op.ShapeOf(x, output_type="i32"), 0)
    steps = op.Range(op.constant(0, i32), size, op.constant(1, i32), output_type="i64")
    assert isinstance(steps.shape[0], Interval)
    assert steps.shape[0].symbol is n.symbol


def test_neutral_arithmetic_keeps_the_symbol() -> None:
    graph = Graph()
    op = Builder(graph, registry())
    n = Interval(0, None, Symbol("n"))
    x = op.parameter(f32, (n,), "x", ("x",))
    size = op.Divide(op.Multiply(op.Add(op.ShapeOf(x), [0]), [1]), [1])
    assert size.value.items[0].symbol is n.symbol


def test_floor_mod_of_bounds_is_not_trusted() -> None:
    """The runtime says 0..0 for 2..10 mod 2: the rests of the bounds, which bound nothing."""
    graph = sized_by("2..10", lambda op, n: op.FloorMod(n, 2))
    assert graph.outputs[0].shape == parse_shape("?")
