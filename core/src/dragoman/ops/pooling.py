"""Poolings over sliding windows, and to a given output size.

Behaviour: OpenVINO specification, "pooling" ops AvgPool-1/14/16, MaxPool-1/8/14, AdaptiveAvgPool-8, AdaptiveMaxPool-8;
shapes as the runtime infers them. Data is N, C, spatial.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from dragoman.graph.types import DYNAMIC, Dim, DType, Interval, Shape, TensorType, Typed
from dragoman.infer.dims import add_int, bounds, ceil_div, compatible, dim_of, dynamic_shape, floor_div
from dragoman.infer.small import known_sizes
from dragoman.infer.windows import AUTO_PADS, minus, same_pads, sized, steps
from dragoman.lazy import np
from dragoman.ops.convolve import pad_spatial, wide, window_view
from dragoman.ops.define import INDEX, INTEGER, Bool, Contradiction, ElementType, Enum, In, Int, Ints, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class _Pool(Op):
    data = In("T")
    kernel = Ints()
    strides = Ints()
    pads_begin = Ints()
    pads_end = Ints()
    rounding_type = Enum("floor", "ceil")
    auto_pad = Enum(*AUTO_PADS)

    def _dilations(self) -> tuple[int, ...]:
        return (1,) * len(self.kernel)

    def _pooled(self, shape: Shape) -> tuple[Dim, ...]:
        count = self._checked_count(shape)
        if shape is None:
            return dynamic_shape(2 + count)
        if 0 in shape[:2]:
            raise Contradiction("the runtime does not pool an empty batch or no channels")
        return (*shape[:2], *(self._windows(i, dim) for i, dim in enumerate(shape[2:])))

    def _checked_count(self, shape: Shape) -> int:
        count = len(self.kernel)
        if shape is not None and len(shape) not in (3, 4, 5):
            raise Contradiction(f"the data must have rank 3, 4 or 5, not {len(shape)}")
        if shape is not None and count != len(shape) - 2:
            raise Contradiction(f"a kernel of {count} numbers for {len(shape) - 2} spatial dimensions")
        if len(self.strides) != count:
            raise Contradiction(f"strides have {len(self.strides)} numbers for {count} spatial dimensions")
        steps(self.strides, count, "strides")
        steps(self._dilations(), count, "dilations")
        self._pads()
        return count

    def _pads(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        count = len(self.kernel)
        begin, end = sized(self.pads_begin, count, 0, "pads_begin"), sized(self.pads_end, count, 0, "pads_end")
        if any(p < 0 for p in begin + end):
            raise Contradiction("pads cannot be negative")
        return (begin, end) if self.auto_pad == "explicit" else ((0,) * count, (0,) * count)

    def _pads_at(self, i: int, dim: int) -> tuple[int, int]:
        """(begin, end) at one spatial dimension."""
        if self.auto_pad.startswith("same"):
            return same_pads(dim, self.kernel[i], self.strides[i], self._dilations()[i], self.auto_pad == "same_upper")
        begin, end = self._pads()
        return begin[i], end[i]

    def _windows(self, i: int, dim: Dim) -> Dim:
        if not isinstance(dim, int) and self.auto_pad.startswith("same"):
            return DYNAMIC
        begin, end = self._pads_at(i, bounds(dim)[0])
        wide_kernel = (self.kernel[i] - 1) * self._dilations()[i] + 1
        if isinstance(dim, int):
            self._check_window(wide_kernel, dim, begin, end)
        room = minus(add_int(dim, begin + end), wide_kernel)
        more = (floor_div if self.rounding_type == "floor" else ceil_div)(room, self.strides[i])
        if self.rounding_type != "ceil_torch":
            return add_int(more, 1)
        (lo, hi), (dim_lo, dim_hi) = bounds(more), bounds(dim)
        low = self._without_late_start(lo, i, dim_lo + begin)
        if isinstance(dim, int):
            return low
        return (
            Interval(low, None)
            if hi is None or dim_hi is None
            else dim_of(low, self._without_late_start(hi, i, dim_hi + begin))
        )

    def _without_late_start(self, last: int, i: int, end: int) -> int:
        """Number of windows when the last may not start past the data (``ceil_torch``)."""
        return last if end and last * self.strides[i] > end - 1 else last + 1

    def _check_window(self, window: int, dim: int, begin: int, end: int) -> None:
        if not 0 < window <= dim + begin + end:
            raise Contradiction(f"a window of {window} does not fit in {dim + begin + end}")

    def _views(self, data: Array, value: float) -> tuple[Array, list[tuple[int, int]]]:
        """(every window of the data padded with ``value``, the pads)."""
        sizes = data.shape[2:]
        pads = [self._pads_at(i, n) for i, n in enumerate(sizes)]
        counts = [bounds(self._windows(i, n))[0] for i, n in enumerate(sizes)]
        dil = self._dilations()
        spans = [
            (c - 1) * s + (k - 1) * d + 1 for c, s, k, d in zip(counts, self.strides, self.kernel, dil, strict=True)
        ]
        beyond = [max(0, span - (n + b + e)) for span, n, (b, e) in zip(spans, sizes, pads, strict=True)]
        padded = pad_spatial(data, [b for b, _ in pads], [e + x for (_, e), x in zip(pads, beyond, strict=True)], value)
        padded = padded[(slice(None), slice(None), *(slice(0, span) for span in spans))]
        return window_view(padded, self.kernel, self.strides, dil), pads


class _Dilated(_Pool):
    dilations = Ints()

    def __init__(self, **attributes: Any) -> None:
        # left empty, the CPU plugin of 2026.4.1 reads beyond the list: it computes garbage or crashes
        if not attributes.get("dilations"):
            attributes["dilations"] = (1,) * len(attributes.get("kernel", ()))
        super().__init__(**attributes)

    def _dilations(self) -> tuple[int, ...]:
        return sized(self.dilations, len(self.kernel), 1, "dilations")


class _AvgPool(_Pool):
    exclude_pad = Bool(xml="exclude-pad")

    def infer(self, data: Typed) -> TensorType:
        return TensorType(data.dtype, self._pooled(data.shape))

    def _check_window(self, window: int, dim: int, begin: int, end: int) -> None:
        super()._check_window(window, dim, begin, end)
        if self.exclude_pad and (window <= begin or window <= end):
            raise Contradiction(f"a window of {window} may lie in pads of {begin} and {end}")

    def fold(self, data: Array) -> Array:
        axes = tuple(range(len(self.kernel) + 2, 2 * len(self.kernel) + 2))
        views, _ = self._views(wide(data), 0)
        total = views.sum(axis=axes)
        count = self._count(data, axes)
        mean = np.where(count == 0, 0, total / np.maximum(count, 1))
        return (np.rint(mean) if data.dtype.kind in "iu" else mean).astype(data.dtype)

    def _count(self, data: Array, axes: tuple[int, ...]) -> Array:
        """What the sums are divided by: the whole window when padding counts and there is some, else what is inside."""
        ones = np.ones((1, 1, *data.shape[2:]))
        views, pads = self._views(ones, 0)
        if self.exclude_pad or not any(map(any, pads)):
            inside: Array = views.sum(axis=axes)
            return inside
        return np.full(views.shape[: len(self.kernel) + 2], int(np.prod(self.kernel)))


@op("AvgPool", "opset1")
class AvgPoolV1(_AvgPool):
    """Mean over windows; with ``exclude_pad`` the padding does not count."""


@op("AvgPool", "opset14")
class AvgPoolV14(_AvgPool):
    """As opset1; rounding ``ceil_torch`` lets no window start in the padding after the data."""

    rounding_type = Enum("floor", "ceil", "ceil_torch")


@op("AvgPool", "opset16")
class AvgPool(_Dilated, AvgPoolV14):
    """As opset14, with dilations."""


class _MaxPool(_Pool):
    def _maximum(self, data: Array) -> tuple[Array, Array]:
        """(largest element, its flat index in the data) of every window; padding never wins."""
        count = len(self.kernel)
        lowest = np.finfo(data.dtype).min if data.dtype.kind == "f" else np.iinfo(data.dtype).min
        position = np.arange(data.size).reshape(data.shape)
        views, _ = self._views(data, lowest)
        places, _ = self._views(position, -1)
        flat = (*views.shape[: count + 2], -1)
        values, places = views.reshape(flat), places.reshape(flat)
        # an element of the data equal to the padding's value goes before it
        best = np.where(places >= 0, values, -np.inf).argmax(axis=-1)[..., np.newaxis]
        value = np.take_along_axis(values, best, -1)[..., 0]
        place = np.take_along_axis(places, best, -1)[..., 0]
        # a window without data has the index of its channel's first element
        first = position[(slice(None), slice(None), *([slice(0, 1)] * count))]
        return value, np.where(place >= 0, place, first)


@op("MaxPool", "opset1")
class MaxPoolV1(_MaxPool):
    """Maximum over windows."""

    def infer(self, data: Typed) -> TensorType:
        return TensorType(data.dtype, self._pooled(data.shape))

    def fold(self, data: Array) -> Array:
        return self._maximum(data)[0]


@op("MaxPool", "opset8")
class MaxPoolV8(_Dilated, _MaxPool):
    """Maximum over windows and its flat index, counted from ``axis`` on."""

    index_element_type = ElementType("i64")
    axis = Int(0)
    outputs = 2

    def infer(self, data: Typed) -> tuple[TensorType, TensorType]:
        shape = self._pooled(data.shape)
        if self.index_element_type.name not in INDEX:
            raise Contradiction(f"indices cannot be {self.index_element_type}")
        if data.shape is not None and not -len(data.shape) <= self.axis < len(data.shape):
            raise Contradiction(f"axis {self.axis} is outside the rank {len(data.shape)}")
        return TensorType(data.dtype, shape), TensorType(self.index_element_type, shape)

    def fold(self, data: Array) -> tuple[Array, Array]:
        value, place = self._maximum(data)
        inner = int(np.prod(data.shape[self.axis :])) or 1
        return value, (place % inner).astype(self.index_element_type.numpy)


@op("MaxPool", "opset14")
class MaxPool(MaxPoolV8):
    """As opset8; rounding ``ceil_torch`` lets no window start in the padding after the data."""

    rounding_type = Enum("floor", "ceil", "ceil_torch")


class _Adaptive(Op):
    data = In("T")
    output_shape = In("", *INTEGER, constant=True)

    def _shape(self, data: Typed, output_shape: Typed) -> Shape:
        if data.shape is None:
            return None
        if len(data.shape) not in (3, 4, 5):
            raise Contradiction(f"the data must have rank 3, 4 or 5, not {len(data.shape)}")
        count = len(data.shape) - 2
        given = output_shape.shape
        if given is not None and (len(given) != 1 or not compatible(given[0], count)):
            raise Contradiction(f"the output shape must have {count} numbers")
        wanted = known_sizes(output_shape)
        return (*data.shape[:2], *(dynamic_shape(count) if wanted is None else wanted))

    @staticmethod
    def _cells(sizes: tuple[int, ...], wanted: list[int]) -> list[list[slice]]:
        """Per dimension, the part of the data behind each output."""
        return [[slice(i * n // w, -(-(i + 1) * n // w)) for i in range(w)] for n, w in zip(sizes, wanted, strict=True)]


@op("AdaptiveAvgPool", "opset8")
class AdaptiveAvgPool(_Adaptive):
    """Mean over as many about equal cells as ``output_shape`` says."""

    def infer(self, data: Typed, output_shape: Typed) -> TensorType:
        return TensorType(data.dtype, self._shape(data, output_shape))

    def fold(self, data: Array, output_shape: Array) -> Array:
        wanted = [int(n) for n in output_shape]
        out = np.empty((*data.shape[:2], *wanted), data.dtype)
        cells = self._cells(data.shape[2:], wanted)
        axes = tuple(range(2, data.ndim))
        for index in np.ndindex(*wanted):
            part = data[(slice(None), slice(None), *(c[i] for c, i in zip(cells, index, strict=True)))]
            out[(slice(None), slice(None), *index)] = wide(part).mean(axis=axes)
        return out


@op("AdaptiveMaxPool", "opset8")
class AdaptiveMaxPool(_Adaptive):
    """Maximum over such cells, and its flat index in the spatial dimensions."""

    index_element_type = ElementType("i64")
    outputs = 2

    def infer(self, data: Typed, output_shape: Typed) -> tuple[TensorType, TensorType]:
        kind: DType = self.index_element_type
        if kind.name not in INDEX:
            raise Contradiction(f"indices cannot be {kind}")
        shape = self._shape(data, output_shape)
        return TensorType(data.dtype, shape), TensorType(kind, shape)

    def fold(self, data: Array, output_shape: Array) -> tuple[Array, Array]:
        wanted = [int(n) for n in output_shape]
        out = np.empty((*data.shape[:2], *wanted), data.dtype)
        where = np.empty(out.shape, self.index_element_type.numpy)
        place = np.arange(int(np.prod(data.shape[2:]))).reshape(data.shape[2:])
        cells = self._cells(data.shape[2:], wanted)
        for n, c in itertools.product(*map(range, data.shape[:2])):
            for index in np.ndindex(*wanted):
                cell = tuple(part[i] for part, i in zip(cells, index, strict=True))
                values = data[n, c][cell].ravel()
                best = int(values.argmax())
                out[(n, c, *index)] = values[best]
                where[(n, c, *index)] = place[cell].ravel()[best]
        return out, where
