"""SqueezeNet 1.1, GoogLeNet, ResNet-50 and AlexNet.

`scale` divides the numbers of channels; `image` is the side of the input. The defaults are the published sizes."""

from __future__ import annotations

from .blocks import (
    add,
    batch_norm_scale,
    concat,
    conv,
    conv_relu,
    dropout,
    inner_product,
    lrn,
    pool,
    relu,
    softmax,
)
from .net import Net


def squeezenet(scale: int = 1, image: int = 227, batch: int = 1, classes: int = 1000) -> Net:
    net = Net("squeezenet_v1.1")
    x = net.input("data", batch, 3, image, image)
    x = conv_relu(net, "conv1", x, 64 // scale, 3, 2)
    x = pool(net, "pool1", x, 3, 2)
    for index, squeeze in enumerate((16, 16, 32, 32, 48, 48, 64, 64), start=2):
        fire = f"fire{index}"
        s = conv_relu(net, f"{fire}/squeeze1x1", x, squeeze // scale, relu_name=f"{fire}/relu_squeeze1x1")
        e1 = conv_relu(net, f"{fire}/expand1x1", s, 4 * squeeze // scale, relu_name=f"{fire}/relu_expand1x1")
        e3 = conv_relu(net, f"{fire}/expand3x3", s, 4 * squeeze // scale, 3, 1, 1, relu_name=f"{fire}/relu_expand3x3")
        x = concat(net, f"{fire}/concat", [e1, e3])
        if index in (3, 5):
            x = pool(net, f"pool{index}", x, 3, 2)
    x = dropout(net, "drop9", x)
    x = conv_relu(net, "conv10", x, classes)
    softmax(net, "prob", pool(net, "pool10", x, kind="AVE", everything=True))
    return net


INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def googlenet(scale: int = 1, image: int = 224, batch: int = 1, classes: int = 1000) -> Net:
    net = Net("googlenet")
    x = net.input("data", batch, 3, image, image)
    x = conv_relu(net, "conv1/7x7_s2", x, 64 // scale, 7, 2, 3, relu_name="conv1/relu_7x7")
    x = lrn(net, "pool1/norm1", pool(net, "pool1/3x3_s2", x, 3, 2))
    x = conv_relu(net, "conv2/3x3_reduce", x, 64 // scale, relu_name="conv2/relu_3x3_reduce")
    x = conv_relu(net, "conv2/3x3", x, 192 // scale, 3, 1, 1, relu_name="conv2/relu_3x3")
    x = pool(net, "pool2/3x3_s2", lrn(net, "conv2/norm2", x), 3, 2)
    for name, widths in INCEPTIONS.items():
        x = _inception(net, f"inception_{name}", x, [width // scale for width in widths])
        if name in ("3b", "4e"):
            x = pool(net, f"pool{3 if name == '3b' else 4}/3x3_s2", x, 3, 2)
    x = pool(net, "pool5/7x7_s1", x, net.shape[x][-1], kind="AVE")
    x = dropout(net, "pool5/drop_7x7_s1", x, 0.4)
    softmax(net, "prob", inner_product(net, "loss3/classifier", x, classes, gain=1.5))
    return net


def _inception(net: Net, home: str, x: str, widths: list[int]) -> str:
    one, reduce3, three, reduce5, five, projected = widths

    def step(name: str, x: str, outputs: int, kernel: int = 1) -> str:
        return conv_relu(net, f"{home}/{name}", x, outputs, kernel, 1, kernel // 2, relu_name=f"{home}/relu_{name}")

    branches = [
        step("1x1", x, one),
        step("3x3", step("3x3_reduce", x, reduce3), three, 3),
        step("5x5", step("5x5_reduce", x, reduce5), five, 5),
        step("pool_proj", pool(net, f"{home}/pool", x, 3, 1, 1), projected),
    ]
    return concat(net, f"{home}/output", branches)


def resnet50(scale: int = 1, image: int = 224, batch: int = 1, classes: int = 1000) -> Net:
    net = Net("ResNet-50")
    x = net.input("data", batch, 3, image, image)
    x = conv(net, "conv1", x, 64 // scale, 7, 2, 3)
    x = pool(net, "pool1", batch_norm_scale(net, ("bn_conv1", "scale_conv1"), x, "conv1_relu"), 3, 2)
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = (64 << stage) // scale
        for block in range(blocks):
            x = _bottleneck(net, f"{stage + 2}{'abcdef'[block]}", x, width, 2 if stage and not block else 1, not block)
    x = pool(net, "pool5", x, net.shape[x][-1], kind="AVE")
    softmax(net, "prob", inner_product(net, "fc1000", x, classes, gain=0.5))
    return net


def _bottleneck(net: Net, block: str, x: str, width: int, stride: int, projected: bool) -> str:
    def step(branch: str, x: str, outputs: int, kernel: int = 1, stride: int = 1, active: bool = True) -> str:
        name = f"{block}_branch{branch}"
        y = conv(net, f"res{name}", x, outputs, kernel, stride, kernel // 2, bias=False)
        # A branch that is added is kept small: sixteen of full size would saturate the classifier.
        names, gain = (f"bn{name}", f"scale{name}"), 1.0 if active or branch == "1" else 0.3
        return batch_norm_scale(net, names, y, f"res{name}_relu" if active else None, gain)

    short = step("1", x, 4 * width, stride=stride, active=False) if projected else x
    y = step("2b", step("2a", x, width, stride=stride), width, 3)
    y = step("2c", y, 4 * width, active=False)
    return relu(net, f"res{block}_relu", add(net, f"res{block}", short, y))


def alexnet(scale: int = 1, image: int = 227, batch: int = 1, classes: int = 1000) -> Net:
    """At full size 61 million weights, 244 MB."""
    net = Net("alexnet", legacy_inputs=True)
    x = net.input("data", batch, 3, image, image)
    x = lrn(net, "norm1", conv_relu(net, "conv1", x, 96 // scale, 11, 4))
    x = conv_relu(net, "conv2", pool(net, "pool1", x, 3, 2), 256 // scale, 5, 1, 2, group=2)
    x = pool(net, "pool2", lrn(net, "norm2", x), 3, 2)
    x = conv_relu(net, "conv3", x, 384 // scale, 3, 1, 1)
    x = conv_relu(net, "conv4", x, 384 // scale, 3, 1, 1, group=2)
    x = pool(net, "pool5", conv_relu(net, "conv5", x, 256 // scale, 3, 1, 1, group=2), 3, 2)
    for name in ("6", "7"):
        x = dropout(net, f"drop{name}", relu(net, f"relu{name}", inner_product(net, f"fc{name}", x, 4096 // scale)))
    softmax(net, "prob", inner_product(net, "fc8", x, classes, gain=1.5))
    return net
