"""Reductions along axes, and the running sum (OpenVINO specification, *Reduction* and *CumSum*)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from dragoman.graph.types import Dim, Interval, Scalar, Shape, SmallValue, TensorType, Typed
from dragoman.infer.dims import dynamic_shape, normalize_axis
from dragoman.infer.numbers import UNKNOWN, bounded, few, held
from dragoman.lazy import np
from dragoman.ops.define import INDEX, INTEGER, NUMERIC, Bool, Contradiction, In, Op, op
from dragoman.ops.elementwise import own_value

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class _Reduction(Op):
    """One element from all along ``axes``; with no axes the data as it is."""

    data = In("T", *NUMERIC)
    axes = In("", *INTEGER)
    keep_dims = Bool(False)
    #: the value of a list of numbers, for shape sub-graphs
    scalar: ClassVar[Any] = None

    def infer(self, data: Typed, axes: Typed) -> TensorType:
        if axes.shape is not None and len(axes.shape) > 1:
            raise Contradiction("the axes must be a scalar or a list")
        numbers = None if axes.value is None else axes.value.numbers()
        if data.shape is None:
            return TensorType(data.dtype, None)
        if numbers is None:
            return TensorType(data.dtype, self._unknown(data.shape, axes.shape))
        chosen = set()
        for a in numbers:
            axis = normalize_axis(a, len(data.shape))
            if axis is None:
                raise Contradiction(f"axis {a} lies outside rank {len(data.shape)}")
            chosen.add(axis)
        shape: tuple[Dim, ...]
        if self.keep_dims:
            shape = tuple(1 if i in chosen else d for i, d in enumerate(data.shape))
        else:
            shape = tuple(d for i, d in enumerate(data.shape) if i not in chosen)
        value = None
        if few(data.shape):
            value = self._value(data) if chosen else data.value
        return TensorType(data.dtype, shape, value)

    def _unknown(self, shape: tuple[Dim, ...], axes: Shape) -> Shape:
        if self.keep_dims:
            return dynamic_shape(len(shape))
        if axes is not None and (not axes or axes == (1,)) and shape:
            return dynamic_shape(len(shape) - 1)
        return None if shape else ()

    def _value(self, data: Typed) -> SmallValue | None:
        value = data.value
        if value is None or len(value.shape) != 1 or not value.items:
            return None
        try:
            item = held(data.dtype, self.number(value.items)) if value.is_known else self.between(value.items)
        except (ArithmeticError, ValueError, TypeError):
            return None
        return SmallValue((1,) if self.keep_dims else (), [item])

    def number(self, items: tuple[Any, ...]) -> Any:
        """The value of known numbers; ValueError where there is none."""
        if type(self).scalar is None:
            raise ValueError(self.type)
        return type(self).scalar(items)

    def between(self, items: tuple[Scalar, ...]) -> Scalar:
        """The value where some elements are only bounded."""
        return UNKNOWN

    def places(self, data: Array, axes: Array) -> tuple[int, ...]:
        """The axes for numpy, each once."""
        return tuple({int(a) % max(data.ndim, 1) for a in axes.reshape(-1)} if data.ndim else ())


class _Extreme(_Reduction):
    """A reduction that picks one of the elements."""

    def between(self, items: tuple[Scalar, ...]) -> Scalar:
        lows: list[Any] = [i.lo if isinstance(i, Interval) else i for i in items]
        highs: list[Any] = [i.hi if isinstance(i, Interval) else i for i in items]
        lo, hi = self._end(lows, 0), self._end(highs, 1)
        return Interval(lo, hi) if lo is None or hi is None else bounded(lo, hi)

    def _end(self, ends: list[Any], side: int) -> Any:
        """The bound on one side: an end without bound decides only where it would be picked."""
        open_side = -math.inf if side == 0 else math.inf
        picked = type(self).scalar([open_side if e is None else e for e in ends])
        return None if picked in (math.inf, -math.inf) else picked


@op("ReduceMax", "opset1")
class ReduceMax(_Extreme):
    """The greatest."""

    scalar = max

    @own_value
    def fold(self, data: Array, axes: Array) -> Any:
        return data.max(self.places(data, axes), keepdims=self.keep_dims)


@op("ReduceMin", "opset1")
class ReduceMin(_Extreme):
    """The least."""

    scalar = min

    @own_value
    def fold(self, data: Array, axes: Array) -> Any:
        return data.min(self.places(data, axes), keepdims=self.keep_dims)


@op("ReduceSum", "opset1")
class ReduceSum(_Reduction):
    """Σ x."""

    scalar = sum

    @own_value
    def fold(self, data: Array, axes: Array) -> Any:
        return data.sum(self.places(data, axes), keepdims=self.keep_dims)


@op("ReduceProd", "opset1")
class ReduceProd(_Reduction):
    """Π x."""

    scalar = math.prod

    def between(self, items: tuple[Scalar, ...]) -> Scalar:
        lows: list[Any] = [i.lo if isinstance(i, Interval) else i for i in items]
        highs: list[Any] = [i.hi if isinstance(i, Interval) else i for i in items]
        if any(lo is None or lo < 0 for lo in lows):
            return UNKNOWN
        low = math.prod(lows)
        return Interval(low, None) if None in highs else bounded(low, math.prod(highs))

    @own_value
    def fold(self, data: Array, axes: Array) -> Any:
        return data.prod(self.places(data, axes), keepdims=self.keep_dims)


@op("ReduceMean", "opset1")
class ReduceMean(_Reduction):
    """Σ x / n; of integers cut towards zero."""

    scalar = staticmethod(lambda items: sum(items) / len(items))

    @own_value
    def fold(self, data: Array, axes: Array) -> Any:
        return data.mean(self.places(data, axes), keepdims=self.keep_dims)


@op("ReduceL1", "opset4")
class ReduceL1(_Reduction):
    """Σ abs(x)."""

    @own_value
    def fold(self, data: Array, axes: Array) -> Any:
        return np.abs(data).sum(self.places(data, axes), keepdims=self.keep_dims)


@op("ReduceL2", "opset4")
class ReduceL2(_Reduction):
    """√ Σ x²."""

    def fold(self, data: Array, axes: Array) -> Any:
        wide = data.astype(np.float64)
        return np.sqrt((wide * wide).sum(self.places(data, axes), keepdims=self.keep_dims)).astype(data.dtype)


class _LogicalReduction(_Reduction):
    """A reduction of booleans."""

    data = In("T", "bool")


@op("ReduceLogicalAnd", "opset1")
class ReduceLogicalAnd(_LogicalReduction):
    """All are true."""

    scalar = all

    def fold(self, data: Array, axes: Array) -> Any:
        return np.asarray(data.all(self.places(data, axes), keepdims=self.keep_dims))


@op("ReduceLogicalOr", "opset1")
class ReduceLogicalOr(_LogicalReduction):
    """One at least is true."""

    scalar = any

    def fold(self, data: Array, axes: Array) -> Any:
        return np.asarray(data.any(self.places(data, axes), keepdims=self.keep_dims))


@op("CumSum", "opset3")
class CumSum(Op):
    """Running sum along an axis; ``exclusive`` leaves the element itself out, ``reverse`` runs from the end."""

    data = In("T")
    axis = In("", *INDEX)
    exclusive = Bool(False)
    reverse = Bool(False)

    def infer(self, data: Typed, axis: Typed) -> TensorType:
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array, axis: Array) -> Array:
        along = int(axis.reshape(-1)[0])
        turned = np.flip(data, along) if self.reverse else data
        out = np.cumsum(turned, along, dtype=data.dtype)
        if self.exclusive:
            out = out - turned
        return np.flip(out, along) if self.reverse else out
