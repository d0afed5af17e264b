"""Windows of an image laid out as columns or channels, and back: Col2Im, ExtractImagePatches.

Behaviour: OpenVINO specification of Col2Im-15 and ExtractImagePatches-3; shapes as the runtime infers them.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Dim, TensorType, Typed
from dragoman.infer.dims import ceil_div, dynamic_shape, mul
from dragoman.infer.small import known_ints, known_sizes, need_rank, vector_length
from dragoman.infer.windows import minus, same_pads, sized, steps
from dragoman.lazy import np
from dragoman.ops.blocks import divided, product_of
from dragoman.ops.convolve import pad_spatial, window_view
from dragoman.ops.define import INDEX, Contradiction, Enum, In, Ints, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


@op("Col2Im", "opset15")
class Col2Im(Op):
    """Sums columns (N, C*kernel, blocks) back into the image (N, C, H, W) they were taken from."""

    data = In("T")
    output_size = In("", *INDEX)
    kernel_size = In("", *INDEX)
    strides = Ints((1, 1))
    dilations = Ints((1, 1))
    pads_begin = Ints((0, 0))
    pads_end = Ints((0, 0))

    def infer(self, data: Typed, output_size: Typed, kernel_size: Typed) -> TensorType:
        need_rank(data, 2, 3, what="the data")
        for given in (output_size, kernel_size):
            need_rank(given, 1, what="output and kernel size")
            if vector_length(given) not in (None, 2):
                raise Contradiction("output and kernel size must have 2 elements")
        if data.shape is None:
            return TensorType(data.dtype, None)
        columns, blocks = data.shape[-2:]
        kernel, wanted = known_ints(kernel_size), known_sizes(output_size)
        channels: Dim = DYNAMIC
        if kernel is not None and isinstance(columns, int):
            channels = divided(columns, product_of(kernel))
        if kernel is not None and wanted is not None and isinstance(blocks, int):
            self._check_blocks(blocks, kernel, wanted)
        return TensorType(data.dtype, (*data.shape[:-2], channels, *(wanted or dynamic_shape(2))))

    def _counts(self, kernel: tuple[int, ...], sizes: tuple[int, ...]) -> list[int]:
        begin, end = sized(self.pads_begin, 2, 0, "pads_begin"), sized(self.pads_end, 2, 0, "pads_end")
        stride, dilation = steps(self.strides, 2, "strides"), steps(self.dilations, 2, "dilations")
        return [(sizes[i] + begin[i] + end[i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in (0, 1)]

    def _check_blocks(self, blocks: int, kernel: tuple[int, ...], wanted: tuple[Dim, ...]) -> None:
        sizes = tuple(n for n in wanted if isinstance(n, int))
        if len(sizes) == 2 and product_of(tuple(self._counts(kernel, sizes))) != blocks:
            raise Contradiction(f"{blocks} blocks, not {product_of(tuple(self._counts(kernel, sizes)))}")

    def fold(self, data: Array, output_size: Array, kernel_size: Array) -> Array:
        kernel, sizes = tuple(map(int, kernel_size)), tuple(map(int, output_size))
        rows, cols = self._counts(kernel, sizes)
        begin, end = sized(self.pads_begin, 2, 0, "pads_begin"), sized(self.pads_end, 2, 0, "pads_end")
        batched = data if data.ndim == 3 else data[np.newaxis]
        parts = batched.reshape(batched.shape[0], -1, *kernel, rows, cols)
        out = np.zeros((*parts.shape[:2], *(n + b + e for n, b, e in zip(sizes, begin, end, strict=True))), data.dtype)
        for i, j in itertools.product(*map(range, kernel)):
            y, x = i * self.dilations[0], j * self.dilations[1]
            across = slice(x, x + (cols - 1) * self.strides[1] + 1, self.strides[1])
            out[:, :, y : y + (rows - 1) * self.strides[0] + 1 : self.strides[0], across] += parts[:, :, i, j]
        cut = out[:, :, begin[0] : begin[0] + sizes[0], begin[1] : begin[1] + sizes[1]]
        return np.ascontiguousarray(cut if data.ndim == 3 else cut[0])


@op("ExtractImagePatches", "opset3")
class ExtractImagePatches(Op):
    """Windows of an image laid into channels: (N, C, H, W) to (N, rows*cols*C, windows down, windows across)."""

    data = In("T")
    sizes = Ints()
    strides = Ints()
    rates = Ints()
    auto_pad = Enum("valid", "same_upper", "same_lower")

    def infer(self, data: Typed) -> TensorType:
        need_rank(data, 4, what="the image")
        if not (len(self.sizes) == len(self.strides) == len(self.rates) == 2):
            raise Contradiction("sizes, strides and rates must have 2 numbers")
        if min(self.strides + self.rates) < 1:
            raise Contradiction("strides and rates must be positive")
        if data.shape is None:
            return TensorType(data.dtype, dynamic_shape(4))
        space = (self._windows(i, d) for i, d in enumerate(data.shape[2:]))
        return TensorType(data.dtype, (data.shape[0], mul(data.shape[1], product_of(self.sizes)), *space))

    def _windows(self, i: int, dim: Dim) -> Dim:
        if self.auto_pad == "valid":
            dim = minus(dim, self.rates[i] * (self.sizes[i] - 1))
        return ceil_div(dim, self.strides[i])

    def fold(self, data: Array) -> Array:
        if self.auto_pad != "valid":
            upper = self.auto_pad == "same_upper"
            pads = [same_pads(data.shape[2 + i], self.sizes[i], self.strides[i], self.rates[i], upper) for i in (0, 1)]
            data = pad_spatial(data, [b for b, _ in pads], [e for _, e in pads])
        views = window_view(data, self.sizes, self.strides, self.rates)
        out = views.transpose(0, 4, 5, 1, 2, 3)
        return np.ascontiguousarray(out.reshape(data.shape[0], -1, *views.shape[2:4]))
