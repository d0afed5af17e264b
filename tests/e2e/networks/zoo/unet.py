"""U-Net with dynamic image size: transposed convolutions or up-sampling on the way up, skips by Concat."""

from __future__ import annotations

from .convolution import RELU_GAIN, conv
from .forms import Net
from .net import normal


def unet(opset: int, width: int = 8, depth: int = 4, learned: bool = True) -> Net:
    """`learned` takes ConvTranspose on the way up, otherwise interpolation followed by a convolution."""
    samples = [{"batch": 1, "height": 32, "width": 48}, {"batch": 2, "height": 64, "width": 32}]
    net = Net("unet", opset, samples=samples)
    x = net.input("image", ["batch", 3, "height", "width"])
    x = _double(net, "inc", x, 3, width)
    skips = [x]
    for level in range(1, depth + 1):
        x = net("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        x = _double(net, f"down{level}", x, width << (level - 1), width << level)
        skips.append(x)
    for level in range(depth - 1, -1, -1):
        with net.scope(f"up{level}"):
            x = _up(net, x, width << (level + 1), learned)
            x = net("Concat", skips[level], x, axis=1)
            x = _double(net, "conv", x, width << (level + 1), width << level)
    mask = net("Sigmoid", conv(net, "outc", x, width, 2))
    net.output(mask, "mask", ["batch", 2, "height", "width"])
    return net


def _double(net: Net, name: str, x: str, inputs: int, outputs: int) -> str:
    with net.scope(name):
        x = net("Relu", conv(net, "0", x, inputs, outputs, 3, gain=RELU_GAIN, folded=False))
        return net("Relu", conv(net, "3", x, outputs, outputs, 3, gain=RELU_GAIN, folded=False))


def _up(net: Net, x: str, channels: int, learned: bool) -> str:
    if not learned:
        return conv(net, "reduce", net.upsample(x, "linear"), channels, channels // 2)
    weight = net.weight("weight", channels, channels // 2, 2, 2)
    bias = net.weight("bias", channels // 2, fill=normal(0.05))
    return net("ConvTranspose", x, weight, bias, kernel_shape=[2, 2], strides=[2, 2])
