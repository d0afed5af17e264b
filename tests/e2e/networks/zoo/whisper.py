"""Whisper-like speech network: convolutions over mel frames, encoder, decoder with cross attention, tied logits."""

from __future__ import annotations

import numpy as np

from .attention import causal_mask, pre_norm_block, token_embedding
from .forms import Net
from .net import integers, normal


def whisper(opset: int, hidden: int = 24, heads: int = 3, layers: int = 2, vocabulary: int = 60, mels: int = 16) -> Net:
    """Batch, frames and decoder sequence are dynamic; opset 11 or newer."""
    samples = [{"batch": 1, "frames": 20, "sequence": 4}, {"batch": 2, "frames": 31, "sequence": 7}]
    net = Net("whisper", opset, samples=samples)
    mel = net.input("input_features", ["batch", mels, "frames"])
    ids = net.input("decoder_input_ids", ["batch", "sequence"], np.int64, integers(0, vocabulary))
    with net.scope("encoder"):
        memory = _encoder(net, mel, mels, hidden, heads, layers)
    with net.scope("decoder"):
        x, table = token_embedding(net, ids, vocabulary, 16, hidden)
        mask = causal_mask(net, ids)
        for layer in range(layers):
            with net.scope(f"layers.{layer}"):
                x = pre_norm_block(net, x, hidden, heads, "gelu", mask, memory)
        x = net.layer_norm("norm", x, hidden)
        logits = net("MatMul", x, net("Transpose", table, perm=[1, 0]))
    net.output(logits, "logits", ["batch", "sequence", vocabulary])
    net.output(memory, "encoder_last_hidden_state", ["batch", "encoded", hidden])
    return net


def _encoder(net: Net, mel: str, mels: int, hidden: int, heads: int, layers: int) -> str:
    x = net.gelu(_conv1d(net, "conv1", mel, mels, hidden, 1))
    x = net.gelu(_conv1d(net, "conv2", x, hidden, hidden, 2))
    x = net("Transpose", x, perm=[0, 2, 1])
    places = net.weight("positions", 32, hidden, fill=normal(0.3))
    length = net.unsqueeze(net.size(x, 1), 0)
    x = net("Add", x, net("Slice", places, net.ints(0), length, net.ints(0)))
    for layer in range(layers):
        with net.scope(f"layers.{layer}"):
            x = pre_norm_block(net, x, hidden, heads, "gelu")
    return net.layer_norm("norm", x, hidden)


def _conv1d(net: Net, name: str, x: str, inputs: int, outputs: int, stride: int) -> str:
    with net.scope(name):
        weight = net.weight("weight", outputs, inputs, 3)
        bias = net.weight("bias", outputs, fill=normal(0.02))
        return net("Conv", x, weight, bias, kernel_shape=[3], strides=[stride], pads=[1, 1])
