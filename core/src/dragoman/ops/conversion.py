"""Conversions of element types and simulated quantization (OpenVINO specification, *Quantization*)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.graph.types import (
    DType,
    Interval,
    Scalar,
    SmallValue,
    TensorType,
    Typed,
    boolean,
    dtype,
    dtype_of_numpy,
    dynamic,
    f8e4m3,
    f8e5m2,
    f16,
    f32,
)
from dragoman.infer.broadcast import broadcast
from dragoman.infer.dims import merge_shapes
from dragoman.infer.numbers import UNKNOWN, few, held
from dragoman.lazy import ml_dtypes, np
from dragoman.ops.define import Bool, Contradiction, ElementType, Enum, In, Int, Op, op
from dragoman.ops.elementwise import lay_pdpd

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def _converted(data: Typed, kind: DType) -> SmallValue | None:
    value = data.value if few(data.shape) else None
    if value is None:
        return None

    def one(item: Scalar) -> Scalar:
        if isinstance(item, Interval):
            return UNKNOWN if kind is boolean else item
        return held(kind, item)

    try:
        return SmallValue(value.shape, [one(i) for i in value.items])
    except (ArithmeticError, ValueError, TypeError):
        return None


def _cast(data: Array, kind: DType) -> Array:
    with np.errstate(all="ignore"):
        return data.astype(kind.numpy)


@op("Convert", "opset1")
class Convert(Op):
    """The same numbers in another element type; to integers cut towards zero, to boolean true where not 0."""

    data = In()
    destination_type = ElementType()

    def infer(self, data: Typed) -> TensorType:
        return TensorType(self.destination_type, data.shape, _converted(data, self.destination_type))

    def fold(self, data: Array) -> Array:
        return _cast(data, self.destination_type)


@op("ConvertLike", "opset1")
class ConvertLike(Op):
    """The same numbers in the element type of the second input."""

    data = In()
    like = In()

    def infer(self, data: Typed, like: Typed) -> TensorType:
        return TensorType(like.dtype, data.shape, _converted(data, like.dtype))

    def fold(self, data: Array, like: Array) -> Array:
        return _cast(data, dtype_of_numpy(like.dtype))


@op("ConvertPromoteTypes", "opset14")
class ConvertPromoteTypes(Op):
    """Both inputs in one element type that holds them: floats win over integers, wider over narrower.

    Unless ``promote_unsafe``, a promotion that could lose digits is refused.
    """

    a = In()
    b = In()
    promote_unsafe = Bool(False)
    pytorch_scalar_promotion = Bool(False)
    u64_integer_promotion_target = ElementType("f32")
    outputs = 2

    def infer(self, a: Typed, b: Typed) -> tuple[TensorType, TensorType]:
        kind = self._kind(a, b)
        return (
            TensorType(kind, a.shape, _converted(a, kind)),
            TensorType(kind, b.shape, _converted(b, kind)),
        )

    def _kind(self, a: Typed, b: Typed) -> DType:
        if a.dtype.is_dynamic or b.dtype.is_dynamic:
            return dynamic
        for port in (a, b):
            if port.dtype.name in ("f8e8m0", "f4e2m1", "nf4", "u6", "u3", "u2", "string"):
                raise Contradiction(f"{port.dtype} is not promoted")
        if self.pytorch_scalar_promotion:
            if a.shape is None or b.shape is None:
                return dynamic
            if bool(a.shape) != bool(b.shape) and _class(a.dtype) == _class(b.dtype):
                return self._beside_scalar(*((a.dtype, b.dtype) if a.shape else (b.dtype, a.dtype)))
        return self.promoted(a.dtype, b.dtype)

    def _beside_scalar(self, kind: DType, scalar: DType) -> DType:
        """The tensor's type wins over that of a scalar of its class."""
        # the runtime lets an unsigned scalar of twice the width pass beside a signed tensor
        room = 2 * kind.bits if kind.kind == "int" and scalar.kind == "uint" else kind.bits
        loses = scalar.bits > room or (scalar.kind == "int" and kind.kind == "uint")
        if loses and not self.promote_unsafe:
            raise Contradiction(f"the scalar's {scalar} does not fit {kind}")
        return kind

    def promoted(self, a: DType, b: DType) -> DType:
        """One type for both; Contradiction where that is not safe."""
        if a is b or b is boolean:
            return a
        if a is boolean:
            return b
        if a.is_float != b.is_float:
            real, whole = (a, b) if a.is_float else (b, a)
            self._unless(2 * whole.bits <= real.bits, a, b)
            return real
        wide, narrow = (a, b) if a.bits > b.bits else (b, a)
        if a.kind == b.kind:
            if wide.bits > narrow.bits:
                return wide
            self._unless(False, a, b)
            return {8: f16, 16: f32}[a.bits]
        signed, unsigned = (a, b) if a.kind == "int" else (b, a)
        if signed.bits > unsigned.bits:
            return signed
        self._unless(False, a, b)
        return self.u64_integer_promotion_target if unsigned.bits == 64 else dtype(f"i{2 * unsigned.bits}")

    def _unless(self, safe: bool, a: DType, b: DType) -> None:
        if not safe and not self.promote_unsafe:
            raise Contradiction(f"{a} and {b} cannot be promoted without loss")

    def fold(self, a: Array, b: Array) -> tuple[Array, Array]:
        left, right = (TensorType(dtype_of_numpy(x.dtype), x.shape) for x in (a, b))
        kind = self._kind(left, right)
        return _cast(a, kind), _cast(b, kind)


def _class(kind: DType) -> str:
    return "int" if kind.kind == "uint" else kind.kind


@op("FakeConvert", "opset13")
class FakeConvert(Op):
    """(f8(x · scale - shift) + shift) / scale: the effect of a passage through an 8-bit float; too large saturates."""

    data = In("T", "f32", "f16", "bf16")
    scale = In("T", "f32", "f16", "bf16")
    shift = In("T", "f32", "f16", "bf16", optional=True)
    destination_type = ElementType("f8e4m3")

    def infer(self, data: Typed, scale: Typed, shift: Typed | None = None) -> TensorType:
        if self.destination_type not in (f8e4m3, f8e5m2):
            raise Contradiction(f"{self.destination_type} is not f8e4m3 or f8e5m2")
        if shift is not None and not merge_shapes(scale.shape, shift.shape)[0]:
            raise Contradiction("scale and shift must have one shape")
        shape = broadcast(data.shape, scale.shape)
        if not merge_shapes(data.shape, shape)[0]:
            raise Contradiction("the scale would stretch the data")
        return TensorType(data.dtype, shape)

    def fold(self, data: Array, scale: Array, shift: Array | None = None) -> Any:
        f8, limit = (
            (ml_dtypes.float8_e4m3fn, 448.0) if self.destination_type is f8e4m3 else (ml_dtypes.float8_e5m2, 57344.0)
        )
        by = scale.astype(np.float32)
        offset = np.float32(0) if shift is None else shift.astype(np.float32)
        inside = np.clip(data.astype(np.float32) * by - offset, -limit, limit).astype(f8)
        return ((inside.astype(np.float32) + offset) / by).astype(data.dtype)


@op("FakeQuantize", "opset1")
class FakeQuantize(Op):
    """x put on one of ``levels`` steps of the input range and read off the output range.

    round((x - input_low) / (input_high - input_low) · (levels - 1)) / (levels - 1) · (output_high - output_low) +
    output_low, halves to even; x at or below the range gives output_low, above it output_high.
    """

    data = In("T")
    input_low = In("T")
    input_high = In("T")
    output_low = In("T")
    output_high = In("T")
    levels = Int()
    auto_broadcast = Enum("numpy", "none", "pdpd")

    def infer(self, data: Typed, *limits: Typed) -> TensorType:
        if self.levels < 2:
            raise Contradiction(f"{self.levels} levels quantize nothing")
        shape = data.shape
        for port in limits:
            shape = broadcast(shape, port.shape, self.auto_broadcast)
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array, *limits: Array) -> Any:
        arrays = lay_pdpd((data, *limits), self.auto_broadcast)
        x, low, high, out_low, out_high = (a.astype(np.float32) for a in arrays)
        steps = np.float32(self.levels - 1)
        with np.errstate(all="ignore"):
            level = np.rint((x - low) / (high - low) * steps)
            inside = level / steps * (out_high - out_low) + out_low
        out = np.where(x <= np.minimum(low, high), out_low, np.where(x > np.maximum(low, high), out_high, inside))
        return out.astype(data.dtype)
