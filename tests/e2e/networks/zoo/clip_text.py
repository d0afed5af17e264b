"""CLIP text encoder: causal pre-norm transformer, quick gelu, features of the end token, unit length."""

from __future__ import annotations

import numpy as np

from .attention import causal_mask, pre_norm_block, token_embedding
from .forms import Net
from .net import integers


def clip_text(opset: int, hidden: int = 24, heads: int = 3, layers: int = 3, vocabulary: int = 60) -> Net:
    """The end token is the one with the highest id of its row. Opset 11 or newer."""
    samples = [{"batch": 1, "sequence": 6}, {"batch": 3, "sequence": 10}]
    net = Net("clip_text", opset, samples=samples)
    ids = net.input("input_ids", ["batch", "sequence"], np.int64, integers(0, vocabulary))
    x, _ = token_embedding(net, ids, vocabulary, 16, hidden)
    mask = causal_mask(net, ids)
    for layer in range(layers):
        with net.scope(f"layers.{layer}"):
            x = pre_norm_block(net, x, hidden, heads, "quick_gelu", mask)
    x = net.layer_norm("final_layer_norm", x, hidden)
    end = net("ArgMax", ids, axis=1, keepdims=0)
    rows = net("Range", net.const(0, np.int64), net.size(ids, 0), net.const(1, np.int64))
    places = net("Concat", net.unsqueeze(rows, 1), net.unsqueeze(end, 1), axis=1)
    pooled = net("GatherND", x, places)
    projected = net("MatMul", pooled, net.weight("text_projection", hidden, 16))
    norm = net.reduce("ReduceL2", projected, 1)
    net.output(x, "last_hidden_state", ["batch", "sequence", hidden])
    net.output(net("Div", projected, norm), "text_embeds", ["batch", 16])
    return net
