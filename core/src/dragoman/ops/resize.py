"""Ops that resample: Interpolate and GridSample.

Behaviour: OpenVINO specification of Interpolate-1/4/11 and GridSample-9; shapes as the runtime infers them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed
from dragoman.infer.dims import bounds, compatible, dim_of, dynamic_shape, merge
from dragoman.infer.slicing import padded_dim
from dragoman.infer.small import known_ints, known_sizes, need_rank
from dragoman.infer.windows import sized
from dragoman.lazy import np
from dragoman.ops import interpolation
from dragoman.ops.define import INDEX, INTEGER, NUMERIC, Bool, Contradiction, Enum, Float, In, Ints, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def _f32(number: float) -> float:
    """Rounded to single precision."""
    value: float = struct.unpack("f", struct.pack("f", number))[0]
    return value


def scaled_dim(dim: Dim, scale: float) -> Dim:
    """floor(dim * scale) with the runtime's f32 arithmetic, which adds 1e-6 to the scale."""
    if scale == 1:
        return dim
    if not math.isfinite(scale):
        raise Contradiction(f"a scale cannot be {scale}")
    factor = _f32(_f32(scale) + _f32(1e-6))
    lo, hi = (None if d is None else int(_f32(_f32(d) * factor)) for d in bounds(dim))
    return dim_of(lo or 0, hi)


def _checked_axes(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    if any(not 0 <= a < rank for a in axes):
        raise Contradiction(f"axes {list(axes)} must be in 0..{rank - 1}")
    return tuple(axes)


@op("Interpolate", "opset1")
class InterpolateV1(Op):
    """The image resized to ``output_shape`` along ``axes``."""

    data = In("T", *NUMERIC)
    output_shape = In("", *INTEGER)
    axes = Ints()
    mode = Enum("nearest", "linear", "cubic", "linear_onnx")
    align_corners = Bool(True)
    antialias = Bool(False)
    pads_begin = Ints()
    pads_end = Ints()

    def infer(self, data: Typed, output_shape: Typed) -> TensorType:
        if data.shape is None:
            return TensorType(data.dtype, None)
        for pads in (self.pads_begin, self.pads_end):
            if any(sized(pads, len(data.shape), 0, "pads")):
                raise Contradiction("the runtime's shapes leave out the pads of Interpolate-1")
        wanted = known_sizes(output_shape)
        if wanted is not None and len(wanted) < len(self.axes):
            raise Contradiction(f"{len(wanted)} sizes for {len(self.axes)} axes")
        out = list(data.shape)
        for i, axis in enumerate(_checked_axes(self.axes, len(out))):
            out[axis] = DYNAMIC if wanted is None else wanted[i]
        return TensorType(data.dtype, tuple(out))

    def fold(self, data: Array, output_shape: Array) -> Array:
        return self.modern(data.ndim).fold(data, output_shape, np.asarray(self.axes))

    def modern(self, rank: int) -> Interpolate:
        """What the runtime computes for this op on data of that rank."""
        mode = self.mode if self.mode != "linear" else "linear_onnx" if rank < 5 else "linear"
        transformation = "asymmetric"
        if self.align_corners:
            transformation = "align_corners"
        elif mode.startswith("linear"):
            planar = rank == 4 and sorted(self.axes) == [2, 3]
            transformation = "asymmetric" if planar else "half_pixel"
        return Interpolate(
            mode=mode,
            coordinate_transformation_mode=transformation,
            nearest_mode="simple",
            antialias=self.antialias,
        )


class _Interpolate(Op):
    mode = Enum("nearest", "linear", "linear_onnx", "cubic", "bilinear_pillow", "bicubic_pillow")
    shape_calculation_mode = Enum("sizes", "scales")
    coordinate_transformation_mode = Enum(
        "half_pixel", "pytorch_half_pixel", "asymmetric", "tf_half_pixel_for_nn", "align_corners"
    )
    nearest_mode = Enum("round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple")
    antialias = Bool(False)
    pads_begin = Ints()
    pads_end = Ints()
    cube_coeff = Float(-0.75)

    def _pads(self, rank: int) -> list[tuple[int, int]]:
        """(begin, end) per dimension."""
        # the runtime fills up or cuts lists of another length, and its CPU plugin may then read beyond them
        begin, end = sized(self.pads_begin, rank, 0, "pads_begin"), sized(self.pads_end, rank, 0, "pads_end")
        return list(zip(begin, end, strict=True))

    def _shape(self, data: Typed, sizes: Typed, scales: Typed, axes: Typed | None) -> Shape:
        if data.shape is None:
            return None
        rank = len(data.shape)
        chosen = tuple(range(rank)) if axes is None else known_ints(axes)
        if chosen is None:
            return dynamic_shape(rank)
        _checked_axes(chosen, rank)
        out = [padded_dim(d, (b, b), (e, e)) for d, (b, e) in zip(data.shape, self._pads(rank), strict=True)]
        if self.shape_calculation_mode == "sizes":
            wanted = known_sizes(sizes)
            self._enough(wanted, chosen)
            for i, axis in enumerate(chosen):
                out[axis] = DYNAMIC if wanted is None else wanted[i]
            return tuple(out)
        factors = _numbers(scales)
        self._enough(factors, chosen)
        for i, axis in enumerate(chosen):
            out[axis] = DYNAMIC if factors is None else scaled_dim(out[axis], factors[i])
        return tuple(out)

    @staticmethod
    def _enough(given: Sequence[object] | None, axes: Sequence[int]) -> None:
        if given is not None and len(given) < len(axes):
            raise Contradiction(f"{len(given)} sizes or scales for {len(axes)} axes")

    def _value(self, data: Array, sizes: Array, scales: Array, axes: Array | None) -> Array:
        rank = data.ndim
        chosen = list(range(rank)) if axes is None else [int(a) for a in axes]
        wide = np.pad(data.astype(np.float64), self._pads(rank))
        before = [wide.shape[axis] for axis in chosen]
        if self.shape_calculation_mode == "sizes":
            after = [int(n) for n in sizes[: len(chosen)]]
            factors = [n / m for n, m in zip(after, before, strict=True)]
        else:
            factors = [float(s) for s in scales[: len(chosen)]]
            after = [bounds(scaled_dim(n, s))[0] for n, s in zip(before, factors, strict=True)]
        antialias = self.antialias and any(s < 1 for s in factors)
        for axis, size, out, scale in zip(chosen, before, after, factors, strict=True):
            if out != size or scale != 1:
                wide = interpolation.along(wide, axis, self._matrix(size, out, scale, antialias))
        return _rounded(wide, data)

    def _matrix(self, size: int, out: int, scale: float, antialias: bool) -> Array:
        if self.mode.endswith("pillow"):
            # the runtime takes Pillow's own coefficient, whatever cube_coeff says
            return interpolation.pillow(size, out, -0.5 if self.mode == "bicubic_pillow" else None)
        x = interpolation.positions(size, out, scale, self.coordinate_transformation_mode)
        if self.mode == "nearest":
            return interpolation.nearest(x, size, scale, self.nearest_mode)
        if self.mode == "linear_onnx":
            return interpolation.linear_onnx(x, size)
        if self.mode == "cubic":
            return interpolation.cubic(x, size, self.cube_coeff)
        return interpolation.linear(x, size, scale, antialias)


def _rounded(wide: Array, like: Array) -> Array:
    """In the element type of the input, saturated where that is an integer."""
    if like.dtype.kind in "iu":
        info = np.iinfo(like.dtype)
        wide = np.clip(np.rint(wide), info.min, info.max)
    return wide.astype(like.dtype)


def _numbers(given: Typed) -> tuple[float, ...] | None:
    """Known elements as floats."""
    if given.value is None or not given.value.is_known:
        return None
    return tuple(float(i) for i in given.value.items if isinstance(i, (int, float)))


@op("Interpolate", "opset4")
class InterpolateV4(_Interpolate):
    """The padded image resized along ``axes`` (all when missing) to sizes or by scales, as the mode says."""

    data = In("T", *NUMERIC)
    output_shape = In("", *INTEGER)
    scales = In("", "float")
    axes = In("", *INDEX, optional=True)

    def infer(self, data: Typed, output_shape: Typed, scales: Typed, axes: Typed | None = None) -> TensorType:
        need_rank(output_shape if self.shape_calculation_mode == "sizes" else scales, 1, what="sizes or scales")
        need_rank(axes, 1, what="the axes")
        return TensorType(data.dtype, self._shape(data, output_shape, scales, axes))

    def fold(self, data: Array, output_shape: Array, scales: Array, axes: Array | None = None) -> Array:
        return self._value(data, output_shape, scales, axes)


@op("Interpolate", "opset11")
class Interpolate(_Interpolate):
    """As opset4, with sizes or scales in one input, and Pillow's modes."""

    data = In("T", *NUMERIC)
    scales_or_sizes = In("", "float", *INTEGER)
    axes = In("", *INDEX, optional=True)

    def infer(self, data: Typed, scales_or_sizes: Typed, axes: Typed | None = None) -> TensorType:
        need_rank(scales_or_sizes, 1, what="sizes or scales")
        need_rank(axes, 1, what="the axes")
        by_sizes = self.shape_calculation_mode == "sizes"
        if scales_or_sizes.dtype.is_float == by_sizes and not scales_or_sizes.dtype.is_dynamic:
            raise Contradiction(f"{self.shape_calculation_mode} cannot be {scales_or_sizes.dtype}")
        return TensorType(data.dtype, self._shape(data, scales_or_sizes, scales_or_sizes, axes))

    def fold(self, data: Array, scales_or_sizes: Array, axes: Array | None = None) -> Array:
        return self._value(data, scales_or_sizes, scales_or_sizes, axes)


@op("GridSample", "opset9")
class GridSample(Op):
    """The image (N, C, H, W) sampled at the grid's (N, H', W', x and y in -1..1)."""

    data = In("T", *NUMERIC)
    grid = In("", "float")
    align_corners = Bool(False)
    mode = Enum("bilinear", "bicubic", "nearest")
    padding_mode = Enum("zeros", "border", "reflection")

    def infer(self, data: Typed, grid: Typed) -> TensorType:
        need_rank(data, 4, what="the data")
        need_rank(grid, 4, what="the grid")
        batch, channels, rows, columns = dynamic_shape(4)
        if grid.shape is not None:
            if not compatible(grid.shape[3], 2):
                raise Contradiction(f"the grid's last dimension must be 2, not {grid.shape[3]}")
            batch, rows, columns = grid.shape[:3]
        if data.shape is not None:
            met = merge(batch, data.shape[0])
            if met is None:
                raise Contradiction(f"a grid for {batch} images, not {data.shape[0]}")
            batch, channels = met, data.shape[1]
        return TensorType(data.dtype, (batch, channels, rows, columns))

    def fold(self, data: Array, grid: Array) -> Array:
        height, width = data.shape[2:]
        x = self._position(grid[..., 0].astype(np.float64), width)
        y = self._position(grid[..., 1].astype(np.float64), height)
        if self.mode == "nearest":
            taps = [(np.rint(y), np.rint(x), np.ones_like(x))]
        else:
            reach = range(2) if self.mode == "bilinear" else range(-1, 3)
            taps = [
                (
                    np.floor(y) + i,
                    np.floor(x) + j,
                    self._weight(y - np.floor(y) - i) * self._weight(x - np.floor(x) - j),
                )
                for i in reach
                for j in reach
            ]
        return _rounded(sum((self._taken(data, *tap) for tap in taps), np.zeros(())), data)

    def _weight(self, distance: Array) -> Array:
        if self.mode == "bilinear":
            return np.asarray(1 - np.abs(distance))
        return interpolation.cubic_kernel(distance, -0.75)

    def _position(self, at: Array, size: int) -> Array:
        if self.align_corners:
            return np.asarray((at + 1) / 2 * (size - 1))
        return np.asarray(((at + 1) * size - 1) / 2)

    def _taken(self, data: Array, y: Array, x: Array, weight: Array) -> Array:
        height, width = data.shape[2:]
        if self.padding_mode == "zeros":
            weight = weight * ((y >= 0) & (y < height) & (x >= 0) & (x < width))
        elif self.padding_mode == "reflection":
            y, x = self._reflected(y, height), self._reflected(x, width)
        row = np.clip(y, 0, height - 1).astype(np.int64)
        column = np.clip(x, 0, width - 1).astype(np.int64)
        batch = np.arange(data.shape[0])[:, None, None]
        return np.moveaxis(data[batch, :, row, column].astype(np.float64) * weight[..., None], -1, 1)

    def _reflected(self, at: Array, size: int) -> Array:
        if self.align_corners:
            if size == 1:
                return np.zeros_like(at)
            period = 2 * (size - 1)
            at = np.mod(at, period)
            return np.asarray(np.where(at >= size, period - at, at))
        at = np.mod(at, 2 * size)
        return np.asarray(np.where(at >= size, 2 * size - 1 - at, at))
