"""Activations (OpenVINO specification, *Activation functions*).

The CPU plugin gives 0 for ``Relu(NaN)``; the value here keeps the NaN, as the formula does.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

from dragoman.graph.types import Interval, Scalar, TensorType, Typed
from dragoman.infer.dims import normalize_axis
from dragoman.infer.numbers import bounded
from dragoman.lazy import np
from dragoman.ops.define import NUMERIC, Contradiction, Enum, Float, In, Int, Op, op
from dragoman.ops.elementwise import REAL, NumericUnary, RealUnary, Unary, own_value, real_value

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def _sigmoid(x: Array) -> Array:
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


def _soft_plus(x: Array) -> Array:
    return np.logaddexp(x, np.zeros_like(x))


def _erf(x: Array) -> Array:
    return np.vectorize(math.erf, otypes=[float])(x) if x.size else x


@op("Relu", "opset1", xml_type="ReLU")
class Relu(NumericUnary):
    """max(x, 0)."""

    scalar = staticmethod(lambda x: max(x, 0))

    @own_value
    def fold(self, data: Array) -> Array:
        return np.maximum(data, 0)


@op("PRelu", "opset1", xml_type="PReLU")
class PRelu(Op):
    """x where x > 0, else slope · x; a slope of one dimension lies on the channels."""

    data = In()
    slope = In()

    def infer(self, data: Typed, slope: Typed) -> TensorType:
        return TensorType(data.dtype, data.shape)

    @real_value
    def fold(self, data: Array, slope: Array) -> Array:
        if slope.ndim == 1 and data.ndim > 1 and slope.size > 1:
            slope = slope.reshape(-1, *(1,) * (data.ndim - 2))
        return np.where(data > 0, data, data * slope)


@op("Sigmoid", "opset1")
class Sigmoid(NumericUnary):
    """1 / (1 + exp(-x))."""

    @real_value
    def fold(self, data: Array) -> Array:
        return _sigmoid(data)


@op("Tanh", "opset1")
class Tanh(NumericUnary):
    """Hyperbolic tangent."""

    @real_value
    def fold(self, data: Array) -> Array:
        return np.tanh(data)


@op("Elu", "opset1")
class Elu(Unary):
    """x where x > 0, else alpha · (exp(x) - 1)."""

    alpha = Float()

    @real_value
    def fold(self, data: Array) -> Array:
        return np.where(data > 0, data, self.alpha * np.expm1(data))


@op("Selu", "opset1")
class Selu(Op):
    """lambda · x where x > 0, else lambda · alpha · (exp(x) - 1)."""

    data = In("T", *REAL)
    alpha = In("T", *REAL)
    lambda_value = In("T", *REAL)

    def infer(self, data: Typed, alpha: Typed, lambda_value: Typed) -> TensorType:
        return TensorType(data.dtype, data.shape)

    @real_value
    def fold(self, data: Array, alpha: Array, scale: Array) -> Array:
        return scale * np.where(data > 0, data, alpha * np.expm1(data))


class _Gelu(RealUnary):
    """x · Φ(x), with Φ the normal distribution; TANH approximates it."""

    tanh = False

    @real_value
    def fold(self, data: Array) -> Any:
        if self.tanh:
            return 0.5 * data * (1 + np.tanh(math.sqrt(2 / math.pi) * (data + 0.044715 * data**3)))
        return 0.5 * data * (1 + _erf(data / math.sqrt(2)))


@op("Gelu", "opset2")
class GeluV2(_Gelu):
    """x · Φ(x), with Φ the normal distribution."""


@op("Gelu", "opset7")
class Gelu(_Gelu):
    """x · Φ(x), with Φ the normal distribution; TANH approximates it."""

    approximation_mode = Enum("ERF", "TANH")

    @property
    def tanh(self) -> bool:  # type: ignore[override]
        return self.approximation_mode == "TANH"


@op("HSwish", "opset4")
class HSwish(NumericUnary):
    """x · min(max(x + 3, 0), 6) / 6."""

    @real_value
    def fold(self, data: Array) -> Any:
        return data * np.clip(data + 3, 0, 6) / 6


@op("HSigmoid", "opset5")
class HSigmoid(NumericUnary):
    """min(max(x + 3, 0), 6) / 6."""

    @real_value
    def fold(self, data: Array) -> Any:
        return np.clip(data + 3, 0, 6) / 6


@op("HardSigmoid", "opset1")
class HardSigmoid(Op):
    """max(0, min(1, alpha · x + beta)); alpha and beta are scalars."""

    data = In("T")
    alpha = In("T")
    beta = In("T")

    def infer(self, data: Typed, alpha: Typed, beta: Typed) -> TensorType:
        for name, port in (("alpha", alpha), ("beta", beta)):
            # the runtime looks at the rank only of a static shape
            if port.shape is not None and port.shape and all(isinstance(d, int) for d in port.shape):
                raise Contradiction(f"{name} must be a scalar")
        return TensorType(data.dtype, data.shape)

    @real_value
    def fold(self, data: Array, alpha: Array, beta: Array) -> Any:
        return np.clip(alpha * data + beta, 0, 1)


@op("Swish", "opset4")
class Swish(Op):
    """x / (1 + exp(-beta · x)); beta is a scalar, 1 when missing."""

    data = In("T", *REAL)
    beta = In("T", *REAL, optional=True)

    def infer(self, data: Typed, beta: Typed | None = None) -> TensorType:
        if beta is not None and beta.shape:
            raise Contradiction("beta must be a scalar")
        return TensorType(data.dtype, data.shape)

    @real_value
    def fold(self, data: Array, beta: Array | None = None) -> Array:
        return data * _sigmoid(data if beta is None else data * beta)


@op("Mish", "opset4")
class Mish(RealUnary):
    """x · tanh(ln(1 + exp(x)))."""

    @real_value
    def fold(self, data: Array) -> Array:
        return data * np.tanh(_soft_plus(data))


@op("SoftPlus", "opset4")
class SoftPlus(RealUnary):
    """ln(1 + exp(x))."""

    @real_value
    def fold(self, data: Array) -> Array:
        return _soft_plus(data)


@op("SoftSign", "opset9")
class SoftSign(RealUnary):
    """x / (1 + abs(x))."""

    @real_value
    def fold(self, data: Array) -> Any:
        return data / (1 + np.abs(data))


@op("Clamp", "opset1")
class Clamp(Unary):
    """min(max(x, min), max); for integers the bounds are rounded inwards."""

    data = In("T", *NUMERIC)
    min = Float()
    max = Float()

    def infer(self, data: Typed) -> TensorType:
        if self.max < self.min:
            raise Contradiction(f"the lower bound {self.min} is above the upper, {self.max}")
        return super().infer(data)

    def limits(self, whole: bool) -> tuple[Any, Any]:
        """Both bounds, for integers or for floats."""
        if not whole:
            return self.min, self.max
        low = math.ceil(self.min) if math.isfinite(self.min) else self.min
        return low, math.floor(self.max) if math.isfinite(self.max) else self.max

    def number(self, item: Any) -> Any:
        low, high = self.limits(isinstance(item, int))
        return min(max(item, low), high)

    def between(self, item: Interval) -> Scalar:
        low, high = self.limits(True)
        lo = low if item.lo is None else min(max(item.lo, low), high)
        return bounded(lo, high if item.hi is None else min(max(item.hi, low), high))

    @own_value
    def fold(self, data: Array) -> Array:
        low, high = self.limits(data.dtype.kind in "iu")
        return np.clip(data, low, high)


@op("Erf", "opset1")
class Erf(NumericUnary):
    """Error function."""

    @real_value
    def fold(self, data: Array) -> Array:
        return _erf(data)


@op("ErfInv", "opset17")
class ErfInv(RealUnary):
    """Inverse of the error function: infinite at -1 and 1, NaN outside."""

    @real_value
    def fold(self, data: Array) -> Array:
        normal = statistics.NormalDist()

        def one(x: float) -> float:
            if not -1 < x < 1:
                return math.copysign(math.inf, x) if abs(x) == 1 else math.nan
            return normal.inv_cdf((x + 1) / 2) / math.sqrt(2)

        return np.vectorize(one, otypes=[float])(data) if data.size else data


class _Softmax(Op):
    """exp(x) / Σ exp(x) along an axis."""

    data = In("T")
    axis = Int()

    def infer(self, data: Typed) -> TensorType:
        if data.shape is not None and normalize_axis(self.axis, len(data.shape)) is None:
            raise Contradiction(f"axis {self.axis} lies outside rank {len(data.shape)}")
        return TensorType(data.dtype, data.shape)

    @real_value
    def fold(self, data: Array) -> Any:
        if data.ndim == 0:
            return np.ones_like(data)
        e = np.exp(data - data.max(self.axis, keepdims=True, initial=-np.inf))
        return e / e.sum(self.axis, keepdims=True)


@op("Softmax", "opset1", xml_type="SoftMax")
class SoftmaxV1(_Softmax):
    """exp(x) / Σ exp(x) along an axis counted from the front."""

    axis = Int(1)

    def infer(self, data: Typed) -> TensorType:
        if self.axis < 0 or (data.shape is not None and self.axis >= len(data.shape)):
            raise Contradiction(f"axis {self.axis} lies outside the data")
        return TensorType(data.dtype, data.shape)


@op("Softmax", "opset8", xml_type="SoftMax")
class Softmax(_Softmax):
    """exp(x) / Σ exp(x) along an axis."""

    axis = Int(1)


@op("LogSoftmax", "opset5")
class LogSoftmax(_Softmax):
    """x - ln Σ exp(x) along an axis."""

    axis = Int(1)

    @real_value
    def fold(self, data: Array) -> Any:
        if data.ndim == 0:
            return np.zeros_like(data)
        shifted = data - data.max(self.axis, keepdims=True, initial=-np.inf)
        return shifted - np.log(np.exp(shifted).sum(self.axis, keepdims=True))
