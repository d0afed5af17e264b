"""A U-Net, a captioning LSTM and a YOLO v2."""

from __future__ import annotations

import numpy as np

from .blocks import BIAS, batch_norm_scale, concat, conv, conv_relu, deconv, inner_product, pool, softmax
from .net import Net, Weight, normal, weight


def unet(width: int = 64, image: int = 256, levels: int = 4, classes: int = 2) -> Net:
    """Padded convolutions, learned upsampling, skips joined by Concat."""
    net = Net("unet")
    x = net.input("data", 1, 3, image, image)
    skips = []
    for level in range(levels + 1):
        for part in "ab":
            x = conv_relu(net, f"conv_d{level}{part}", x, width << level, 3, 1, 1)
        if level < levels:
            skips.append(x)
            x = pool(net, f"pool_d{level}", x, 2, 2)
    for level in reversed(range(levels)):
        x = concat(net, f"concat_u{level}", [skips[level], deconv(net, f"upconv_u{level}", x, width << level, 2, 2)])
        for part in "ab":
            x = conv_relu(net, f"conv_u{level}{part}", x, width << level, 3, 1, 1)
    softmax(net, "prob", conv(net, "score", x, classes, gain=1.5))
    return net


def caption(hidden: int = 1000, vocabulary: int = 8801, steps: int = 20, batch: int = 2, features: int = 1000) -> Net:
    """Words embedded, two LSTMs, the first with image features as static input; `cont` starts a sequence anew."""
    net = Net("lrcn_caption")
    words = net.input("input_sentence", steps, batch, fill=lambda rng, shape: rng.integers(0, vocabulary, shape))
    cont = net.input("cont_sentence", steps, batch, fill=_continued)
    image = net.input("image_features", batch, features)
    table = [Weight((vocabulary, hidden), normal())]
    parameters = {"num_output": hidden, "input_dim": vocabulary, "bias_term": False}
    x = net.layer("Embed", "embedding", [words], [steps, batch, hidden], weights=table, embed_param=parameters)
    for index, static in ((1, image), (2, None)):
        gates = 4 * hidden
        learned = [weight(gates, hidden), Weight((gates,), BIAS), weight(gates, hidden)]
        if static:
            learned.insert(2, weight(gates, features))
        bottoms = [x, cont] + ([static] if static else [])
        shape = [steps, batch, hidden]
        x = net.layer("LSTM", f"lstm{index}", bottoms, shape, weights=learned, recurrent_param={"num_output": hidden})
    softmax(net, "probs", inner_product(net, "predict", x, vocabulary, gain=4.0, axis=2), 2)
    return net


def _continued(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """0 where a sequence begins: at the first step, and for the first sequence once more in the middle."""
    marks = np.ones(shape)
    marks[0] = 0
    marks[shape[0] // 2, 0] = 0
    return marks


def yolo_v2(scale: int = 1, image: int = 416, classes: int = 20, anchors: int = 5, opencv: bool = False) -> Net:
    """Darknet-19 with the passthrough: Reorg of the finer map beside the coarser one, then RegionYolo.

    `opencv` spells Reorg as OpenCV knows it and ends before the region layer."""
    net = Net("yolo_v2")
    x = net.input("data", 1, 3, image, image)
    index = 0

    def step(x: str, outputs: int, kernel: int) -> str:
        nonlocal index
        index += 1
        name = f"layer{index}"
        y = conv(net, f"{name}-conv", x, outputs // scale, kernel, 1, kernel // 2, bias=False)
        y = batch_norm_scale(net, (f"{name}-bn", f"{name}-scale"), y)
        return net.layer("ReLU", f"{name}-act", [y], net.shape[y], top=y, relu_param={"negative_slope": 0.1})

    for group, widths in enumerate(((32,), (64,), (128, 64, 128), (256, 128, 256), (512, 256) * 2 + (512,))):
        for width in widths:
            x = step(x, width, 1 if widths[0] > width else 3)
        fine, x = x, pool(net, f"pool{group + 1}", x, 2, 2)
    for width, kernel in ((1024, 3), (512, 1), (1024, 3), (512, 1), (1024, 3), (1024, 3), (1024, 3)):
        x = step(x, width, kernel)
    batch, channels, height, breadth = net.shape[step(fine, 64, 1)]
    shape = [batch, channels * 4, height // 2, breadth // 2]
    spelled = ("Reorg", "reorg_stride") if opencv else ("ReorgYolo", "stride")
    passed = net.layer(spelled[0], "reorg", [f"layer{index}-conv"], shape, reorg_yolo_param={spelled[1]: 2})
    x = step(concat(net, "concat", [passed, x]), 1024, 3)
    x = conv(net, "region_conv", x, anchors * (classes + 5), gain=1.0)
    if opencv:
        return net
    net.layer(
        "RegionYolo",
        "detector",
        [x],
        [batch, net.shape[x][1] * net.shape[x][2] * net.shape[x][3]],
        flatten_param={"axis": 1, "end_axis": 3},
        region_yolo_param={"coords": 4, "classes": classes, "num": anchors, "do_softmax": True},
    )
    return net
