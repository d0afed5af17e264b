"""Convolutions as numpy computes them: the values behind the convolution ops."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dragoman.lazy import np

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def wide(array: Array) -> Array:
    """The array in a type that sums without loss: f64 for floats, i64 for integers."""
    return array.astype(np.float64 if array.dtype.kind not in "iub" else np.int64)


def pad_spatial(data: Array, begin: Sequence[int], end: Sequence[int], value: float = 0) -> Array:
    """Pad (or, where negative, crop) the dimensions after the first two."""
    data = np.pad(
        data,
        [(0, 0), (0, 0), *((max(b, 0), max(e, 0)) for b, e in zip(begin, end, strict=True))],
        constant_values=value,
    )
    cuts = (slice(max(-b, 0), n - max(-e, 0)) for b, e, n in zip(begin, end, data.shape[2:], strict=True))
    return data[(slice(None), slice(None), *cuts)]


def window_view(data: Array, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]) -> Array:
    """N, C, windows..., kernel...: every window of the padded data, without a copy."""
    count = len(kernel)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    view = np.lib.stride_tricks.sliding_window_view(data, spans, axis=tuple(range(2, 2 + count)))
    steps = [slice(None, None, s) for s in strides]
    holes = [slice(None, None, d) for d in dilations]
    out: Array = view[(slice(None), slice(None), *steps, *holes)]
    return out


def convolve(data: Array, filters: Array, strides: Sequence[int], dilations: Sequence[int]) -> Array:
    """Padded data (N, G*I, spatial) with filters (G, O, I, kernel): N, G*O, windows."""
    groups, out_channels, in_channels, *kernel = filters.shape
    count = len(kernel)
    view = window_view(wide(data), kernel, strides, dilations)
    sizes = view.shape[2 : 2 + count]
    weights = wide(filters).reshape(groups, out_channels, -1)
    results = []
    for g in range(groups):
        part = view[:, g * in_channels : (g + 1) * in_channels]
        part = np.moveaxis(part, 1, 1 + count).reshape(data.shape[0], int(np.prod(sizes)), weights.shape[2])
        results.append(np.swapaxes(part @ weights[g].T, 1, 2))
    return np.concatenate(results, axis=1).reshape(data.shape[0], groups * out_channels, *sizes)


def spread(data: Array, filters: Array, strides: Sequence[int], dilations: Sequence[int]) -> Array:
    """The transposed convolution before cropping: data (N, G*I, spatial), filters (G, I, O, kernel)."""
    groups, in_channels, out_channels, *kernel = filters.shape
    batch, _, *sizes = data.shape
    full = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(sizes, strides, kernel, dilations, strict=True)]
    out = np.zeros((batch, groups, out_channels, *full))
    grouped = wide(data).reshape(batch, groups, in_channels, -1)
    for index in itertools.product(*map(range, kernel)):
        tap = wide(filters.reshape(*filters.shape[:3], -1)[..., np.ravel_multi_index(index, kernel)])
        value = np.einsum("ngix,gio->ngox", grouped, tap).reshape(batch, groups, out_channels, *sizes)
        places = (
            slice(i * d, i * d + (n - 1) * s + 1, s)
            for i, d, n, s in zip(index, dilations, sizes, strides, strict=True)
        )
        out[(slice(None), slice(None), slice(None), *places)] += value
    return out.reshape(batch, groups * out_channels, *full)


def bilinear(image: Array, y: Array, x: Array, *, whole: bool) -> Array:
    """Samples of image (H, W) at float positions; outside is 0.

    ``whole``: a position outside [0, size) counts as 0 altogether; otherwise only its outer neighbours do.
    """
    height, width = image.shape
    y0, x0 = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    out = np.zeros(y.shape)
    for dy, dx in itertools.product((0, 1), (0, 1)):
        yy, xx = y0 + dy, x0 + dx
        weight = (1 - np.abs(y - yy)) * (1 - np.abs(x - xx))
        if whole:
            yy, xx = np.minimum(yy, height - 1), np.minimum(xx, width - 1)
        inside = (yy >= 0) & (yy < height) & (xx >= 0) & (xx < width)
        out += np.where(inside, image[np.clip(yy, 0, height - 1), np.clip(xx, 0, width - 1)], 0) * weight
    if whole:
        out = np.where((y >= 0) & (y < height) & (x >= 0) & (x < width), out, 0)
    return out
