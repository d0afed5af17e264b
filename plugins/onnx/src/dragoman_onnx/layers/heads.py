"""Blocks of attention: heads, rotations, masks and the product itself, shared by ONNX's and Microsoft's operators."""

from __future__ import annotations

import dataclasses

from dragoman.builder import Builder
from dragoman.frontends.extract import Layer, Refusal
from dragoman.graph.graph import Value
from dragoman.graph.types import boolean
from dragoman_onnx.layers.sizes import converted, counted, dim, known_dim, vector


def split_heads(op: Builder, x: Value, heads: int) -> Value:
    """(batch, length, heads · size) as (batch, heads, length, size)."""
    apart = op.Reshape(x, op.constant([0, 0, heads, -1]), special_zero=True)
    found: Value = op.Transpose(apart, op.constant([0, 2, 1, 3]))
    return found


def merge_heads(op: Builder, x: Value) -> Value:
    """(batch, heads, length, size) as (batch, length, heads · size)."""
    heads, size = known_dim(x, 1), known_dim(x, 3)
    turned = op.Transpose(x, op.constant([0, 2, 1, 3]))
    last = heads * size if heads is not None and size is not None else -1
    found: Value = op.Reshape(turned, op.constant([0, 0, last]), special_zero=True)
    return found


def repeat_heads(op: Builder, x: Value, times: int) -> Value:
    """Every head ``times`` times in a row."""
    if times == 1:
        return x
    wide = op.Broadcast(op.Unsqueeze(x, op.constant([2])), op.constant([1, 1, times, 1, 1]), mode="bidirectional")
    heads = known_dim(x, 1)
    shape = vector(op, [dim(op, x, 0), heads * times if heads is not None else -1, dim(op, x, 2), dim(op, x, 3)])
    found: Value = op.Reshape(wide, shape)
    return found


def rotate(op: Builder, x: Value, cos: Value, sin: Value, count: int, interleaved: bool) -> Value:
    """Turn pairs of the first ``count`` elements of the last axis by angles whose cosines and sines broadcast to x."""
    size = known_dim(x, -1)
    rest: Value | None = None
    if size is None or count < size:
        head, rest = op.VariadicSplit(x, op.constant(-1), op.constant([count, -1]))
    else:
        head = x
    if interleaved:
        pairs = op.Reshape(head, vector(op, [*(dim(op, x, i) for i in range((x.rank or 0) - 1)), count // 2, 2]))
        first, second = (op.Gather(pairs, op.constant(i), op.constant(-1)) for i in range(2))
    else:
        first, second = op.VariadicSplit(head, op.constant(-1), op.constant([count // 2, count // 2]))
    real = op.Subtract(op.Multiply(first, cos), op.Multiply(second, sin))
    imaginary = op.Add(op.Multiply(first, sin), op.Multiply(second, cos))
    if interleaved:
        pairs = op.Concat(op.Unsqueeze(real, op.constant([-1])), op.Unsqueeze(imaginary, op.constant([-1])), axis=-1)
        turned = op.Reshape(pairs, vector(op, [*(dim(op, x, i) for i in range((x.rank or 0) - 1)), count]))
    else:
        turned = op.Concat(real, imaginary, axis=-1)
    found: Value = turned if rest is None else op.Concat(turned, rest, axis=-1)
    return found


@dataclasses.dataclass
class Mask:
    """What a query may see: ``bias`` is added to its scores, ``allowed`` (boolean) excludes the rest.

    ``causal`` stands for the lower triangle; ``total`` tells that every query sees at least one key.
    """

    bias: Value | None = None
    allowed: Value | None = None
    causal: bool = False
    total: bool = True

    def allow(self, op: Builder, part: Value) -> None:
        """Exclude what the part does not allow."""
        self.allowed = part if self.allowed is None else op.LogicalAnd(self.allowed, part)

    def add(self, op: Builder, part: Value) -> None:
        """Add to the scores."""
        self.bias = part if self.bias is None else op.Add(self.bias, part)

    def written(self, op: Builder, like: Value) -> Value | None:
        """All as one tensor to be added to the scores, -inf where nothing may be seen."""
        if self.causal:
            raise ValueError("the triangle needs the scores' shape: use triangle()")
        if self.allowed is None:
            return self.bias
        zero = op.constant(0.0, like.dtype) if self.bias is None else self.bias
        found: Value = op.Select(self.allowed, zero, op.constant(float("-inf"), like.dtype))
        return found


def positions(op: Builder, length: Value, axis: int) -> Value:
    """0, 1, ... before a length (one i64 element) along an axis of a matrix: 0 for queries, 1 for keys."""
    found: Value = op.Unsqueeze(counted(op, length), op.constant([1 - axis]))
    return found


def triangle(op: Builder, rows: Value, columns: Value, offset: Value | None = None) -> Value:
    """True where key j <= query i + offset; an offset per batch is (batch, 1, 1, 1)."""
    at = positions(op, rows, 0)
    if offset is not None:
        at = op.Add(at, offset)
    found: Value = op.LessEqual(positions(op, columns, 1), at)
    return found


def attend(op: Builder, q: Value, k: Value, v: Value, mask: Mask, scale: float | None) -> Value:
    """softmax(q · kᵀ · scale + mask) · v of (batch, heads, length, size); rows that see nothing become zeros."""
    factor = [] if scale is None else [op.constant(scale, q.dtype)]
    if mask.bias is None and mask.allowed is None:
        if not factor:
            found: Value = op.ScaledDotProductAttention(q, k, v, causal=mask.causal)
            return found
        return _scaled(op, q, k, v, None, factor[0], mask.causal)
    if mask.causal:
        mask.allow(op, triangle(op, dim(op, q, 2), dim(op, k, 2)))
        mask.causal = False
    seen = mask.written(op, q) if mask.bias is not None else mask.allowed
    assert seen is not None
    if (seen.rank or 0) < 2:
        seen = op.Unsqueeze(seen, op.constant([0]))
    y = _scaled(op, q, k, v, seen, factor[0] if factor else None, False)
    return y if mask.total else guarded(op, y, seen)


def _scaled(op: Builder, q: Value, k: Value, v: Value, seen: Value | None, factor: Value | None, causal: bool) -> Value:
    if factor is not None and seen is None:
        size = known_dim(q, 3)
        if size is not None:
            # the op takes a scale only behind a mask: move what differs from its own scale into the queries
            q = op.Multiply(q, op.Multiply(factor, op.constant(size**0.5, q.dtype)))
            found: Value = op.ScaledDotProductAttention(q, k, v, causal=causal)
            return found
        seen = op.constant(0.0, q.dtype, shape=(1, 1))
    inputs = [v for v in (seen, factor) if v is not None]
    y: Value = op.ScaledDotProductAttention(q, k, v, *inputs, causal=causal)
    return y


def guarded(op: Builder, y: Value, seen: Value) -> Value:
    """Zeros in the rows of a result whose mask (boolean, or added) excludes every key: there the softmax has none."""
    if seen.dtype is not boolean:
        # not by ReduceMax, which the runtime starts from the lowest finite number
        seen = op.NotEqual(seen, op.constant(float("-inf"), seen.dtype))
    empty = op.LogicalNot(op.ReduceLogicalOr(seen, op.constant([-1]), keep_dims=True))
    found: Value = op.Select(empty, op.constant(0.0, y.dtype), y)
    return found


def padded_to(op: Builder, mask: Value, total: Value, fill: float | bool) -> Value:
    """A mask whose last axis may be shorter than the keys, filled up."""
    if not (mask.dtype.is_float or mask.dtype is boolean):
        raise Refusal(f"a mask {mask.type}", "masks are boolean, or numbers to be added to the scores")
    have, want = known_dim(mask, -1), total.value.numbers() if total.value is not None else None
    if have is not None and want == (have,):
        return mask
    rank = mask.rank or 0
    more = op.Subtract(total, dim(op, mask, rank - 1))
    end = vector(op, [*([0] * (rank - 1)), more])
    boolean_mask = mask.dtype is boolean
    data = op.Convert(mask, destination_type="i32") if boolean_mask else mask
    padded = op.Pad(
        data, op.constant([0] * rank), end, op.constant(int(fill) if boolean_mask else fill, data.dtype),
        pad_mode="constant",
    )  # fmt: skip
    found: Value = converted(op, padded, mask.dtype)
    return found


def capped(op: Builder, scores: Value, cap: float) -> Value:
    """cap · tanh(scores / cap); nothing for a cap of 0."""
    if not cap:
        return scores
    limit = op.constant(cap, scores.dtype)
    found: Value = op.Multiply(op.Tanh(op.Divide(scores, limit)), limit)
    return found


def heads_of(layer: Layer, x: Value, heads: int | None, what: str) -> int:
    """The number of heads of (batch, heads, length, size), or as the attribute says."""
    found = heads if heads else known_dim(x, 1)
    if found is None:
        raise layer.refuse(f"the number of heads of {what} is unknown", "fix the input's shape with --shape")
    if found <= 0:
        raise layer.refuse(f"{what} have {found} heads", "the model is not valid")
    return found
