"""Multi-head attention and the transformer blocks built on it, as exporters unroll them."""

from __future__ import annotations

import numpy as np

from .forms import Net


def split_heads(net: Net, x: str, heads: int, width: int) -> str:
    """(batch, sequence, heads * width) to (batch, heads, sequence, width), sizes read at run time."""
    x = net.reshape(x, net.size(x, 0), net.size(x, 1), heads, width)
    return net("Transpose", x, perm=[0, 2, 1, 3])


def join_heads(net: Net, x: str, hidden: int) -> str:
    x = net("Transpose", x, perm=[0, 2, 1, 3])
    return net.reshape(x, net.size(x, 0), net.size(x, 1), hidden)


def attend(net: Net, query: str, key: str, value: str, width: int, mask: str = "", divide: bool = True) -> str:
    """softmax(query @ key' / sqrt(width) + mask) @ value; key is (batch, heads, sequence, width)."""
    if not divide:
        query = net("Mul", query, net.const(width**-0.5))
    scores = net("MatMul", query, net("Transpose", key, perm=[0, 1, 3, 2]))
    if divide:
        scores = net("Div", scores, net.const(width**0.5))
    if mask:
        scores = net("Add", scores, mask)
    return net("MatMul", net("Softmax", scores, axis=3 if net.opset < 13 else -1), value)


def attention(
    net: Net, name: str, query: str, memory: str, hidden: int, heads: int, mask: str = "", divide: bool = True
) -> str:
    """Attention of `query` over `memory` with projections before and after."""
    with net.scope(name):
        width = hidden // heads
        parts = [
            split_heads(net, net.linear(part, source, hidden, hidden), heads, width)
            for part, source in (("query", query), ("key", memory), ("value", memory))
        ]
        context = attend(net, *parts, width, mask, divide)
        return net.linear("output", join_heads(net, context, hidden), hidden, hidden, gain=0.5)


def feed_forward(net: Net, name: str, x: str, hidden: int, inner: int, activation: str) -> str:
    """Two linear layers; `activation` is gelu, gelu_tanh or quick_gelu."""
    with net.scope(name):
        x = net.linear("fc1", x, hidden, inner)
        if activation == "quick_gelu":
            x = net("Mul", x, net("Sigmoid", net("Mul", x, net.const(1.702))))
        else:
            x = getattr(net, activation)(x)
        return net.linear("fc2", x, inner, hidden, gain=0.5)


def pre_norm_block(net: Net, x: str, hidden: int, heads: int, activation: str, mask: str = "", memory: str = "") -> str:
    """x + attention(norm(x)), (cross attention likewise,) x + feed_forward(norm(x))."""
    y = net.layer_norm("norm1", x, hidden)
    x = net("Add", x, attention(net, "attention", y, y, hidden, heads, mask, divide=False))
    if memory:
        y = net.layer_norm("norm_cross", x, hidden)
        x = net("Add", x, attention(net, "cross", y, memory, hidden, heads, divide=False))
    y = net.layer_norm("norm2", x, hidden)
    return net("Add", x, feed_forward(net, "mlp", y, hidden, 4 * hidden, activation))


def causal_mask(net: Net, tokens: str) -> str:
    """(sequence, sequence) with a large negative number above the diagonal; Trilu needs opset 14."""
    length = net.unsqueeze(net.size(tokens, 1), 0)
    square = net("Concat", length, length, axis=0)
    if net.opset >= 14:
        full = net("Expand", net.const(-1e4), square)
        return net("Trilu", full, net.const(1, np.int64), upper=1)
    steps = net("Range", net.const(0, np.int64), net.size(tokens, 1), net.const(1, np.int64))
    later = net("Less", net.unsqueeze(steps, 1), net.unsqueeze(steps, 0))
    return net("Where", later, net.const(-1e4), net.const(0.0))


def token_embedding(net: Net, tokens: str, vocabulary: int, positions: int, hidden: int) -> tuple[str, str]:
    """Token plus learned position embedding, and the name of the token table."""
    table = net.weight("token_embedding.weight", vocabulary, hidden, gain=vocabulary**0.5)
    places = net.weight("position_embedding.weight", positions, hidden, gain=0.3 * positions**0.5)
    steps = net("Range", net.const(0, np.int64), net.size(tokens, 1), net.const(1, np.int64))
    return net("Add", net("Gather", table, tokens), net("Gather", places, net.unsqueeze(steps, 0))), table
