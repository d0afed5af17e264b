"""Casts, held against ONNX's reference: narrow types bit by bit, what lies outside a type, and what is refused."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto, helper
from tests.onnx.support import layer_model, model_of, port, refusal, run_ir, run_layer, run_reference

EDGES = np.array(
    [0.0, -0.0, 0.3, 1.0625, 1.25, 2.5, 3.5, 6.1, 447, 449, 464, 465, 480, 57344, 61440, 1e6, -1e6, 2.0**-9, 2.0**-10,
     1.5 * 2.0**-10, np.inf, -np.inf, np.nan],
    np.float32,
)  # fmt: skip


def through(code: int, kind: Any, x: np.ndarray, opset: int, **attributes: Any) -> Any:
    """A model that casts to a type and back to f32."""
    nodes = [
        helper.make_node("Cast", ["x"], ["m"], to=code, **attributes),
        helper.make_node("Cast", ["m"], ["y"], to=TensorProto.FLOAT),
    ]
    return model_of(nodes, [port("x", x.dtype, x.shape)], [port("y")], opset=opset)


@pytest.mark.parametrize(
    "code, kind, opset, attributes",
    [
        (TensorProto.FLOAT8E4M3FN, ml_dtypes.float8_e4m3fn, 19, {}),
        (TensorProto.FLOAT8E4M3FN, ml_dtypes.float8_e4m3fn, 19, {"saturate": 0}),
        (TensorProto.FLOAT8E5M2, ml_dtypes.float8_e5m2, 19, {}),
        (TensorProto.FLOAT8E5M2, ml_dtypes.float8_e5m2, 19, {"saturate": 0}),
        (TensorProto.FLOAT4E2M1, ml_dtypes.float4_e2m1fn, 23, {}),
        (TensorProto.BFLOAT16, ml_dtypes.bfloat16, 19, {}),
    ],
)
def test_to_a_narrow_float_and_back(code: int, kind: Any, opset: int, attributes: dict[str, Any]) -> None:
    x = EDGES[:-1] if code == TensorProto.FLOAT4E2M1 else EDGES
    model = through(code, kind, x, opset, **attributes)
    np.testing.assert_array_equal(run_ir(model, {"x": x})[0], run_reference(model, {"x": x})[0])


@pytest.mark.parametrize("round_mode", ["up", "down", "nearest"])
@pytest.mark.parametrize("saturate", [0, 1])
def test_to_powers_of_two(round_mode: str, saturate: int) -> None:
    x = np.array([0.3, 0.5, 0.75, 1.0, 1.4, 1.5, 1.6, 3.0, 100.0, 2.0**126, np.nan], np.float32)
    model = through(TensorProto.FLOAT8E8M0, None, x, 24, round_mode=round_mode, saturate=saturate)
    np.testing.assert_array_equal(run_ir(model, {"x": x})[0], run_reference(model, {"x": x})[0])


@pytest.mark.parametrize("code, low, high", [(TensorProto.INT4, -8, 7), (TensorProto.UINT4, 0, 15)])
@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_to_four_bits_and_back(code: int, low: int, high: int, kind: Any) -> None:
    x = np.arange(low, high + 1).astype(kind)
    model = through(code, None, x, 21)
    np.testing.assert_array_equal(run_ir(model, {"x": x})[0], x.astype(np.float32))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16, np.int32])
def test_integers_lose_their_high_bits(kind: Any) -> None:
    x = np.array([-70000, -300, -129, -1, 0, 127, 128, 255, 256, 70000], np.int64)
    code = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    run_layer("Cast", {"x": x}, opset=13, kinds={"y": kind}, to=code)


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint8, bool, np.float16])
def test_from_f32(kind: Any) -> None:
    x = np.array([0, -0.0, 0.4, 1.5, 2.5, 100.9], np.float32)
    code = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    run_layer("Cast", {"x": x}, opset=13, kinds={"y": kind}, to=code)


def test_nan_is_true() -> None:
    x = np.array([np.nan, np.inf, 0], np.float32)
    run_layer("Cast", {"x": x}, opset=13, kinds={"y": bool}, to=TensorProto.BOOL)


def test_f64_outside_f32_becomes_infinite() -> None:
    x = np.array([1e300, -1e300, np.inf, 1.5, np.nan], np.float64)
    model = layer_model("Cast", {"x": x}, opset=13, to=TensorProto.FLOAT)
    np.testing.assert_array_equal(run_ir(model, {"x": x})[0], x.astype(np.float32))


def test_the_type_of_another_tensor() -> None:
    feeds = {"x": np.array([1.7, -2.2], np.float32), "like": np.zeros(3, np.int32)}
    run_layer("CastLike", feeds, opset=15, kinds={"y": np.int32})


@pytest.mark.parametrize(
    "kind, code", [(np.int32, TensorProto.UINT32), (np.uint8, TensorProto.INT8), (bool, TensorProto.UINT8)]
)
def test_bits_read_as_another_integer(kind: Any, code: int) -> None:
    result = helper.tensor_dtype_to_np_dtype(code)
    x = np.array([0, 1, 1], kind) if kind is bool else np.array([0, 1, np.iinfo(kind).max], kind)
    run_layer("BitCast", {"x": x}, opset=26, kinds={"y": result}, reference="onnx", to=code)


@pytest.mark.parametrize("code", [TensorProto.STRING, TensorProto.FLOAT8E4M3FNUZ, TensorProto.COMPLEX64])
def test_types_that_openvino_lacks_are_refused(code: int) -> None:
    model = layer_model("Cast", {"x": EDGES}, opset=19, kinds={"y": np.float32}, to=code)
    model.graph.output[0].type.tensor_type.elem_type = code
    problem = refusal(model).problems[0]
    assert problem.op == "Cast"
    assert problem.code == "D302"
