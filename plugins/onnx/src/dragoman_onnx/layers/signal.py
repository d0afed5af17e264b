"""Fourier transforms, as products with their matrix.

A matrix with exact zeros, halves and ones gives what the runtime's own transforms do not: bins that are zero are zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman.lazy import np
from dragoman_onnx.layers.sizes import axis_of, converted, counted, dim, flat, known_dim, rank_of
from dragoman_onnx.layers.slice import cut

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array

layers = Extractors("onnx")

#: the matrix has the square of this many elements, twice or four times
LONGEST = 2048


def _turns(length: int, rows: int, columns: int) -> tuple[Array, Array]:
    """Cosine and sine of 2 pi n k / length for n in rows and k in columns, exact where they are 0, 1/2 or 1."""
    eighths = np.outer(np.arange(rows), np.arange(columns)) % length * 2
    angle = np.pi * eighths / length
    cosine, sine = np.cos(angle), np.sin(angle)
    for table in (cosine, sine):
        for exact in (-1.0, -0.5, 0.0, 0.5, 1.0):
            table[np.abs(table - exact) < 1e-13] = exact
    return cosine, sine


def transform_matrix(length: int, rows: int, parts: int, *, inverse: bool, onesided: bool) -> Array:
    """From (place, part of the input) to (frequency, part of the output), both flattened.

    ``parts`` is 2 for complex input and 1 for real; the output is complex but for the inverse onesided transform.
    """
    columns = length // 2 + 1 if onesided and not inverse else length
    cosine, sine = _turns(length, rows, columns)
    if inverse:
        cosine, sine = cosine / length, -sine / length
    if onesided and inverse:
        twice = np.full((rows, 1), 2.0)
        twice[0] = 1
        if length % 2 == 0 and rows > length // 2:
            twice[length // 2] = 1
        real = np.stack([cosine * twice, sine * twice], axis=1)
        return real.reshape(rows * 2, columns)
    of_real = np.stack([cosine, -sine], axis=-1)
    of_imaginary = np.stack([sine, cosine], axis=-1)
    whole = np.stack([of_real, of_imaginary][:parts], axis=1)
    return whole.reshape(rows * parts, columns * 2)


@layers("DFT", since=17)
def dft(layer: Layer, op: Builder, x: Value, length: Value | None = None, axis: Value | None = None) -> Value:
    """DFT(input, dft_length, axis): along an axis of (..., 1 or 2), forward or inverse, onesided or whole."""
    rank = rank_of(layer, x)
    inverse, onesided = bool(layer.get("inverse", 0)), bool(layer.get("onesided", 0))
    wanted = None if length is None else layer.numbers(length)
    if length is not None and wanted is None:
        raise layer.refuse("dft_length is computed at run time", "make it an initializer")
    size = wanted[0] if wanted else None
    if layer.version < 20:
        return _along(layer, op, x, axis_of(layer, layer.get("axis", 1), rank), size, inverse, onesided)
    known = (-2,) if axis is None else layer.numbers(axis)
    if known:
        return _along(layer, op, x, axis_of(layer, known[0], rank), size, inverse, onesided)
    if onesided or size is not None or axis is None:
        raise layer.refuse("the axis is computed at run time, and the shape depends on it", "make it an initializer")
    return _along_any(layer, op, x, axis, inverse)


def _along_any(layer: Layer, op: Builder, x: Value, axis: Value, inverse: bool) -> Value:
    """All axes tried, the one chosen at run time kept: their results have one shape."""
    rank = x.rank or 0
    place = converted(op, flat(op, axis), i64)
    place = op.Select(op.Less(place, op.constant([0], i64)), op.Add(place, op.constant([rank], i64)), place)
    y = _along(layer, op, x, 0, None, inverse, False)
    for i in range(1, rank - 1):
        y = op.Select(op.Equal(place, op.constant([i], i64)), _along(layer, op, x, i, None, inverse, False), y)
    return y


def _along(layer: Layer, op: Builder, x: Value, axis: int, length: int | None, inverse: bool, onesided: bool) -> Value:
    rank = x.rank or 0
    size, parts = known_dim(x, axis), known_dim(x, rank - 1)
    if axis == rank - 1 or parts not in (1, 2):
        raise layer.refuse(f"axis {axis} of {x.type}", "the last dimension must be 1 or 2 and cannot be transformed")
    if size is None:
        raise layer.refuse("the length of the signal is unknown", "fix the input's shape with --shape")
    if (onesided and inverse and parts == 1) or (onesided and not inverse and parts == 2):
        raise layer.refuse("a onesided transform of this input", "forward it takes real, inverse complex input")
    if length is None:
        length = 2 * (size - 1) if onesided and inverse else size
    if not 0 < length <= LONGEST:
        raise layer.refuse(f"a transform of length {length}", f"lengths from 1 to {LONGEST} are converted")
    rows = min(size, length // 2 + 1 if onesided and inverse else length)
    if rows < size:
        x = cut(op, x, 0, rows, axis)
    matrix = transform_matrix(length, rows, parts, inverse=inverse, onesided=onesided)
    return _applied(op, x, matrix, axis, 1 if onesided and inverse else 2)


def _applied(op: Builder, x: Value, matrix: Array, axis: int, parts: int) -> Value:
    """The matrix on (axis, last), which come to stand together at the end and go back."""
    rank = x.rank or 0
    order = [i for i in range(rank) if i not in (axis, rank - 1)] + [axis, rank - 1]
    keep = [0] * (rank - 2)
    rows = op.Reshape(op.Transpose(x, op.constant(order, i64)), op.constant([*keep, -1], i64), special_zero=True)
    product = op.MatMul(rows, op.constant(matrix, x.dtype))
    apart = op.Reshape(product, op.constant([*keep, -1, parts], i64), special_zero=True)
    y: Value = op.Transpose(apart, op.constant([order.index(i) for i in range(rank)], i64))
    return y


@layers("STFT", since=17)
def stft(
    layer: Layer, op: Builder, x: Value, step: Value, window: Value | None = None, length: Value | None = None
) -> Value:
    """STFT(signal, frame_step, window, frame_length): transforms of frames, (batch, frames, frequencies, 2)."""
    onesided = bool(layer.get("onesided", 1))
    numbers = layer.numbers(length) if length is not None else None
    size = numbers[0] if numbers else known_dim(window, 0) if window is not None else None
    if size is None or not 0 < size <= LONGEST:
        raise layer.refuse(
            f"a frame of length {size or 'unknown'}", f"lengths from 1 to {LONGEST}, known at conversion"
        )
    parts = 1 if rank_of(layer, x) == 2 else known_dim(x, 2)
    if parts not in (1, 2) or (parts == 2 and onesided):
        raise layer.refuse(f"a onesided transform of {x.type}", "it takes real input")
    if x.rank == 2:
        x = op.Unsqueeze(x, op.constant([2], i64))
    stride = converted(op, flat(op, step), i64)
    span = op.Subtract(dim(op, x, 1), op.constant([size], i64))
    frames = counted(op, op.Add(op.Divide(span, stride), op.constant([1], i64)))
    starts = op.Reshape(op.Multiply(frames, stride), op.constant([-1, 1], i64))
    place = op.Add(starts, op.constant([list(range(size))], i64))
    framed = op.Gather(x, place, op.constant(1, i64))
    if window is not None:
        framed = op.Multiply(framed, op.Reshape(window, op.constant([1, 1, size, 1], i64)))
    return _applied(op, framed, transform_matrix(size, size, parts, inverse=False, onesided=onesided), 2, 2)
