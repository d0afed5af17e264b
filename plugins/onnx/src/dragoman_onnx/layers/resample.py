"""Resizing along one axis as a matrix: rows are output places, columns input places.

The coordinates and taps are those of the Resize operator (ONNX 11 to 19): for an output place i, the scale s, and the
lengths in and out, the source coordinate x(i) is given by the transformation mode, and the taps around it by the mode.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import TYPE_CHECKING

from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How one axis is resized."""

    mode: str = "nearest"
    transform: str = "half_pixel"
    nearest: str = "round_prefer_floor"
    cubic: float = -0.75
    antialias: bool = False
    exclude_outside: bool = False


def as_f32(value: float) -> float:
    """The number rounded to single precision."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def resized(size: int, scale: float) -> int:
    """floor(size * scale), the product in single precision (the operator's shape inference)."""
    return int(as_f32(size * as_f32(scale)))


def coordinates(how: Sampling, size: int, out: int, scale: float, roi: tuple[float, float]) -> Array:
    """The source coordinate of every output place."""
    place = np.arange(out, dtype=np.float64)
    length = scale * size
    transform = how.transform
    if transform == "align_corners":
        return place * ((size - 1) / (length - 1)) if length != 1 else np.zeros(out)
    if transform == "asymmetric":
        return place / scale
    if transform == "tf_half_pixel_for_nn":
        return (place + 0.5) / scale
    if transform == "tf_crop_and_resize":
        start, end = roi
        if out == 1:
            return np.full(1, 0.5 * (start + end) * (size - 1))
        return start * (size - 1) + place * ((end - start) * (size - 1) / (out - 1))
    if transform == "pytorch_half_pixel" and out == 1:
        return np.zeros(1)
    shift = size / 2 * (1 - out / length) if transform == "half_pixel_symmetric" else 0.0
    return shift + (place + 0.5) / scale - 0.5


def nearest(how: Sampling, x: Array, size: int, scale: float) -> Array:
    """The input place that each coordinate takes its value from."""
    rounding = how.nearest
    if rounding == "simple":
        rounding = "ceil" if scale < 1 else "floor"
    if rounding == "round_prefer_floor":
        place = np.ceil(x - 0.5)
    elif rounding == "round_prefer_ceil":
        place = np.floor(x + 0.5)
    else:
        place = np.ceil(x) if rounding == "ceil" else np.floor(x)
    return np.clip(place, 0, size - 1).astype(np.int64)


def weights(how: Sampling, x: Array, size: int, scale: float) -> Array:
    """The matrix of the linear and cubic modes; taps outside count as the edge, or not at all."""
    stretch = min(scale, 1.0) if how.antialias else 1.0
    reach = int(np.ceil((1 if how.mode == "linear" else 2) / stretch)) + 1
    base = np.floor(x).astype(np.int64)[:, None]
    taps = base + np.arange(-reach, reach + 2)[None, :]
    distance = np.abs(taps - x[:, None]) * stretch
    share = np.clip(1 - distance, 0, None) if how.mode == "linear" else _cubic(distance, how.cubic)
    if how.exclude_outside:
        share = np.where((taps >= 0) & (taps < size), share, 0)
    if how.antialias or how.exclude_outside:
        share = share / share.sum(axis=1, keepdims=True)
    matrix = np.zeros((len(x), size))
    np.add.at(matrix, (np.arange(len(x))[:, None], np.clip(taps, 0, size - 1)), share)
    return matrix


def _cubic(distance: Array, a: float) -> Array:
    """Keys' kernel."""
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))
