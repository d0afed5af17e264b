"""Seeds of com.microsoft's operators, one small model each: the ``onnx`` package has no schema of them, and no case."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

_KINDS = {
    "f32": TensorProto.FLOAT, "u8": TensorProto.UINT8, "i8": TensorProto.INT8, "i16": TensorProto.INT16,
    "i32": TensorProto.INT32, "i64": TensorProto.INT64, "bool": TensorProto.BOOL,
}  # fmt: skip

#: operator, number of outputs, inputs (``=`` marks a constant, ``-`` one left out), attributes
_LAYERS: tuple[tuple[str, int, str, dict[str, Any]], ...] = (
    ("Attention", 1, "f32 n,3,8; f32 n,24; f32 24", {"num_heads": 2}),
    ("BiasAdd", 1, "f32 n,3,8; f32 8; f32 n,3,8", {}),
    ("BiasGelu", 1, "f32 n,3,8; f32 8", {}),
    ("BiasSoftmax", 1, "f32 n,4,3,8; f32 n,1,1,8", {"axis": 3, "is_inner_broadcast": 0}),
    ("BiasSplitGelu", 1, "f32 n,3,8; f32 8", {}),
    ("ComplexMul", 1, "f32 n,3,2; f32 n,3,2", {}),
    ("ComplexMulConj", 1, "f32 n,3,2; f32 n,3,2", {}),
    ("ConvTransposeWithDynamicPads", 1, "f32 n,2,5,5; =f32 2,3,3,3; i64 4; =f32 3", {}),
    ("CropAndResize", 1, "f32 n,3,7,6; f32 n,4; i32 4; =i32 2", {"extrapolation_value": 0.25, "mode": "nearest"}),
    ("DequantizeLinear", 1, "u8 n,3; f32; u8", {}),
    ("DynamicQuantizeMatMul", 1, "f32 n,3,4; =i8 4,5; f32", {}),
    ("EmbedLayerNormalization", 3, "i32 n,3; -; f32 n,8; f32 n,8; -; f32 8; f32 8", {"epsilon": 0.1}),
    ("ExpandDims", 1, "f32 n,3; =i32 1", {}),
    ("FastGelu", 1, "f32 n,3,8", {}),
    ("FusedConv", 1, "f32 n,3,6,6; =f32 4,3,3,3; =f32 4", {"activation": "Relu"}),
    ("FusedGemm", 1, "f32 n,4; f32 n,4; f32 5", {"activation": "Relu", "alpha": 0.5, "beta": 2.0, "transB": 1}),
    ("FusedMatMul", 1, "f32 2,3,4; f32 2,4,5", {}),
    (
        "GatherBlockQuantized",
        1,
        "=u8 6,16; i64 n,2; =f32 6,2",
        {"bits": 4, "block_size": 16, "gather_axis": 0, "quantize_axis": 1},
    ),
    ("Gelu", 1, "f32 n,3,8", {}),
    ("GroupNorm", 1, "f32 n,3,4,6; f32 6; f32 6", {"activation": 1, "channels_last": 1, "epsilon": 0.01, "groups": 2}),
    (
        "GroupQueryAttention",
        3,
        "f32 n,3,64; f32 n,3,32; f32 n,3,32; -; -; i32 2; i32",
        {"do_rotary": 0, "kv_num_heads": 2, "num_heads": 4},
    ),
    ("Inverse", 1, "f32 n,3,3", {}),
    ("MatMulInteger16", 1, "i16 n,4; i16 n,5", {}),
    ("MatMulIntegerToFloat", 1, "i8 n,3,4; =i8 4,5; f32; f32", {}),
    ("MatMulNBits", 1, "f32 n,3,32; u8 n,2,8; f32 n,2", {"K": 32, "N": 6, "bits": 4, "block_size": 16}),
    ("MultiHeadAttention", 1, "f32 n,3,2,3,4", {"num_heads": 2}),
    ("NhwcMaxPool", 1, "i8 n,6,6,3", {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("Pad", 1, "f32 n,3; =i64 4; f32 1", {}),
    ("QAttention", 1, "u8 n,3,8; i8 n,24; f32 24; f32; f32; -; u8; i8", {"num_heads": 2, "unidirectional": 1}),
    ("QGemm", 1, "u8 n,4; f32; u8; =i8 4,5; f32; i8; i32 5; f32; u8", {}),
    ("QLinearAdd", 1, "i8 n,3,4; f32; i8; i8 n,1; f32; i8; f32; i8", {}),
    (
        "QLinearAveragePool",
        1,
        "u8 n,3,6,6; f32; u8; f32; u8",
        {"channels_last": 0, "kernel_shape": [2, 3], "strides": [2, 1]},
    ),
    ("QLinearConcat", 1, "=f32; =i8; i8 2,3; =f32; =i8; i8 2,2; =f32; =i8", {"axis": 1}),
    (
        "QLinearConv",
        1,
        "i8 n,6,6,3; =f32; =i8; =i8 4,3,3,3; =f32; =i8; =f32; =i8; =i32 4",
        {"channels_last": 1, "pads": [1, 1, 1, 1]},
    ),
    ("QLinearGlobalAveragePool", 1, "i8 n,3,6,6; f32; i8; f32; i8", {"channels_last": 0}),
    ("QLinearLeakyRelu", 1, "i8 n,3,4; =f32; =i8; =f32; =i8", {"alpha": 0.2}),
    ("QLinearMul", 1, "i8 n,3,4; f32; i8; i8 n,1; f32; i8; f32; i8", {}),
    ("QLinearSigmoid", 1, "i8 n,3,4; =f32; =i8; =f32; =i8", {}),
    ("QLinearSoftmax", 1, "u8 n,3,4; =f32; =u8; =f32; =u8", {"axis": 1, "opset": 11}),
    ("QLinearWhere", 1, "bool n,3; u8 n,3; =f32; =u8; u8 n,3; =f32; =u8; =f32; =u8", {}),
    ("QuantizeLinear", 1, "f32 n,3; f32; u8", {}),
    ("QuickGelu", 1, "f32 n,3,8", {}),
    ("Range", 1, "f32; f32", {}),
    ("RotaryEmbedding", 1, "f32 n,3,8; i64 1; f32 n,2; f32 n,2", {"interleaved": 1}),
    (
        "SkipGroupNorm",
        1,
        "f32 n,3,4,6; f32 6; f32 6; f32 n,6",
        {"activation": 0, "channels_last": 1, "epsilon": 0.01, "groups": 2},
    ),
    ("SkipLayerNormalization", 2, "f32 n,3,8; f32 n,3,8; f32 8", {}),
    ("SkipSimplifiedLayerNormalization", 1, "f32 n,3,8; f32 n,3,8; f32 8", {}),
    ("Trilu", 1, "f32 n,3,4", {}),
    ("UnfoldTensor", 1, "f32 n,7", {"size": 2}),
)


def microsoft_seeds() -> Iterator[bytes]:
    """The serialised models: with inputs as they are listed, and with all of them constant."""
    for op, outputs, spec, attributes in _LAYERS:
        for constant in (False, True):
            yield _model(op, outputs, [part.strip() for part in spec.split(";")], attributes, constant)


def _model(op: str, outputs: int, inputs: list[str], attributes: dict[str, Any], constant: bool) -> bytes:
    ports, weights, names = [], [], []
    for index, text in enumerate(inputs):
        names.append("" if text == "-" else f"x{index}")
        if text == "-":
            continue
        kind, _, dims = text.removeprefix("=").partition(" ")
        sizes = [d if d == "n" else int(d) for d in dims.split(",") if d]
        if constant or text.startswith("="):
            numbers = [2 if s == "n" else s for s in sizes]
            array = np.arange(1, 1 + math.prod(numbers)) % 5
            array = array.reshape(numbers).astype(helper.tensor_dtype_to_np_dtype(_KINDS[kind]))
            weights.append(numpy_helper.from_array(array, names[-1]))
        else:
            ports.append(helper.make_tensor_value_info(names[-1], _KINDS[kind], sizes))
    made = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, made, domain="com.microsoft", **attributes)
    results = [helper.make_empty_tensor_value_info(name) for name in made]
    graph = helper.make_graph([node], op, ports, results, weights)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString()
