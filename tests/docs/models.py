"""The small models that the guide talks about, by file name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from dragoman_sdk.caffe_model import mean_binaryproto, save_net
from tests.docs.mishaps import model


def write_models(folder: Path, text: str) -> None:
    """Make the models that a page mentions."""
    for name, make in MODELS.items():
        if name in text:
            onnx.save(make(), folder / name)
    for name, write in CAFFE.items():
        if name in text:
            write(folder)
    if " demo.onnx" in text:
        from dragoman_onnx.example import write_example

        write_example(folder)


def classifier() -> onnx.ModelProto:
    """image -> conv1 -> relu1 -> conv2 -> relu2 -> pool -> flat -> classify -> scores, with a dynamic batch."""
    random = np.random.default_rng(1)
    weights = {
        "conv1.weight": (16, 3, 3, 3), "conv1.bias": (16,), "conv2.weight": (32, 16, 3, 3), "conv2.bias": (32,),
        "classify.weight": (10, 32), "classify.bias": (10,),
    }  # fmt: skip
    constants = {n: (random.normal(size=s) / np.sqrt(np.prod(s[1:]))).astype(np.float32) for n, s in weights.items()}
    nodes = [
        helper.make_node("Conv", ["image", "conv1.weight", "conv1.bias"], ["c1"], name="conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c1"], ["r1"], name="relu1"),
        helper.make_node("Conv", ["r1", "conv2.weight", "conv2.bias"], ["c2"], name="conv2", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c2"], ["r2"], name="relu2"),
        helper.make_node("GlobalAveragePool", ["r2"], ["p"], name="pool"),
        helper.make_node("Flatten", ["p"], ["f"], name="flat"),
        helper.make_node("Gemm", ["f", "classify.weight", "classify.bias"], ["scores"], name="classify", transB=1),
    ]
    return model(nodes, {"image": ["batch", 3, 32, 32]}, {"scores": ["batch", 10]}, constants)


def blend() -> onnx.ModelProto:
    """y = x * amount."""
    node = helper.make_node("Mul", ["x", "amount"], ["y"], name="mul")
    return model([node], {"x": ["rows", 4], "amount": []}, {"y": ["rows", 4]})


def clipped() -> onnx.ModelProto:
    """Two layers of the domain ``acme`` around a product."""
    weight = np.random.default_rng(2).normal(size=(4, 4)).astype(np.float32)
    nodes = [
        helper.make_node("SoftClip", ["x"], ["a"], name="head/clip", domain="acme", limit=3.0),
        helper.make_node("MatMul", ["a", "weight"], ["b"], name="product"),
        helper.make_node("SoftClip", ["b"], ["y"], name="tail/clip", domain="acme"),
    ]
    return model(nodes, {"x": ["rows", 4]}, {"y": ["rows", 4]}, {"weight": weight}, domain="acme")


def softclip() -> onnx.ModelProto:
    """limit * tanh(x / limit) written out, once with a limit of 2, once of 3."""
    constants = {"two": np.float32(2.0), "three": np.float32(3.0)}
    nodes = [
        helper.make_node("Div", ["x", "two"], ["a"], name="first/divide"),
        helper.make_node("Tanh", ["a"], ["b"], name="first/tanh"),
        helper.make_node("Mul", ["b", "two"], ["c"], name="first/multiply"),
        helper.make_node("Div", ["c", "three"], ["d"], name="second/divide"),
        helper.make_node("Tanh", ["d"], ["e"], name="second/tanh"),
        helper.make_node("Mul", ["e", "three"], ["y"], name="second/multiply"),
    ]
    return model(nodes, {"x": ["rows", 4]}, {"y": ["rows", 4]}, constants)  # type: ignore[arg-type]


def hashed() -> onnx.ModelProto:
    """Rows of a table, chosen by the hashes of numbers, by an operator that only onnxruntime has."""
    random = np.random.default_rng(5)
    constants = {"buckets": np.int32(64), "table": random.normal(size=(64, 8)).astype(np.float32)}
    nodes = [
        helper.make_node("MurmurHash3", ["ids"], ["hash"], name="hash", domain="com.microsoft", positive=0),
        helper.make_node("Mod", ["hash", "buckets"], ["bucket"], name="bucket"),
        helper.make_node("Gather", ["table", "bucket"], ["rows"], name="lookup"),
        helper.make_node("ReduceMean", ["rows"], ["mean"], name="mean", axes=[1], keepdims=0),
        helper.make_node("Softmax", ["mean"], ["scores"], name="softmax"),
    ]
    proto = model(nodes, {"ids": ["rows", 4]}, {"scores": ["rows", 8]}, constants, domain="com.microsoft")  # type: ignore[arg-type]
    proto.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.INT32
    return proto


MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    "classifier.onnx": classifier,
    "blend.onnx": blend,
    "clipped.onnx": clipped,
    "softclip.onnx": softclip,
    "hashed.onnx": hashed,
}


DIGITS = """
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
        convolution_param { num_output: 6 kernel_size: 5 } }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1" pooling_param { kernel_size: 3 stride: 2 } }
layer { name: "relu1" type: "ReLU" bottom: "pool1" top: "pool1" }
layer { name: "score" type: "InnerProduct" bottom: "pool1" top: "score" inner_product_param { num_output: 10 } }
"""


def write_digits(folder: Path) -> None:
    """A classifier of 28 x 28 digits: its deployed form, its training form, its weights, and a mean image."""
    header = 'input: "data" input_shape { dim: 1 dim: 1 dim: 28 dim: 28 }'
    prob = 'layer { name: "prob" type: "Softmax" bottom: "score" top: "prob" }'
    data = """
    layer { name: "digits" type: "Data" top: "data" top: "label" transform_param { scale: 0.00390625 }
            data_param { source: "train_lmdb" batch_size: 64 } }"""
    loss = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" }'
    random = np.random.default_rng(3)
    shapes = {"conv1": [(6, 1, 5, 5), (6,)], "score": [(10, 864), (10,)]}
    blobs = {n: [random.normal(size=s).astype(np.float32) / 30 for s in held] for n, held in shapes.items()}
    save_net(folder, header + DIGITS + prob, blobs, "digits")
    (folder / "train_val.prototxt").write_text(data + DIGITS + loss)
    mean_binaryproto(folder / "mean.binaryproto", random.uniform(20, 40, (1, 32, 32)).astype(np.float32))


def write_wave(folder: Path) -> None:
    """height * sin(W x + b), by a layer that Caffe does not have."""
    text = """
    input: "data" input_shape { dim: 1 dim: 4 }
    layer { name: "score" type: "InnerProduct" bottom: "data" top: "score" inner_product_param { num_output: 10 } }
    layer { name: "wave" type: "Wave" bottom: "score" top: "wave" wave_param { height: 2 } }"""
    random = np.random.default_rng(4)
    save_net(folder, text, {"score": [random.normal(size=(10, 4)), random.normal(size=10)]}, "wave")


CAFFE: dict[str, Callable[[Path], None]] = {"digits.": write_digits, "wave.": write_wave}
