"""Attention and MultiHeadAttention of com.microsoft, with their masks and pasts, and RotaryEmbedding."""

from __future__ import annotations

from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import f32, i64
from dragoman_onnx.layers.heads import Mask, attend, merge_heads, positions, rotate, split_heads, triangle
from dragoman_onnx.layers.quantized import centred
from dragoman_onnx.layers.sizes import converted, counted, dim, known_dim, rank_of
from dragoman_onnx.layers.slice import cut

layers = Extractors("onnx")


@layers("com.microsoft:Attention")
def attention(
    layer: Layer,
    op: Builder,
    x: Value,
    weights: Value,
    bias: Value | None = None,
    lengths: Value | None = None,
    past: Value | None = None,
    added: Value | None = None,
    used: Value | None = None,
) -> list[Any]:
    """Attention(input, weights, bias, mask_index, past, attention_bias): projection to Q, K, V, and their attention.

    Returns the output and, as ``present``, keys and values with those of the past before them.
    """
    if used is not None:
        raise layer.refuse("a past in a shared buffer", "export the model without past_present_share_buffer")
    joined = op.MatMul(x, weights)
    return _projected(layer, op, joined if bias is None else op.Add(joined, bias), lengths, past, added)


@layers("com.microsoft:QAttention")
def quantized_attention(
    layer: Layer,
    op: Builder,
    x: Value,
    weights: Value,
    bias: Value,
    x_scale: Value,
    w_scale: Value,
    lengths: Value | None = None,
    x_zero: Value | None = None,
    w_zero: Value | None = None,
    past: Value | None = None,
) -> list[Any]:
    """QAttention: Attention whose input and weights are quantized (per tensor, or per column of the weights)."""
    product = op.MatMul(centred(op, x, x_zero), centred(op, weights, w_zero))
    scale = op.Multiply(x_scale, w_scale)
    joined = op.Add(converted(op, op.Multiply(product, converted(op, scale, f32)), bias.dtype), bias)
    return _projected(layer, op, joined, lengths, past, None)


def _projected(
    layer: Layer, op: Builder, joined: Value, lengths: Value | None, past: Value | None, added: Value | None
) -> list[Any]:
    heads = layer.positive("num_heads")
    if layer.get("do_rotary", 0) or layer.get("past_present_share_buffer", 0):
        raise layer.refuse("rotation or a shared buffer inside Attention", "export the model without them")
    layer.ignore("rotary_embedding_dim")
    sizes = layer.get("qkv_hidden_sizes", []) or None
    if sizes is None:
        whole = known_dim(joined, -1)
        if whole is None:
            raise layer.refuse("the shape of the weights is unknown", "make them an initializer")
        sizes = [whole // 3] * 3
    parts = op.VariadicSplit(joined, op.constant(-1), op.constant(list(sizes)))
    q, k, v = (split_heads(op, part, heads) for part in parts)
    offset = None
    if past is not None:
        offset = dim(op, past, 3)
        held = [op.Gather(past, op.constant(i), op.constant(0)) for i in range(2)]
        k, v = op.Concat(held[0], k, axis=2), op.Concat(held[1], v, axis=2)
    mask = _mask(layer, op, q, k, lengths, offset, added)
    y = merge_heads(op, attend(op, q, k, v, mask, layer.get("scale", None) or None))
    present = None
    if layer.wants(1):
        present = op.Concat(op.Unsqueeze(k, op.constant([0])), op.Unsqueeze(v, op.constant([0])), axis=0)
    return [y, present]


def _mask(
    layer: Layer,
    op: Builder,
    q: Value,
    k: Value,
    lengths: Value | None,
    offset: Value | None,
    added: Value | None,
) -> Mask:
    """Padding is pushed down by ``mask_filter_value``, what lies ahead is excluded."""
    mask = Mask()
    low = layer.get("mask_filter_value", -10000.0)
    if lengths is not None:
        keep = _kept(layer, op, q, k, lengths)
        mask.add(op, op.Select(keep, op.constant(0.0, q.dtype), op.constant(low, q.dtype)))
    if added is not None:
        mask.add(op, added)
    if layer.get("unidirectional", 0):
        if offset is None and mask.bias is None:
            mask.causal = True
        else:
            mask.allow(op, triangle(op, dim(op, q, 2), dim(op, k, 2), offset))
    return mask


def _kept(layer: Layer, op: Builder, q: Value, k: Value, lengths: Value) -> Value:
    """True for keys that are no padding, by a mask of ones, by lengths, or by ends followed by starts."""
    rank = rank_of(layer, lengths)
    if rank in (2, 3):
        mask = op.NotEqual(lengths, op.constant(0, lengths.dtype))
        shaped: Value = op.Unsqueeze(mask, op.constant([1, 2] if rank == 2 else [1]))
        return shaped
    if rank != 1:
        raise layer.refuse("a mask of four dimensions", "export the model with a mask of two dimensions")
    count, batch = known_dim(lengths, 0), known_dim(q, 0)
    at, size = positions(op, dim(op, k, 2), 1), dim(op, q, 0)
    given = converted(op, lengths, i64)
    if count is not None and count == batch:
        keep: Value = op.Less(at, op.Reshape(given, op.constant([-1, 1, 1, 1])))
        return keep
    # where only ends are given, all starts are 0
    both = op.Concat(given, op.Broadcast(op.constant(0, i64), size), axis=0)
    end, start = (
        op.Reshape(cut(op, both, first, last, 0), op.constant([-1, 1, 1, 1]))
        for first, last in ((0, size), (size, op.Multiply(size, op.constant([2]))))
    )
    return op.LogicalAnd(op.Less(at, end), op.GreaterEqual(at, start))


@layers("com.microsoft:MultiHeadAttention")
def multi_head_attention(
    layer: Layer,
    op: Builder,
    q: Value,
    k: Value | None = None,
    v: Value | None = None,
    bias: Value | None = None,
    lengths: Value | None = None,
    added: Value | None = None,
    past_key: Value | None = None,
    past_value: Value | None = None,
    used: Value | None = None,
    beams: Value | None = None,
) -> list[Any]:
    """MultiHeadAttention(query, key, value, bias, key_padding_mask, attention_bias, past_key, past_value).

    Returns the output and the keys and values with those of the past before them.
    """
    if used is not None or beams is not None or layer.wants(3):
        raise layer.refuse("a shared buffer, beams, or the scores as an output", "export the model without them")
    heads = layer.positive("num_heads")
    query, keys, values = _apart(layer, op, heads, (q, k, v), bias)
    offset = None
    if past_key is not None and past_value is not None:
        offset = dim(op, past_key, 2)
        keys, values = op.Concat(past_key, keys, axis=2), op.Concat(past_value, values, axis=2)
    mask = _mask(layer, op, query, keys, lengths, offset, added)
    y = attend(op, query, keys, values, mask, layer.get("scale", None) or None)
    return [merge_heads(op, y), keys, values]


def _apart(
    layer: Layer, op: Builder, heads: int, given: tuple[Value, Value | None, Value | None], bias: Value | None
) -> tuple[Value, ...]:
    """Query, key and value as (batch, heads, length, size), out of any of the forms in which they may come."""
    q, k, v = given
    if k is None or v is None:
        parts = _packed(layer, op, q, 3) if k is None else (split_heads(op, q, heads), *_packed(layer, op, k, 2))
        if bias is not None:
            raise layer.refuse("a bias with packed inputs", "export the model without onnxruntime's fusions")
        return parts
    crossed = k.rank == 4
    if crossed and bias is not None:
        raise layer.refuse("a bias with keys that are split already", "export without onnxruntime's fusions")
    if bias is not None:
        widths = [known_dim(x, -1) for x in (q, k, v)]
        if None in widths:
            raise layer.refuse("the hidden sizes are unknown", "fix the input's shape with --shape")
        biases = op.VariadicSplit(bias, op.constant(0), op.constant([w for w in widths if w is not None]))
        q, k, v = (op.Add(x, b) for x, b in zip((q, k, v), biases, strict=True))
    if crossed:
        return split_heads(op, q, heads), k, v
    return tuple(split_heads(op, x, heads) for x in (q, k, v))


def _packed(layer: Layer, op: Builder, x: Value, count: int) -> tuple[Value, ...]:
    """(batch, length, heads, count, size) as ``count`` of (batch, heads, length, size)."""
    if x.rank != 5:
        raise layer.refuse("keys without values that are not packed", "the model is not valid")
    parts = [op.Gather(x, op.constant(i), op.constant(3)) for i in range(count)]
    return tuple(op.Transpose(part, op.constant([0, 2, 1, 3])) for part in parts)


@layers("com.microsoft:RotaryEmbedding")
def rotary_embedding(layer: Layer, op: Builder, x: Value, at: Value, cos: Value, sin: Value) -> Value:
    """RotaryEmbedding(input, position_ids, cos_cache, sin_cache): positions for each token, or that of the first."""
    rank, heads, count = rank_of(layer, x), layer.get("num_heads", 0), layer.get("rotary_embedding_dim", 0)
    if layer.get("is_packed_batching", 0) or layer.get("scale", 1.0) != 1:
        raise layer.refuse("packed batches or a scale", "export the model without onnxruntime's fusions")
    half = known_dim(cos, 1)
    if half is None or rank_of(layer, at) not in (1, 2):
        raise layer.refuse("the shape of the caches or of the positions is unknown", "fix the inputs' shapes")
    if at.rank == 1:
        at = op.Unsqueeze(op.Add(counted(op, dim(op, x, rank - 2 if rank == 4 else 1)), at), op.constant([0]))
    apart = x
    if rank == 3:
        shape = [0, 0, heads, -1] if count and heads else [0, 0, -1, 2 * half]
        apart = op.Reshape(x, op.constant(shape), special_zero=True)
    turns = [
        op.Unsqueeze(op.Gather(c, at, op.constant(0)), op.constant([rank - 1 if rank == 3 else 1])) for c in (cos, sin)
    ]
    y = rotate(op, apart, turns[0], turns[1], 2 * half, bool(layer.get("interleaved", 0)))
    return op.Reshape(y, op.constant([0, 0, -1]), special_zero=True) if rank == 3 else y
