"""Slice, Concat, Split, Pad and CenterCropPad against onnxruntime, bounds known or computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from tests.onnx.layers.test_shape import ints, layer, ramp
from tests.onnx.support import model_of, port, refusal, run_both

FAR = np.iinfo(np.int64).max


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize(
    ("starts", "ends", "axes", "steps"),
    [
        ((1, 0), (3, 2), (0, 1), (1, 1)),
        ((0,), (FAR,), (2,), (2,)),
        ((-1,), (-FAR - 1,), (2,), (-1,)),
        ((-2, 4), (FAR, 0), (-2, -1), (1, -2)),
        ((9,), (12,), (0,), (1,)),
        ((3,), (1,), (2,), (1,)),
        ((-100,), (100,), (1,), (3,)),
    ],
)
def test_slices(
    starts: tuple[int, ...], ends: tuple[int, ...], axes: tuple[int, ...], steps: tuple[int, ...], constant: bool,
    dynamic: bool,
) -> None:  # fmt: skip
    if not constant and max(abs(e) for e in ends) >= FAR:
        pytest.skip("the CPU plugin cuts 64-bit inputs of a model down to 32 bits")
    bounds = {"starts": starts, "ends": ends, "axes": axes, "steps": steps}
    arrays = {"x": ramp(3, 4, 6)} | {k: ints(*v) for k, v in bounds.items()}
    run_both(*layer("Slice", arrays, constant=constant, dynamic=dynamic))


@pytest.mark.parametrize("constant", [True, False])
def test_slice_without_axes_and_steps(constant: bool) -> None:
    run_both(*layer("Slice", {"x": ramp(3, 4, 6), "s": ints(1, 2), "e": ints(3, 9)}, constant=constant, opset=10))
    run_both(*layer("Slice", {"x": ramp(3, 4)}, opset=9, starts=[1], ends=[-1], axes=[1]), reference="onnx")


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool, np.float16])
def test_concat(kind: type) -> None:
    x, y = ramp(2, 3, kind=kind), ramp(2, 5, kind=kind)
    node = helper.make_node("Concat", ["x", "y", "x"], ["z"], axis=-1)
    model = model_of([node], [port("x", kind, ["a", "b"]), port("y", kind, y.shape)], [port("z", kind)])
    run_both(model, {"x": x, "y": y})


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("opset", [13, 18])
def test_split_by_lengths(opset: int, constant: bool, dynamic: bool) -> None:
    model, feeds = layer(
        "Split",
        {"x": ramp(2, 6), "s": ints(1, 0, 5)},
        opset=opset,
        outputs=3,
        constant=constant,
        dynamic=dynamic,
        axis=1,
    )
    run_both(model, feeds)


@pytest.mark.parametrize("dynamic", [True, False])
def test_split_evenly(dynamic: bool) -> None:
    run_both(*layer("Split", {"x": ramp(6, 2)}, outputs=3, dynamic=dynamic))
    run_both(*layer("Split", {"x": ramp(2, 6)}, outputs=2, opset=11, dynamic=dynamic, axis=-1))
    run_both(*layer("Split", {"x": ramp(2, 6)}, outputs=2, opset=11, dynamic=dynamic, axis=1, split=[4, 2]))


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("size", [7, 8, 9])
def test_split_in_a_number_of_parts_has_a_smaller_last_one(size: int, dynamic: bool) -> None:
    run_both(*layer("Split", {"x": ramp(size, 2)}, outputs=3, opset=18, dynamic=dynamic, num_outputs=3))


def test_an_uneven_split_before_opset_18_is_refused() -> None:
    assert "evenly" in refusal(layer("Split", {"x": ramp(7, 2)}, outputs=3)[0]).problems[0].what


PADS = [(1, 0, 2, 1), (0, 0, 0, 0), (0, 2, 1, 0), (-1, 1, 0, -2), (2, -1, -1, 2)]


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "wrap"])
@pytest.mark.parametrize("pads", PADS)
def test_pad(pads: tuple[int, ...], mode: str, constant: bool, dynamic: bool) -> None:
    if mode in ("reflect", "wrap") and min(pads) < 0:
        pytest.skip("onnxruntime mirrors before it cuts")
    arrays = {"x": ramp(4, 5), "pads": ints(*pads)}
    run_both(*layer("Pad", arrays, constant=constant, dynamic=dynamic, opset=19, mode=mode))


@pytest.mark.parametrize("kind", [np.float32, np.int32, np.int64, bool, np.float64, np.uint8])
@pytest.mark.parametrize("constant", [True, False])
def test_pad_with_a_value_along_axes(kind: type, constant: bool) -> None:
    arrays: dict[str, Any] = {"x": ramp(2, 3, kind=kind), "pads": ints(1, 2), "v": np.array(7, kind), "axes": ints(-1)}
    if constant:
        run_both(*layer("Pad", arrays, opset=18))
    else:
        node = helper.make_node("Pad", list(arrays), ["y"])
        inputs = [port("x", kind, ["a", "b"]), port("pads", np.int64, [2]), port("v", kind, [])]
        model = model_of([node], inputs, [port("y", kind)], constants={"axes": arrays["axes"]}, opset=18)
        run_both(model, {k: v for k, v in arrays.items() if k != "axes"})


@pytest.mark.parametrize("mode", ["reflect", "wrap"])
@pytest.mark.parametrize("constant", [True, False])
def test_pads_longer_than_the_data_go_on(mode: str, constant: bool) -> None:
    arrays = {"x": ramp(3), "pads": ints(7, 5)}
    run_both(*layer("Pad", arrays, constant=constant, opset=19, mode=mode), reference="onnx")


def test_pad_of_opset_2() -> None:
    run_both(*layer("Pad", {"x": ramp(2, 3)}, opset=10, pads=[1, 0, 0, 2], value=3.0))


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("shape", [(4, 4), (9, 3), (5, 10), (6, 7)])
def test_center_crop_pad(shape: tuple[int, ...], constant: bool, dynamic: bool) -> None:
    arrays = {"x": ramp(6, 3, 7), "s": ints(*shape)}
    model, feeds = layer("CenterCropPad", arrays, constant=constant, dynamic=dynamic, opset=18, axes=[0, -1])
    run_both(model, feeds, reference="onnx")


@pytest.mark.parametrize("mode", ["constant", "edge"])
def test_pads_along_computed_axes(mode: str) -> None:
    arrays = {"x": ramp(2, 3, 4), "pads": ints(1, 0, 2, 3), "v": np.array(0, np.float32), "axes": ints(-1, 0)}
    node = helper.make_node("Pad", list(arrays), ["y"], mode=mode)
    inputs = [port(k, v.dtype, v.shape) for k, v in arrays.items()]
    run_both(model_of([node], inputs, [port("y")], opset=19), arrays)
