"""Attention, RotaryEmbedding and FlexAttention; LinearAttention is converted by its function body."""

from __future__ import annotations

from typing import Any

from dragoman.builder import Builder
from dragoman.frontends.extract import POISON, Extractors, Layer
from dragoman.graph.graph import Value
from dragoman.graph.types import boolean, f32, f64, i64
from dragoman_onnx.elements import element_type
from dragoman_onnx.layers.bodies import path_of
from dragoman_onnx.layers.heads import (
    Mask,
    attend,
    capped,
    guarded,
    heads_of,
    merge_heads,
    padded_to,
    positions,
    repeat_heads,
    rotate,
    split_heads,
    triangle,
)
from dragoman_onnx.layers.sizes import converted, dim, known_dim, rank_of

layers = Extractors("onnx")


@layers("Attention", since=23)
def attention(
    layer: Layer,
    op: Builder,
    q: Value,
    k: Value,
    v: Value,
    given: Value | None = None,
    past_key: Value | None = None,
    past_value: Value | None = None,
    valid: Value | None = None,
) -> Any:
    """Attention(Q, K, V, attn_mask, past_key, past_value, nonpad_kv_seqlen): softmax(Q·Kᵀ·scale + mask)·V.

    Returns Y, present_key, present_value and the scores as ``qk_matmul_output_mode`` says.
    """
    flat = rank_of(layer, q) == 3
    q_heads, kv_heads = layer.get("q_num_heads", 0), layer.get("kv_num_heads", 0)
    layer.ignore("softmax_precision")  # the runtime has one precision for a model, at least that of the inputs
    if flat:
        if not q_heads or not kv_heads:
            raise layer.refuse(
                "three-dimensional inputs without q_num_heads and kv_num_heads", "the model is not valid"
            )
        q, k, v = split_heads(op, q, q_heads), split_heads(op, k, kv_heads), split_heads(op, v, kv_heads)
    if (past_key is None) != (past_value is None):
        raise layer.refuse("past_key without past_value, or the reverse", "the model is not valid")
    offset = None if past_key is None else dim(op, past_key, 2)
    present_key = k if past_key is None else op.Concat(past_key, k, axis=2)
    present_value = v if past_value is None else op.Concat(past_value, v, axis=2)
    times = heads_of(layer, q, q_heads, "the queries") // heads_of(layer, k, kv_heads, "the keys")
    keys = repeat_heads(op, present_key, times)
    values = repeat_heads(op, converted(op, present_value, q.dtype), times)
    mask = _mask(layer, op, q, keys, given, offset, valid)
    y, scores = _product(layer, op, q, keys, values, mask)
    return [merge_heads(op, y) if flat else y, present_key, present_value, scores]


def _mask(
    layer: Layer, op: Builder, q: Value, k: Value, given: Value | None, offset: Value | None, valid: Value | None
) -> Mask:
    mask, rows, columns = Mask(), dim(op, q, 2), dim(op, k, 2)
    causal = bool(layer.get("is_causal", 0))
    left, right = layer.get("left_window_size", -1), layer.get("right_window_size", -1)
    if valid is not None:
        valid = op.Reshape(valid, op.constant([-1, 1, 1, 1]))
        mask.allow(op, op.Less(positions(op, columns, 1), valid))
        offset = op.Subtract(valid, rows)
    if given is not None:
        given = padded_to(op, given, columns, False if given.dtype is boolean else float("-inf"))
        if given.dtype is boolean:
            mask.allow(op, given)
        else:
            mask.add(op, converted(op, given, q.dtype))
    if left >= 0 or right >= 0:
        _window(op, mask, rows, columns, offset, (left, right))
    if causal and offset is None and mask.bias is None and mask.allowed is None:
        mask.causal = True
    elif causal:
        mask.allow(op, triangle(op, rows, columns, offset))
    mask.total = given is None and valid is None and left < 0 and right < 0
    return mask


def _window(op: Builder, mask: Mask, rows: Value, columns: Value, offset: Value | None, sizes: tuple[int, int]) -> None:
    at = positions(op, rows, 0)
    back = op.Subtract(at if offset is None else op.Add(at, offset), positions(op, columns, 1))
    left, right = sizes
    if left >= 0:
        mask.allow(op, op.LessEqual(back, op.constant(left, i64)))
    if right >= 0:
        mask.allow(op, op.GreaterEqual(back, op.constant(-right, i64)))


def _product(layer: Layer, op: Builder, q: Value, k: Value, v: Value, mask: Mask) -> tuple[Value, Value | None]:
    """The attention, and the scores at the stage that is asked for, if they are."""
    scale, cap = layer.get("scale", None), layer.get("softcap", 0.0)
    mode = layer.get("qk_matmul_output_mode", 0)
    if not cap and not layer.wants(3):
        return attend(op, q, k, v, mask, scale), None
    size = known_dim(q, 3)
    if scale is None and size is None:
        raise layer.refuse("the size of a head is unknown", "fix the input's shape with --shape")
    root = op.constant((scale if scale is not None else (size or 1) ** -0.5) ** 0.5, q.dtype)
    if scale is not None and scale < 0:
        raise layer.refuse(f"scale {scale} is negative", "its square root is taken")
    if mask.causal:
        mask.allow(op, triangle(op, dim(op, q, 2), dim(op, k, 2)))
        mask.causal = False
    stages = [op.MatMul(op.Multiply(q, root), op.Multiply(k, root), transpose_b=True)]
    stages.append(capped(op, stages[0], cap))
    seen = mask.written(op, q)
    stages.append(stages[1] if seen is None else op.Add(stages[1], seen))
    weights = op.Softmax(stages[2], axis=-1)
    stages.append(weights if mask.total or seen is None else guarded(op, weights, seen))
    if not 0 <= mode < len(stages):
        raise layer.refuse(f"qk_matmul_output_mode {mode} is unknown", "the model is not valid")
    return op.MatMul(stages[3], v), stages[mode]


@layers("ai.onnx.preview:FlexAttention")
def flex_attention(layer: Layer, op: Builder, q: Value, k: Value, v: Value) -> Any:
    """FlexAttention(Q, K, V): attention whose scores and probabilities go through sub-graphs of the model's own."""
    times = heads_of(layer, q, None, "the queries") // heads_of(layer, k, None, "the keys")
    kind = f64 if q.dtype is f64 else f32
    if layer.get("softmax_precision", None) is not None:
        kind = element_type(layer.get("softmax_precision", 1)) or kind
    scale, size = layer.get("scale", None), known_dim(q, 3)
    if scale is None and size is None:
        raise layer.refuse("the size of a head is unknown", "fix the input's shape with --shape")
    factor = op.constant(scale if scale is not None else (size or 1) ** -0.5, kind)
    keys, values = repeat_heads(op, k, times), repeat_heads(op, v, times)
    scores = op.Multiply(converted(op, op.MatMul(q, keys, transpose_b=True), kind), factor)
    scores = _modified(layer, "score_mod", scores)
    if scores is POISON:
        return [POISON]
    weights = _modified(layer, "prob_mod", op.Softmax(scores, axis=-1))
    return [POISON] if weights is POISON else op.MatMul(converted(op, weights, q.dtype), values)


def _modified(layer: Layer, name: str, x: Value) -> Any:
    graph = layer.get(name, None)
    return x if graph is None else layer.inline(graph, [x], path_of(layer, name))[0]


@layers("RotaryEmbedding", since=23)
def rotary_embedding(layer: Layer, op: Builder, x: Value, cos: Value, sin: Value, at: Value | None = None) -> Value:
    """RotaryEmbedding(X, cos_cache, sin_cache, position_ids): pairs of elements turned by angles of their position."""
    rank, heads = rank_of(layer, x), layer.get("num_heads", 0)
    count, interleaved = layer.get("rotary_embedding_dim", 0), bool(layer.get("interleaved", 0))
    if at is not None:
        cos, sin = (op.Gather(c, at, op.constant(0)) for c in (cos, sin))
    size = known_dim(x, rank - 1)
    apart = x
    if rank == 3:
        if not heads:
            raise layer.refuse("a three-dimensional input without num_heads", "the model is not valid")
        apart = op.Reshape(x, op.constant([0, 0, heads, -1]), special_zero=True)
        size = None if size is None else size // heads
    if not count:
        if size is None:
            raise layer.refuse("the size of a head is unknown", "fix the input's shape with --shape")
        count = size
    cos, sin = (op.Unsqueeze(c, op.constant([2 if rank == 3 else 1])) for c in (cos, sin))
    y = rotate(op, apart, cos, sin, count, interleaved)
    return op.Reshape(y, op.constant([0, 0, -1]), special_zero=True) if rank == 3 else y
