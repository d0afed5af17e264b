"""GroupQueryAttention of com.microsoft: fewer heads of keys than of queries, a cache of keys and values, rotation."""

from __future__ import annotations

from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import i64
from dragoman_onnx.layers.heads import (
    Mask,
    attend,
    capped,
    merge_heads,
    padded_to,
    positions,
    repeat_heads,
    rotate,
    split_heads,
)
from dragoman_onnx.layers.sizes import converted, counted, dim, flat, known_dim

layers = Extractors("onnx")


@layers("com.microsoft:GroupQueryAttention")
def group_query_attention(
    layer: Layer,
    op: Builder,
    q: Value,
    k: Value | None = None,
    v: Value | None = None,
    past_key: Value | None = None,
    past_value: Value | None = None,
    last: Value | None = None,
    total: Value | None = None,
    cos: Value | None = None,
    sin: Value | None = None,
    at: Value | None = None,
    added: Value | None = None,
    sink: Value | None = None,
    *quantization: Value | None,
) -> list[Any]:
    """GroupQueryAttention(query, key, value, past_key, past_value, seqlens_k, total_sequence_length, ...).

    ``seqlens_k`` is the length of each sequence so far, less one. Returns the output, and keys and values in a cache
    as long as the past's, or as ``total_sequence_length`` where that is longer.
    """
    if last is None or total is None:
        raise layer.refuse("seqlens_k or total_sequence_length is missing", "the model is not valid")
    _plain(layer, quantization)
    heads, kv_heads = layer.positive("num_heads"), layer.positive("kv_num_heads")
    query, keys, values = _apart(layer, op, (q, k, v), heads, kv_heads)
    rows = dim(op, query, 2)
    whole = flat(op, converted(op, total, i64))
    ends = op.Add(op.Reshape(converted(op, last, i64), op.constant([-1, 1])), op.constant(1, i64))
    # a prompt may be shorter than its row, and starts at 0 all the same
    start = op.Select(op.Equal(rows, whole), op.constant(0, i64), op.Subtract(ends, rows))
    if layer.get("do_rotary", 0):
        if cos is None or sin is None:
            raise layer.refuse("do_rotary without cos_cache and sin_cache", "the model is not valid")
        query, keys = _rotated(layer, op, (query, keys), (cos, sin), at, op.Add(start, counted(op, rows)))
    if past_key is not None and past_value is not None:
        cached = _Cache(op, start, rows, dim(op, past_key, 2), whole)
        keys, values = cached.joined(past_key, keys), cached.joined(past_value, values)
    mask = _mask(layer, op, start, rows, dim(op, keys, 2), added)
    times = heads // kv_heads
    wide = [repeat_heads(op, x, times) for x in (keys, values)]
    y = _product(layer, op, query, wide[0], wide[1], mask, sink)
    return [merge_heads(op, y), keys, values]


def _plain(layer: Layer, quantization: tuple[Value | None, ...]) -> None:
    if any(v is not None for v in quantization) or any(
        layer.get(f"{side}_quant_type", "NONE") != "NONE" for side in "kv"
    ):
        raise layer.refuse("a quantized cache, or norms of queries and keys", "export the model without them")
    layer.ignore("kv_cache_bit_width", "qk_norm_epsilon")
    if layer.wants(3) or layer.get("qk_output", 0) or layer.get("sliding_window_cache", 0):
        raise layer.refuse("the scores as an output, or a windowed cache", "export the model without them")


def _apart(
    layer: Layer, op: Builder, given: tuple[Value, Value | None, Value | None], heads: int, kv_heads: int
) -> tuple[Value, Value, Value]:
    q, k, v = given
    if k is None or v is None:
        width = known_dim(q, 2)
        if width is None:
            raise layer.refuse("the width of the packed input is unknown", "fix its shape with --shape")
        size = width // (heads + 2 * kv_heads)
        q, k, v = op.VariadicSplit(q, op.constant(2), op.constant([heads * size, kv_heads * size, kv_heads * size]))
    return split_heads(op, q, heads), split_heads(op, k, kv_heads), split_heads(op, v, kv_heads)


def _rotated(
    layer: Layer,
    op: Builder,
    given: tuple[Value, Value],
    caches: tuple[Value, Value],
    at: Value | None,
    places: Value,
) -> tuple[Value, ...]:
    half = known_dim(caches[0], 1)
    if half is None:
        raise layer.refuse("the shape of cos_cache is unknown", "make it an initializer")
    turns = [op.Unsqueeze(op.Gather(c, places if at is None else at, op.constant(0)), op.constant([1])) for c in caches]
    interleaved = bool(layer.get("rotary_interleaved", 0))
    return tuple(rotate(op, x, turns[0], turns[1], 2 * half, interleaved) for x in given)


class _Cache:
    """Places of a cache, per batch: what was there before ``start``, then ``rows`` new ones, then zeros."""

    def __init__(self, op: Builder, start: Value, rows: Value, past: Value, whole: Value) -> None:
        self.op = op
        at = positions(op, op.Maximum(past, whole), 1)
        end = op.Add(start, rows)
        self.filled = op.Unsqueeze(op.Less(at, end), op.constant([1, 3]))
        new = op.Add(op.Subtract(at, start), past)
        most = op.Subtract(op.Add(past, rows), op.constant(1, i64))
        self.source = op.Minimum(op.Select(op.GreaterEqual(at, start), new, at), most)

    def joined(self, past: Value, new: Value) -> Value:
        """The cache out of the past's and the new part."""
        op = self.op
        found = op.Gather(op.Concat(past, new, axis=2), self.source, op.constant(2), batch_dims=1)
        cache: Value = op.Select(self.filled, found, op.constant(0.0, found.dtype))
        return cache


def _mask(layer: Layer, op: Builder, start: Value, rows: Value, columns: Value, added: Value | None) -> Mask:
    mask = Mask()
    first = op.Reshape(start, op.constant([-1, 1, 1, 1]))
    here = op.Add(positions(op, rows, 0), first)
    there = positions(op, columns, 1)
    if layer.get("causal", 1):
        mask.allow(op, op.LessEqual(there, here))
    else:
        mask.allow(op, op.Less(there, op.Add(first, rows)))
    window = layer.get("local_window_size", -1)
    if window > 0:
        mask.allow(op, op.Less(op.Subtract(here, there), op.constant(window, i64)))
    if added is not None:
        mask.add(op, padded_to(op, added, columns, 0.0))
    return mask


def _product(layer: Layer, op: Builder, q: Value, k: Value, v: Value, mask: Mask, sink: Value | None) -> Value:
    scale, cap = layer.get("scale", None) or None, layer.get("softcap", 0.0)
    smooth = layer.get("smooth_softmax", -1) == 1
    if not cap and not smooth and sink is None:
        return attend(op, q, k, v, mask, scale)
    size = known_dim(q, 3)
    if scale is None and size is None:
        raise layer.refuse("the size of a head is unknown", "fix the input's shape with --shape")
    factor = op.constant(scale if scale is not None else (size or 1) ** -0.5, q.dtype)
    scores = capped(op, op.MatMul(op.Multiply(q, factor), k, transpose_b=True), cap)
    seen = mask.written(op, q)
    assert seen is not None
    scores = op.Add(scores, seen)
    if not smooth and sink is None:
        y: Value = op.MatMul(op.Softmax(scores, axis=-1), v)
        return y
    # one more key, which all see and whose value is nothing
    column = op.constant(0.0, q.dtype, shape=(1, 1, 1, 1))
    column = column if sink is None else op.Reshape(sink, op.constant([1, -1, 1, 1]))
    edge = op.Concat(op.Gather(op.ShapeOf(scores), op.constant([0, 1, 2]), op.constant(0)), op.constant([1]), axis=0)
    weights = op.Softmax(op.Concat(scores, op.Broadcast(column, edge), axis=-1), axis=-1)
    kept, _ = op.VariadicSplit(weights, op.constant(-1), op.constant([-1, 1]))
    found: Value = op.MatMul(kept, v)
    return found
