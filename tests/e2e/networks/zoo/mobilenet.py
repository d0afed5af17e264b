"""MobileNetV2 and MobileNetV3-Large (inverted residuals; the latter with squeeze and excitation, hard swish)."""

from __future__ import annotations

from .convolution import RELU_GAIN, activate, classify, conv, squeeze_excite
from .forms import Net

# expansion, channels, repeats, stride
_V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
# kernel, expanded channels, channels, squeeze and excitation, activation, stride
_V3 = (
    (3, 16, 16, False, "Relu", 1),
    (3, 64, 24, False, "Relu", 2),
    (3, 72, 24, False, "Relu", 1),
    (5, 72, 40, True, "Relu", 2),
    (5, 120, 40, True, "Relu", 1),
    (5, 120, 40, True, "Relu", 1),
    (3, 240, 80, False, "HardSwish", 2),
    (3, 200, 80, False, "HardSwish", 1),
    (3, 184, 80, False, "HardSwish", 1),
    (3, 184, 80, False, "HardSwish", 1),
    (3, 480, 112, True, "HardSwish", 1),
    (3, 672, 112, True, "HardSwish", 1),
    (5, 672, 160, True, "HardSwish", 2),
    (5, 960, 160, True, "HardSwish", 1),
    (5, 960, 160, True, "HardSwish", 1),
)


def mobilenet_v2(opset: int, divide: int = 4, classes: int = 10, image: int = 64, folded: bool = False) -> Net:
    """`divide=1, classes=1000, image=224, folded=True` gives the 14 MB model that torch exports for inference."""
    net = Net("mobilenet_v2", opset, samples=[{"batch": 1}, {"batch": 2}])
    x = net.input("input", ["batch", 3, image, image])
    channels = 32 // divide
    x = net.clip(conv(net, "features.0", x, 3, channels, 3, 2, gain=RELU_GAIN, folded=folded), 0.0, 6.0)
    index = 0
    for expansion, full, repeats, first_stride in _V2:
        for repeat in range(repeats):
            index += 1
            stride = 1 if repeat else first_stride
            hidden, width = channels * expansion, full // divide
            with net.scope(f"features.{index}"):
                x = _inverted(net, x, channels, hidden, width, 3, stride, "Relu6", False, folded)
            channels = width
    x = net.clip(conv(net, "features.18", x, channels, 1280 // divide, gain=RELU_GAIN, folded=folded), 0.0, 6.0)
    net.output(classify(net, x, 1280 // divide, classes), "output", ["batch", classes])
    return net


def mobilenet_v3(opset: int, divide: int = 4, classes: int = 10, image: int = 64, folded: bool = True) -> Net:
    net = Net("mobilenet_v3", opset, samples=[{"batch": 1}, {"batch": 2}])
    x = net.input("input", ["batch", 3, image, image])
    channels = 16 // divide
    x = net.hard_swish(conv(net, "features.0", x, 3, channels, 3, 2, gain=RELU_GAIN, folded=folded))
    for index, (kernel, hidden, full, squeezed, activation, stride) in enumerate(_V3, 1):
        with net.scope(f"features.{index}"):
            width = full // divide
            x = _inverted(net, x, channels, hidden // divide, width, kernel, stride, activation, squeezed, folded)
            channels = width
    x = net.hard_swish(conv(net, "features.16", x, channels, 960 // divide, gain=RELU_GAIN, folded=folded))
    x = net("Flatten", net("GlobalAveragePool", x), axis=1)
    x = net.hard_swish(net.gemm("classifier.0", x, 960 // divide, 1280 // divide))
    net.output(net.gemm("classifier.3", x, 1280 // divide, classes), "output", ["batch", classes])
    return net


def _inverted(
    net: Net,
    x: str,
    inputs: int,
    hidden: int,
    outputs: int,
    kernel: int,
    stride: int,
    activation: str,
    squeezed: bool,
    folded: bool,
) -> str:
    """Expand, depthwise, (squeeze and excite,) project; residual where the shape stays."""
    y = x
    if hidden != inputs:
        y = activate(net, activation, conv(net, "expand", y, inputs, hidden, gain=RELU_GAIN, folded=folded))
    y = conv(net, "depthwise", y, hidden, hidden, kernel, stride, group=hidden, gain=RELU_GAIN, folded=folded)
    y = activate(net, activation, y)
    if squeezed:
        y = squeeze_excite(net, y, hidden, max(hidden // 4, 2), "Relu", "HardSigmoid")
    y = conv(net, "project", y, hidden, outputs, folded=folded)
    return net("Add", x, y) if inputs == outputs and stride == 1 else y
