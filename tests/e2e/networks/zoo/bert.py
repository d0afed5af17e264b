"""BERT encoder as torch exports it: dynamic batch and sequence, additive mask, post-norm blocks, pooler."""

from __future__ import annotations

import numpy as np

from .attention import attention, feed_forward
from .forms import Net
from .net import Fill, integers, normal


def bert(
    opset: int, hidden: int = 24, heads: int = 3, layers: int = 3, vocabulary: int = 60, positions: int = 32
) -> Net:
    """`hidden=768, heads=12, layers=12, vocabulary=30522, positions=512` is BERT-base (437 MB). Opset 11 or newer."""
    samples = [{"batch": 1, "sequence": 6}, {"batch": 3, "sequence": 11}]
    net = Net("bert", opset, samples=samples)
    dims = ["batch", "sequence"]
    ids = net.input("input_ids", dims, np.int64, integers(0, vocabulary))
    given = net.input("attention_mask", dims, np.int64, _left_filled)
    kinds = net.input("token_type_ids", dims, np.int64, integers(0, 2))
    with net.scope("embeddings"):
        x = _embed(net, ids, kinds, hidden, vocabulary, positions)
    mask = net("Cast", net.unsqueeze(net.unsqueeze(given, 1), 2), to=1)
    mask = net("Mul", net("Sub", net.const(1.0), mask), net.const(-10000.0))
    for layer in range(layers):
        with net.scope(f"encoder.layer.{layer}"):
            y = attention(net, "attention", x, x, hidden, heads, mask)
            x = net.layer_norm("attention.norm", net("Add", y, x), hidden)
            y = feed_forward(net, "mlp", x, hidden, 4 * hidden, "gelu")
            x = net.layer_norm("norm", net("Add", y, x), hidden)
    first = net("Gather", x, net.const(0, np.int64), axis=1)
    pooled = net("Tanh", net.gemm("pooler.dense", first, hidden, hidden))
    net.output(x, "last_hidden_state", [*dims, hidden])
    net.output(pooled, "pooler_output", ["batch", hidden])
    return net


def _embed(net: Net, ids: str, kinds: str, hidden: int, vocabulary: int, positions: int) -> str:
    spread: Fill = normal(0.5)
    words = net.weight("word_embeddings.weight", vocabulary, hidden, fill=spread)
    places = net.weight("position_embeddings.weight", positions, hidden, fill=spread)
    types = net.weight("token_type_embeddings.weight", 2, hidden, fill=spread)
    length = net.unsqueeze(net.size(ids, 1), 0)
    table = net.const(np.arange(positions, dtype=np.int64)[None])
    steps = net("Slice", table, net.ints(0), length, net.ints(1), net.ints(1))
    x = net("Add", net("Gather", words, ids), net("Gather", types, kinds))
    return net.layer_norm("norm", net("Add", x, net("Gather", places, steps)), hidden)


def _left_filled(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Ones, then zeros from some place of each row on; the first token is never masked."""
    lengths = rng.integers(1, shape[1] + 1, (shape[0], 1))
    return (np.arange(shape[1])[None] < lengths).astype(np.int64)
