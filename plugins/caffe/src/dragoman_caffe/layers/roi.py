"""Pooling of regions of interest, (image, x0, y0, x1, y1) in pixels of the input image.

Behaviour: Fast R-CNN's ``roi_pooling_layer.cpp``, R-FCN's ``psroi_pooling_layer.cu``.
"""

from __future__ import annotations

import math

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64, static_dims
from dragoman.infer.dims import bounds

layers = Extractors("caffe")


@layers("ROIPooling")
def roi_pooling(layer: Layer, op: Builder, x: Value, rois: Value) -> Value:
    """The largest element of each cell of a region; 0 in cells outside the map."""
    sizes = [layer.get(f"roi_pooling_param.{n}", 0) for n in ("pooled_h", "pooled_w")]
    scale = layer.get("roi_pooling_param.spatial_scale", 1.0)
    if min(sizes) < 1 or not 0 < scale < math.inf:
        raise layer.refuse(f"pooled to {sizes[0]} x {sizes[1]} at scale {scale}", "all must be above 0")
    y: Value = op.ROIPooling(
        x, _rows(op, rois), pooled_h=sizes[0], pooled_w=sizes[1], spatial_scale=scale, method="max"
    )
    return y


@layers("PSROIPooling")
def psroi_pooling(layer: Layer, op: Builder, x: Value, rois: Value) -> Value:
    """The mean of each cell of a region, taken from the channel that belongs to the cell; 0 outside the map."""
    depth, group = (layer.positive(f"psroi_pooling_param.{n}") for n in ("output_dim", "group_size"))
    scale = layer.require("psroi_pooling_param.spatial_scale", (int, float))
    if not 0 < scale < math.inf:
        raise layer.refuse(f"spatial_scale {scale}", "it must be above 0")
    if static_dims(x.shape) is None:
        raise layer.refuse(f"position-sensitive pooling of {x.type}", "the CPU plugin pools maps of a fixed shape only")
    rois = _rows(op, rois)
    count = None if rois.shape is None else rois.shape[0]
    most = None if count is None else bounds(count)[1]
    if most is None:
        raise layer.refuse("the number of regions has no upper limit", "the CPU plugin pools a fixed number of regions")
    options = {"output_dim": depth, "group_size": group, "spatial_scale": float(scale), "mode": "average"}
    if isinstance(count, int):
        y: Value = op.PSROIPooling(x, rois, **options)
        return y
    # the CPU plugin pools a fixed number of regions, so empty ones fill up and are cut off again
    filled = op.Concat(rois, op.Broadcast(op.constant(0.0, f32), op.constant([most, 5], i64)), axis=0)
    fixed = op.Reshape(first_rows(op, filled, op.constant([most], i64)), op.constant([most, 5], i64))
    number = op.Gather(op.ShapeOf(rois, output_type="i64"), op.constant([0], i64), op.constant(0, i64))
    return first_rows(op, op.PSROIPooling(x, fixed, **options), number)


def first_rows(op: Builder, x: Value, number: Value) -> Value:
    """The first rows."""
    y: Value = op.Slice(x, op.constant([0], i64), number, op.constant([1], i64), op.constant([0], i64))
    return y


def _rows(op: Builder, rois: Value) -> Value:
    """Regions as [number, 5]; Caffe also takes [number, 5, 1, 1]."""
    if rois.rank == 2:
        return rois
    y: Value = op.Reshape(rois, op.constant([-1, 5], i64))
    return y
