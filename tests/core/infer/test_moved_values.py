"""Values that ops of shape and movement carry: the shapes made from them are those that the runtime finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dragoman.builder import Builder
from dragoman.graph.graph import Graph, Value
from dragoman.graph.types import Interval, Symbol, f32, i64, parse_shape
from dragoman_sdk.graphcase import assert_types_match
from dragoman_sdk.opcase import registry

Chain = Callable[[Builder, Value], Any]


def shaped_by(size: str, chain: Chain) -> Graph:
    """A zero broadcast to the shape that the chain makes of an input's shape."""
    graph = Graph(size)
    op = Builder(graph, registry())
    x = op.parameter(f32, parse_shape(size), "x", ("x",))
    graph.outputs = [op.Broadcast(op.constant(0, f32), chain(op, op.ShapeOf(x)))]
    return graph


def first(op: Builder, s: Value, count: int) -> Any:
    """The first elements."""
    return op.Slice(s, [0], [count], [1])


CHAINS: dict[str, Chain] = {
    "join": lambda op, s: op.Concat(s, op.constant([5], i64), s, axis=0),
    "slice": lambda op, s: op.Slice(s, [1], [3], [1]),
    "slice from the end": lambda op, s: op.Slice(s, [-1], [-9], [-1]),
    "slice by 2": lambda op, s: op.Slice(s, [0], [9], [2], [0]),
    "strided slice": lambda op, s: op.StridedSlice(s, [1], [2], [1], begin_mask=[0], end_mask=[1]),
    "one element and back": lambda op, s: op.Unsqueeze(op.StridedSlice(s, [1], [2], [1], shrink_axis_mask=[1]), 0),
    "split": lambda op, s: op.Split(s, 0, num_splits=3)[1],
    "uneven split": lambda op, s: op.VariadicSplit(s, 0, [1, -1])[1],
    "squeeze": lambda op, s: op.Unsqueeze(op.Squeeze(op.Slice(s, [1], [2], [1]), [0]), [0]),
    "reshape": lambda op, s: op.Reshape(op.Reshape(s, [3, 1]), [-1]),
    "transpose": lambda op, s: op.Reshape(op.Transpose(op.Reshape(s, [1, 3]), [1, 0]), [3]),
    "tile": lambda op, s: op.Tile(op.Slice(s, [1], [2], [1]), [2]),
    "broadcast": lambda op, s: op.Broadcast(op.Slice(s, [1], [2], [1]), [2]),
    "interleave": lambda op, s: op.Reshape(
        op.Concat(op.Reshape(first(op, s, 2), [2, 1]), op.constant([[7], [8]], i64), axis=1), [-1]
    ),
}


@pytest.mark.parametrize("size", ["2,3,4", "?,3,4", "2,3..6,?", "1..2,?,..5"])
@pytest.mark.parametrize("chain", CHAINS.values(), ids=list(CHAINS))
def test_shape_made_of_moved_dimensions(size: str, chain: Chain) -> None:
    assert_types_match(shaped_by(size, chain))


@pytest.mark.parametrize("size", ["2,3,4", "?,3,4", "2,3..6,4", "1..2,?,..5", "?,?,?"])
def test_reshape_by_a_computed_pattern(size: str) -> None:
    graph = Graph(size)
    op = Builder(graph, registry())
    x = op.parameter(f32, parse_shape(size), "x", ("x",))
    heads = op.Concat(op.Slice(op.ShapeOf(x), [0], [2], [1]), op.constant([2, -1], i64), axis=0)
    flat = op.Concat(op.constant([-1], i64), op.Slice(op.ShapeOf(x), [2], [3], [1]), axis=0)
    graph.outputs = [op.Reshape(x, heads), op.Reshape(x, flat)]
    assert_types_match(graph)


@pytest.mark.parametrize("end", ["2..4", "?", "..9"])
def test_slice_up_to_a_computed_end(end: str) -> None:
    graph = Graph(end)
    op = Builder(graph, registry())
    size = op.ShapeOf(op.parameter(f32, parse_shape(end), "y", ("y",)))
    x = op.parameter(f32, parse_shape("8,?"), "x", ("x",))
    strided = op.StridedSlice(x, [1], size, [1], begin_mask=[0], end_mask=[0])
    graph.outputs = [op.Slice(x, [0], size, [1]), op.Slice(x, [0], size, [1], [1]), strided]
    graph.outputs.append(op.Pad(x, op.Concat(size, op.constant([0], i64), axis=0), op.constant([0, 0], i64)))
    assert_types_match(graph)


def test_symbols_tell_that_sizes_are_equal() -> None:
    graph = Graph("symbols")
    op = Builder(graph, registry())
    length = Interval(0, None, Symbol("length"))
    x = op.parameter(f32, (2, length, 8), "x")
    size = op.ShapeOf(x)
    kept = op.Reshape(x, op.Concat(op.Slice(size, [0], [2], [1]), op.constant([2, -1], i64), axis=0))
    assert kept.type.shape == (2, length, 2, 4)
    assert kept.type.shape[1].symbol is length.symbol
    back = op.Reshape(op.Transpose(kept, [0, 2, 1, 3]), op.constant([0, 0, 0, 4], i64), special_zero=True)
    assert back.type.shape[2].symbol is length.symbol
    assert op.MatMul(back, back, transpose_b=True).type.shape[3].symbol is length.symbol
    whole = op.Slice(x, [0], [2**63 - 1], [1], [1])
    assert whole.type.shape[1].symbol is length.symbol
