"""The convolution block that all image networks share."""

from __future__ import annotations

from .forms import Net
from .net import normal

RELU_GAIN = 2**0.5


def conv(
    net: Net,
    name: str,
    x: str,
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    group: int = 1,
    gain: float = 1.0,
    folded: bool = True,
    same: bool = False,
) -> str:
    """Convolution with batch normalization after it, either folded into weight and bias or as a node of its own.

    `same` asks for auto_pad=SAME_UPPER (networks that come from TensorFlow), otherwise padding is (kernel - 1) / 2."""
    pads = None if same else [(kernel - 1) // 2] * 4
    with net.scope(name):
        inner = gain if folded else 1.0
        parameters = [net.weight("weight", outputs, inputs // group, kernel, kernel, gain=inner)]
        if folded:
            parameters.append(net.weight("bias", outputs, fill=normal(0.05)))
        y = net(
            "Conv",
            x,
            *parameters,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            dilations=[1, 1],
            pads=pads,
            auto_pad="SAME_UPPER" if same else None,
            group=group,
        )
        return y if folded else net.batch_norm("bn", y, outputs, gain)


def classify(net: Net, x: str, channels: int, classes: int) -> str:
    """Global pooling and the last fully connected layer."""
    pooled = net("Flatten", net("GlobalAveragePool", x), axis=1)
    return net.gemm("classifier", pooled, channels, classes)


def squeeze_excite(net: Net, x: str, channels: int, squeezed: int, inner: str, gate: str) -> str:
    """Scale each channel by a gate computed from its mean; `inner` and `gate` name the two activations."""
    with net.scope("se"):
        pooled = net("GlobalAveragePool", x)
        hidden = activate(net, inner, conv(net, "fc1", pooled, channels, squeezed))
        return net("Mul", x, activate(net, gate, conv(net, "fc2", hidden, squeezed, channels)))


def activate(net: Net, kind: str, x: str) -> str:
    if kind == "Relu6":
        return net.clip(x, 0.0, 6.0)
    if kind == "HardSwish":
        return net.hard_swish(x)
    if kind == "HardSigmoid":
        return net.hard_sigmoid(x)
    if kind == "Swish":
        return net.sigmoid_linear(x)
    return net(kind, x)
