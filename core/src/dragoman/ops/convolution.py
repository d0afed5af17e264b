"""Convolutions, forward, transposed, grouped and binary.

Behaviour: OpenVINO specification, "convolution" ops; shapes as the runtime infers them. Data is N, C, spatial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed
from dragoman.infer.dims import bounds, ceil_div, compatible, dynamic_shape, exact_div, merge, mul
from dragoman.infer.small import known_sizes, need_rank, vector_length
from dragoman.infer.windows import AUTO_PADS, same_pads, sized, spatial, steps, transposed, windows
from dragoman.lazy import np
from dragoman.ops.convolve import convolve, pad_spatial, spread
from dragoman.ops.define import INTEGER, NUMERIC, Contradiction, Enum, Float, In, Ints, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class Windowed(Op):
    """What all convolutions share: strides, dilations, pads (empty: 1, 1 and 0 per spatial dimension)."""

    strides = Ints()
    dilations = Ints()
    pads_begin = Ints()
    pads_end = Ints()
    auto_pad = Enum(*AUTO_PADS)
    #: dimensions of the filters that are not spatial
    _filter_lead = 2

    def _spatial_count(self, data: Shape, filters: Shape) -> int | None:
        if data is not None and len(data) not in (3, 4, 5):
            raise Contradiction(f"the data must have rank 3, 4 or 5, not {len(data)}")
        if data is not None and filters is not None and len(filters) - self._filter_lead != len(data) - 2:
            raise Contradiction(f"filters of rank {len(filters)} do not fit data of rank {len(data)}")
        if filters is not None and len(filters) <= self._filter_lead:
            raise Contradiction(f"filters of rank {len(filters)} have no spatial dimension")
        if data is not None:
            return len(data) - 2
        if filters is not None:
            return len(filters) - self._filter_lead
        given = self.strides or self.dilations or self.pads_begin or self.pads_end
        return len(given) or None

    def _pads(self, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """(begin, end) of the explicit and valid modes."""
        begin = sized(self.pads_begin, count, 0, "pads_begin")
        end = sized(self.pads_end, count, 0, "pads_end")
        if any(p < 0 for p in begin + end):
            raise Contradiction("the runtime counts negative pads wrongly and cannot compute them; crop beforehand")
        return (begin, end) if self.auto_pad == "explicit" else ((0,) * count, (0,) * count)

    def _windows(self, data: Shape, filters: Shape, count: int) -> tuple[Dim, ...]:
        strides, dilations = steps(self.strides, count, "strides"), steps(self.dilations, count, "dilations")
        begin, end = self._pads(count)
        sizes, kernel = spatial(data, count), spatial(filters, count)
        if self.auto_pad.startswith("same"):
            return tuple(ceil_div(d, s) for d, s in zip(sizes, strides, strict=True))
        return tuple(
            windows(d, k, s, dil, b + e)
            for d, k, s, dil, b, e in zip(sizes, kernel, strides, dilations, begin, end, strict=True)
        )

    def _fold_pads(self, sizes: tuple[int, ...], kernel: tuple[int, ...]) -> list[tuple[int, int]]:
        count = len(kernel)
        if not self.auto_pad.startswith("same"):
            return list(zip(*self._pads(count), strict=True))
        strides, dilations = steps(self.strides, count, "strides"), steps(self.dilations, count, "dilations")
        upper = self.auto_pad == "same_upper"
        return [same_pads(n, k, s, d, upper) for n, k, s, d in zip(sizes, kernel, strides, dilations, strict=True)]


class _ForwardTypes(Windowed):
    data = In("T", *NUMERIC)
    filters = In("T", *NUMERIC)

    def infer(self, data: Typed, filters: Typed) -> TensorType:
        kind = filters.dtype if data.dtype.is_dynamic else data.dtype
        count = self._spatial_count(data.shape, filters.shape)
        if count is None:
            return TensorType(kind, None)
        channels = self._channels(data.shape, filters.shape)
        batch = DYNAMIC if data.shape is None else data.shape[0]
        return TensorType(kind, (batch, channels, *self._windows(data.shape, filters.shape, count)))

    def _channels(self, data: Shape, filters: Shape) -> Dim:
        if filters is None:
            return DYNAMIC
        if data is not None and not compatible(data[1], filters[1]):
            raise Contradiction(f"{data[1]} channels of data for filters of {filters[1]}")
        return filters[0]


class _Forward(_ForwardTypes):
    def _grouped(self, filters: Array) -> Array:
        return filters[np.newaxis]

    def fold(self, data: Array, filters: Array) -> Array:
        grouped = self._grouped(filters)
        kernel = grouped.shape[3:]
        pads = self._fold_pads(data.shape[2:], kernel)
        padded = pad_spatial(data, [b for b, _ in pads], [e for _, e in pads])
        count = len(kernel)
        out = convolve(
            padded, grouped, steps(self.strides, count, "strides"), steps(self.dilations, count, "dilations")
        )
        return out.astype(data.dtype)


@op("Convolution", "opset1")
class Convolution(_Forward):
    """N-d convolution (cross-correlation); filters are O, I, spatial."""


def _grouped_channels(data: Shape, filters: Shape, in_at: int, out_at: int) -> Dim:
    """Groups times channels of one group; Contradiction when data and filters disagree."""
    if filters is None:
        return DYNAMIC
    groups: Dim | None = filters[0]
    per_group = filters[in_at]
    if data is not None and isinstance(per_group, int):
        share = exact_div(data[1], per_group)
        groups = None if share is None else merge(filters[0], share)
        if groups is None:
            raise Contradiction(f"{data[1]} channels are not {filters[0]} groups of {per_group}")
    assert groups is not None
    return mul(groups, filters[out_at])


@op("GroupConvolution", "opset1")
class GroupConvolution(_Forward):
    """N-d convolution of each group of channels; filters are G, O/G, I/G, spatial."""

    _filter_lead = 3

    def _channels(self, data: Shape, filters: Shape) -> Dim:
        return _grouped_channels(data, filters, 2, 1)

    def _grouped(self, filters: Array) -> Array:
        return filters


class _Backprop(Windowed):
    data = In("T", *NUMERIC)
    filters = In("T", *NUMERIC)
    output_shape = In("", *INTEGER, optional=True)
    output_padding = Ints()

    def infer(self, data: Typed, filters: Typed, output_shape: Typed | None = None) -> TensorType:
        kind = filters.dtype if data.dtype.is_dynamic else data.dtype
        need_rank(output_shape, 1, what="the output shape")
        count = self._spatial_count(data.shape, filters.shape)
        wanted = known_sizes(output_shape)
        length = vector_length(output_shape) if wanted is None else len(wanted)
        if count is None:
            count = length or len(self.strides or self.dilations or self.pads_begin or self.pads_end) or None
        if count is None:
            return TensorType(kind, None)
        if output_shape is not None and length is not None and length != count:
            raise Contradiction(f"an output shape of {length} numbers for {count} spatial dimensions")
        lead = (DYNAMIC if data.shape is None else data.shape[0], self._channels(data.shape, filters.shape))
        sizes = self._sizes(data.shape, filters.shape, count)
        if output_shape is not None:
            if length is None:
                raise Contradiction("the runtime needs to know how many numbers the output shape has")
            sizes = dynamic_shape(count) if wanted is None else wanted
        return TensorType(kind, (*lead, *sizes))

    def _channels(self, data: Shape, filters: Shape) -> Dim:
        if filters is None:
            return DYNAMIC
        if data is not None and not compatible(data[1], filters[0]):
            raise Contradiction(f"{data[1]} channels of data for filters of {filters[0]}")
        return filters[1]

    def _sizes(self, data: Shape, filters: Shape, count: int) -> tuple[Dim, ...]:
        strides, dilations = steps(self.strides, count, "strides"), steps(self.dilations, count, "dilations")
        extra = sized(self.output_padding, count, 0, "output_padding")
        begin, end = self._pads(count)
        return tuple(
            transposed(n, k, s, d, x - b - e)
            for n, k, s, d, x, b, e in zip(
                spatial(data, count), spatial(filters, count), strides, dilations, extra, begin, end, strict=True
            )
        )

    def _grouped(self, filters: Array) -> Array:
        return filters[np.newaxis]

    def fold(self, data: Array, filters: Array, output_shape: Array | None = None) -> Array:
        grouped = self._grouped(filters)
        kernel = grouped.shape[3:]
        count = len(kernel)
        strides, dilations = steps(self.strides, count, "strides"), steps(self.dilations, count, "dilations")
        full = spread(data, grouped, strides, dilations)
        if output_shape is None:
            sizes = [bounds(n)[0] for n in self._sizes(data.shape, filters.shape, count)]
        else:
            sizes = [int(n) for n in output_shape]
        begin = self._crop(full.shape[2:], sizes, count) if output_shape is not None else self._pads(count)[0]
        end = [n - (f - b) for n, f, b in zip(sizes, full.shape[2:], begin, strict=True)]
        return pad_spatial(full, [-b for b in begin], end).astype(data.dtype)

    def _crop(self, full: tuple[int, ...], sizes: list[int], count: int) -> tuple[int, ...]:
        """Where the output begins in the uncropped result, with the size given."""
        if not self.auto_pad.startswith("same"):
            return self._pads(count)[0]
        extra = sized(self.output_padding, count, 0, "output_padding")
        surplus = [max(f - n + x, 0) for f, n, x in zip(full, sizes, extra, strict=True)]
        return tuple(p // 2 if self.auto_pad == "same_lower" else p - p // 2 for p in surplus)


@op("ConvolutionBackpropData", "opset1")
class ConvolutionBackpropData(_Backprop):
    """Transposed convolution; filters are I, O, spatial."""


@op("GroupConvolutionBackpropData", "opset1")
class GroupConvolutionBackpropData(_Backprop):
    """Transposed convolution of each group; filters are G, I/G, O/G, spatial."""

    _filter_lead = 3

    def _channels(self, data: Shape, filters: Shape) -> Dim:
        return _grouped_channels(data, filters, 1, 2)

    def _grouped(self, filters: Array) -> Array:
        return filters


@op("BinaryConvolution", "opset1")
class BinaryConvolution(_ForwardTypes):
    """Convolution of values -1 and 1 held as bits (u1 filters)."""

    data = In("", *NUMERIC)
    filters = In("", "u1")
    mode = Enum("xnor-popcount")
    pad_value = Float()

    def infer(self, data: Typed, filters: Typed) -> TensorType:
        out = super().infer(data, filters)
        return TensorType(data.dtype, out.shape)
