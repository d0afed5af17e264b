"""GPT-2 decoder with past key/values: Gemm over flattened rows, causal mask cut from a constant triangle."""

from __future__ import annotations

import numpy as np

from .attention import attend, join_heads
from .forms import Net
from .net import integers, normal


def gpt2(
    opset: int, hidden: int = 24, heads: int = 3, layers: int = 3, vocabulary: int = 60, positions: int = 32
) -> Net:
    """Ids and one (2, batch, heads, past, width) tensor a layer, as older exports have. Opset 11 or newer."""
    samples = [{"batch": 1, "sequence": 5, "past": 0}, {"batch": 2, "sequence": 1, "past": 7}]
    net = Net("gpt2", opset, samples=samples)
    width = hidden // heads
    ids = net.input("input_ids", ["batch", "sequence"], np.int64, integers(0, vocabulary))
    past_dims = [2, "batch", heads, "past", width]
    pasts = [net.input(f"past_{layer}", past_dims) for layer in range(layers)]
    table = net.weight("wte.weight", vocabulary, hidden, fill=normal(0.5))
    places = net.weight("wpe.weight", positions, hidden, fill=normal(0.2))
    start, total = _span(net, ids, pasts[0])
    steps = net("Range", start, total, net.const(1, np.int64))
    x = net("Add", net("Gather", table, ids), net("Gather", places, net.unsqueeze(steps, 0)))
    triangle = net.const(np.tril(np.ones((1, 1, positions, positions), bool)))
    ends = [net.unsqueeze(value, 0) for value in (start, total)]
    rows = net("Slice", triangle, ends[0], ends[1], net.ints(2), net.ints(1))
    allowed = net("Slice", rows, net.ints(0), ends[1], net.ints(3), net.ints(1))
    mask = net("Where", allowed, net.const(0.0), net.const(-10000.0))
    presents = []
    for layer in range(layers):
        with net.scope(f"h.{layer}"):
            x, present = _block(net, x, pasts[layer], mask, hidden, heads)
            presents.append(present)
    x = net.layer_norm("ln_f", x, hidden)
    logits = net("MatMul", x, net("Transpose", table, perm=[1, 0]))
    net.output(logits, "logits", ["batch", "sequence", vocabulary])
    for layer, present in enumerate(presents):
        net.output(present, f"present_{layer}", [2, "batch", heads, "total", width])
    return net


def _span(net: Net, ids: str, past: str) -> tuple[str, str]:
    """First position of the new tokens and the one after the last."""
    start = net.size(past, 3)
    return start, net("Add", start, net.size(ids, 1))


def _conv1d(net: Net, name: str, x: str, inputs: int, outputs: int) -> str:
    """GPT-2's Conv1D: rows flattened for Gemm, the shape put back after it."""
    with net.scope(name):
        batch, length = net.size(x, 0), net.size(x, 1)
        flat = net("Reshape", x, net.ints(-1, inputs))
        weight = net.weight("weight", inputs, outputs, gain=0.7)
        flat = net("Gemm", flat, weight, net.weight("bias", outputs, fill=normal(0.02)), alpha=1.0, beta=1.0)
        return net.reshape(flat, batch, length, outputs)


def _block(net: Net, x: str, past: str, mask: str, hidden: int, heads: int) -> tuple[str, str]:
    width = hidden // heads
    y = net.layer_norm("ln_1", x, hidden)
    parts = net.split(_conv1d(net, "attn.c_attn", y, hidden, 3 * hidden), [hidden] * 3, axis=2)
    split = [net("Reshape", part, net.ints(0, 0, heads, width)) for part in parts]
    query, key, value = (net("Transpose", part, perm=[0, 2, 1, 3]) for part in split)
    old_key = net("Gather", past, net.const(0, np.int64), axis=0)
    old_value = net("Gather", past, net.const(1, np.int64), axis=0)
    key = net("Concat", old_key, key, axis=2)
    value = net("Concat", old_value, value, axis=2)
    present = net("Concat", net.unsqueeze(key, 0), net.unsqueeze(value, 0), axis=0)
    context = join_heads(net, attend(net, query, key, value, width, mask), hidden)
    x = net("Add", x, _conv1d(net, "attn.c_proj", context, hidden, hidden))
    y = net.gelu_tanh(_conv1d(net, "mlp.c_fc", net.layer_norm("ln_2", x, hidden), hidden, 4 * hidden))
    return net("Add", x, _conv1d(net, "mlp.c_proj", y, 4 * hidden, hidden)), present
