"""Sequence taggers: embedding, bidirectional LSTM or GRU layers, one label per token."""

from __future__ import annotations

import numpy as np

from .forms import Net
from .net import integers, normal

_GATES = {"LSTM": 4, "GRU": 3}


def tagger(opset: int, cell: str = "LSTM", hidden: int = 12, layers: int = 2, lengths: bool = True) -> Net:
    """Batch and sequence are dynamic; with `lengths` the third input cuts each row at its own length."""
    samples = [{"batch": 1, "sequence": 5}, {"batch": 3, "sequence": 9}]
    net = Net(f"{cell.lower()}_tagger", opset, samples=samples)
    tokens = net.input("tokens", ["batch", "sequence"], np.int64, integers(0, 50))
    limit = net.input("lengths", ["batch"], np.int32, integers(2, 6)) if lengths else ""
    x = net("Gather", net.weight("embedding.weight", 50, 10, fill=normal()), tokens)
    x = net("Transpose", x, perm=[1, 0, 2])
    batch = net("Gather", net("Shape", x), net.const(1, np.int64))
    state = net("ConstantOfShape", net("Concat", net.ints(2), net.unsqueeze(batch, 0), net.ints(hidden), axis=0))
    width = 10
    finals = []
    for layer in range(layers):
        with net.scope(f"rnn{layer}"):
            x, final = _bidirectional(net, cell, x, limit, state, width, hidden)
        finals.append(final)
        width = 2 * hidden
    logits = net.linear("labels", net("Transpose", x, perm=[1, 0, 2]), width, 7)
    net.output(net("LogSoftmax", logits, axis=2), "log_probabilities", ["batch", "sequence", 7])
    net.output(net("Concat", *finals, axis=0), "state", [2 * layers, "batch", hidden])
    return net


def _bidirectional(net: Net, cell: str, x: str, limit: str, state: str, inputs: int, hidden: int) -> tuple[str, str]:
    """Outputs of both directions side by side (sequence, batch, 2 * hidden), and the final hidden state."""
    rows = _GATES[cell] * hidden
    spread = normal(hidden**-0.5)
    operands = [
        net.weight("weight_ih", 2, rows, inputs, fill=spread),
        net.weight("weight_hh", 2, rows, hidden, fill=spread),
        net.weight("bias", 2, 2 * rows, fill=spread),
        limit,
        state,
    ]
    count = 2
    attributes: dict[str, object] = {"direction": "bidirectional", "hidden_size": hidden}
    if cell == "LSTM":
        operands.append(state)
        count = 3
    else:
        attributes["linear_before_reset"] = 1
    outputs = net.many(cell, count, x, *operands, **attributes)
    joined = net("Transpose", outputs[0], perm=[0, 2, 1, 3])
    return net("Reshape", joined, net.ints(0, 0, -1)), outputs[1]
