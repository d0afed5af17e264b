"""Interpolation along one axis as a matrix (output positions by input positions): the values behind Interpolate.

Formulas: OpenVINO specification of Interpolate-4 and -11. Positions are computed in f32, as the runtime does, because
rounding decides between neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def positions(size: int, out: int, scale: float, mode: str) -> Array:
    """Where each output position lies in the input (f32)."""
    x, factor = np.arange(out, dtype=np.float32), np.float32(scale)
    half = np.float32(0.5)
    if scale == 1 or (size == out and mode == "align_corners"):
        return x
    if mode == "asymmetric":
        return np.asarray(x / factor)
    if mode == "tf_half_pixel_for_nn":
        return np.asarray((x + half) / factor)
    if mode == "align_corners":
        return np.asarray(x * np.float32(size - 1) / np.float32(out - 1)) if out > 1 else x * 0
    if mode == "pytorch_half_pixel" and out == 1:
        return x * 0
    return np.asarray((x + half) / factor - half)


def nearest(x: Array, size: int, scale: float, mode: str) -> Array:
    """Weights of the nearest input position, by rounding mode."""
    if mode == "round_prefer_floor":
        chosen = np.ceil(x - np.float32(0.5))
    elif mode == "round_prefer_ceil":
        chosen = np.floor(x + np.float32(0.5))
    elif mode == "ceil" or (mode == "simple" and scale < 1):
        chosen = np.ceil(x)
    else:
        chosen = np.floor(x) if mode == "floor" else np.trunc(x)
    return _spread(np.clip(chosen, 0, size - 1).astype(np.int64)[:, None], np.ones((len(x), 1)), size)


def linear_onnx(x: Array, size: int) -> Array:
    """Weights of the two neighbours; positions outside count as the edge."""
    inside = np.clip(x, 0, size - 1)
    low = np.floor(inside).astype(np.int64)
    part = (inside - low).astype(np.float64)
    places = np.stack([low, np.minimum(low + 1, size - 1)], axis=1)
    return _spread(places, np.stack([1 - part, part], axis=1), size)


def linear(x: Array, size: int, scale: float, antialias: bool) -> Array:
    """Weights of a triangle around the position, cut at the edges, with sum 1."""
    slope = scale if antialias else 1.0
    radius = 2 if scale > 1 else int(np.ceil(2.0 / slope))
    middle = np.floor(x + np.float32(0.5)).astype(np.int64)
    places = middle[:, None] + np.arange(-radius, radius + 1)
    weight = np.maximum(0, 1 - np.abs(slope * (x[:, None].astype(np.float64) - places)))
    weight = np.where((places >= 0) & (places < size), weight, 0)
    total = weight.sum(axis=1, keepdims=True)
    weight = np.where(total > 0, weight / np.where(total > 0, total, 1), 0)
    return _spread(np.clip(places, 0, size - 1), weight, size)


def cubic(x: Array, size: int, coefficient: float) -> Array:
    """Weights of four neighbours by the cubic kernel; outside counts as the edge."""
    low = np.floor(x).astype(np.int64)
    places = low[:, None] + np.arange(-1, 3)
    weight = cubic_kernel(x[:, None].astype(np.float64) - places, coefficient)
    return _spread(np.clip(places, 0, size - 1), weight, size)


def cubic_kernel(distance: Array, a: float) -> Array:
    """The cubic convolution kernel of a distance."""
    d = np.abs(distance)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((d - 5) * a * d + 8 * a) * d - 4 * a
    return np.asarray(np.where(d <= 1, near, np.where(d < 2, far, 0)))


def pillow(size: int, out: int, coefficient: float | None) -> Array:
    """Weights of Pillow's resize: a kernel as wide as the step; bilinear without a coefficient."""
    step = size / out
    wide = max(step, 1.0)
    support = (1.0 if coefficient is None else 2.0) * wide
    center = (np.arange(out) + 0.5) * step
    low = np.maximum(np.trunc(center - support + 0.5), 0)
    high = np.minimum(np.trunc(center + support + 0.5), size)
    places = np.arange(size)
    distance = (places - center[:, None] + 0.5) / wide
    weight = np.maximum(0, 1 - np.abs(distance)) if coefficient is None else cubic_kernel(distance, coefficient)
    weight = np.where((places >= low[:, None]) & (places < high[:, None]), weight, 0)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _spread(places: Array, weight: Array, size: int) -> Array:
    out = np.zeros((len(places), size))
    np.add.at(out, (np.arange(len(places))[:, None], places), weight)
    return out


def along(data: Array, axis: int, matrix: Array) -> Array:
    """The data with one axis multiplied by such a matrix."""
    return np.moveaxis(np.tensordot(matrix, data, axes=(1, axis)), 0, axis)
