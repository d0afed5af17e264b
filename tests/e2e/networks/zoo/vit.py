"""Vision transformer: patches by a strided convolution, class token, pre-norm blocks."""

from __future__ import annotations

import numpy as np
from onnx import numpy_helper

from .attention import pre_norm_block
from .forms import Net
from .net import normal


def vit(opset: int, hidden: int = 24, heads: int = 3, layers: int = 3, image: int = 32, patch: int = 8) -> Net:
    """Dynamic batch; opset 11 or newer."""
    net = Net("vit", opset, samples=[{"batch": 1}, {"batch": 3}])
    x = net.input("pixel_values", ["batch", 3, image, image])
    kernel = net.weight("patch.weight", hidden, 3, patch, patch)
    bias = net.weight("patch.bias", hidden, fill=normal(0.02))
    x = net("Conv", x, kernel, bias, kernel_shape=[patch, patch], strides=[patch, patch])
    batch = net.size(x, 0)
    x = net("Transpose", net.reshape(x, batch, hidden, -1), perm=[0, 2, 1])
    shape = net("Concat", net.unsqueeze(batch, 0), net.ints(-1), net.ints(-1), axis=0)
    ones = net("ConstantOfShape", net.ints(3), value=numpy_helper.from_array(np.ones(1, np.int64)))
    shape = net("Where", net("Equal", shape, net("Mul", ones, net.ints(-1))), ones, shape)
    token = net("Expand", net.weight("cls_token", 1, 1, hidden, fill=normal()), shape)
    x = net("Concat", token, x, axis=1)
    count = (image // patch) ** 2 + 1
    x = net("Add", x, net.weight("position_embedding", 1, count, hidden, fill=normal(0.3)))
    for layer in range(layers):
        with net.scope(f"encoder.{layer}"):
            x = pre_norm_block(net, x, hidden, heads, "gelu")
    first = net("Gather", net.layer_norm("norm", x, hidden), net.const(0, np.int64), axis=1)
    net.output(net.gemm("head", first, hidden, 10), "logits", ["batch", 10])
    return net
