"""Llama-like decoder: RMS norm, rotary positions, grouped heads, gated feed-forward, past key/values.

From opset 23 on it uses RMSNormalization, RotaryEmbedding and Attention, before that their decompositions."""

from __future__ import annotations

import numpy as np

from .attention import attend, causal_mask, join_heads, split_heads
from .forms import Net
from .net import integers, normal


def decoder(
    opset: int,
    hidden: int = 24,
    heads: int = 4,
    layers: int = 3,
    inner: int = 40,
    vocabulary: int = 60,
    positions: int = 64,
) -> Net:
    """Opset 11 or newer. `hidden=2048, heads=16, layers=18, inner=5760, vocabulary=32768`: 1.07 billion parameters."""
    samples = [{"batch": 1, "sequence": 5}, {"batch": 2, "sequence": 9}]
    net = Net("decoder", opset, samples=samples)
    ids = net.input("input_ids", ["batch", "sequence"], np.int64, integers(0, vocabulary))
    width = hidden // heads
    x = net("Gather", net.weight("embed_tokens.weight", vocabulary, hidden, fill=normal(0.5)), ids)
    steps = net("Range", net.const(0, np.int64), net.size(ids, 1), net.const(1, np.int64))
    angles = np.arange(positions)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    tables = [np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)]
    rotary = [net("Gather", net.const(table), net.unsqueeze(steps, 0)) for table in tables]
    mask = causal_mask(net, ids) if opset < 23 else ""
    for layer in range(layers):
        with net.scope(f"layers.{layer}"):
            x = net("Add", x, _self_attention(net, x, rotary, mask, hidden, heads))
            y = net.rms_norm("post_attention_layernorm", x, hidden)
            gate = net.sigmoid_linear(net.linear("gate_proj", y, hidden, inner, bias=False))
            y = net("Mul", gate, net.linear("up_proj", y, hidden, inner, bias=False))
            x = net("Add", x, net.linear("down_proj", y, inner, hidden, bias=False))
    logits = net.linear("lm_head", net.rms_norm("norm", x, hidden), hidden, vocabulary, bias=False)
    net.output(logits, "logits", ["batch", "sequence", vocabulary])
    return net


def _self_attention(net: Net, x: str, rotary: list[str], mask: str, hidden: int, heads: int) -> str:
    width = hidden // heads
    y = net.rms_norm("input_layernorm", x, hidden)
    query, key, value = (
        split_heads(net, net.linear(f"{part}_proj", y, hidden, hidden, bias=False), heads, width) for part in "qkv"
    )
    query, key = (_rotate(net, part, rotary, width) for part in (query, key))
    if net.opset >= 23:
        context = net("Attention", query, key, value, is_causal=1)
    else:
        context = attend(net, query, key, value, width, mask)
    return net.linear("o_proj", join_heads(net, context, hidden), hidden, hidden, bias=False, gain=0.5)


def _rotate(net: Net, x: str, rotary: list[str], width: int) -> str:
    """Rotate the two halves of every head against each other."""
    if net.opset >= 23:
        return _expand_batch(net, x, rotary)
    cos, sin = (net.unsqueeze(table, 1) for table in rotary)
    left, right = net.split(x, [width // 2, width // 2], axis=3)
    first = net("Sub", net("Mul", left, cos), net("Mul", right, sin))
    second = net("Add", net("Mul", right, cos), net("Mul", left, sin))
    return net("Concat", first, second, axis=3)


def _expand_batch(net: Net, x: str, rotary: list[str]) -> str:
    """RotaryEmbedding wants its tables once per row of the batch."""
    rows = net("Concat", net.unsqueeze(net.size(x, 0), 0), net.ints(1, 1), axis=0)
    return net("RotaryEmbedding", x, *[net("Expand", table, rows) for table in rotary])
