"""Synthetic graphs of any number of nodes: the mixture of operators that exporters emit, with small constants."""

from __future__ import annotations

import numpy as np
from zoo.forms import Net
from zoo.net import normal

ROWS, WIDTH, HEADS = 8, 16, 4


def synthetic(nodes: int, opset: int = 17) -> Net:
    """A chain of residual blocks of 20 nodes, cut at exactly `nodes` nodes; input and output are (1, 8, 16)."""
    net = Net(f"synthetic_{nodes}", opset)
    x = net.input("input", [1, ROWS, WIDTH])
    block = 0
    while nodes - len(net.nodes) >= 20:
        with net.scope(f"block.{block}"):
            x = _block(net, x)
        block += 1
    while len(net.nodes) < nodes:
        x = net("Relu", x)
    net.output(x, "output", [1, ROWS, WIDTH])
    return net


def _block(net: Net, x: str) -> str:
    """Twenty nodes: split heads, a slice and a concatenation, two products, a shape read at run time."""
    start = x
    x = net("MatMul", x, net.weight("first.weight", WIDTH, WIDTH, gain=0.7))
    x = net("Add", x, net.weight("first.bias", WIDTH, fill=normal(0.02)))
    x = net("Relu", x)
    heads = net("Reshape", x, net.ints(1, ROWS, HEADS, WIDTH // HEADS))
    heads = net("Transpose", heads, perm=[0, 2, 1, 3])
    left = net.slice(heads, [0], [HEADS // 2], [1])
    right = net.slice(heads, [HEADS // 2], [HEADS], [1])
    right = net("Mul", net("Sigmoid", right), net.const(0.5))
    heads = net("Concat", right, left, axis=1)
    x = net("Transpose", heads, perm=[0, 2, 1, 3])
    rows = net("Unsqueeze", net.size(start, 1), net.ints(0))
    x = net("Reshape", x, net("Concat", net.ints(1), rows, net.ints(WIDTH), axis=0))
    x = net("MatMul", x, net.weight("second.weight", WIDTH, WIDTH, gain=0.5))
    x = net("Add", x, net.weight("second.bias", WIDTH, fill=normal(0.02)))
    return net("Mul", net("Add", x, start), net.const(np.float32(0.9)))
