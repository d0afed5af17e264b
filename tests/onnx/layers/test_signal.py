"""DFT and STFT against onnxruntime."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper
from tests.onnx.support import model_of, port, refusal, run_both

Arrays = dict[str, np.ndarray]


def transform(
    shape: tuple[int, ...], *, length: int | None = None, axis: int | None = None, opset: int = 20,
    constant: bool = True, dynamic: bool = False, **attributes: int,
) -> tuple[onnx.ModelProto, Arrays]:  # fmt: skip
    arrays: Arrays = {"x": np.random.default_rng(6).standard_normal(shape).astype(np.float32)}
    if length is not None:
        arrays["length"] = np.array(length, np.int64)
    if axis is not None and opset >= 20:
        arrays["axis"] = np.array(axis, np.int64)
    elif axis is not None:
        attributes["axis"] = axis
    names = [k if k in arrays else "" for k in ("x", "length", "axis")]
    while not names[-1]:
        names.pop()
    held = {k: v for k, v in arrays.items() if constant and k != "x"}
    sizes = ["n", *shape[1:]] if dynamic else list(shape)
    inputs = [port(k, v.dtype, sizes if k == "x" else []) for k, v in arrays.items() if k not in held]
    node = helper.make_node("DFT", names, ["y"], **attributes)
    model = model_of([node], inputs, [port("y")], constants=held, opset=opset)
    return model, {k: v for k, v in arrays.items() if k not in held}


@pytest.mark.parametrize("length", [None, 5, 12])
@pytest.mark.parametrize("axis", [1, 2, -2])
@pytest.mark.parametrize("opset", [17, 20])
def test_forward_transforms(opset: int, axis: int, length: int | None) -> None:
    for parts, onesided in ((1, 0), (1, 1), (2, 0)):
        model, feeds = transform((2, 8, 9, parts), length=length, axis=axis, opset=opset, onesided=onesided)
        run_both(model, feeds, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("length", [None, 6, 11])
@pytest.mark.parametrize("axis", [1, 2])
def test_inverse_transforms(axis: int, length: int | None) -> None:
    model, feeds = transform((2, 8, 9, 2), length=length, axis=axis, opset=20, inverse=1)
    run_both(model, feeds, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("length", [None, 8, 9, 14, 15])
def test_inverse_onesided_transforms_give_real_signals(length: int | None) -> None:
    model, feeds = transform((2, 8, 5, 2), length=length, axis=1, opset=20, inverse=1, onesided=1)
    run_both(model, feeds, reference="onnx", rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("axis", [0, 1, -2])
def test_the_axis_may_be_computed_where_the_shape_does_not_depend_on_it(axis: int) -> None:
    run_both(*transform((4, 6, 5, 1), axis=axis, constant=False), rtol=1e-3, atol=1e-4)
    model, _ = transform((4, 6, 5, 1), axis=axis, constant=False, onesided=1)
    assert "depends on it" in refusal(model).problems[0].what


def test_a_dynamic_batch() -> None:
    run_both(*transform((3, 8, 1), axis=1, dynamic=True), rtol=1e-3, atol=1e-4)
    model, _ = transform((3, 8, 1), axis=0, dynamic=True)
    assert "length of the signal is unknown" in refusal(model).problems[0].what


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("windowed", [True, False])
@pytest.mark.parametrize("onesided", [0, 1])
def test_stft(onesided: int, windowed: bool, constant: bool) -> None:
    random = np.random.default_rng(8)
    arrays: Arrays = {"x": random.standard_normal((2, 50, 1)).astype(np.float32), "step": np.array(7, np.int64)}
    arrays |= (
        {"window": random.uniform(0, 1, 16).astype(np.float32)} if windowed else {"length": np.array(16, np.int64)}
    )
    held = {k: v for k, v in arrays.items() if k != "x" and (constant or k == "length")}
    node = helper.make_node(
        "STFT", ["x", "step", "window"] if windowed else ["x", "step", "", "length"], ["y"], onesided=onesided
    )
    inputs = [port(k, v.dtype, v.shape) for k, v in arrays.items() if k not in held]
    feeds = {k: v for k, v in arrays.items() if k not in held}
    run_both(model_of([node], inputs, [port("y")], constants=held, opset=17), feeds, rtol=1e-3, atol=1e-4)
