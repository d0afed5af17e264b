"""Ops that move blocks of a tensor between channels, batch and space.

Behaviour: OpenVINO specification, "data movement" ops ShuffleChannels-1, SpaceToDepth-1, DepthToSpace-1,
BatchToSpace-2, SpaceToBatch-2, ReorgYolo-1; shapes as the runtime infers them.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from dragoman.graph.types import DYNAMIC, Dim, Interval, Shape, TensorType, Typed
from dragoman.infer.dims import add_int, dynamic_shape, exact_div, merge_shapes, mul
from dragoman.infer.small import checked_axis, known_ints, need_rank
from dragoman.infer.windows import minus
from dragoman.lazy import np
from dragoman.ops.define import INTEGER, Contradiction, Enum, In, Int, Ints, Op, op

if TYPE_CHECKING:
    from dragoman.graph.tensor import Array


def divided(dim: Dim, divisor: int) -> Dim:
    """dim / divisor; Contradiction when it cannot be a whole number."""
    share = exact_div(dim, divisor)
    if share is None:
        raise Contradiction(f"{dim} does not divide by {divisor}")
    return share


@op("ShuffleChannels", "opset1")
class ShuffleChannels(Op):
    """Channels seen as (group, n), transposed to (n, group)."""

    data = In("T")
    axis = Int(1)
    group = Int(1)

    def infer(self, data: Typed) -> TensorType:
        if self.group < 1:
            raise Contradiction(f"{self.group} groups")
        if data.shape is None:
            return TensorType(data.dtype, None)
        if not data.shape:
            raise Contradiction("a scalar has no channels")
        axis = checked_axis(self.axis, len(data.shape))
        dim = data.shape[axis]
        if isinstance(dim, int):
            divided(dim, self.group)
        return TensorType(data.dtype, data.shape)

    def fold(self, data: Array) -> Array:
        axis = self.axis % data.ndim
        split = (*data.shape[:axis], self.group, -1, *data.shape[axis + 1 :])
        return data.reshape(split).swapaxes(axis, axis + 1).reshape(data.shape)


class _DepthSpace(Op):
    data = In("T")
    mode = Enum("blocks_first", "depth_first")
    block_size = Int(1)

    def _checked(self, shape: tuple[Dim, ...]) -> int:
        """Elements of one block."""
        if len(shape) < 3:
            raise Contradiction(f"the data must have at least 3 dimensions, not {len(shape)}")
        if self.block_size < 1:
            raise Contradiction(f"a block size of {self.block_size}")
        return int(self.block_size ** (len(shape) - 2))


@op("SpaceToDepth", "opset1")
class SpaceToDepth(_DepthSpace):
    """Blocks of the spatial dimensions become channels, before (``blocks_first``) or within the old ones."""

    def infer(self, data: Typed) -> TensorType:
        if data.shape is None:
            return TensorType(data.dtype, None)
        block = self._checked(data.shape)
        space = (divided(d, self.block_size) for d in data.shape[2:])
        return TensorType(data.dtype, (data.shape[0], mul(data.shape[1], block), *space))

    def fold(self, data: Array) -> Array:
        batch, channels, *sizes = data.shape
        b, count = self.block_size, len(sizes)
        parts = data.reshape(batch, channels, *itertools.chain(*((n // b, b) for n in sizes)))
        blocks, space = [3 + 2 * i for i in range(count)], [2 + 2 * i for i in range(count)]
        depth = [*blocks, 1] if self.mode == "blocks_first" else [1, *blocks]
        return parts.transpose(0, *depth, *space).reshape(batch, -1, *(n // b for n in sizes))


@op("DepthToSpace", "opset1")
class DepthToSpace(_DepthSpace):
    """Channels become blocks of the spatial dimensions; the inverse of SpaceToDepth."""

    def infer(self, data: Typed) -> TensorType:
        if data.shape is None:
            return TensorType(data.dtype, None)
        block = self._checked(data.shape)
        space = (mul(d, self.block_size) for d in data.shape[2:])
        return TensorType(data.dtype, (data.shape[0], divided(data.shape[1], block), *space))

    def fold(self, data: Array) -> Array:
        batch, channels, *sizes = data.shape
        b, count = self.block_size, len(sizes)
        depth = channels // b**count
        first = self.mode == "blocks_first"
        parts = data.reshape(batch, *(([b] * count + [depth]) if first else ([depth] + [b] * count)), *sizes)
        at_depth, at_block = (1 + count, 1) if first else (1, 2)
        order = itertools.chain(*((2 + count + i, at_block + i) for i in range(count)))
        return parts.transpose(0, at_depth, *order).reshape(batch, depth, *(n * b for n in sizes))


class _BatchSpace(Op):
    """What both directions share: blocks and pads (or crops), one per dimension of the data."""

    def _numbers(
        self, data: Shape, block: Typed, begin: Typed, end: Typed
    ) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None, tuple[int, ...] | None]:
        same: Shape = begin.shape
        for given in (end, block):
            possible, same = merge_shapes(same, given.shape)
            if not possible:
                raise Contradiction("blocks, begins and ends must have one shape")
        if same is not None and len(same) != 1:
            raise Contradiction("blocks, begins and ends must be vectors")
        if data is not None:
            if len(data) < 2:
                raise Contradiction(f"the data must have at least 2 dimensions, not {len(data)}")
            if same is not None and isinstance(same[0], int) and same[0] != len(data):
                raise Contradiction(f"{same[0]} blocks for {len(data)} dimensions")
        return known_ints(block), known_ints(begin), known_ints(end)


@op("BatchToSpace", "opset2")
class BatchToSpace(_BatchSpace):
    """The batch becomes blocks of the other dimensions, which are then cropped."""

    data = In("T")
    block_shape = In("", *INTEGER)
    crops_begin = In("", *INTEGER)
    crops_end = In("", *INTEGER)

    def infer(self, data: Typed, block_shape: Typed, crops_begin: Typed, crops_end: Typed) -> TensorType:
        block, begin, end = self._numbers(data.shape, block_shape, crops_begin, crops_end)
        if data.shape is None:
            return TensorType(data.dtype, None)
        batch: Dim = DYNAMIC
        if block is not None:
            if min(block) < 1:
                raise Contradiction(f"blocks {list(block)} must be positive")
            batch = divided(data.shape[0], int(product_of(block)))
        if begin is None or end is None:
            return TensorType(data.dtype, (batch, *dynamic_shape(len(data.shape) - 1)))
        if min(begin + end) < 0:
            raise Contradiction("crops must not be negative")
        sizes = []
        for i, dim in enumerate(data.shape[1:], 1):
            wide = mul(dim, Interval(1, None) if block is None else block[i])
            if isinstance(wide, int) and begin[i] + end[i] > wide:
                raise Contradiction(f"crops of {begin[i] + end[i]} from {wide}")
            sizes.append(minus(wide, begin[i] + end[i]) if begin[i] + end[i] else wide)
        return TensorType(data.dtype, (batch, *sizes))

    def fold(self, data: Array, block_shape: Array, crops_begin: Array, crops_end: Array) -> Array:
        block = [int(b) for b in block_shape[1:]]
        count = len(block)
        batch = data.shape[0] // int(np.prod(block))
        parts = data.reshape(*block, batch, *data.shape[1:])
        order = itertools.chain(*((count + 1 + i, i) for i in range(count)))
        whole = parts.transpose(count, *order).reshape(
            batch, *(n * b for n, b in zip(data.shape[1:], block, strict=True))
        )
        cut = (slice(int(b), n - int(e)) for b, e, n in zip(crops_begin, crops_end, whole.shape, strict=True))
        return np.ascontiguousarray(whole[tuple(cut)])


@op("SpaceToBatch", "opset2")
class SpaceToBatch(_BatchSpace):
    """The padded dimensions' blocks become the batch; the inverse of BatchToSpace."""

    data = In("T")
    block_shape = In("", *INTEGER)
    pads_begin = In("", *INTEGER)
    pads_end = In("", *INTEGER)

    def infer(self, data: Typed, block_shape: Typed, pads_begin: Typed, pads_end: Typed) -> TensorType:
        block, begin, end = self._numbers(data.shape, block_shape, pads_begin, pads_end)
        if data.shape is None:
            return TensorType(data.dtype, None)
        if block is not None and min(block) < 1:
            raise Contradiction(f"blocks {list(block)} must be positive")
        batch = DYNAMIC if block is None else mul(data.shape[0], int(product_of(block)))
        if block is None or begin is None or end is None:
            return TensorType(data.dtype, (batch, *dynamic_shape(len(data.shape) - 1)))
        sizes = (divided(add_int(d, begin[i] + end[i]), block[i]) for i, d in enumerate(data.shape[1:], 1))
        return TensorType(data.dtype, (batch, *sizes))

    def fold(self, data: Array, block_shape: Array, pads_begin: Array, pads_end: Array) -> Array:
        block = [int(b) for b in block_shape[1:]]
        padded = np.pad(data, [(int(b), int(e)) for b, e in zip(pads_begin, pads_end, strict=True)])
        batch, *sizes = padded.shape
        small = [n // b for n, b in zip(sizes, block, strict=True)]
        parts = padded.reshape(batch, *itertools.chain(*zip(small, block, strict=True)))
        count = len(block)
        order = [2 + 2 * i for i in range(count)] + [0] + [1 + 2 * i for i in range(count)]
        return parts.transpose(order).reshape(batch * int(np.prod(block)), *small)


def product_of(numbers: tuple[int, ...]) -> int:
    """The product; 1 for none."""
    out = 1
    for n in numbers:
        out *= n
    return out


@op("ReorgYolo", "opset2")
class ReorgYolo(Op):
    """Darknet's reorg: space to depth by ``stride``, with Darknet's own order of elements."""

    data = In("T")
    stride = Ints()

    def infer(self, data: Typed) -> TensorType:
        if not self.stride:
            raise Contradiction("a stride is needed")
        if data.shape is None:
            return TensorType(data.dtype, None)
        need_rank(data, 4, what="the data")
        stride = self.stride[0]
        if isinstance(data.shape[1], int) and data.shape[1] < stride * stride:
            raise Contradiction(f"{data.shape[1]} channels are fewer than {stride * stride}")
        space = (divided(d, stride) for d in data.shape[2:])
        return TensorType(data.dtype, (data.shape[0], mul(data.shape[1], stride * stride), *space))

    def fold(self, data: Array) -> Array:
        batch, channels, height, width = data.shape
        s = self.stride[0]
        depth = channels // (s * s)
        out = np.empty((batch, channels * s * s, height // s, width // s), data.dtype)
        flat = data.reshape(batch, -1)
        target = out.reshape(batch, -1)
        k, j, i = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
        offset = k // depth
        row, col = j * s + offset // s, i * s + offset % s
        source = col + width * s * (row + height * s * (k % depth))
        target[:, : source.size] = flat[:, np.minimum(source, flat.shape[1] - 1).ravel()]
        return out
