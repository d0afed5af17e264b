"""Pooling of regions of interest into grids of one size.

Behaviour: OpenVINO's opset specifications ROIPooling-1, PSROIPooling-1, DeformablePSROIPooling-1, ROIAlign-3/9,
ROIAlignRotated-15.
"""

from __future__ import annotations

from dragoman.graph.types import DYNAMIC, Dim, TensorType, Typed
from dragoman.infer.dims import compatible, merge
from dragoman.infer.small import need_rank
from dragoman.ops.define import INTEGER, Bool, Contradiction, Enum, Float, In, Int, Ints, Op, Str, op


class _Regions(Op):
    """Feature maps [batch, channels, height, width] and regions [number, (batch, x0, y0, x1, y1)]."""

    def _check_regions(self, features: Typed, regions: Typed, width: int | None) -> Dim:
        """The number of regions."""
        need_rank(features, 4, what="the feature maps")
        need_rank(regions, 2, what="the regions")
        if regions.shape is None:
            return DYNAMIC
        if width is not None and not compatible(regions.shape[1], width):
            raise Contradiction(f"a region has {width} numbers, not {regions.shape[1]}")
        return regions.shape[0]


@op("ROIPooling", "opset2")
class ROIPooling(_Regions):
    """Largest (or interpolated) element of each cell of each region."""

    input = In("T", "float")
    coords = In("T", "float")
    output_size = Ints((0, 0))
    output_roi = Ints((0, 0))
    pooled_h = Int(0)
    pooled_w = Int(0)
    spatial_scale = Float()
    method = Str("max")

    def size(self) -> tuple[int, ...]:
        """(height, width) of the grid; three spellings of one thing."""
        pooled = (self.pooled_h, self.pooled_w)
        return next((s for s in (pooled, self.output_roi, self.output_size) if any(s)), pooled)

    def xml(self) -> dict[str, str]:
        height, width = self.size()
        pair = f"{height},{width}"
        same = {"output_size": pair, "output_roi": pair, "pooled_h": str(height), "pooled_w": str(width)}
        return super().xml() | same

    def infer(self, input: Typed, coords: Typed) -> TensorType:
        size = self.size()
        if len(size) != 2 or min(size) < 1:
            raise Contradiction("pooled_h and pooled_w must be positive")
        if self.spatial_scale <= 0:
            raise Contradiction("spatial_scale must be positive")
        if self.method not in ("max", "bilinear"):
            raise Contradiction(f"method is max or bilinear, not {self.method!r}")
        count = self._check_regions(input, coords, 5)
        return TensorType(input.dtype, (count, DYNAMIC if input.shape is None else input.shape[1], *size))


@op("PSROIPooling", "opset1")
class PSROIPooling(_Regions):
    """Mean of each cell, taken from the channel group that belongs to the cell."""

    input = In("T", "float")
    coords = In("T", "float")
    output_dim = Int()
    group_size = Int(1)
    spatial_scale = Float()
    mode = Str("average")
    spatial_bins_x = Int(1)
    spatial_bins_y = Int(1)

    def infer(self, input: Typed, coords: Typed) -> TensorType:
        if self.mode not in ("average", "bilinear"):
            raise Contradiction(f"mode is average or bilinear, not {self.mode!r}")
        if self.group_size < 1 or self.spatial_scale <= 0:
            raise Contradiction("group_size and spatial_scale must be positive")
        if self.mode == "bilinear" and min(self.spatial_bins_x, self.spatial_bins_y) < 1:
            raise Contradiction("spatial bins must be positive")
        count = self._check_regions(input, coords, 5)
        parts = self.group_size**2 if self.mode == "average" else self.spatial_bins_x * self.spatial_bins_y
        if input.shape is not None and not compatible(input.shape[1], parts * self.output_dim):
            raise Contradiction(f"the input needs {parts * self.output_dim} channels")
        return TensorType(input.dtype, (count, self.output_dim, self.group_size, self.group_size))


@op("DeformablePSROIPooling", "opset1")
class DeformablePSROIPooling(_Regions):
    """PSROIPooling with cells moved by offsets."""

    feature_maps = In("T", "float")
    coords = In("T", "float")
    offsets = In("T", "float", optional=True)
    output_dim = Int()
    spatial_scale = Float()
    group_size = Int(1)
    mode = Str("bilinear_deformable")
    spatial_bins_x = Int(1)
    spatial_bins_y = Int(1)
    trans_std = Float(1.0)
    part_size = Int(1)

    def infer(self, feature_maps: Typed, coords: Typed, offsets: Typed | None = None) -> TensorType:
        count = self._check_regions(feature_maps, coords, None)
        need_rank(offsets, 4, what="offsets")
        if self.output_dim < 1 or self.group_size < 1:
            raise Contradiction("output_dim and group_size must be positive")
        return TensorType(feature_maps.dtype, (count, self.output_dim, self.group_size, self.group_size))


class _ROIAlign(_Regions):
    data = In("T", "float")
    rois = In("T", "float")
    batch_indices = In("", *INTEGER)
    pooled_h = Int()
    pooled_w = Int()
    sampling_ratio = Int()
    spatial_scale = Float()
    coordinates: int = 4

    def infer(self, data: Typed, rois: Typed, batch_indices: Typed) -> TensorType:
        if self.pooled_h < 1 or self.pooled_w < 1:
            raise Contradiction("pooled_h and pooled_w must be positive")
        count = self._check_regions(data, rois, self.coordinates)
        need_rank(batch_indices, 1, what="batch_indices")
        number = merge(count, DYNAMIC if batch_indices.shape is None else batch_indices.shape[0])
        if number is None:
            raise Contradiction("every region needs a batch index")
        channels = DYNAMIC if data.shape is None else data.shape[1]
        return TensorType(data.dtype, (number, channels, self.pooled_h, self.pooled_w))


@op("ROIAlign", "opset3")
class ROIAlignV3(_ROIAlign):
    """Mean or maximum of interpolated samples in each cell of each region."""

    mode = Enum("avg", "max")


@op("ROIAlign", "opset9")
class ROIAlign(_ROIAlign):
    """Mean or maximum of interpolated samples in each cell of each region."""

    mode = Enum("avg", "max")
    aligned_mode = Enum("asymmetric", "half_pixel_for_nn", "half_pixel")


@op("ROIAlignRotated", "opset15")
class ROIAlignRotated(_ROIAlign):
    """ROIAlign for regions (centre x, centre y, width, height, angle)."""

    clockwise_mode = Bool(False)
    coordinates = 5
