"""A YOLO-style detector: CSP backbone, spatial pyramid pooling, top-down neck, decoded heads, NonMaxSuppression."""

from __future__ import annotations

import numpy as np

from .convolution import conv
from .forms import Net


def yolo(opset: int, width: int = 8, classes: int = 4, image: int = 64) -> Net:
    """Boxes, scores and the kept rows (batch, class, box) of NonMaxSuppression; opset 10 or newer."""
    net = Net("yolo", opset, samples=[{"batch": 1}, {"batch": 2}])
    x = net.input("images", ["batch", 3, image, image])
    x = _conv(net, "stem", x, 3, width, 6 // 2, 2)
    features = []
    for stage in range(1, 4):
        with net.scope(f"stage{stage}"):
            x = _conv(net, "down", x, width << (stage - 1), width << stage, 3, 2)
            x = _csp(net, x, width << stage)
        features.append(x)
    x = _pyramid_pooling(net, features[-1], width << 3)
    fine = _neck(net, x, features[1], width << 3, width << 2)
    levels = [(fine, width << 2, 8), (x, width << 3, 16)]
    heads = [_head(net, f"head{s}", y, c, classes, s, image // s) for y, c, s in levels]
    boxes = net("Concat", *[box for box, _ in heads], axis=1)
    scores = net("Concat", *[score for _, score in heads], axis=1)
    scores = net("Transpose", scores, perm=[0, 2, 1])
    limits = [net.const([20], np.int64), net.const([0.5]), net.const([0.3])]
    kept = net("NonMaxSuppression", boxes, scores, *limits, center_point_box=1)
    count = sum((image // s) ** 2 for _, _, s in levels)
    net.output(boxes, "boxes", ["batch", count, 4])
    net.output(scores, "scores", ["batch", classes, count])
    net.output(kept, "kept", ["kept_rows", 3], np.int64)
    return net


def _conv(net: Net, name: str, x: str, inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> str:
    return net.sigmoid_linear(conv(net, name, x, inputs, outputs, kernel, stride, gain=1.5))


def _csp(net: Net, x: str, channels: int) -> str:
    """Split, two bottlenecks on one half, everything concatenated (the C2f block)."""
    half = channels // 2
    with net.scope("csp"):
        parts = net.split(_conv(net, "cv1", x, channels, channels), [half, half], axis=1)
        for index in range(2):
            with net.scope(f"m{index}"):
                y = _conv(net, "cv1", parts[-1], half, half, 3)
                parts.append(net("Add", parts[-1], _conv(net, "cv2", y, half, half, 3)))
        return _conv(net, "cv2", net("Concat", *parts, axis=1), half * 4, channels)


def _pyramid_pooling(net: Net, x: str, channels: int) -> str:
    with net.scope("sppf"):
        parts = [_conv(net, "cv1", x, channels, channels // 2)]
        for _ in range(3):
            parts.append(net("MaxPool", parts[-1], kernel_shape=[5, 5], strides=[1, 1], pads=[2, 2, 2, 2]))
        return _conv(net, "cv2", net("Concat", *parts, axis=1), channels * 2, channels)


def _neck(net: Net, coarse: str, fine: str, inputs: int, outputs: int) -> str:
    with net.scope("neck"):
        y = net.upsample(_conv(net, "reduce", coarse, inputs, outputs))
        return _conv(net, "fuse", net("Concat", y, fine, axis=1), outputs * 2, outputs)


def _head(net: Net, name: str, x: str, channels: int, classes: int, stride: int, cells: int) -> tuple[str, str]:
    """Boxes as centre and size in pixels, and class scores times objectness."""
    with net.scope(name):
        raw = conv(net, "pred", _conv(net, "cv", x, channels, channels, 3), channels, 5 + classes, gain=2.0)
        flat = net("Reshape", raw, net.ints(0, 5 + classes, cells * cells))
        flat = net("Sigmoid", net("Transpose", flat, perm=[0, 2, 1]))
        centre = net.slice(flat, [0], [2], [2])
        size = net.slice(flat, [2], [4], [2])
        objectness = net.slice(flat, [4], [5], [2])
        rows, columns = np.divmod(np.arange(cells * cells), cells)
        grid = net.const(np.stack([columns, rows], -1)[None].astype(np.float32))
        centre = net("Mul", net("Add", centre, grid), net.const(float(stride)))
        doubled = net("Mul", size, net.const(2.0))
        size = net("Mul", net("Pow", doubled, net.const(2.0)), net.const(2.0 * stride))
        score = net("Mul", net.slice(flat, [5], [5 + classes], [2]), objectness)
        return net("Concat", centre, size, axis=2), score
