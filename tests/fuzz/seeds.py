"""Small ONNX models that the mutations start from; each uses other parts of the format."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def _port(name: str, *shape: int | str | None, kind: int = FLOAT) -> object:
    return helper.make_tensor_value_info(name, kind, list(shape))


def _model(nodes: list, inputs: list, outputs: list, weights: dict | None = None, **more: object) -> ModelProto:
    held = [numpy_helper.from_array(v, k) for k, v in (weights or {}).items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, held)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8, **more)


def convolution() -> ModelProto:
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("BatchNormalization", ["c", "s", "b", "b", "s"], ["n"]),
        helper.make_node("Relu", ["n"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "g"], ["y"], transB=1),
    ]
    weights = {
        "w": rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "b": rng.normal(size=4).astype(np.float32),
        "s": rng.uniform(0.5, 1, 4).astype(np.float32),
        "g": rng.normal(size=(2, 36)).astype(np.float32),
    }
    return _model(nodes, [_port("x", "n", 3, 8, 8)], [_port("y", "n", 2)], weights)


def shapes() -> ModelProto:
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["d"]),
        helper.make_node("Unsqueeze", ["d", "axes"], ["u"]),
        helper.make_node("Concat", ["u", "rest"], ["t"], axis=0),
        helper.make_node("Reshape", ["x", "t"], ["r"]),
        helper.make_node("Slice", ["r", "axes", "one"], ["l"]),
        helper.make_node("Transpose", ["l"], ["y"], perm=[1, 0]),
    ]
    numbers = {"zero": 0, "axes": [0], "rest": [-1], "one": [1]}
    weights = {k: np.array(v, np.int64) for k, v in numbers.items()}
    return _model(nodes, [_port("x", "n", 3, 4)], [_port("y", None, None)], weights)


def branches() -> ModelProto:
    then = helper.make_graph([helper.make_node("Add", ["x", "x"], ["r"])], "t", [], [_port("r", 2)])
    other = helper.make_graph([helper.make_node("Neg", ["x"], ["r"])], "e", [], [_port("r", 2)])
    body = helper.make_graph(
        [helper.make_node("Add", ["v", "v"], ["o"]), helper.make_node("Identity", ["k"], ["c"])],
        "b",
        [_port("i", kind=TensorProto.INT64), _port("k", kind=TensorProto.BOOL), _port("v", 2)],
        [_port("c", kind=TensorProto.BOOL), _port("o", 2)],
    )
    nodes = [
        helper.make_node("If", ["k0"], ["a"], then_branch=then, else_branch=other),
        helper.make_node("Loop", ["trips", "", "a"], ["y"], body=body),
    ]
    inputs = [_port("x", 2), _port("k0", kind=TensorProto.BOOL)]
    return _model(nodes, inputs, [_port("y", 2)], {"trips": np.array(3, np.int64)})


def functions() -> ModelProto:
    inner = helper.make_node("Elu", ["a"], ["b"])
    attribute = inner.attribute.add()
    attribute.name, attribute.ref_attr_name, attribute.type = "alpha", "alpha", 1
    function = helper.make_function("local", "f", ["a"], ["b"], [inner], [helper.make_opsetid("", 17)], ["alpha"])
    nodes = [helper.make_node("f", ["x"], ["y"], domain="local", alpha=0.5)]
    return _model(nodes, [_port("x", 2)], [_port("y", 2)], functions=[function])


def quantized() -> ModelProto:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("MatMul", ["d", "w"], ["m"]),
        helper.make_node("Softmax", ["m"], ["y"]),
    ]
    weights = {"s": np.array(0.1, np.float32), "z": np.array(3, np.uint8), "w": np.ones((4, 5), np.float32)}
    return _model(nodes, [_port("x", 2, 4)], [_port("y", 2, 5)], weights)


def recurrent() -> ModelProto:
    rng = np.random.default_rng(1)
    weights = {
        "w": rng.normal(size=(1, 12, 2)).astype(np.float32),
        "r": rng.normal(size=(1, 12, 3)).astype(np.float32),
        "sizes": np.array([1, 1, 2, 2], np.int64),
    }
    nodes = [
        helper.make_node("LSTM", ["x", "w", "r"], ["h", "", ""], hidden_size=3),
        helper.make_node("Tile", ["h", "sizes"], ["y"]),
    ]
    return _model(nodes, [_port("x", 4, 1, 2)], [_port("y", 4, 1, 2, 6)], weights)


def all_seeds() -> Iterator[tuple[str, bytes]]:
    """(name, serialised model) of each."""
    for make in (convolution, shapes, branches, functions, quantized, recurrent):
        yield make.__name__, make().SerializeToString()
