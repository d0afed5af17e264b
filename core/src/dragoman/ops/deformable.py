"""Deformable convolutions: the taps of the filter are moved by offsets.

Behaviour: OpenVINO specification of DeformableConvolution-1/8; shapes as the runtime infers them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Dim, Shape, TensorType, Typed
from dragoman.infer.dims import compatible, exact_div, merge, mul
from dragoman.infer.small import need_rank
from dragoman.infer.windows import steps
from dragoman.lazy import np
from dragoman.ops.convolution import Windowed
from dragoman.ops.convolve import bilinear
from dragoman.ops.define import NUMERIC, Bool, Contradiction, In, Int, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


class _Deformable(Windowed):
    data = In("T", *NUMERIC)
    offsets = In("T", *NUMERIC)
    filters = In("T", *NUMERIC)
    group = Int(1)
    deformable_group = Int(1)

    def _shape(self, data: Shape, offsets: Shape, filters: Shape) -> Shape:
        for shape, name in ((data, "data"), (offsets, "offsets"), (filters, "filters")):
            if shape is not None and len(shape) != 4:
                raise Contradiction(f"{name} must have rank 4")
        if data is None and offsets is None and filters is None:
            return None
        if self.group <= 0 or self.deformable_group <= 0:
            raise Contradiction("groups must be positive")
        batch = DYNAMIC if data is None else data[0]
        if data is not None and exact_div(data[1], self.group) is None:
            raise Contradiction(f"{data[1]} channels are not {self.group} groups")
        batch = self._check_taps(batch, offsets, filters, 2, "offsets")
        channels = self._channels(data, filters)
        sizes = self._windows(data, filters, 2)
        _check_sizes(sizes, offsets, "offsets")
        return (batch, channels, *sizes)

    def _channels(self, data: Shape, filters: Shape) -> Dim:
        if filters is None:
            return DYNAMIC
        if exact_div(filters[0], self.group) is None:
            raise Contradiction(f"{filters[0]} filters are not {self.group} groups")
        if data is not None and not compatible(data[1], mul(filters[1], self.group)):
            raise Contradiction(f"{data[1]} channels of data for {self.group} groups of {filters[1]}")
        return filters[0]

    def _check_taps(self, batch: Dim, given: Shape, filters: Shape, per_tap: int, name: str) -> Dim:
        """The batch, narrowed; ``given`` must have ``per_tap`` numbers per deformable group and filter tap."""
        if given is None:
            return batch
        if filters is not None:
            taps = mul(mul(filters[2], filters[3]), per_tap * self.deformable_group)
            if not compatible(given[1], taps):
                raise Contradiction(f"{name} have {given[1]} channels, not {taps}")
        if exact_div(given[1], self.deformable_group) is None:
            raise Contradiction(f"{given[1]} channels of {name} are not {self.deformable_group} deformable groups")
        met = merge(batch, given[0])
        if met is None:
            raise Contradiction(f"a batch of {batch} and {name} for {given[0]}")
        return met

    def _value(self, data: Array, offsets: Array, filters: Array, mask: Array | None, whole: bool) -> Array:
        channels, taps = data.shape[1], filters.shape[2:]
        pads = self._fold_pads(data.shape[2:], taps)
        out_size = offsets.shape[2:]
        rows, cols = (np.arange(out_size[k]) * steps(self.strides, 2, "strides")[k] - pads[k][0] for k in (0, 1))
        dil = steps(self.dilations, 2, "dilations")
        columns = np.zeros((data.shape[0], channels, *taps, *out_size))
        shift = offsets.reshape(data.shape[0], self.deformable_group, *taps, 2, *out_size).astype(np.float64)
        share = channels // self.deformable_group
        for n, c, i, j in np.ndindex(data.shape[0], channels, *taps):
            dy, dx = shift[n, c // share, i, j]
            y, x = rows[:, None] + i * dil[0] + dy, cols[None, :] + j * dil[1] + dx
            columns[n, c, i, j] = bilinear(data[n, c].astype(np.float64), y, x, whole=whole)
        if mask is not None:
            weight = mask.reshape(data.shape[0], self.deformable_group, 1, *taps, *out_size)
            columns = (columns.reshape(data.shape[0], self.deformable_group, share, *taps, *out_size) * weight).reshape(
                columns.shape
            )
        grouped = columns.reshape(data.shape[0], self.group, channels // self.group, *taps, *out_size)
        weights = filters.reshape(self.group, -1, *filters.shape[1:]).astype(np.float64)
        out: Array = np.einsum("ngcijyx,gocij->ngoyx", grouped, weights).astype(data.dtype)
        return out.reshape(data.shape[0], filters.shape[0], *out_size)


def _check_sizes(sizes: tuple[Dim, ...], given: Shape, name: str) -> None:
    if given is not None and not all(compatible(a, b) for a, b in zip(sizes, given[2:], strict=True)):
        raise Contradiction(f"{name} do not have the output's spatial size")


@op("DeformableConvolution", "opset1")
class DeformableConvolutionV1(_Deformable):
    """2-d convolution whose taps are moved by offsets (y, x per tap); filters are O, I/group, H, W."""

    def infer(self, data: Typed, offsets: Typed, filters: Typed) -> TensorType:
        return TensorType(data.dtype, self._shape(data.shape, offsets.shape, filters.shape))

    def fold(self, data: Array, offsets: Array, filters: Array) -> Array:
        return self._value(data, offsets, filters, None, True)


@op("DeformableConvolution", "opset8")
class DeformableConvolution(_Deformable):
    """As opset1, with a mask that weighs each tap."""

    mask = In("T", *NUMERIC, optional=True)
    bilinear_interpolation_pad = Bool(False)

    def infer(self, data: Typed, offsets: Typed, filters: Typed, mask: Typed | None = None) -> TensorType:
        shape = self._shape(data.shape, offsets.shape, filters.shape)
        if mask is not None and mask.shape is not None:
            need_rank(mask, 4, what="the mask")
            batch = DYNAMIC if data.shape is None else data.shape[0]
            self._check_taps(batch, mask.shape, filters.shape, 1, "the mask")
            if shape is not None:
                _check_sizes(shape[2:], mask.shape, "the mask")
        return TensorType(data.dtype, shape)

    def fold(self, data: Array, offsets: Array, filters: Array, mask: Array | None = None) -> Array:
        return self._value(data, offsets, filters, mask, not self.bilinear_interpolation_pad)
