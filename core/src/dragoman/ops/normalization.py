"""Normalizations.

Behaviour: OpenVINO specification, "normalization" ops BatchNormInference-1/5, LRN-1, MVN-1/6, NormalizeL2-1, GRN-1,
GroupNormalization-12; shapes as the runtime infers them. Data is N, C, spatial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed
from dragoman.infer.dims import compatible, merge, merge_shapes
from dragoman.infer.small import known_axes, known_ints, need_rank, vector_length
from dragoman.lazy import np
from dragoman.ops.define import INTEGER, NUMERIC, Bool, Contradiction, Enum, Float, In, Int, Ints, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class _BatchNorm(Op):
    epsilon = Float()

    def _normalized(self, data: Typed, *channels: Typed) -> TensorType:
        """The data's type; its channel dimension narrowed by the parameters."""
        if self.epsilon < 0:
            raise Contradiction(f"epsilon {self.epsilon} is negative")
        shape: Shape = None
        for given in channels:
            need_rank(given, 1, what="gamma, beta, mean and variance")
            possible, shape = merge_shapes(shape, given.shape)
            if not possible:
                raise Contradiction("gamma, beta, mean and variance must have one shape")
        count: Dim | None = DYNAMIC if shape is None else shape[0]
        if data.shape is not None:
            if len(data.shape) < 2:
                raise Contradiction(f"the data must have at least 2 dimensions, not {len(data.shape)}")
            count = merge(data.shape[1], count if count is not None else DYNAMIC)
        if count is None:
            raise Contradiction("the parameters do not have the data's number of channels")
        if count == 0:
            raise Contradiction("no channels")
        return TensorType(data.dtype, None if data.shape is None else (data.shape[0], count, *data.shape[2:]))

    def _value(self, data: Array, gamma: Array, beta: Array, mean: Array, variance: Array) -> Array:
        def wide(array: Array) -> Array:
            return array.astype(np.float64).reshape(-1, *[1] * (data.ndim - 2))

        scale = wide(gamma) / np.sqrt(wide(variance) + self.epsilon)
        return np.asarray((data - wide(mean)) * scale + wide(beta)).astype(data.dtype)


@op("BatchNormInference", "opset1")
class BatchNormInferenceV1(_BatchNorm):
    """(data - mean) / sqrt(variance + epsilon) * gamma + beta, per channel."""

    gamma = In("T", "float")
    beta = In("T", "float")
    data = In("T", "float")
    mean = In("T", "float")
    variance = In("T", "float")

    def infer(self, gamma: Typed, beta: Typed, data: Typed, mean: Typed, variance: Typed) -> TensorType:
        return self._normalized(data, gamma, beta, mean, variance)

    def fold(self, gamma: Array, beta: Array, data: Array, mean: Array, variance: Array) -> Array:
        return self._value(data, gamma, beta, mean, variance)


@op("BatchNormInference", "opset5")
class BatchNormInference(_BatchNorm):
    """As opset1, with the data first."""

    data = In("T", "float")
    gamma = In("T", "float")
    beta = In("T", "float")
    mean = In("T", "float")
    variance = In("T", "float")

    def infer(self, data: Typed, gamma: Typed, beta: Typed, mean: Typed, variance: Typed) -> TensorType:
        return self._normalized(data, gamma, beta, mean, variance)

    def fold(self, data: Array, gamma: Array, beta: Array, mean: Array, variance: Array) -> Array:
        return self._value(data, gamma, beta, mean, variance)


def _check_axes(data: Typed, axes: Typed) -> None:
    if data.shape is not None:
        known_axes(axes, len(data.shape))
        count = vector_length(axes)
        if count is not None and count > len(data.shape):
            raise Contradiction(f"{count} axes for {len(data.shape)} dimensions")
    if known_ints(axes) == ():
        # LRN crashes the CPU plugin of 2026.4.1, the others give other numbers than the specification
        raise Contradiction("axes must not be empty")


def _places(axes: Array, rank: int) -> tuple[int, ...]:
    return tuple(sorted({int(a) % rank for a in np.ravel(axes)}))


@op("LRN", "opset1")
class LRN(Op):
    """data / (bias + alpha / size^axes * sum of squares in a window of ``size`` along the axes) ^ beta."""

    data = In("T", *NUMERIC)
    axes = In("", *INTEGER)
    alpha = Float()
    beta = Float()
    bias = Float()
    size = Int()

    def infer(self, data: Typed, axes: Typed) -> TensorType:
        need_rank(axes, 1, what="the axes")
        _check_axes(data, axes)
        if axes.value is None and data.shape is not None and len(data.shape) < 2:
            raise Contradiction("the data must have at least 2 dimensions where the axes are not known")
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array, axes: Array) -> Array:
        places = _places(axes, data.ndim)
        total = data.astype(np.float64) ** 2
        # an even size counts in the divisor only: the runtime's window is symmetric
        half = (self.size - 1) // 2
        for axis in places:
            widths = [(0, 0)] * data.ndim
            widths[axis] = (half, half)
            view = np.lib.stride_tricks.sliding_window_view(np.pad(total, widths), 2 * half + 1, axis)
            total = view.sum(axis=-1)
        out = data / (self.bias + self.alpha / self.size ** len(places) * total) ** self.beta
        return np.asarray(out).astype(data.dtype)


def _standardized(data: Array, axes: tuple[int, ...], variance: bool, eps: float, inside: bool) -> Array:
    """Mean removed and, on demand, divided by the deviation."""
    wide = data.astype(np.float64)
    out = wide - wide.mean(axis=axes, keepdims=True)
    if variance:
        power = (out**2).mean(axis=axes, keepdims=True)
        out = out / (np.sqrt(power + eps) if inside else np.sqrt(power) + eps)
    even: Array = out.astype(data.dtype)
    return even


@op("MVN", "opset2")
class MVNV2(Op):
    """Mean removed and, with ``normalize_variance``, divided by the deviation; over space, or channels too."""

    data = In("T", *NUMERIC)
    eps = Float(1e-9)
    across_channels = Bool(True)
    normalize_variance = Bool(True)
    reduction_axes = Ints()

    def infer(self, data: Typed) -> TensorType:
        if data.shape is not None and self.reduction_axes:
            rank = len(data.shape)
            # others are computed as one of these
            if sorted(self.reduction_axes) not in (list(range(1, rank)), list(range(2, rank))):
                raise Contradiction(f"reduction axes {list(self.reduction_axes)} are not all from 1 or all from 2 on")
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array) -> Array:
        axes = self.reduction_axes or tuple(range(1 if self.across_channels else 2, data.ndim))
        return _standardized(data, tuple(axes), self.normalize_variance, self.eps, True)


@op("MVN", "opset6")
class MVN(Op):
    """Mean over ``axes`` removed and, with ``normalize_variance``, divided by the deviation."""

    data = In("T", *NUMERIC)
    axes = In("", *INTEGER)
    eps = Float()
    normalize_variance = Bool()
    eps_mode = Enum("INSIDE_SQRT", "OUTSIDE_SQRT")

    def infer(self, data: Typed, axes: Typed) -> TensorType:
        need_rank(axes, 1, what="the axes")
        _check_axes(data, axes)
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array, axes: Array) -> Array:
        places = _places(axes, data.ndim)
        return _standardized(data, places, self.normalize_variance, self.eps, self.eps_mode == "INSIDE_SQRT")


@op("NormalizeL2", "opset1")
class NormalizeL2(Op):
    """data / sqrt(sum of squares over ``axes``, with eps added or as the least)."""

    data = In("T", *NUMERIC)
    axes = In("", *INTEGER)
    eps = Float()
    eps_mode = Enum("add", "max")

    def infer(self, data: Typed, axes: Typed) -> TensorType:
        need_rank(axes, 0, 1, what="the axes")
        _check_axes(data, axes)
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array, axes: Array) -> Array:
        wide = data.astype(np.float64)
        square = (wide**2).sum(axis=_places(axes, data.ndim), keepdims=True)
        power = square + self.eps if self.eps_mode == "add" else np.maximum(square, self.eps)
        return np.asarray(wide / np.sqrt(power)).astype(data.dtype)


@op("GRN", "opset1")
class GRN(Op):
    """data / sqrt(sum of squares over channels + bias)."""

    data = In("T", *NUMERIC)
    bias = Float()

    def infer(self, data: Typed) -> TensorType:
        need_rank(data, 2, 3, 4, what="the data")
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array) -> Array:
        wide = data.astype(np.float64)
        return np.asarray(wide / np.sqrt((wide**2).sum(axis=1, keepdims=True) + self.bias)).astype(data.dtype)


@op("GroupNormalization", "opset12")
class GroupNormalization(Op):
    """Mean removed and deviation divided out per group of channels; then scale and bias per channel."""

    data = In("T", *NUMERIC)
    scale = In("T", *NUMERIC)
    bias = In("T", *NUMERIC)
    num_groups = Int()
    epsilon = Float()

    def infer(self, data: Typed, scale: Typed, bias: Typed) -> TensorType:
        if self.num_groups <= 0:
            raise Contradiction(f"{self.num_groups} groups")
        need_rank(scale, 1, what="the scale")
        need_rank(bias, 1, what="the bias")
        if not merge_shapes(scale.shape, bias.shape)[0]:
            raise Contradiction("scale and bias must have one shape")
        if data.shape is not None:
            self._check_channels(data.shape, scale, bias)
        return TensorType(data.dtype, data.shape)

    def _check_channels(self, shape: tuple[Dim, ...], scale: Typed, bias: Typed) -> None:
        if len(shape) < 2:
            raise Contradiction(f"the data must have at least 2 dimensions, not {len(shape)}")
        for given in (scale, bias):
            if given.shape is not None and not compatible(given.shape[0], shape[1]):
                raise Contradiction(f"scale and bias of {given.shape[0]} for {shape[1]} channels")
        if isinstance(shape[1], int) and (shape[1] < self.num_groups or shape[1] % self.num_groups):
            raise Contradiction(f"{shape[1]} channels are not {self.num_groups} groups")

    def fold(self, data: Array, scale: Array, bias: Array) -> Array:
        grouped = data.reshape(data.shape[0], self.num_groups, -1).astype(np.float64)
        even = _standardized(grouped, (2,), True, self.epsilon, True).reshape(data.shape)
        channel = (-1, *[1] * (data.ndim - 2))
        return np.asarray(even * scale.reshape(channel) + bias.reshape(channel)).astype(data.dtype)
