"""The example of ``dragoman demo``: a small image classifier, text and weights, written without Caffe."""

from __future__ import annotations

import array
import math
import random
import sys
from pathlib import Path

_HEAD = 'name: "demo"\ninput: "data"\ninput_shape { dim: 1 dim: 3 dim: 64 dim: 64 }\n'


class _Net:
    """Collects the text of layers, and a message with the seeded weights of each."""

    def __init__(self) -> None:
        self.text = [_HEAD]
        self.stored: list[bytes] = []
        self.random = random.Random(7)

    def layer(self, kind: str, name: str, bottoms: str, top: str, parameters: str = "", *blobs: bytes) -> str:
        ports = " ".join([*(f'bottom: "{b}"' for b in bottoms.split()), f'top: "{top}"'])
        self.text.append(f'layer {{ name: "{name}" type: "{kind}" {ports} {parameters}}}\n')
        if blobs:
            content = _field(1, name.encode()) + _field(2, kind.encode()) + b"".join(_field(7, b) for b in blobs)
            self.stored.append(_field(100, content))
        return top

    def normal(self, *shape: int, scale: float = 1.0, offset: float = 0.0) -> bytes:
        """A blob of normally distributed numbers."""
        return _blob(shape, [self.random.gauss(offset, scale) for _ in range(math.prod(shape))])

    def convolution(self, bottom: str, name: str, inputs: int, outputs: int, size: int, stride: int = 1) -> str:
        """Convolution, ReLU in place."""
        weights = self.normal(outputs, inputs, size, size, scale=(2 / (inputs * size * size)) ** 0.5)
        window = f"kernel_size: {size} stride: {stride} pad: {size // 2}"
        parameters = f"convolution_param {{ num_output: {outputs} {window} }} "
        self.layer("Convolution", name, bottom, name, parameters, weights, self.normal(outputs, scale=0.1))
        return self.layer("ReLU", f"relu_{name}", name, name)

    def normalization(self, bottom: str, name: str, channels: int) -> str:
        """BatchNorm and Scale, both in place."""
        variance = _blob((channels,), [self.random.uniform(1, 3) for _ in range(channels)])
        statistics = (self.normal(channels, scale=0.2), variance, _blob((1,), [2.0]))
        self.layer("BatchNorm", f"{name}_bn", bottom, bottom, "", *statistics)
        blobs = (self.normal(channels, scale=0.1, offset=1.0), self.normal(channels, scale=0.1))
        return self.layer("Scale", f"{name}_scale", bottom, bottom, "scale_param { bias_term: true } ", *blobs)

    def fire(self, bottom: str, name: str, inputs: int, squeezed: int, outputs: int) -> str:
        """SqueezeNet's block: squeeze, expand in two ways, join."""
        x = self.convolution(bottom, f"{name}_squeeze", inputs, squeezed, 1)
        ways = [self.convolution(x, f"{name}_expand{s}", squeezed, outputs // 2, s) for s in (1, 3)]
        return self.layer("Concat", name, " ".join(ways), name)


def write_example(folder: Path) -> Path:
    """Write ``demo.prototxt`` and ``demo.caffemodel``: 3 x 64 x 64 images, 10 classes; returns the latter."""
    net = _Net()
    x = net.normalization(net.convolution("data", "conv1", 3, 16, 3, stride=2), "conv1", 16)
    x = net.layer("Pooling", "pool1", x, "pool1", "pooling_param { pool: MAX kernel_size: 3 stride: 2 } ")
    x = net.fire(x, "fire2", 16, 8, 32)
    x = net.layer("LRN", "norm2", x, "norm2", "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 } ")
    x = net.fire(x, "fire3", 32, 8, 32)
    x = net.layer("Pooling", "average", x, "average", "pooling_param { pool: AVE global_pooling: true } ")
    blobs = (net.normal(10, 32, scale=0.3), net.normal(10, scale=0.3))
    x = net.layer("InnerProduct", "logits", x, "logits", "inner_product_param { num_output: 10 } ", *blobs)
    net.layer("Softmax", "probabilities", x, "probabilities")
    (folder / "demo.prototxt").write_text("".join(net.text), encoding="utf-8")
    path = folder / "demo.caffemodel"
    path.write_bytes(_field(1, b"demo") + b"".join(net.stored))
    return path


def _blob(shape: tuple[int, ...], numbers: list[float]) -> bytes:
    """A BlobProto: packed ``data``, and its ``shape``."""
    data = array.array("f", numbers)
    if sys.byteorder == "big":
        data.byteswap()
    return _field(5, data.tobytes()) + _field(7, _field(1, b"".join(_varint(d) for d in shape)))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
