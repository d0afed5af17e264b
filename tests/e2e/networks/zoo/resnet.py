"""ResNet-50 (bottleneck blocks 3, 4, 6, 3)."""

from __future__ import annotations

from .convolution import RELU_GAIN, classify, conv
from .forms import Net


def resnet50(opset: int, width: int = 8, classes: int = 10, image: int = 64, folded: bool = False) -> Net:
    """`width=64, classes=1000, image=224, folded=True` gives the 102 MB model that torch exports for inference."""
    net = Net("resnet50", opset, samples=[{"batch": 1}, {"batch": 3}])
    x = net.input("input", ["batch", 3, image, image])
    x = net("Relu", conv(net, "conv1", x, 3, width, 7, 2, gain=RELU_GAIN, folded=folded))
    x = net("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = width
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            with net.scope(f"layer{stage + 1}.{block}"):
                stride = 2 if stage and not block else 1
                x = _bottleneck(net, x, channels, width << stage, stride, folded)
                channels = (width << stage) * 4
    net.output(classify(net, x, channels, classes), "output", ["batch", classes])
    return net


def _bottleneck(net: Net, x: str, inputs: int, width: int, stride: int, folded: bool) -> str:
    y = net("Relu", conv(net, "conv1", x, inputs, width, gain=RELU_GAIN, folded=folded))
    y = net("Relu", conv(net, "conv2", y, width, width, 3, stride, gain=RELU_GAIN, folded=folded))
    y = conv(net, "conv3", y, width, width * 4, gain=0.5, folded=folded)
    if inputs != width * 4:
        x = conv(net, "downsample", x, inputs, width * 4, stride=stride, folded=folded)
    return net("Relu", net("Add", y, x))
