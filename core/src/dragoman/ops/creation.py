"""Sources and sinks of values: inputs, constants, ranges, random numbers (OpenVINO specification, *Generation*)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dragoman.graph.types import (
    DYNAMIC,
    Dim,
    DType,
    Interval,
    Shape,
    SmallValue,
    TensorType,
    Typed,
    dtype_of_numpy,
    element_count,
    i32,
    i64,
)
from dragoman.infer.dims import dynamic_shape, from_value, normalize_axis
from dragoman.infer.numbers import held
from dragoman.lazy import np
from dragoman.ops.define import (
    INDEX,
    INTEGER,
    NUMERIC,
    Bool,
    Contradiction,
    ElementType,
    Enum,
    In,
    Int,
    Op,
    PartialShape,
    op,
)
from dragoman.ops.elementwise import REAL, Unary

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


@op("Constant", "opset1", xml_type="Const")
class Constant(Op):
    """Data known at conversion; the node's ``tensor`` holds it and the writer adds the attributes."""


@op("Parameter", "opset1")
class Parameter(Op):
    """A model input."""

    shape = PartialShape()
    element_type = ElementType()

    def infer(self) -> TensorType:
        return TensorType(self.element_type, self.shape)


class _Same(Unary):
    """The input, unchanged."""

    def infer(self, data: Typed) -> TensorType:
        return TensorType(data.dtype, data.shape, data.value)


@op("Result", "opset1")
class Result(_Same):
    """A model output; the writer adds one for each output of the graph."""


@op("Identity", "opset16")
class Identity(_Same):
    """The input, unchanged."""

    def fold(self, data: Array) -> Array:
        return data


class _ShapeOf(Op):
    """The dimensions of the input, a list."""

    data = In()

    def kind(self) -> DType:
        """Element type of the list."""
        return i64

    def infer(self, data: Typed) -> TensorType:
        if self.kind() not in (i32, i64):
            raise Contradiction("a shape is a list of i32 or i64")
        if data.shape is None:
            return TensorType(self.kind(), (DYNAMIC,))
        return TensorType(self.kind(), (len(data.shape),), SmallValue((len(data.shape),), data.shape))

    def fold(self, data: Array) -> Array:
        return np.array(data.shape, self.kind().numpy)


@op("ShapeOf", "opset1")
class ShapeOfV1(_ShapeOf):
    """The dimensions of the input, a list of i64."""


@op("ShapeOf", "opset3")
class ShapeOf(_ShapeOf):
    """The dimensions of the input, a list."""

    output_type = ElementType("i64")

    def kind(self) -> DType:
        return self.output_type


class _Range(Op):
    """start, start + step, ... up to but without stop."""

    def ranged(self, kind: DType, *ends: Typed) -> TensorType:
        """The type of the list, its length where the three numbers are known."""
        for name, port in zip(("start", "stop", "step"), ends, strict=True):
            if port.shape:
                raise Contradiction(f"{name} must be a scalar")
        items = [p.value.items[0] if p.value is not None and p.value.items else None for p in ends]
        try:
            start, stop, step = (held(kind, i) if isinstance(i, (int, float)) else i for i in items)
        except (ArithmeticError, ValueError):
            return TensorType(kind, (DYNAMIC,))
        if isinstance(step, (int, float)) and (step == 0 or not math.isfinite(step)):
            raise Contradiction("the step cannot be zero or infinite")
        if isinstance(stop, Interval) and start == 0 and step == 1:
            return TensorType(kind, (Interval(0, None, stop.symbol),))
        if not (isinstance(start, (int, float)) and isinstance(stop, (int, float)) and isinstance(step, (int, float))):
            return TensorType(kind, (DYNAMIC,))
        if not (math.isfinite(start) and math.isfinite(stop)):
            raise Contradiction("the ends cannot be infinite")
        # integers exactly, however large; floats as the runtime divides them
        span = -((start - stop) // step) if kind.is_integer else math.ceil((stop - start) / step)
        count = max(0, int(span))
        value = None
        if kind.is_integer and count <= SmallValue.LIMIT:
            value = SmallValue((count,), [start + i * step for i in range(count)])
        return TensorType(kind, (count,), value)

    def listed(self, kind: DType, start: Array, stop: Array, step: Array) -> Any:
        """The list itself, every element computed from the start."""
        first, last, by = (x.astype(kind.numpy).reshape(()) for x in (start, stop, step))
        if kind.is_integer:
            return np.arange(int(first), int(last), int(by), dtype=kind.numpy)
        count = max(0, math.ceil((float(last) - float(first)) / float(by)))
        wide = np.float64 if kind.bits == 64 else np.float32
        return (first.astype(wide) + np.arange(count, dtype=wide) * by.astype(wide)).astype(kind.numpy)


@op("Range", "opset1")
class RangeV1(_Range):
    """start, start + step, ... up to but without stop, in the type of the inputs."""

    start = In("T", *NUMERIC)
    stop = In("T", *NUMERIC)
    step = In("T", *NUMERIC)

    def infer(self, start: Typed, stop: Typed, step: Typed) -> TensorType:
        return self.ranged(start.dtype, start, stop, step)

    def fold(self, start: Array, stop: Array, step: Array) -> Any:
        return self.listed(dtype_of_numpy(start.dtype), start, stop, step)


@op("Range", "opset4")
class Range(_Range):
    """start, start + step, ... up to but without stop; the three are first converted to the output's type."""

    start = In("", *NUMERIC)
    stop = In("", *NUMERIC)
    step = In("", *NUMERIC)
    output_type = ElementType()

    def infer(self, start: Typed, stop: Typed, step: Typed) -> TensorType:
        if self.output_type.kind not in NUMERIC:
            raise Contradiction(f"{self.output_type} is not numeric")
        return self.ranged(self.output_type, start, stop, step)

    def fold(self, start: Array, stop: Array, step: Array) -> Any:
        return self.listed(self.output_type, start, stop, step)


def _size(name: str, port: Typed) -> Dim:
    """The dimension that an input of one integer names."""
    if element_count(port.shape) not in (None, 1):
        raise Contradiction(f"{name} must be one number")
    if port.value is None:
        return DYNAMIC
    dims = from_value(port.value.items)
    if dims is None:
        raise Contradiction(f"{name} cannot be {port.value.items[0]}")
    return dims[0]


def _sizes(name: str, port: Typed) -> Shape:
    """The shape that an input list of integers names."""
    if port.shape is None:
        return None
    if len(port.shape) != 1:
        raise Contradiction(f"{name} must be a list")
    if port.value is not None:
        dims = from_value(port.value.items)
        if dims is None:
            raise Contradiction(f"{name} cannot be {list(port.value.items)}")
        return dims
    return dynamic_shape(port.shape[0]) if isinstance(port.shape[0], int) else None


@op("Eye", "opset9")
class Eye(Op):
    """Ones on a diagonal of a matrix of zeros, repeated over ``batch_shape``."""

    num_rows = In("", *INDEX)
    num_columns = In("", *INDEX)
    diagonal_index = In("", *INDEX)
    batch_shape = In("", *INDEX, optional=True)
    output_type = ElementType()

    def infer(self, rows: Typed, columns: Typed, diagonal: Typed, batch: Typed | None = None) -> TensorType:
        height, width = _size("num_rows", rows), _size("num_columns", columns)
        if element_count(diagonal.shape) not in (None, 1):
            raise Contradiction("diagonal_index must be one number")
        outer: Shape = () if batch is None else _sizes("batch_shape", batch)
        return TensorType(self.output_type, None if outer is None else (*outer, height, width))

    def fold(self, rows: Array, columns: Array, diagonal: Array, batch: Array | None = None) -> Array:
        height, width, k = (int(x.reshape(())) for x in (rows, columns, diagonal))
        plane = np.eye(height, width, k, dtype=self.output_type.numpy)
        outer = () if batch is None else tuple(batch.tolist())
        return np.ascontiguousarray(np.broadcast_to(plane, (*outer, height, width)))


class _OneHot(Op):
    """A new axis of ``depth``: on_value at the index, off_value elsewhere."""

    indices = In("", *INTEGER, "bool")
    depth = In("", *INTEGER)
    on_value = In("T")
    off_value = In("T")
    axis = Int(-1)
    normalize = False

    def infer(self, indices: Typed, depth: Typed, on_value: Typed, off_value: Typed) -> TensorType:
        for name, port in (("depth", depth), ("on_value", on_value), ("off_value", off_value)):
            # the runtime looks at the rank only of a static shape
            if port.shape and all(isinstance(d, int) for d in port.shape):
                raise Contradiction(f"{name} must be a scalar")
        if indices.shape is None:
            return TensorType(on_value.dtype, None)
        axis = normalize_axis(self.axis, len(indices.shape) + 1)
        if axis is None:
            raise Contradiction(f"axis {self.axis} lies outside rank {len(indices.shape) + 1}")
        size = DYNAMIC if depth.shape else _size("depth", depth)
        return TensorType(on_value.dtype, (*indices.shape[:axis], size, *indices.shape[axis:]))

    def fold(self, indices: Array, depth: Array, on_value: Array, off_value: Array) -> Array:
        size = int(depth)
        places = np.expand_dims(indices.astype(np.int64), self.axis)
        if self.normalize:
            places = np.where(places < 0, places + size, places)
        steps = np.arange(size).reshape(-1, *(1,) * (places.ndim - 1 - self.axis % places.ndim))
        return np.where(places == steps, on_value, off_value).astype(on_value.dtype)


@op("OneHot", "opset1")
class OneHotV1(_OneHot):
    """A new axis of ``depth``: on_value at the index, off_value elsewhere; an index outside marks nothing."""


@op("OneHot", "opset16")
class OneHot(_OneHot):
    """A new axis of ``depth``: on_value at the index, off_value elsewhere; an index outside marks nothing."""

    negative_indices_mode = Enum("ignore_negative", "normalize")

    @property
    def normalize(self) -> bool:  # type: ignore[override]
        return self.negative_indices_mode == "normalize"


@op("RandomUniform", "opset8")
class RandomUniform(Op):
    """Random numbers from min_val to below max_val; with both seeds 0 others at each run."""

    output_shape = In("", *INDEX)
    min_val = In("T", "f64", "f32", "f16", "bf16", *INDEX)
    max_val = In("T", "f64", "f32", "f16", "bf16", *INDEX)
    output_type = ElementType()
    global_seed = Int(0)
    op_seed = Int(0)
    alignment = Enum("tensorflow", "pytorch")
    stateful = True

    def infer(self, output_shape: Typed, low: Typed, high: Typed) -> TensorType:
        for name, port in (("min_val", low), ("max_val", high)):
            if not port.dtype.is_dynamic and port.dtype is not self.output_type:
                raise Contradiction(f"{name} is {port.dtype}, the output {self.output_type}")
            if port.shape is not None and (len(port.shape) > 1 or (port.shape and port.shape[0] != 1)):
                raise Contradiction(f"{name} must be one number")
        if low.value is not None and high.value is not None and low.value.is_known and high.value.is_known:
            bottom: Any = low.value.items[0]
            if bottom >= high.value.items[0]:
                raise Contradiction(f"min_val {bottom} is not below max_val {high.value.items[0]}")
        return TensorType(self.output_type, _sizes("output_shape", output_shape))


@op("Multinomial", "opset13")
class Multinomial(Op):
    """For each row of probabilities ``num_samples`` indices drawn by them."""

    probs = In("", *REAL)
    num_samples = In("", *INTEGER)
    convert_type = ElementType("i64")
    with_replacement = Bool()
    log_probs = Bool()
    global_seed = Int(0)
    op_seed = Int(0)
    stateful = True

    def infer(self, probs: Typed, num_samples: Typed) -> TensorType:
        if probs.shape is not None and len(probs.shape) != 2:
            raise Contradiction("the probabilities must have two dimensions")
        if num_samples.shape is not None and len(num_samples.shape) > 1:
            raise Contradiction("num_samples must be one number")
        size = _size("num_samples", num_samples)
        return TensorType(self.convert_type, None if probs.shape is None else (probs.shape[0], size))
