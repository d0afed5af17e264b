"""Weights and biases multiplied along their output channels, computed when they are written.

Nothing is read and numpy is not imported until then. Products are taken in f64 and rounded once to the weight's type;
large weights go through memory in blocks of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from dragoman.graph.graph import Node, Value
from dragoman.graph.tensor import LazyTensor, RowwiseTensor, Tensor
from dragoman.graph.types import DType, SmallValue, f64, static_dims
from dragoman.lazy import np
from dragoman.rules.rule import NoMatch

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

#: ops that are linear in their second input, and whose output has one channel for each of some of its elements
LINEAR = ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData", "MatMul")


#: a larger weight is copied as it lies in its file, and the runtime scales it or its product
LARGEST = 12 << 20


class ScaledTensor(RowwiseTensor):
    """``base * factor``, the factor (f64) broadcast over it from the shape ``spread``."""

    __slots__ = ("base", "factor", "spread")

    def __init__(self, base: Tensor, factor: Tensor, spread: Sequence[int]) -> None:
        super().__init__(base.dtype, base.shape)
        self.base = base
        self.factor = factor
        self.spread = tuple(spread)

    def rows(self, start: int, stop: int) -> Array:
        factor = self.factor.numpy().reshape(self.spread)
        part = factor[start:stop] if self.spread[0] > 1 else factor
        with np.errstate(over="ignore", invalid="ignore"):
            return (self.base.rows(start, stop) * part).astype(self.dtype.numpy)

    def small(self) -> SmallValue | None:
        return None

    def look(self) -> Hashable:
        return "scaled", self.spread, self.dtype.name, self.base.sample(), self.factor.sample()


def scaled(base: Tensor, factor: Tensor, spread: Sequence[int]) -> ScaledTensor:
    """``base * factor``; a base that is such a product already is multiplied, and rounded, once."""
    if not isinstance(base, ScaledTensor) or base.spread != tuple(spread):
        return ScaledTensor(base, factor, spread)

    def product(first: Array, second: Array) -> Array:
        both: Array = first * second
        return both

    both = per_channel(product, f64, factor.shape, base.factor, factor)
    return ScaledTensor(base.base, both, spread)


class DeferredTensor(LazyTensor):
    """A LazyTensor that inference and other rules do not compute, however small it is."""

    __slots__ = ()

    def small(self) -> SmallValue | None:
        return None


def per_channel(function: Callable[..., Array], kind: DType, shape: Sequence[int], *inputs: Tensor) -> Tensor:
    """One number a channel, in a shape with no other axis, that a function makes of such vectors in f64.

    An input of one element is spread.
    """
    channels = math.prod(shape)

    def make() -> Array:
        vectors = [np.broadcast_to(t.numpy().astype(np.float64).reshape(-1), (channels,)) for t in inputs]
        with np.errstate(all="ignore"):
            return np.ascontiguousarray(function(*vectors)).astype(kind.numpy).reshape(shape)

    return DeferredTensor(kind, shape, make)


def linear_weight(value: Value) -> tuple[Node, Tensor]:
    """The linear op that makes a value, and its constant weight, used nowhere else; NoMatch where there is none."""
    node = value.producer
    weight = node.input(1)
    if weight.tensor is None:
        raise NoMatch(f"the weights of {node!r} are not constant")
    if len(weight.uses) != 1:
        raise NoMatch(f"the weights of {node!r} are shared")
    if weight.dtype.name not in ("f32", "f64"):
        raise NoMatch(f"products of {weight.dtype} weights may leave their range")
    if weight.tensor.nbytes > LARGEST:
        raise NoMatch(
            f"the weights of {node!r} are larger than {LARGEST >> 20} MB: rewriting them costs more than it saves"
        )
    if node.op == "MatMul" and weight.rank != 2:
        raise NoMatch(f"the weights of {node!r} are no matrix")
    return node, weight.tensor


def channels_of(node: Node, weight: Tensor) -> tuple[int, tuple[int, ...]]:
    """How many output channels a linear op has, and the shape that spreads one number a channel over its weights."""
    dims = weight.shape
    if node.op == "Convolution":
        axes: tuple[int, ...] = (0,)
    elif node.op == "GroupConvolution":
        axes = (0, 1)
    elif node.op == "ConvolutionBackpropData":
        axes = (1,)
    elif node.op == "GroupConvolutionBackpropData":
        axes = (0, 2)
    else:
        axes = (0,) if node.attrs.transpose_b else (1,)
    spread = tuple(d if i in axes else 1 for i, d in enumerate(dims))
    return math.prod(spread), spread


def channel_axis(node: Node, rank: int) -> int:
    """The axis of the op's output that its output channels lie on."""
    return rank - 1 if node.op == "MatMul" else 1


def along_channels(constant: Value, node: Node, channels: int) -> Tensor:
    """The constant, if it is one number or one a channel where it meets the op's output; NoMatch otherwise."""
    tensor, rank = constant.tensor, node.out.rank
    dims = static_dims(constant.shape)
    if tensor is None or dims is None or rank is None or len(dims) > rank:
        raise NoMatch(f"{constant!r} is not a constant of at most the rank of {node!r}")
    if tensor.dtype is not node.out.dtype:
        raise NoMatch(f"{constant!r} is not {node.out.dtype}")
    padded = (1,) * (rank - len(dims)) + dims
    axis = channel_axis(node, rank)
    if any(d != 1 for i, d in enumerate(padded) if i != axis) or padded[axis] not in (1, channels):
        raise NoMatch(f"{constant!r} is not one number, nor one a channel")
    return tensor


def bias_shape(node: Node, channels: int) -> tuple[int, ...]:
    """The shape of a bias that is added to the op's output: as short as it may be."""
    rank = node.out.rank or 0
    return (channels,) + (1,) * (rank - 1 - channel_axis(node, rank))
