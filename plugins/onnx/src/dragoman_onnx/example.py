"""The example of ``dragoman demo``: a small residual image classifier with seeded weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dragoman.lazy import np


class _Net:
    """Collects nodes and weights of a chain of layers."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.random = np.random.default_rng(7)

    def weight(self, name: str, *shape: int, scale: float = 0.0, offset: float = 0.0) -> str:
        from onnx import numpy_helper

        fan_in = int(np.prod(shape[1:])) or 1
        array = self.random.normal(offset, scale or (2 / fan_in) ** 0.5, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
        return output

    def convolution(
        self, x: str, name: str, inputs: int, outputs: int, size: int, stride: int = 1, group: int = 1
    ) -> str:
        w = self.weight(f"{name}.weight", outputs, inputs // group, size, size)
        pads = [size // 2] * 4
        y = self.add("Conv", [x, w], name, kernel_shape=[size, size], strides=[stride] * 2, pads=pads, group=group)
        parts = [self.weight(f"{name}.{p}", outputs, scale=0.1, offset=o) for p, o in (("gamma", 1.0), ("beta", 0.0))]
        parts.append(self.weight(f"{name}.mean", outputs, scale=0.1))
        parts.append(self._variance(f"{name}.variance", outputs))
        return self.add("BatchNormalization", [y, *parts], f"{name}.bn", epsilon=1e-5)

    def _variance(self, name: str, size: int) -> str:
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(self.random.uniform(0.5, 1.5, size).astype(np.float32), name))
        return name

    def block(self, x: str, name: str, channels: int) -> str:
        y = self.add("Relu", [self.convolution(x, f"{name}.expand", channels, 2 * channels, 1)], f"{name}.relu1")
        y = self.convolution(y, f"{name}.depthwise", 2 * channels, 2 * channels, 3, group=2 * channels)
        y = self.add("HardSwish", [y], f"{name}.hardswish")
        y = self.convolution(y, f"{name}.project", 2 * channels, channels, 1)
        return self.add("Add", [x, y], f"{name}.sum")


def write_example(folder: Path) -> Path:
    """Write ``demo.onnx``: 3 x 64 x 64 images, dynamic batch, 10 classes."""
    import onnx
    from onnx import TensorProto, helper

    net = _Net()
    x = net.add("Relu", [net.convolution("image", "stem", 3, 16, 3, stride=2)], "stem.relu")
    x = net.add("MaxPool", [x], "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for k in range(3):
        x = net.block(x, f"block{k}", 16)
    x = net.add("Flatten", [net.add("GlobalAveragePool", [x], "average")], "flat")
    x = net.add(
        "Gemm", [x, net.weight("classifier.weight", 10, 16), net.weight("classifier.bias", 10)], "logits", transB=1
    )
    net.add("Softmax", [x], "probabilities", axis=1)
    graph = helper.make_graph(
        net.nodes,
        "demo",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 64, 64])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 10])],
        net.weights,
    )
    model = helper.make_model(
        graph, producer_name="dragoman", opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    path = folder / "demo.onnx"
    onnx.save(model, path)
    return path
